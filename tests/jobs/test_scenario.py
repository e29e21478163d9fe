"""`jobs.scenario`: forecasts under several futures, their differences, and values that the history never had."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, UsageError
from forecaster.config import ScenarioSettings
from tests.conftest import call_forecast

EFFECT = 30.0
"""What a promotion adds to the sales of a day."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with sales that promotions raise, futures with and without them, and a trained model."""
    folder, rng = tmp_path_factory.mktemp("scenario"), np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(247).astype("m8[D]")
    rows = ["shop,day,sales,promo"]
    for s in range(4):
        promo = (rng.random(240) < 0.3).astype(int)
        sales = 100 + 10 * np.sin(2 * np.pi * np.arange(240) / 7) + EFFECT * promo + rng.normal(0, 2, 240)
        rows += [f"s{s},{day},{y:.1f},{p}" for day, y, p in zip(days[:240], sales, promo, strict=True)]
    (folder / "sales.csv").write_text("\n".join(rows) + "\n")
    for name, value in (("plan", 0), ("discount", 1), ("wild", 3)):
        ahead = [f"s{s},{day},{value}" for s in range(4) for day in days[240:]]
        (folder / f"{name}.csv").write_text("\n".join(["shop,day,promo", *ahead]) + "\n")
    small = "--future-covariates promo --horizon 7 --preset fast --steps 120 --units 8 --layers 1 --ensemble 1".split()
    done = call_forecast("train", folder / "sales.csv", *small, "--models-dir", folder / "models")
    assert done.exit_code == 0, done.stderr
    return folder


def scenario(shop: Path, *names: str, **settings: object) -> jobs.ScenarioResult:
    """Forecast under some of the futures."""
    futures = [shop / f"{name}.csv" for name in names]
    chosen = ScenarioSettings(**{"model": "sales", "future": futures, **settings})
    return jobs.scenario(jobs.ScenarioJob(data=str(shop / "sales.csv"), settings=chosen, models_dir=shop / "models"))


def test_the_difference_is_what_promotions_did(shop: Path, tmp_path: Path) -> None:
    """Seven days of four shops with a promotion instead of none: about 30 more each, as in the history."""
    output, picture = tmp_path / "s.csv", tmp_path / "s.svg"
    result = scenario(shop, "plan", "discount", output=output, picture=picture)
    plan, discount = result.scenarios
    assert not plan.difference.values.any()
    assert discount.difference.values.mean() == pytest.approx(EFFECT, rel=0.2)
    summary = result.summary()
    json.dumps(summary, allow_nan=False)
    row = summary["scenarios"][1]
    assert row["difference"] == pytest.approx(discount.difference.values.sum(), abs=1e-6)
    assert row["difference-lo-95"] < 4 * 7 * EFFECT < row["difference-hi-95"]  # the effect itself is inside
    assert row["effect"]["cutoffs"] >= 20
    came, error = row["effect"]["came"], row["effect"]["error"]
    likely = 1 + (came - 1) * max(1 - (error / (came - 1)) ** 2, 0)
    assert row["difference-likely"] == pytest.approx(likely * row["difference"])
    assert min(row["difference-lo-80"], row["difference"]) <= row["difference-likely"] <= row["difference-hi-80"]
    assert 0.8 < row["effect"]["came"] < 1.25
    assert 0 < row["effect"]["error"] < 0.1
    assert row["difference-lo-95"] < row["difference-lo-80"] <= row["difference"] <= row["difference-hi-80"]
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert len(rows) == 2 * 4 * 7
    assert [row["scenario"] for row in rows[::28]] == ["plan", "discount"]
    assert float(rows[28]["difference"]) == pytest.approx(
        float(rows[28]["forecast"]) - float(rows[0]["forecast"]), abs=0.002
    )
    assert result.to_frame()["difference"].tolist() == pytest.approx(
        [float(row["difference"]) for row in rows], abs=0.002
    )
    assert "discount" in picture.read_text()


def test_the_python_api_takes_paths_and_texts(shop: Path) -> None:
    from forecaster import compare_futures, load_model

    model = load_model("sales", models_dir=shop / "models")
    frame = compare_futures(
        model, shop / "sales.csv", future=[str(shop / "plan.csv"), shop / "discount.csv"]
    ).to_frame()
    assert frame["scenario"].unique().tolist() == ["plan", "discount"]


def test_values_that_the_history_never_had_are_refused(shop: Path, tmp_path: Path) -> None:
    output = tmp_path / "s.csv"
    with pytest.raises(DataError, match=r"covariate 'promo' was never 3: it was 0 to 1") as error:
        scenario(shop, "plan", "wild", output=output)
    assert "--extrapolate" in error.value.hint
    assert not output.exists()
    assert scenario(shop, "plan", "wild", extrapolate=True).warnings


def test_futures_are_several_and_have_names_of_their_own(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected two futures or more"):
        scenario(shop, "plan")
    with pytest.raises(UsageError, match="two futures are called 'plan'"):
        scenario(shop, "plan", "plan")
    with pytest.raises(UsageError, match="would be overwritten"):
        scenario(shop, "plan", "discount", output=shop / "plan.csv")

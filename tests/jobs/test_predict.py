"""The use cases, without a terminal: what is forecast, by which method, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import MissingError, ModelError, OutputError, UsageError
from forecaster.config import PredictSettings
from tests.conftest import Trained

if TYPE_CHECKING:
    pass


def predict(trained: Trained, data: Path | None = None, **settings: object) -> jobs.PredictResult:
    chosen = PredictSettings(**{"output": "-", **settings})  # type: ignore[arg-type]
    job = jobs.PredictJob(data=data and str(data), settings=chosen, models_dir=trained.models_dir)
    return jobs.predict(job)


def rows_of(result: jobs.PredictResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.text)))


def test_a_forecast_has_the_users_columns_and_goes_on_where_the_data_ends(trained: Trained) -> None:
    rows = rows_of(predict(trained))
    assert list(rows[0]) == [
        "shop",
        "day",
        "forecast",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-lo-95",
        "forecast-hi-95",
        "method",
    ]
    assert (rows[0]["shop"], rows[0]["day"], rows[0]["method"]) == ("shop-0", "2024-03-01", "lstm")
    assert len(rows) == 5 * 14
    for row in rows:
        lo95, lo80, mid, hi80, hi95 = (
            float(row[f"forecast{end}"]) for end in ("-lo-95", "-lo-80", "", "-hi-80", "-hi-95")
        )
        assert lo95 <= lo80 <= mid <= hi80 <= hi95


def test_a_shorter_horizon_is_the_beginning_of_the_longer(trained: Trained) -> None:
    whole, part = rows_of(predict(trained)), rows_of(predict(trained, horizon=3))
    assert part == [row for i, row in enumerate(whole) if i % 14 < 3]


def test_levels_are_the_users(trained: Trained) -> None:
    row = rows_of(predict(trained, levels="50,99.5"))[0]
    assert {"forecast-lo-50", "forecast-hi-99.5"} <= set(row)
    assert "forecast-lo-80" not in row


def test_a_series_never_seen_is_forecast_and_a_short_one_by_seasonal_naive(
    trained: Trained, write_csv: Callable[..., Path]
) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    lines = [f"new,{day},{10 + i % 7}" for i, day in enumerate(days)]
    lines += [f"tiny,{day},{value}" for day, value in zip(days[:2], (5, 6), strict=True)]
    lines += [f"flat,{day},7" for day in days]
    result = predict(trained, write_csv("shop,day,sales\n" + "\n".join(lines) + "\n"))
    method = {row["shop"]: row["method"] for row in rows_of(result)}
    assert method == {"new": "lstm", "tiny": "seasonal_naive", "flat": "constant"}
    tiny = [float(row["forecast"]) for row in rows_of(result) if row["shop"] == "tiny"]
    np.testing.assert_allclose(tiny, 6.0)
    flat = [row for row in rows_of(result) if row["shop"] == "flat"]
    assert {row[f"forecast{end}"] for row in flat for end in ("", "-lo-80", "-hi-95")} == {"7.0"}
    assert result.summary()["methods"] == {"constant": 1, "lstm": 1, "seasonal_naive": 1}


def test_a_forecast_does_not_depend_on_the_other_series_of_the_file(
    trained: Trained, write_csv: Callable[..., Path]
) -> None:
    one = [line for line in trained.data.read_text().splitlines() if line.startswith(("shop,", "shop-3,"))]
    alone = rows_of(predict(trained, write_csv("\n".join(one) + "\n")))
    together = [row for row in rows_of(predict(trained)) if row["shop"] == "shop-3"]
    for a, b in zip(alone, together, strict=True):
        assert float(a["forecast"]) == pytest.approx(float(b["forecast"]), rel=1e-6)


def test_a_longer_horizon_is_refused(trained: Trained) -> None:
    with pytest.raises(UsageError, match="was trained for 14 steps") as caught:
        predict(trained, horizon=15)
    assert "--horizon 15" in caught.value.hint


def test_another_frequency_is_refused(trained: Trained, write_csv: Callable[..., Path]) -> None:
    weeks = np.datetime64("2024-01-01") + np.arange(0, 168, 7).astype("m8[D]")
    lines = "\n".join(f"a,{week},{i}" for i, week in enumerate(weeks))
    with pytest.raises(ModelError, match="model is D"):
        predict(trained, write_csv(f"shop,day,sales\n{lines}\n"))


def test_the_output_is_checked_before_the_work(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        predict(trained, output=str(tmp_path / "none" / "f.csv"))


def test_the_data_file_is_never_the_output(trained: Trained) -> None:
    before = trained.data.read_bytes()
    with pytest.raises(UsageError, match="is the data file itself"):
        predict(trained, output=str(trained.data))
    assert trained.data.read_bytes() == before


def test_no_model_yet(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no model in") as caught:
        jobs.predict(jobs.PredictJob(settings=PredictSettings(output="-"), models_dir=tmp_path / "models"))
    assert caught.value.hint == "Run: forecast train DATA, or name a data file for the built-in network"

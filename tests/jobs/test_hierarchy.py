"""Hierarchies as a user asks for them: files that add up as written, levels that are scored, and what is refused."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, ForecastError, ModelError, UsageError
from forecaster.config import (
    BacktestSettings,
    EvaluateSettings,
    FreshSettings,
    PredictSettings,
    ReadSettings,
)
from forecaster.model import ledger
from tests.saved import TINY_DATA, copy_tiny

Rows = list[dict[str, str]]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with the frozen model: three steps ahead of two shops."""
    return copy_tiny(tmp_path / "models")


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of three regions with two stores each, whose errors go together within a region."""
    rng = np.random.default_rng(3)
    days = np.datetime64("2024-01-01") + np.arange(84).astype("m8[D]")
    rows = ["region,store,day,sales"]
    for region in ("north", "south", "west"):
        together = rng.normal(size=84) * 3
        for store in ("a", "b"):
            values = 20 + 8 * np.sin(2 * np.pi * np.arange(84) / 7) + rng.normal(size=84) * 3 + together
            rows += [f"{region},{store},{day},{max(v, 0):.0f}" for day, v in zip(days, values, strict=True)]
    path = tmp_path_factory.mktemp("shops") / "shops.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def predict(data: Path, models: Path | None = None, as_of: str | None = None, **settings: object) -> jobs.PredictResult:
    """Forecast it: with the frozen model of a folder, else with the built-in network, three steps ahead."""
    own = {} if models else {"model": "builtin", "horizon": 3}
    chosen = PredictSettings(**{"output": "-", "ledger": "none", **own, **settings})
    job = jobs.PredictJob(data=str(data), settings=chosen, models_dir=models, fresh=FreshSettings(as_of=as_of))
    return jobs.predict(job)


def check_sums(rows: Rows, column: str, parts: dict[str, list[str]], key: str) -> None:
    """Check that every sum is the sum of its parts, in decimals as they stand in the file."""
    found = {(row[key], row["day"]): Decimal(row[column]) for row in rows}
    for name, inside in parts.items():
        for day in {row["day"] for row in rows}:
            assert found[name, day] == sum(found[part, day] for part in inside)


@pytest.mark.parametrize("method", ["bottom-up", "top-down", "wls", "mint"])
def test_the_file_adds_up_as_written(shops: Path, method: str) -> None:
    result = predict(shops, hierarchy="region,store", reconcile=method)
    rows = list(csv.DictReader(result.text.splitlines()))
    assert list(rows[0])[:3] == ["region/store", "day", "forecast"]
    assert list(rows[0])[-2:] == ["method", "level"]
    assert [row["level"] for row in rows[::3]] == ["total"] + ["region"] * 3 + ["store"] * 6
    regions = {region: [f"{region}/a", f"{region}/b"] for region in ("north", "south", "west")}
    for column in ("forecast", "forecast-mean"):
        check_sums(rows, column, {"total": list(regions), **regions}, "region/store")
    assert all(float(row["forecast-lo-80"]) <= float(row["forecast"]) <= float(row["forecast-hi-80"]) for row in rows)
    assert all(float(row["forecast-lo-95"]) >= 0 for row in rows)
    assert result.summary()["hierarchy"] == {
        "reconcile": method,
        "levels": [
            {"level": "total", "series": 1},
            {"level": "region", "series": 3},
            {"level": "store", "series": 6},
        ],
    }
    methods = {row["level"]: row["method"] for row in rows}
    assert methods["total"] == ("bottom_up" if method == "bottom-up" else "lstm_pretrained")


def test_a_trained_model_and_crossed_groups(models: Path, tmp_path: Path) -> None:
    """A saved model forecasts the sums as well; paths and totals are those of all levels."""
    groups = tmp_path / "groups.csv"
    groups.write_text("shop,kind,land\nsouth,big,x\nnorth,small,x\n")
    paths, totals = tmp_path / "p.csv", tmp_path / "t.csv"
    result = predict(
        TINY_DATA,
        models,
        hierarchy_file=groups,
        paths=20,
        paths_output=paths,
        totals="3",
        totals_output=totals,
        quantiles="0.9",
    )
    rows = list(csv.DictReader(result.text.splitlines()))
    names = [row["shop"] for row in rows[::3]]
    assert names == ["total", "kind=small", "kind=big", "land=x", "north", "south"]
    check_sums(rows, "forecast", {"total": ["north", "south"], "land=x": ["north", "south"]}, "shop")
    check_sums(rows, "forecast", {"kind=small": ["north"], "kind=big": ["south"]}, "shop")
    drawn = list(csv.DictReader(paths.read_text().splitlines()))
    assert len(drawn) == 6 * 20 * 3
    one = [{**row, "day": row["day"] + row["path"]} for row in drawn]
    check_sums(one, "value", {"total": ["north", "south"]}, "shop")
    summed = {row["shop"]: Decimal(row["forecast"]) for row in csv.DictReader(totals.read_text().splitlines())}
    assert summed["total"] == summed["north"] + summed["south"]
    assert summed["total"] == sum(Decimal(row["forecast"]) for row in rows[:3])
    assert "forecast-q-90" in rows[0]


def test_the_ledger_remembers_the_series_alone(models: Path, tmp_path: Path) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("shop,kind\nsouth,big\nnorth,small\n")
    result = predict(TINY_DATA, models, hierarchy_file=groups, ledger=str(tmp_path / "ledger"))
    [issue] = ledger.read_ledger(tmp_path / "ledger")
    assert isinstance(issue, ledger.Issue)
    assert issue.ids == ("north", "south")
    np.testing.assert_array_equal(issue.values, result.forecast.values[-2:])


def test_levels_are_scored_before_and_after(shops: Path) -> None:
    job = jobs.EvaluateJob(
        data=str(shops),
        settings=EvaluateSettings(model="builtin", horizon=3, hierarchy="region,store"),
        backtest=BacktestSettings(windows=4),
    )
    result = jobs.evaluate(job)
    assert [tier["level"] for tier in result.tiers] == ["total", "region", "store"]
    assert [tier["windows"] for tier in result.tiers] == [4, 12, 24]
    for tier in result.tiers:
        for side in ("before", "after"):
            assert 0 < tier[side]["mase"] < 3
            assert {"wape", "crps", "coverage-80", "width-95"} <= set(tier[side])
    assert result.tiers[2]["before"]["mase"] == pytest.approx(result.metrics["model"]["mase"], rel=0.05)
    rows = [row for row in result.records() if row["scope"] == "level"]
    assert [(row["series"], row["method"]) for row in rows[:2]] == [
        ("total", "before reconciliation"),
        ("total", "after reconciliation"),
    ]


def test_bottom_up_has_no_sums_before(models: Path, tmp_path: Path) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("shop,kind\nsouth,big\nnorth,small\n")
    job = jobs.EvaluateJob(
        data=str(TINY_DATA),
        settings=EvaluateSettings(hierarchy_file=groups, reconcile="bottom-up"),
        backtest=BacktestSettings(windows=3, step=1),
        models_dir=models,
    )
    tiers = jobs.evaluate(job).tiers
    assert [tier["before"] is None for tier in tiers] == [True, True, False]
    assert all(tier["after"]["mae" if "mae" in tier["after"] else "wape"] is not None for tier in tiers)


def test_a_series_that_ended_is_named_and_left_out(shops: Path, tmp_path: Path) -> None:
    lines = shops.read_text().splitlines()
    data = tmp_path / "ended.csv"
    data.write_text("\n".join(line for line in lines if not line.startswith("west,b,2024-03-2")) + "\n")
    result = predict(data, hierarchy="region,store", reconcile="bottom-up")
    assert result.skipped == (("west/b", "ends before 2024-03-24, so it is no part of the sums after that"),)
    assert "west/b" not in result.forecast.ids


@pytest.mark.parametrize(
    ("settings", "error", "hint"),
    [
        ({"reconcile": "wls"}, "--reconcile wls needs groups of series", "--hierarchy region,store"),
        ({"hierarchy": "region", "hierarchy_file": "x.csv"}, "both name the groups", "Leave one"),
        ({"hierarchy": "region,region"}, "expected names of columns, each once", "region,store"),
        (
            {"hierarchy": "region,store", "paths": 1_000_000, "horizon": 200},
            "--paths 1,000,000 of 10 series",
            "at most",
        ),
    ],
)
def test_settings_that_do_not_go_together(shops: Path, settings: dict[str, object], error: str, hint: str) -> None:
    with pytest.raises(UsageError, match=error) as caught:
        predict(shops, **settings)
    assert hint in caught.value.hint


def test_top_down_shares_out_nothing_negative(shops: Path, tmp_path: Path) -> None:
    data = tmp_path / "negative.csv"
    data.write_text(shops.read_text().replace("north,a,2024-01-01,", "north,a,2024-01-01,-"))
    with pytest.raises(DataError, match="cannot be shared out by negative shares"):
        predict(data, hierarchy="region,store", reconcile="top-down")


def test_a_model_that_cannot_forecast_sums_says_why(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It adds up the series where nothing is said, and refuses what needs forecasts of sums."""
    from forecaster.jobs import hierarchy

    monkeypatch.setattr(hierarchy, "why_not_sums", lambda model: "it reads price, which sums do not have")
    groups = tmp_path / "groups.csv"
    groups.write_text("shop,kind\nsouth,big\nnorth,small\n")
    assert predict(TINY_DATA, models, hierarchy_file=groups).summary()["hierarchy"]["reconcile"] == "bottom-up"
    with pytest.raises(ModelError, match="--reconcile mint needs: it reads price") as caught:
        predict(TINY_DATA, models, hierarchy_file=groups, reconcile="mint")
    assert "--reconcile bottom-up" in caught.value.hint


def test_a_hierarchy_needs_no_more_than_it_reads(shops: Path) -> None:
    """Two groups that cannot be told apart, or a column that is missing, are found before anything is forecast."""
    with pytest.raises(ForecastError, match="has no column 'regoin'"):
        predict(shops, hierarchy="regoin,store")
    job = jobs.PredictJob(
        data=str(shops),
        settings=PredictSettings(model="builtin", horizon=3, output="-", ledger="none", hierarchy="store"),
        reading=ReadSettings(id="region,store"),
    )
    assert jobs.predict(job).tree.hierarchy.names == ("total", "a", "b")

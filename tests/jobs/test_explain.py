"""`jobs.explain` and `jobs.read_gates`: from a saved model and data to what moves its forecasts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forecaster
from forecaster import jobs
from forecaster.base.errors import DataError, MissingError, OutputError, UsageError
from forecaster.config import ExplainSettings, parse_leads
from tests.conftest import Trained


def job_of(trained: Trained, data: Path | None = None, **settings: Any) -> jobs.ExplainJob:
    path = None if data is None else str(data)
    return jobs.ExplainJob(data=path, settings=ExplainSettings(**settings), models_dir=trained.models_dir)


def longer(trained: Trained, folder: Path, rows: str) -> Path:
    path = folder / "shops.csv"
    path.write_text(trained.data.read_text() + rows)
    return path


def test_all_series_are_explained(trained: Trained) -> None:
    result = jobs.explain(job_of(trained))
    summary = result.summary()
    json.dumps(summary, allow_nan=False)
    assert (summary["explained"], summary["leads"], summary["season_length"]) == (5, list(range(1, 15)), 7)
    assert sum(row["share"] for row in summary["lags"]) == pytest.approx(1)
    for row, series in enumerate(summary["by_series"]):
        assert series["series"] == f"shop-{row}"
        gap = np.subtract(series["forecast"], series["flat"]).mean()
        parts = sum(lag["contribution"] for lag in series["lags"])
        assert parts + np.mean(series["unexplained"]) == pytest.approx(gap)
    rows = result.records()
    assert len(rows) == 6 * len(summary["lags"])
    assert all(row.keys() == rows[0].keys() for row in rows)


def test_every_value_is_in_the_frame(trained: Trained) -> None:
    result = jobs.explain(job_of(trained, series=["shop-3", "shop-1"], leads="2,5-6"))
    frame, lookback = result.to_frame(), result.model.window.lookback
    assert len(frame) == 2 * 3 * lookback
    assert frame["shop"].unique().tolist() == ["shop-1", "shop-3"]
    newest = frame.query("shop == 'shop-3' and lead == 5").iloc[0]
    assert (str(newest["day"])[:10], newest["lag"]) == ("2024-02-29", 5)
    assert newest["value"] == result.panel.series(3)[-1]


@pytest.mark.parametrize(("sample", "expected"), [(1, ["shop-0"]), (2, ["shop-0", "shop-4"]), (99, 5)])
def test_some_of_many_series_are_explained(trained: Trained, sample: int, expected: object) -> None:
    result = jobs.explain(job_of(trained, sample=sample, leads="1"))
    assert expected in (result.ids, len(result.ids))
    assert result.can_explain == 5


def test_series_that_the_network_does_not_forecast_are_named(trained: Trained, tmp_path: Path) -> None:
    days = [f"2024-01-{d:02d}" for d in range(1, 31)]
    rows = "".join(f"flat,{day},5\n" for day in days) + "tiny,2024-01-01,5\ntiny,2024-01-02,6\n"
    data = longer(trained, tmp_path, rows)
    result = jobs.explain(job_of(trained, data, leads="1"))
    assert [name for name, _ in result.skipped] == ["flat", "tiny"]
    assert (result.can_explain, len(result.ids)) == (5, 5)
    with pytest.raises(DataError, match="nothing to explain: series 'tiny': 2 steps, the network needs"):
        jobs.explain(job_of(trained, data, series=["tiny"]))
    with pytest.raises(DataError, match="nothing to show: series 'flat': it never changes"):
        jobs.read_gates(job_of(trained, data, series=["flat"], gates=True))


@pytest.mark.parametrize(
    ("settings", "fault", "message", "hint"),
    [
        ({"series": ["shop-7"]}, UsageError, "no series is called 'shop-7'", "Did you mean 'shop-"),
        ({"series": ["shop-1", "nonsense"]}, UsageError, "no series is called 'nonsense'", "There are 'shop-0'"),
        ({"leads": "0"}, UsageError, "--leads: expected lead times from 1 to 14, received '0'", "Such as --leads 1,14"),
        ({"leads": "3,x"}, UsageError, "--leads: expected lead times", ""),
        ({"leads": "9", "horizon": 7}, UsageError, "--leads: expected lead times from 1 to 7", ""),
        ({"horizon": 15}, UsageError, "was trained for 14 steps", ""),
        ({"model": "other"}, MissingError, "no model 'other'", ""),
        ({"output": Path("a.jpg")}, UsageError, "the name must end in .svg, .png or .pdf", ""),
        ({"output": Path("none/a.svg")}, OutputError, "none", ""),
    ],
)
def test_bad_input(trained: Trained, settings: Any, fault: type[Exception], message: str, hint: str) -> None:
    with pytest.raises(fault) as caught:
        jobs.explain(job_of(trained, **settings))
    assert message in str(caught.value)
    assert caught.value.hint.startswith(hint)  # type: ignore[attr-defined]


def test_the_data_is_never_overwritten(trained: Trained, tmp_path: Path) -> None:
    data = longer(trained, tmp_path, "")
    link = tmp_path / "picture.svg"
    link.symlink_to(data)
    with pytest.raises(UsageError, match="is the data file itself"):
        jobs.explain(job_of(trained, data, output=link))


def test_pictures_are_written(trained: Trained, tmp_path: Path) -> None:
    for name, settings in (("all.svg", {}), ("one.png", {"series": ["shop-2"]})):
        jobs.explain(job_of(trained, leads="1", output=tmp_path / name, **settings))
        assert (tmp_path / name).stat().st_size > 10_000
    jobs.read_gates(job_of(trained, series=["shop-2"], gates=True, output=tmp_path / "gates.svg"))
    assert (tmp_path / "gates.svg").read_bytes().startswith(b"<?xml")


def test_gates_of_one_series(trained: Trained) -> None:
    result = jobs.read_gates(job_of(trained, series=["shop-2"], gates=True))
    summary, shape = result.summary(), result.model.window
    json.dumps(summary, allow_nan=False)
    assert (summary["cell"], len(summary["segments"]), summary["series"]) == ("lstm", shape.segments, "shop-2")
    assert np.shape(summary["layers"][0]["forget"]) == (shape.segments, 4)
    assert len(result.to_frame()) == shape.segments
    last = np.datetime64("2024-02-29") - shape.segment + 1
    assert result.stamps[-1] == str(last)
    with pytest.raises(UsageError, match="shows one series, and 5 are meant") as caught:
        jobs.read_gates(job_of(trained, gates=True))
    assert caught.value.hint == "Name one: --series shop-0"


def test_from_a_notebook(trained: Trained) -> None:
    model = forecaster.load_model(trained.name, models_dir=trained.models_dir)
    assert forecaster.explain(model, trained.data, series=["shop-1"], leads=(1, 3)).found.leads.tolist() == [1, 3]
    assert forecaster.read_gates(model, trained.data, series=["shop-1"]).cell == "lstm"


@pytest.mark.parametrize(
    ("text", "leads"), [(None, (1, 2, 3, 4)), ("2", (2,)), ("3, 1-2,2", (1, 2, 3)), ("1-4", (1, 2, 3, 4))]
)
def test_leads(text: str | None, leads: tuple[int, ...]) -> None:
    assert parse_leads(text, 4) == leads


@pytest.mark.parametrize("text", ["", "0", "5", "2-1", "1-", "-1", "a", "1,,2", "٣", "1-2-3"])
def test_leads_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--leads"):
        parse_leads(text, 4)

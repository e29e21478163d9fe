"""`jobs.plot`: from a saved model and a data file to a picture of some series."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base.errors import ForecastError, MissingError, OutputError, UsageError
from forecaster.config import PlotSettings
from tests.conftest import Trained, names
from tests.saved import TINY_DATA

plotting = sys.modules["forecaster.jobs.plot"]  # its name in the room is that of its function


def plot(trained: Trained, output: Path, **settings: object) -> jobs.PlotResult:
    return jobs.plot(jobs.PlotJob(settings=PlotSettings(output=output, **settings), models_dir=trained.models_dir))


@pytest.mark.parametrize(("name", "magic"), [("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF")])
def test_the_name_says_which_kind(trained: Trained, tmp_path: Path, name: str, magic: bytes) -> None:
    result = plot(trained, tmp_path / name, series=["shop-3", "shop-1"], horizon=5, levels="50", history=10)
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert (result.drawn, result.warnings) == (("shop-3", "shop-1"), ())
    json.dumps(result.summary(), allow_nan=False)


def test_of_many_series_the_first_are_drawn_and_it_is_said(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plotting, "MOST_SERIES", 3)
    result = plot(trained, tmp_path / "a.svg")
    assert result.drawn == ("shop-0", "shop-1", "shop-2")
    assert result.warnings == ("3 of 5 series are drawn: choose others with --series ID",)
    assert result.summary()["not_drawn"] == 2


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"output": "a.gif"}, UsageError, r"must end in \.svg, \.png or \.pdf"),
        ({"output": "none/a.svg"}, OutputError, "does not exist"),
        ({"series": ["shop-1", "shop-9"]}, UsageError, "no series is called 'shop-9'"),
        ({"horizon": 15}, UsageError, "was trained for 14 steps"),
        ({"levels": "0"}, UsageError, "--levels"),
        ({"model": "other"}, MissingError, "no model 'other'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    trained: Trained, tmp_path: Path, settings: dict[str, object], error: type[ForecastError], said: str
) -> None:
    with pytest.raises(error, match=said):
        plot(trained, tmp_path / str(settings.pop("output", "a.svg")), **settings)
    assert names(tmp_path) == []


@pytest.mark.parametrize("shops", [("a", "b"), ()])
def test_a_picture_says_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shops: tuple[str, ...]) -> None:
    """The series by its name, its column beside the axis; a series without a name is called by its column."""
    figures = []
    monkeypatch.setattr("forecaster.reporting.drawing.to_file", lambda drawn, kind: figures.extend(drawn) or b"x")
    data = tmp_path / "load.csv"
    rows = [f"{f'{shop},' * bool(shops)}2024-01-{d:02d},{d % 7}\n" for shop in shops or [""] for d in range(1, 32)]
    data.write_text(f"{'shop,' * bool(shops)}day,load_kw\n{''.join(rows)}")
    settings = PlotSettings(output=tmp_path / "a.svg", model="builtin", horizon=3)
    jobs.plot(jobs.PlotJob(data=str(data), settings=settings, models_dir=tmp_path))
    assert [(figure.title, figure.y_label) for figure in figures] == (
        [(shop, "load_kw") for shop in shops] or [("load_kw", "")]
    )


def test_quantiles_are_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a label; the intervals that they are the ends of are not drawn unasked."""
    figures = []
    monkeypatch.setattr("forecaster.reporting.drawing.to_file", lambda drawn, kind: figures.extend(drawn) or b"x")
    settings = PlotSettings(output=tmp_path / "a.svg", model="builtin", horizon=3, levels="80", quantiles="0.5,0.95")
    jobs.plot(jobs.PlotJob(data=str(TINY_DATA), settings=settings, models_dir=tmp_path))
    labels = [mark.label for mark in figures[0].marks]
    assert [label for label in labels if label.startswith("quantile")] == ["quantile 0.5", "quantile 0.95"]
    assert [label for label in labels if label.endswith("interval")] == ["80 % interval"]

"""Figures before they are drawn: the marks they have, and the data that a page draws them from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forecaster.model.manifest import Look
from forecaster.reporting.figure import (
    Band,
    Bars,
    Figure,
    Line,
    draw_autocorrelation,
    draw_coverage,
    draw_curves,
    draw_histogram,
    draw_leads,
    draw_outlook,
)
from forecaster.scoring.outlook import Outlook, Path
from forecaster.scoring.residuals import OneStepErrors

RESIDUALS = OneStepErrors(
    count=100,
    series=2,
    mean=-0.25,
    deviation=1.5,
    autocorrelation=np.array([0.1, -0.6, 0.2]),
    noise=0.196,
    edges=np.array([-2.0, 0.0, 2.0]),
    counts=np.array([60, 40]),
)


def path(first: str, values: list[float]) -> Path:
    """Return a daily forecast with one interval of ± 1."""
    stamps, y = np.datetime64(first, "ns") + np.arange(len(values)) * np.timedelta64(1, "D"), np.array(values)
    return Path(stamps=stamps, values=y, intervals=((80.0, y - 1, y + 1), (95.0, y - 2, y + 2)), method="lstm")


OUTLOOK = Outlook(
    series=0,
    name="a",
    stamps=path("2024-01-01", [0.0] * 4).stamps,
    history=np.array([1.0, np.nan, 3.0, 4.0]),
    past=(path("2024-01-03", [2.5, 3.5]),),
    next=path("2024-01-05", [5.0, 6.0]),
)


def test_data_has_one_column_a_line_on_common_places() -> None:
    figure = Figure(
        name="f",
        title="F",
        marks=(
            Band("b", np.array([2, 3]), np.array([0.0, 1.0]), np.array([5.0, 6.0]), 0.5),
            Line("l", np.array([1, 2]), np.array([1 / 3, np.nan]), "model", "dashed"),
            Bars("", np.array([3.0]), np.array([7.0]), 0.5),
        ),
    )
    data = figure.to_data()
    assert data["data"] == [[1, 2, 3], [None, 0, 1], [None, 5, 6], [0.333333, None, None], [None, None, 7]]
    assert data["bands"] == [{"series": [2, 1], "strength": 0.5}]
    assert [series["kind"] for series in data["series"]] == ["edge", "edge", "dashed", "bars"]
    assert [series["mark"] for series in data["series"]] == [0, 0, 1, 1]  # without a label: with the one before
    assert [item["label"] for item in figure.legend()] == ["b", "l"]
    json.dumps(data, allow_nan=False)


def test_an_outlook_shows_history_then_and_next() -> None:
    data = draw_outlook(OUTLOOK, None, "title").to_data()
    day = 86_400.0
    assert data["data"][0] == [np.datetime64("2024-01-01", "s").astype(int) + day * i for i in range(6)]
    columns = {series["kind"]: column for series, column in zip(data["series"], data["data"][1:], strict=True)}
    assert columns["dashed"] == [None, None, 2.5, 3.5, None, None]
    assert columns["solid"] == [None, None, None, None, 5, 6]
    assert [1, None, 3, 4, None, None] in data["data"]
    assert data["data"][1] == [None, None, None, None, 3, 4]  # the lower end of the widest interval, drawn first
    labels = ["95 % interval", "80 % interval", "observed", "forecast then", "forecast"]
    assert [item["label"] for item in draw_outlook(OUTLOOK, None, "t").legend()] == labels


def test_stamps_are_shown_in_the_local_time_of_the_data() -> None:
    assert draw_outlook(OUTLOOK, "Europe/Berlin", "t").to_data()["data"][0][0] % 86_400 == 3_600


def test_learning_curves_of_several_networks_share_a_label() -> None:
    curve = [Look(member=m, step=s, loss=1 / s, held_out=2 / s) for m in (1, 2) for s in (10, 20)]
    figure = draw_curves(curve)
    assert figure is not None
    assert [mark.label for mark in figure.marks] == ["training loss", "", "held-out loss", ""]
    assert figure.note.endswith("2 networks, a pair of lines each.")
    assert draw_curves([]) is None


def test_lead_times_with_and_without_what_was_held_out() -> None:
    by_lead = {"model": {"mase": [0.5, None]}, "baseline": {"mase": [1.0, 1.1]}}
    assert len(draw_leads(by_lead, "naive", None).marks) == 2
    held_out = draw_leads(by_lead, "naive", {"mase": [0.6, 0.7, 0.8]}).marks[2]
    assert isinstance(held_out, Line)
    assert held_out.y.tolist() == [0.6, 0.7]  # the report is of fewer steps than the model can


@pytest.mark.parametrize(("levels", "lines"), [([80.0, 95.0], 6), ([50.0, 80.0], 5)])
def test_coverage_stands_beside_what_was_wanted(levels: list[float], lines: int) -> None:
    inside = {"mase": [1.0, 1.0], **{f"coverage-{level:g}": [0.5, 0.6] for level in levels}}
    held_out = {"mase": [1.0, 1.0], "coverage-80": [0.7, 0.8], "coverage-95": [0.9, 0.9]}
    marks = draw_coverage(inside, levels, held_out).marks
    assert len(marks) == lines
    assert isinstance(marks[2], Line)
    assert marks[2].y.tolist() == [50, 60]


def test_residuals_say_where_they_are_largest() -> None:
    figure = draw_autocorrelation(RESIDUALS)
    assert figure is not None
    assert figure.note.startswith("The largest is -0.60, at lag 2.")
    assert "mean -0.25, standard deviation 1.5" in draw_histogram(RESIDUALS).note

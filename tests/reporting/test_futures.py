"""A series under several futures: a line and a band of one colour for each, on the days of the data."""

from __future__ import annotations

import numpy as np

from forecaster.data.panel import panel_from_arrays
from forecaster.model.forecast import Forecast
from forecaster.reporting.drawing import clipped, legend_columns, to_file
from forecaster.reporting.figure import Band, Line
from forecaster.reporting.futures import draw_futures


def forecast(values: list[float]) -> Forecast:
    """Return a forecast of one series with an interval."""
    point = np.array([values])
    return Forecast(
        ids=("a",),
        stamps=np.array([["x"] * len(values)], object),
        values=point,
        intervals=((80.0, point - 1, point + 1),),
        methods=np.array(["lstm"], object),
        id_column="id",
        time_column="day",
    )


def test_each_future_has_a_colour() -> None:
    panel = panel_from_arrays([np.arange(50.0)], freq="D")
    figure = draw_futures(panel, 0, [("plan", forecast([1, 2])), ("discount", forecast([3, 4]))], "shop")
    bands = [(mark.label, mark.tone) for mark in figure.marks if isinstance(mark, Band)]
    lines = {mark.label: mark.tone for mark in figure.marks if isinstance(mark, Line)}
    assert bands == [("", "baseline"), ("80 % interval", "model")]  # one entry of the legend for both
    assert lines == {"observed": "history", "plan": "model", "discount": "baseline"}
    ahead = next(mark for mark in figure.marks if isinstance(mark, Line) and mark.label == "plan")
    history = next(mark for mark in figure.marks if isinstance(mark, Line) and mark.label == "observed")
    assert history.x[-1] < ahead.x[0]
    svg = to_file([figure], "svg").decode()
    assert svg.count("80 % interval") == 1


def test_a_legend_has_as_many_columns_as_fit() -> None:
    assert legend_columns(["a", "b"], 7.6) == 6
    assert legend_columns(["No promotion at all until Christmas, 80 % interval"] * 5, 7.6) == 1
    long = "x" * 50 + "y" * 50
    assert len(clipped(long)) < 65
    assert clipped(long).startswith("x")
    assert clipped(long).endswith("y")

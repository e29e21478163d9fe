"""Charts of characters."""

from __future__ import annotations

import io

import numpy as np
import pytest

from forecaster.cli.chart import Curve, draw
from forecaster.cli.output import (
    Picture,
    render,
)


def curve(history: list[float], forecast: list[float], margin: float = 1.0) -> Curve:
    ahead = np.array(forecast)
    return Curve(
        history=np.array(history),
        forecast=ahead,
        low=ahead - margin,
        high=ahead + margin,
        stamps=("2001", "2010", "2012"),
    )


@pytest.mark.parametrize("width", [24, 40, 100, 300])
@pytest.mark.parametrize("history", [[1.0], [5.0] * 30, [float(i % 7) for i in range(500)], [-1e9, 1e9]])
def test_a_chart_fits(width: int, history: list[float]) -> None:
    margin = (max(history) - min(history)) / 2 + 1
    lines = draw(curve(history, history[-1:] * 3, margin), lambda value: f"{value:.0f}"[:5], width)
    assert len(lines) == 13
    assert max(map(len, lines)) <= width
    assert "░" in "".join(lines)
    assert lines[-1].endswith("2012")


def test_a_chart_shows_what_is_so() -> None:
    lines = draw(curve([0.0] * 10, [10.0] * 10, margin=0.0), str, 40, height=5)
    drawn = [line.split("│")[1] for line in lines[:-1]]
    assert lines[0].startswith("10.0 │")
    assert lines[4].startswith(" 0.0 │")
    assert len(drawn[0].strip()) <= 18  # the forecast is at the top, on the right
    assert drawn[0].startswith(" " * 15)
    assert drawn[4].startswith("⣀" * 10)


def test_no_chart_without_room() -> None:
    assert draw(curve([1.0], [2.0]), str, 12) == []
    assert render([Picture(["one", "two"])], io.StringIO()) == "one\ntwo\n"

"""Pictures: every architecture and number of series can be drawn, in both formats, and always in the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.reporting.explanation import Explanation
from forecaster.reporting.pictures import draw_gates, draw_lags, draw_series, render
from forecaster.reporting.recurrence import GATES, Trace

RNG = np.random.default_rng(0)


def explanation(series: int, leads: list[int], lookback: int, season: int) -> Explanation:
    parts = RNG.normal(size=(2, series, len(leads), lookback))
    return Explanation(
        series=np.arange(series),
        leads=np.array(leads),
        season=season,
        values=RNG.normal(size=(series, lookback)),
        forecasts=RNG.normal(size=(series, len(leads))),
        flat=np.zeros((series, len(leads))),
        weights=parts[0],
        contributions=parts[1],
    )


@pytest.mark.parametrize(
    ("leads", "lookback", "season"), [([1, 2, 3], 28, 7), ([1], 8, 1), ([2, 9], 1000, 168), ([1], 1, 12)]
)
def test_explanations_are_drawn(leads: list[int], lookback: int, season: int) -> None:
    png = render(lambda: draw_lags(explanation(3, leads, lookback, season), "sales v000001"), Path("a.png"))
    assert png.startswith(b"\x89PNG")
    assert len(png) > 10_000
    stamps = ["2024-01-01", "2024-01-28", "2024-01-31"]
    svg = render(lambda: draw_series(explanation(1, leads, lookback, season), "a: b", stamps), Path("a.SVG"))
    assert b"<svg" in svg[:1000]


def test_an_explanation_of_nothing_is_drawn() -> None:
    found = explanation(2, [1], 4, 2)
    render(
        lambda: draw_lags(replace(found, weights=0 * found.weights, contributions=0 * found.weights), ""), Path("a.png")
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 3])
def test_gates_are_drawn(cell: str, layers: int) -> None:
    seen = tuple({name: RNG.uniform(size=(1, 6, 16)) for name in GATES[cell]} for _ in range(layers))
    figure = draw_gates(Trace(seen, np.zeros((1, 3))), cell, RNG.normal(size=24), "a: b", [f"s{k}" for k in range(6)])
    titles = [axes.get_title().split()[0] for axes in figure.axes if axes.get_title()]
    assert titles == list(GATES[cell]) * layers
    assert render(lambda: figure, Path("a.png")).startswith(b"\x89PNG")


def test_the_same_picture_is_the_same_bytes() -> None:
    found = explanation(2, [1, 2], 14, 7)
    one, again = (render(lambda: draw_lags(found, "sales"), Path("a.svg")) for _ in range(2))
    assert one == again
    assert b"<dc:date>" not in one

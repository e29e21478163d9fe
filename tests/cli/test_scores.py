"""Scores as people read them."""

from __future__ import annotations

import pytest

from forecaster.cli.scores import error_grid, metric_rows, verdict, way_of
from tests.cli.conftest import INTERVALS, metrics_of


def test_the_baseline_has_every_measure_but_intervals() -> None:
    ours, baseline = metric_rows(metrics_of())
    assert (ours["method"], baseline["method"]) == ("model", "seasonal naive")
    assert ours.keys() == baseline.keys()
    assert {baseline[name] for name in INTERVALS} == {None}
    assert (ours["mase"], baseline["mase"]) == (0.75, 1.0)


def test_the_grid_has_a_row_a_measure() -> None:
    grid = error_grid(metrics_of(), "error")
    assert grid.header == ("error", "model", "seasonal naive")
    assert ("MASE", "0.75", "1") in [tuple(cell.rstrip("0").rstrip(".") for cell in row) for row in grid.rows]


@pytest.mark.parametrize(
    ("skill", "color", "advised"), [(0.25, "green", False), (-0.1, "yellow", True), (None, "yellow", False)]
)
def test_advice_stands_where_the_model_is_worse(skill: float | None, color: str, advised: bool) -> None:
    line = verdict(metrics_of(skill), "held-out windows", "Do this.")
    assert (line.style, line.text.endswith("Do this.")) == (color, advised)


def test_how_sums_were_made_to_add_up() -> None:
    assert way_of({"reconcile": "wls"}) == "wls"
    said = way_of({"reconcile": "wls", "tried": {"bottom-up": 1.05, "wls": 0.9}})
    assert said.startswith("wls (")
    assert "bottom-up 5" in said
    assert "wls -10" in said

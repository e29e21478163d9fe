"""Values that cannot be above 1 or 100."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.data.caps import find_cap
from forecaster.data.panel import Panel, panel_from_arrays

RNG = np.random.default_rng(0)


def panel_of(values: object, target: str = "value") -> Panel:
    panel = panel_from_arrays([np.asarray(values, float)])
    return replace(panel, schema=replace(panel.schema, target=target))


@pytest.mark.parametrize(
    ("values", "target", "expected"),
    [
        (100 / (1 + np.exp(-RNG.normal(2, 1.2, 400))), "value", 100.0),  # crowds below its cap
        (np.minimum(RNG.normal(90, 10, 200).clip(0), 100), "value", 100.0),  # reaches it
        (RNG.uniform(0.2, 0.6, 100), "occupancy_rate", 1.0),
        (RNG.uniform(30, 60, 100), "Share of women, %", 100.0),
        (RNG.uniform(0.2, 0.6, 100), "value", None),
        (RNG.uniform(0, 60, 100), "sales", None),
        (RNG.uniform(0, 160, 100), "percent", None),
        (RNG.uniform(-1, 1, 100), "ratio", None),
        (RNG.integers(0, 2, 100), "value", None),  # counts
        (np.full(20, 100), "percent", None),
    ],
)
def test_a_cap_is_found_where_there_is_one(values: object, target: str, expected: float | None) -> None:
    assert find_cap(panel_of(values, target)) == expected

"""Values so large that their squares, or even sums and differences of them, are no numbers any more."""

from __future__ import annotations

import numpy as np

from forecaster.base.errors import DataError
from forecaster.data.panel import Panel
from forecaster.data.seasonality import LARGEST
from forecaster.data.stamps import Ints

FEW = 0.01
"""Share of values up to which those that are too large are outliers."""

LARGEST_TO_ADD = 1e300
"""Size up to which sums and differences of values are numbers in any case."""


def check_size(panel: Panel) -> None:
    """Refuse values whose squares no number holds: they can neither be learned nor measured.

    Raises:
        DataError: There is one.
    """
    at = int(np.argmax(np.abs(panel.values)))
    value = panel.values[at]
    if abs(value) <= LARGEST:
        return
    fault = f"{panel.source}: {panel.where(at)}: {value:g} is too large to compute with: expected at most {LARGEST:g}"
    few = np.mean(np.abs(panel.values) > LARGEST) < FEW
    raise DataError(fault, hint="Divide the values by a constant" + (", or pass --on-outlier clip" if few else ""))


def too_large_to_add(panel: Panel, starts: Ints, ends: Ints) -> DataError | None:
    """Return what is said of forecasts that are not finite where values are the reason; None where they are not.

    Args:
        panel: S series.
        starts: [N] index of the first value that a forecast looked at.
        ends: [N] index after the last one.
    """
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        at = start + int(np.argmax(np.abs(panel.values[start:end])))
        if abs(panel.values[at]) > LARGEST_TO_ADD:
            fault = f"{panel.where(at)}: {panel.values[at]:g} is too large to forecast"
            return DataError(f"{panel.source}: {fault}", hint="Divide the values by a constant")
    return None

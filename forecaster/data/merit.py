"""How sensible a reading of a file is, among several that all read it.

A reading may fit and still be none that anybody means: each row a series of its own, an identifier taken for the value,
steps of a day of which most have no row. Only its parts are compared here; which one is meant, the user says.
"""

from __future__ import annotations

import numpy as np

from forecaster.config import ReadSettings
from forecaster.data.panel import Panel

ENOUGH = 10
"""Steps that most series have at least in a reading from which something can be learned."""

FULL = 0.7
"""Share of steps with a value from which more of them make no reading better."""


def merit(panel: Panel, settings: ReadSettings) -> tuple[float, ...]:
    """Return how sensible a reading is, the larger the better, compared part by part.

    Series long enough to learn from; no rows dropped for others; no series left out; steps that have values; the
    stamps' own step rather than a coarser one. What is alike in all of these stays as it was offered.
    """
    empty = float(np.mean(panel.values == 0)) if settings.aggregate in ("sum", "count") else 0.0
    full = 1.0 - max(float(panel.filled.mean()), empty)
    return (
        float(np.median(panel.lengths) >= ENOUGH),
        -float(settings.on_duplicate != "error"),
        -float(len(panel.skipped) > 0),
        round(min(full, FULL), 1),
        -float(settings.aggregate is not None),
    )

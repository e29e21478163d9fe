"""Origins for tests that have values end to end, and no panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecaster.model.origins import Origins


def between(starts: Sequence[int] | NDArray[np.int64], ends: Sequence[int] | NDArray[np.int64]) -> Origins:
    """Return the origins of histories that begin and end there; each distinct start is a series."""
    series = np.unique(starts, return_inverse=True)[1]
    return Origins(series=series, starts=np.asarray(starts), ends=np.asarray(ends))

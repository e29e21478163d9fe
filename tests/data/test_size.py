from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.data.panel import panel_from_arrays
from forecaster.data.size import check_size, too_large_to_add

HUGE = panel_from_arrays({"a": np.ones(5), "b": np.array([1.0, -1.7e308, 1.7e308])}, freq="MS")


def test_values_whose_squares_are_no_numbers_are_refused() -> None:
    check_size(panel_from_arrays([np.array([1.0, 1e150])]))
    with pytest.raises(DataError, match=r"series 'b', 2000-02-01: -1.7e\+308 is too large to compute with"):
        check_size(HUGE)


def test_only_windows_that_hold_values_too_large_to_add_are_blamed_on_them() -> None:
    assert too_large_to_add(HUGE, np.array([0]), np.array([6])) is None
    fault = too_large_to_add(HUGE, np.array([0, 5]), np.array([5, 8]))
    assert fault is not None
    assert "series 'b', 2000-02-01: -1.7e+308 is too large to forecast" in fault.message

"""numpy ↔ Arrow: what goes over comes back, and no pandas is loaded for it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from forecaster.base.arrow import EMPTY, ZERO, from_numpy, from_texts, integers, to_numpy


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, -2, 2**62]),
        np.array([0.5, np.nan, -np.inf]),
        np.array([True, False, True] * 5),
        np.empty(0),
        np.arange(9)[::2],
        np.array([1.5, 2.5], np.float32),
    ],
    ids=str,
)
def test_there_and_back(values: np.ndarray) -> None:
    array = from_numpy(values)
    np.testing.assert_array_equal(to_numpy(array), values)
    np.testing.assert_array_equal(to_numpy(pa.chunked_array([array, array])), np.concatenate([values, values]))
    np.testing.assert_array_equal(to_numpy(array.slice(1)), values[1:])


def test_texts_of_any_alphabet() -> None:
    assert from_texts(["", "Köln", "東京", "a,b"]).to_pylist() == ["", "Köln", "東京", "a,b"]
    assert (ZERO.as_py(), EMPTY.as_py()) == ("0", "")


def test_texts_and_stamps_as_integers() -> None:
    assert integers(pa.array(["7", "-3"])).tolist() == [7, -3]
    assert integers(pa.array([1, 2], pa.timestamp("ns"))).tolist() == [1, 2]
    assert to_numpy(pa.chunked_array([], pa.float64())).shape == (0,)


def test_no_pandas() -> None:
    code = (
        "import numpy, sys; from forecaster.base import arrow; arrow.from_numpy(numpy.arange(3.0)); "
        "arrow.from_texts(['a']); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

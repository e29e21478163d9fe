"""numpy ↔ Arrow without a detour: `pyarrow.array` imports pandas, which costs a third of a second at every start."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def from_numpy(values: npt.NDArray[Any]) -> pa.Array:
    """Return int64, float64 or bool values as an Arrow array without nulls, sharing memory where it can."""
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(
            pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))]
        )
    kind = pa.float64() if values.dtype.kind == "f" else pa.int64()
    wide = np.ascontiguousarray(values, dtype=np.float64 if values.dtype.kind == "f" else np.int64)
    return pa.Array.from_buffers(kind, len(wide), [None, pa.py_buffer(wide)])


def from_texts(texts: Sequence[str]) -> pa.Array:
    """Return texts as an Arrow array."""
    raw = [text.encode() for text in texts]
    offsets = np.concatenate(([0], np.cumsum([len(text) for text in raw]))).astype(np.int32)
    return pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets), pa.py_buffer(b"".join(raw)))


def to_numpy(array: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return an Arrow array of integers, floats or booleans as numpy; the value in a null cell is arbitrary."""
    if isinstance(array, pa.ChunkedArray):
        parts = [to_numpy(chunk) for chunk in array.chunks]
        kind = np.dtype(bool) if array.type == pa.bool_() else np.dtype(array.type.to_pandas_dtype())
        return np.concatenate(parts) if parts else np.empty(0, kind)
    buffer, start, stop = array.buffers()[1], array.offset, array.offset + len(array)
    if array.type == pa.bool_():
        bits = np.frombuffer(buffer or b"", np.uint8)
        return np.unpackbits(bits, count=stop, bitorder="little").astype(np.bool_)[start:]
    return np.frombuffer(buffer or b"", array.type.to_pandas_dtype())[start:stop]


def integers(array: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return texts, stamps or integers as int64."""
    return np.asarray(to_numpy(array.cast(pa.int64())), np.int64)


def text(value: str) -> pa.Scalar:
    """Return a text as a constant for compute functions, which import pandas when they are given a bare `str`."""
    return from_texts([value])[0]


ZERO, EMPTY = text("0"), text("")


def return_memory() -> None:
    """Give the memory that reading a file took back to the system: TensorFlow will not reuse Arrow's."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)

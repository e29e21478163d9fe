"""Arrays in an .npz file: what was packed comes back, and nothing else is ever read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecaster.base.arrays import Arrays, Form, pack, read_forms, unpack
from forecaster.base.errors import ModelError

KINDS = st.sampled_from(["<f4", "<f8", "<i8", "<u4", "|u1", "|b1"])
ARRAYS = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True),
    KINDS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))),
    max_size=5,
)
SAMPLE = {"x": np.arange(6.0).reshape(2, 3), "n": np.array(3, np.int64), "none": np.zeros((0, 4), np.float32)}


def forms_of(arrays: Arrays) -> dict[str, Form]:
    return {name: Form.of(array) for name, array in arrays.items()}


@settings(deadline=None)
@given(ARRAYS)
def test_what_is_packed_comes_back(arrays: Arrays) -> None:
    data = pack(arrays)
    assert data == pack(arrays)
    assert read_forms(data, "file") == forms_of(arrays)
    if all(np.isfinite(array).all() for array in arrays.values()):
        back = unpack(data, "file", forms_of(arrays))
        assert all(back[name].tobytes() == array.tobytes() for name, array in arrays.items())
    else:
        with pytest.raises(ModelError, match="not finite"):
            unpack(data, "file", forms_of(arrays))


def test_numpy_reads_what_is_packed_and_the_other_way_round() -> None:
    with np.load(io.BytesIO(pack(SAMPLE)), allow_pickle=False) as archive:
        assert set(archive.files) == set(SAMPLE)
        np.testing.assert_array_equal(archive["x"], SAMPLE["x"])
    buffer = io.BytesIO()
    np.savez(buffer, **SAMPLE)
    np.testing.assert_array_equal(unpack(buffer.getvalue(), "file", forms_of(SAMPLE))["x"], SAMPLE["x"])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"x": Form("<f8", (2, 3))}, "file: unexpected array n"),
        ({**forms_of(SAMPLE), "y": Form("<f8", ())}, "file: missing array y"),
        (
            {**forms_of(SAMPLE), "x": Form("<f4", (2, 3))},
            "array x is <f8 of shape (2, 3), expected <f4 of shape (2, 3)",
        ),
        ({**forms_of(SAMPLE), "n": Form("<i8", (1,))}, "array n is <i8 of shape (), expected <i8 of shape (1,)"),
    ],
)
def test_other_arrays_than_expected_are_named(other: dict[str, Form], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        unpack(pack(SAMPLE), "file", other)
    assert said in refused.value.message


def test_an_order_of_memory_does_not_matter() -> None:
    turned = {"x": np.asfortranarray(SAMPLE["x"]), "y": SAMPLE["x"][::-1, ::2]}
    back = unpack(pack(turned), "file", forms_of(turned))
    assert all(np.array_equal(back[name], array) for name, array in turned.items())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, 10**6))
def test_a_damaged_archive_is_refused_or_read_as_it_was(changes: list[tuple[int, int]], cut: int) -> None:
    """A change in what nobody reads, such as a date, is no damage; the hashes find that too."""
    data = bytearray(pack(SAMPLE))
    for at, value in changes:
        data[at % len(data)] = value
    damaged = bytes(data[: cut % len(data)] if cut % 5 == 0 else data)
    try:
        back = unpack(damaged, "file", forms_of(SAMPLE))
    except ModelError:
        return
    assert all(back[name].tobytes() == array.tobytes() for name, array in SAMPLE.items())


@given(st.binary(max_size=200))
def test_random_bytes_are_no_archive(data: bytes) -> None:
    with pytest.raises(ModelError, match="not an archive of arrays"):
        read_forms(data, "file")

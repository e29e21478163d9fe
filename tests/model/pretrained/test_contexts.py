"""Contexts end to end: cut, measured and stacked as one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecaster.model.pretrained.contexts import Contexts, join
from forecaster.model.pretrained.rhythm import LONGEST, Rhythm

VALUES = np.where(np.arange(5000) % 7 == 3, np.nan, np.sin(np.arange(5000.0)))
STRETCHES = st.lists(st.tuples(st.integers(0, 4990), st.sampled_from([1, 2, 9, 400, LONGEST, 2_600])), max_size=6)


@given(STRETCHES)
def test_stretches_of_an_array_are_what_each_is_alone(stretches: list[tuple[int, int]]) -> None:
    starts = np.array([start for start, _ in stretches], np.int64)
    ends = np.array([min(start + length, len(VALUES)) for start, length in stretches], np.int64)
    found = Contexts.of(VALUES, starts, ends)
    each = [VALUES[start:end][-LONGEST:] for start, end in zip(starts, ends, strict=True)]
    assert found.lengths.tolist() == [len(part) for part in each]
    np.testing.assert_array_equal(found.values, np.concatenate([*each, np.empty(0)]))
    low, high = found.extremes(np.full(len(found), 9))
    np.testing.assert_array_equal(low, [np.fmin.reduce(part[-9:]) for part in each])
    np.testing.assert_array_equal(high, [np.fmax.reduce(part[-9:]) for part in each])
    shape = Rhythm(12, 0, 12)
    assert found.segments(shape).tolist() == [shape.bucket(len(part)) for part in each]
    for index, part in enumerate(each):
        np.testing.assert_array_equal(found.stacked(np.array([index]))[0], part)
        np.testing.assert_array_equal(found[index : index + 1].values, part)


def test_short_ones_are_stacked_with_a_common_end_and_grow_there() -> None:
    some = join([np.array([1.0, np.inf, 3.0]), np.array([4.0])])
    np.testing.assert_array_equal(some.stacked(np.array([1, 0])), [[np.nan, np.nan, 4.0], [1.0, np.nan, 3.0]])
    longer = some.extended(np.array([[5.0], [6.0]]))
    np.testing.assert_array_equal(longer.values, [1.0, np.nan, 3.0, 5.0, 4.0, 6.0])
    assert longer.least.tolist() == [1.0, 4.0]
    np.testing.assert_array_equal(some.less(np.array([1.0, 4.0])).values, [0.0, np.nan, 2.0, 0.0])


def test_none_at_all_are_measured_too() -> None:
    assert len(join([])) == 0
    assert join([]).least.shape == (0,)
    assert np.isnan(join([np.array([np.nan, np.nan])]).least[0])

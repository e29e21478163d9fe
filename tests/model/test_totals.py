"""Tests of `totals.py`: sums of paths, not of the ends of intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecaster.model.totals import add_up, ends_of, quantiles_of


class Drawn:
    """Paths [S, N, H] that were drawn already, two series a block."""

    def __init__(self, values: np.ndarray, paths: np.ndarray) -> None:
        self.forecast: Any = type("F", (), {})()
        self.forecast.values, self.paths, self.decimals = values, paths, None

    def blocks(self) -> Any:
        for at in range(0, len(self.paths), 2):
            yield np.arange(at, min(at + 2, len(self.paths))), self.paths[at : at + 2]


@pytest.mark.parametrize(("level", "ends"), [(80.0, (0.1, 0.9)), (95.0, (0.025, 0.975)), (0.0, (0.5, 0.5))])
def test_the_ends_of_a_level(level: float, ends: tuple[float, float]) -> None:
    assert ends_of(level) == pytest.approx(ends)


def test_sums_are_those_of_each_path_alone() -> None:
    rng = np.random.default_rng(0)
    values, paths = rng.normal(size=(5, 4)), rng.normal(size=(5, 200, 4))
    steps, quantiles = (1, 2, 4), (0.25, 0.9)
    found = add_up(Drawn(values, paths), steps, (80.0, 95.0), quantiles)  # type: ignore[arg-type]
    for w, k in enumerate(steps):
        sums = paths[:, :, :k].sum(axis=2)
        np.testing.assert_allclose(found.values[:, w], values[:, :k].sum(axis=1))
        np.testing.assert_allclose(found.means[:, w], sums.mean(axis=1))
        for level, low, high in found.intervals:
            np.testing.assert_allclose(low[:, w], np.quantile(sums, 0.5 - level / 200, axis=1))
            np.testing.assert_allclose(high[:, w], np.quantile(sums, 0.5 + level / 200, axis=1))
        for share, answer in found.quantiles:
            np.testing.assert_allclose(answer[:, w], np.quantile(sums, share, axis=1))
    assert [level for level, *_ in found.intervals] == [80.0, 95.0]
    assert [share for share, _ in found.quantiles] == [0.25, 0.9]


def test_errors_that_cancel_make_a_narrower_sum_than_the_ends_of_intervals() -> None:
    first = np.random.default_rng(1).normal(size=(1, 500, 1))
    sums = np.concatenate([first, -first], axis=2).sum(axis=2, keepdims=True)
    ends = quantiles_of(sums, (80.0,), ())
    assert np.ptp(np.concatenate(list(ends.values()))) == pytest.approx(0, abs=1e-12)

"""The weights of the pretrained network and of the trained ones."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.scoring.mixing import find_weights

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.normal(size=(2, 200, 6))


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (0.3, 0.5), (0.0, 0.0), (0.25, 0.75)])
def test_the_weights_of_a_mixture_are_found(weights: tuple[float, float]) -> None:
    targets = weights[0] * FIRST + weights[1] * SECOND + RNG.normal(0, 0.05, FIRST.shape)
    assert find_weights((FIRST, SECOND), targets, 200) == pytest.approx(weights, abs=0.051)


def test_weights_are_not_negative_and_at_most_one_together() -> None:
    assert find_weights((FIRST, SECOND), 3 * FIRST - 2 * SECOND, 200) == (1.0, 0.0)


def test_of_equally_good_answers_the_first_counts() -> None:
    assert [str(weight) for weight in find_weights((FIRST, FIRST), FIRST, 200)] == ["1.0", "0.0"]  # and not -0


def test_what_few_windows_say_is_believed_only_where_it_is_clear() -> None:
    targets = 0.4 * FIRST + 0.6 * SECOND + RNG.normal(0, 0.5, FIRST.shape)
    many, few = (find_weights((FIRST, SECOND), targets, count)[0] for count in (200, 2))
    assert many == pytest.approx(0.4, abs=0.101)
    assert few > many


def test_one_wild_window_does_not_decide() -> None:
    first, second = FIRST.copy(), SECOND.copy()
    targets = 0.5 * (first + second)
    first[0], second[0], targets[0] = 0.0, 1e6, 1e6
    assert find_weights((first, second), targets, 200) == pytest.approx((0.5, 0.5), abs=0.051)

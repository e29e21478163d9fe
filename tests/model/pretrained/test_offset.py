from __future__ import annotations

import numpy as np

from forecaster.model.pretrained.contexts import Contexts, join
from forecaster.model.pretrained.offset import forecast_apart, offsets_of


def test_ordinary_levels_and_constants_are_asked_about_as_they_are() -> None:
    rng = np.random.default_rng(1)
    ordinary = [1000 + rng.normal(0, 1, 60), np.full(9, 1e12), np.array([5.0]), np.array([np.nan, 3.0, np.inf])]
    assert offsets_of(join(ordinary), (12,)).tolist() == [0.0] * 4
    assert offsets_of(join([]), (1,)).shape == (0,)
    after_a_shift = np.concatenate([np.zeros(500), 1e12 + np.arange(500) % 3])
    assert offsets_of(join([after_a_shift]), (7,)).tolist() == [1e12 + 2]


class Asked:
    """A network that notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, tuple[int, ...]]] = []

    def answer(self, contexts: Contexts, seasons: tuple[int, ...], horizon: int) -> np.ndarray:
        self.calls.append((len(contexts), seasons))
        return np.full((len(contexts), horizon, 9), float(len(self.calls)))


def test_a_long_season_takes_bounded_memory_and_one_beyond_every_context_none() -> None:
    asked, contexts = Asked(), join([np.arange(60.0)] * 300)
    assert forecast_apart(asked, contexts, (1440,), 2).shape == (300, 2, 9)
    assert [count for count, _ in asked.calls] == [192, 108]
    assert forecast_apart(asked, contexts, (100_000, 7), 1)[0, 0, 0] == 3
    assert asked.calls[2:] == [(300, (7,))]
    assert forecast_apart(asked, join([]), (20_000,), 1).shape == (0, 1, 9)
    assert asked.calls[3:] == [(0, (1,))]

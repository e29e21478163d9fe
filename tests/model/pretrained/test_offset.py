from __future__ import annotations

import numpy as np

from forecaster.model.pretrained.offset import offsets_of


def test_ordinary_levels_and_constants_are_asked_about_as_they_are() -> None:
    rng = np.random.default_rng(1)
    ordinary = [1000 + rng.normal(0, 1, 60), np.full(9, 1e12), np.array([5.0]), np.array([np.nan, 3.0, np.inf])]
    assert offsets_of(ordinary, (12,)).tolist() == [0.0] * 4
    assert offsets_of([], (1,)).shape == (0,)
    after_a_shift = np.concatenate([np.zeros(500), 1e12 + np.arange(500) % 3])
    assert offsets_of([after_a_shift], (7,)).tolist() == [1e12 + 2]

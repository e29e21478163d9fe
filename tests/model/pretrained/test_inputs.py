"""What the pretrained network reads."""

from __future__ import annotations

import numpy as np

from forecaster.model.pretrained.inputs import inputs
from forecaster.model.pretrained.rhythm import rhythm


def test_padding_on_the_left_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5, 60)).cumsum(1)
    padded = np.pad(x, ((0, 0), (37, 0)), constant_values=np.nan)
    for seasons in ((1,), (4,), (12,), (7, 28)):
        short, wide = inputs(x, rhythm(seasons), 8, 2), inputs(padded, rhythm(seasons), 8, 2)
        for name, value in short.arrays().items():
            np.testing.assert_allclose(value, wide.arrays()[name], rtol=1e-4, atol=1e-4, err_msg=name)

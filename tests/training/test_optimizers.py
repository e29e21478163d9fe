"""How the learning rate falls, and what weight decay takes away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.base.runtime import prepare_keras
from forecaster.model.plan import FitShape

prepare_keras()

import keras  # noqa: E402

from forecaster.training.optimizers import make_optimizer, rate_after  # noqa: E402

FIT = FitShape(
    steps=100,
    batch_size=8,
    learning_rate=0.1,
    loss="mse",
    optimizer="sgd",
    patience=8,
    members=1,
    refit=True,
    seed=1,
    time_limit=None,
)


def test_a_cosine_ends_at_one_percent_and_a_constant_where_it_began() -> None:
    cosine = make_optimizer(FIT, 100)
    rates = []
    variable = keras.Variable(np.zeros(1))
    for _ in range(101):
        rates.append(float(cosine.learning_rate))
        cosine.apply([keras.ops.zeros(1)], [variable])
    assert (rates[0], rates[100]) == pytest.approx((0.1, 0.001))
    assert rates[50] == pytest.approx((0.1 + 0.001) / 2)
    assert float(make_optimizer(replace(FIT, schedule="constant"), 100).learning_rate) == pytest.approx(0.1)


@pytest.mark.parametrize(("step", "rate"), [(0, 0.1), (39, 0.1), (40, 0.05), (59, 0.05), (60, 0.025), (99, 0.025)])
def test_a_plateau_halves_at_its_steps(step: int, rate: float) -> None:
    assert rate_after(FIT, [40, 60], step) == pytest.approx(rate)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize(("decay", "kept"), [(None, 1.0), (0.0, 1.0), (0.5, 0.95)])
def test_weights_decay_by_their_share_times_the_rate(optimizer: str, decay: float | None, kept: float) -> None:
    fit = replace(FIT, optimizer=optimizer, weight_decay=decay, schedule="constant")  # type: ignore[arg-type]
    variable = keras.Variable(np.ones(3))
    make_optimizer(fit, 10).apply([keras.ops.zeros(3)], [variable])
    if (optimizer, decay) == ("adamw", None):
        kept = 1 - 0.1 * 0.004  # what it is known for
    np.testing.assert_allclose(variable.numpy(), kept, rtol=1e-6)

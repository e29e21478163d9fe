"""The losses, each against its formula."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.runtime import prepare_keras

prepare_keras()

from forecaster.training.losses import answer_loss, point_loss  # noqa: E402

FORMULAS = {
    "mse": lambda e: e**2,
    "mae": abs,
    "huber": lambda e: 0.5 * e**2 if abs(e) < 1 else abs(e) - 0.5,
    "log-cosh": lambda e: np.log(np.cosh(e)),
}


@pytest.mark.parametrize("loss", FORMULAS)
def test_point_losses_are_their_formulas(loss: str) -> None:
    errors = np.array([[0.5, -3.0], [0.0, 1.5]], np.float32)
    expected = np.mean([FORMULAS[loss](e) for e in errors.ravel()])
    assert float(point_loss(errors, loss)) == pytest.approx(expected, rel=1e-6)  # type: ignore[arg-type]
    assert np.isfinite(point_loss(errors * 1e4, loss))  # type: ignore[arg-type]


def pinball(error: float, share: float) -> float:
    return max(share * error, (share - 1) * error)


def test_the_pinball_loss_is_its_formula() -> None:
    """Two lead times, levels 50 and 80: median, lower ends of both levels, upper ends of both levels."""
    median, below, above = [1.0, 2.0], [[0.5, 1.0], [0.7, 3.0]], [[0.1, 0.2], [0.3, 0.9]]
    targets, levels = np.array([[1.4, -1.5]], np.float32), (50.0, 80.0)
    answers = np.array([[*median, *np.ravel(below), *np.ravel(above)]], np.float32)
    losses = []
    for h, actual in enumerate(targets[0]):
        losses.append(pinball(actual - median[h], 0.5))
        for q, level in enumerate(levels):
            losses.append(pinball(actual - (median[h] - below[q][h]), 0.5 - level / 200))
            losses.append(pinball(actual - (median[h] + above[q][h]), 0.5 + level / 200))
    found = float(answer_loss(answers, targets, "quantile", levels))
    assert found == pytest.approx(2 * np.mean(losses), rel=1e-6)
    assert float(answer_loss(answers[:, :2], targets, "quantile")) == pytest.approx(np.abs(targets - median).mean())

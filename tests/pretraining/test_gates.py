"""sLSTM by a plain loop over its published equations."""

from __future__ import annotations

import numpy as np

from pretraining.gates import exponential


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def test_the_cell_says_what_the_equations_say() -> None:
    """Beck et al., arXiv:2405.04517, without the stabilizer m, which must not change anything."""
    rng = np.random.default_rng(2)
    steps, units = rng.normal(size=(2, 5, 3)).astype(np.float32), 4
    layer = exponential(units, "s")
    answers = np.asarray(layer(steps))
    kernel, recurrent, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    assert bias.tolist() == [0.0] * units + [3.0] * units + [0.0] * 2 * units
    for row in range(2):
        hidden, cell, count = (np.zeros(units) for _ in range(3))
        for step in range(5):
            raw = steps[row, step] @ kernel + hidden @ recurrent + bias
            let_in, keep, value, out = np.split(raw, 4)
            cell = sigmoid(keep) * cell + np.exp(let_in) * np.tanh(value)
            count = sigmoid(keep) * count + np.exp(let_in)
            hidden = sigmoid(out) * cell / count
            np.testing.assert_allclose(answers[row, step], hidden, rtol=2e-5, atol=1e-6)


def test_large_gates_stay_finite() -> None:
    steps = np.full((1, 6, 2), 1e4, np.float32)
    assert np.isfinite(np.asarray(exponential(3, "s")(steps))).all()

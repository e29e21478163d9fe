"""The recurrence in NumPy: the answers are those of the network itself, whatever its architecture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.base.runtime import prepare_keras
from forecaster.model import store
from forecaster.model.plan import NetworkShape
from forecaster.model.version import read_weights
from forecaster.model.windows import WindowShape
from forecaster.reporting.recurrence import GATES, can_trace, trace
from tests.conftest import Trained

prepare_keras()

from forecaster.training.network import build_network  # noqa: E402

WINDOW = WindowShape(lookback=24, segment=4, horizon=7, season=1)
SHAPE = NetworkShape(window=WINDOW, widths=(4, 4), dropout=0.3)


@pytest.mark.parametrize(
    "shape",
    [
        SHAPE,
        replace(SHAPE, widths=(4,)),
        replace(SHAPE, widths=(4, 4, 4), residual=False),
        replace(SHAPE, recall=True),
        replace(SHAPE, recall=True, window=replace(WINDOW, horizon=4 * 2), widths=(48, 48)),
        replace(SHAPE, cell="gru"),
        replace(SHAPE, cell="gru", recall=True, residual=False),
    ],
)
def test_the_answer_is_the_networks_own(shape: NetworkShape) -> None:
    rng = np.random.default_rng(3)
    network = build_network(shape, 0)
    weights = [rng.normal(scale=0.5, size=w.shape).astype(np.float32) for w in network.get_weights()]
    network.set_weights(weights)
    inputs = rng.normal(size=(9, WINDOW.segments, WINDOW.channels)).astype(np.float32)
    traced = trace(shape, weights, inputs)
    np.testing.assert_allclose(traced.answers, network(inputs).numpy(), rtol=1e-4, atol=1e-4)
    assert len(traced.layers) == shape.layers
    for layer in traced.layers:
        assert tuple(layer) == GATES[shape.cell]
        assert all(seen.shape == (9, shape.window.segments, shape.widths[0]) for seen in layer.values())
        for name in set(layer) & {"input", "forget", "output", "update", "reset"}:
            assert 0 < layer[name].min() <= layer[name].max() < 1


@pytest.mark.parametrize(
    ("shape", "can"),
    [
        (SHAPE, True),
        (replace(SHAPE, cell="gru", recall=True, draws=5), True),
        (replace(SHAPE, cell="peephole"), False),
        (replace(SHAPE, widths=(4, 2)), False),
        (replace(SHAPE, attention=True), False),
        (replace(SHAPE, bidirectional=True), False),
        (replace(SHAPE, activation="relu"), False),
    ],
)
def test_other_architectures_are_known_as_such(shape: NetworkShape, can: bool) -> None:
    assert can_trace(shape) is can


def test_saved_networks_answer_their_probe(trained: Trained) -> None:
    model = store.load_model(trained.models_dir, trained.name)
    shape = model.network
    members = read_weights(model)
    with np.load(model.folder / "calibration.npz") as saved:
        inputs, outputs = saved["probe_inputs"], saved["probe_outputs"]
    assert outputs.shape[1] == len(members) == 2
    for member, weights in enumerate(members):
        np.testing.assert_allclose(trace(shape, weights, inputs).answers, outputs[:, member], atol=1e-5)

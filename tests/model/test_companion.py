"""The pretrained network beside trained ones: what it says of windows, and what is made of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecaster.base.errors import ModelError
from forecaster.model.calibration import answer_windows
from forecaster.model.companion import FARTHEST, Companion, Share, ask_pretrained, probe
from forecaster.model.pretrained import Contexts
from forecaster.model.windows import Signals, WindowShape, cut_windows, restore
from tests.conftest import BUILTIN
from tests.origins import between

SHAPE = WindowShape(lookback=6, segment=2, horizon=3, season=1)
VALUES = 10 + np.random.default_rng(0).normal(size=20).cumsum() ** 2
ORIGINS = between([0, 0, 10], [5, 10, 20])


class Rising:
    """Says that each series goes on from its last value by steps of one, whatever it has seen."""

    levels = (0.1, 0.5, 0.9)

    def answer(self, contexts: Contexts, seasons: tuple[int, ...], horizon: int) -> np.ndarray:
        path = contexts.values[contexts.ends - 1, None] + np.arange(1.0, horizon + 1)
        return np.stack([path - 1, path, path + 1], axis=2)


def share_of(pretrained: float, trained: float) -> Share:
    return Share(pretrained=pretrained, trained=trained, seasons=(1,), windows=9, errors=(1.0, 1.0, 1.0, 1.0), probe=())


def rising(pretrained: float, trained: float) -> Companion:
    companion = Companion(b"", share_of(pretrained, trained))
    vars(companion)["network"] = Rising()
    return companion


@pytest.mark.parametrize("transform", ["none", "log"])
def test_its_answers_are_distances_from_the_base_path(transform: str) -> None:
    shape = WindowShape(**{**vars(SHAPE), "transform": transform})
    windows = cut_windows(VALUES, ORIGINS, shape)
    said = ask_pretrained(Rising(), (1,), VALUES, ORIGINS, windows)  # type: ignore[arg-type]
    np.testing.assert_allclose(restore(said, windows), VALUES[ORIGINS.ends - 1][:, None] + [1, 2, 3], rtol=1e-9)


def test_answers_that_are_none_and_answers_far_off_are_bounded() -> None:
    class Wild(Rising):
        def answer(self, *args: Any) -> np.ndarray:
            answers = super().answer(*args)
            answers[0], answers[1] = np.nan, 1e12
            return answers

    windows = cut_windows(VALUES, ORIGINS, SHAPE)
    said = ask_pretrained(Wild(), (1,), VALUES, ORIGINS, windows)  # type: ignore[arg-type]
    assert (said[0] == 0).all()
    assert (said[1] == FARTHEST).all()


def test_both_answers_count_by_their_weights() -> None:
    def ask(inputs: np.ndarray) -> np.ndarray:
        return np.full((len(inputs), 1, 3), 0.5)

    alone = answer_windows(ask, Signals(VALUES), ORIGINS, SHAPE)
    mixed = answer_windows(ask, Signals(VALUES, companion=rising(0.25, 0.5)), ORIGINS, SHAPE)
    said = ask_pretrained(Rising(), (1,), VALUES, ORIGINS, alone.windows)  # type: ignore[arg-type]
    np.testing.assert_allclose(mixed.outputs, 0.25 * said + 0.5 * 0.5)
    np.testing.assert_array_equal(mixed.signs, alone.signs)


def test_a_share_in_words() -> None:
    assert share_of(0.6, 0.4).describe() == "60% pretrained network, 40% networks trained here"
    assert share_of(0.7, 0.0).describe() == "70% pretrained network, 30% base path"


def test_a_network_that_answers_otherwise_than_in_training_is_refused() -> None:
    graph = BUILTIN.read_bytes()
    share = share_of(1.0, 0.0)
    with pytest.raises(ModelError, match="answers otherwise than when it was trained"):
        Companion(graph, share).network  # noqa: B018
    from forecaster.model.pretrained import open_builtin

    said = probe(open_builtin())
    assert Companion(graph, Share(**{**vars(share), "probe": said})).network is not None

"""How much of a forecast is the pretrained network's, and how much the trained ones': weights from held-out windows.

The weights are those of least absolute error (Granger & Ramanathan, Improved methods of combining forecasts, Journal of
Forecasting 3(2), 1984, with absolute errors), none negative and together at most 1. Held-out windows flatter the
trained networks, whose training stopped when they did best on them, and few windows say little. So of all weights whose
error is within one standard error of the least, those with the largest pretrained share are taken (Breiman et al.,
Classification and Regression Trees, 1984, section 3.4.3).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecaster.base.files import read_own
from forecaster.data.panel import Panel
from forecaster.model import pretrained
from forecaster.model.builtin import SEASONS_TO_SEE, open_network
from forecaster.model.companion import Companion, Share, ask_pretrained, probe
from forecaster.model.plan import Plan
from forecaster.model.windows import Floats, cut_targets
from forecaster.scoring.backtest import answer_held_out, count_independent

if TYPE_CHECKING:
    from forecaster.training.fit import Trained

STEP = 0.05
"""Weights are multiples of it."""

LEAST_WEIGHT = 0.05
"""A smaller share of the pretrained network is not worth a second network."""

LARGEST_GRAPH = 2**26
GRAPH = Path(pretrained.__file__).with_name("network.onnx")


def has_pretrained() -> bool:
    """Return whether the package has a pretrained network."""
    return GRAPH.exists()


def choose_companion(panel: Panel, plan: Plan, trained: Trained) -> Companion | None:
    """Return the pretrained network with its share in the forecasts, or None where it has none.

    Raises:
        ModelError: The network in the package is not the one that was published.
    """
    if not has_pretrained():
        return None
    network, graph = open_network(), read_own(GRAPH, LARGEST_GRAPH)
    origins = plan.held_out.all()
    answers, seasons = answer_held_out(panel, plan, trained), seasons_of(panel, plan)
    targets = cut_targets(panel.values, origins, answers.windows).astype(np.float64)
    said = ask_pretrained(network, seasons, panel.values, origins, answers.windows)
    first, second = find_weights((said, answers.outputs), targets, count_independent(plan))
    if first < LEAST_WEIGHT:
        return None
    mixed = first * said + second * answers.outputs
    errors = tuple(float(np.abs(targets - answer).mean()) for answer in (0.0, said, answers.outputs, mixed))
    share = Share(
        pretrained=first, trained=second, seasons=seasons, windows=len(origins), errors=errors, probe=probe(network)
    )
    return Companion(graph, share)


def seasons_of(panel: Panel, plan: Plan) -> tuple[int, ...]:
    """Return the season lengths that the pretrained network is given, the main one first: longer ones seen twice."""
    length = np.median(panel.lengths)
    return (plan.season, *(m for m in panel.more_seasons if m > plan.season > 1 and length >= SEASONS_TO_SEE * m))


def find_weights(answers: tuple[Floats, Floats], targets: Floats, independent: float) -> tuple[float, float]:
    """Return the weights of two answers [N, H] to the targets [N, H]: none negative, together at most 1.

    The error of a window is relative to that of the base path, so that no single wild window decides. The first answer
    has the largest weight that is at most one standard error worse than the best weights; `independent` is how many
    of the windows do not overlap.
    """
    grid = np.round(np.arange(1.0, -STEP / 2, -STEP), 10) + 0.0  # the last one is -0.0 else
    pairs = [(float(a), float(b)) for a in grid for b in grid if a + b <= 1.0 + 1e-9]
    base = np.abs(targets).mean(axis=1)
    unit = np.maximum(base + np.median(base), np.finfo(np.float64).tiny)
    first, second = answers
    errors = np.stack([np.abs(targets - a * first - b * second).mean(axis=1) / unit for a, b in pairs])
    worse = errors - errors[int(np.argmin(errors.mean(axis=1)))]
    tolerance = worse.std(axis=1) / math.sqrt(max(independent, 1.0))
    return pairs[int(np.argmax(worse.mean(axis=1) <= tolerance))]

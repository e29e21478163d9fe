"""The optimisers, and how their learning rate falls while training goes on.

    constant  stays as it is
    cosine    η/100 + 99η/100 · (1 + cos(π step / steps)) / 2 (Loshchilov & Hutter, SGDR, 2017, arXiv:1608.03983)
    plateau   is halved whenever three looks at the held-out windows in a row found no better loss

Training on all data looks at no held-out windows: there the rate is halved at the steps at which it was before.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from forecaster.model.plan import FitShape

CLIP_NORM = 1.0
MOMENTUM = 0.9
PLATEAU = 3
"""Looks in a row without a better loss after which `plateau` halves the rate."""

KINDS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": lambda rate, **how: keras.optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True, **how),
    "rmsprop": keras.optimizers.RMSprop,
}


def make_optimizer(fit: FitShape, steps: int) -> keras.Optimizer:
    """Return the optimiser for so many steps, the gradients' global norm clipped at 1.

    Weights decay apart from the gradient, by their share times the rate (Loshchilov & Hutter, Decoupled weight decay
    regularization, 2019, arXiv:1711.05101); `adamw` by 0.004 where nothing is said.
    """
    rate = fit.learning_rate
    if fit.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.01)
    decay = {} if fit.weight_decay is None else {"weight_decay": fit.weight_decay}
    return KINDS[fit.optimizer](rate, global_clipnorm=CLIP_NORM, **decay)


def rate_after(fit: FitShape, drops: Sequence[int], step: int) -> float:
    """Return the rate of `plateau` after a step, when it was halved at the steps `drops`."""
    return float(fit.learning_rate * 0.5 ** sum(drop <= step for drop in drops))

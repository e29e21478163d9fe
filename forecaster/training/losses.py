"""What training minimises: the distance of the networks' answers from the actual values, in scaled units.

Quantiles are learned with the pinball loss (Koenker & Bassett, Regression quantiles, Econometrica 46(1), 1978):
`ρ_τ(e) = max(τ e, (τ − 1) e)` is least, on average, at the quantile τ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from forecaster.config import Loss


def answer_loss(answers: tf.Tensor, targets: tf.Tensor, loss: Loss, levels: Sequence[float] = ()) -> tf.Tensor:
    """Return the mean loss of a network's answers.

    Args:
        answers: [N, H], or with quantiles [N, (1 + 2Q) H] as `network.build_network` lays them out.
        targets: [N, H] the actual values.
        loss: Name of the loss.
        levels: [Q] of the intervals whose ends are learned, in percent; none but for `quantile`.
    """
    return _pinball(answers, targets, levels) if loss == "quantile" else point_loss(answers - targets, loss)


def point_loss(error: tf.Tensor, loss: Loss) -> tf.Tensor:
    """Return the mean loss of errors [N, H]; Huber's bend is at 1."""
    if loss == "mse":
        return tf.reduce_mean(tf.square(error))
    size = tf.abs(error)
    if loss == "mae":
        return tf.reduce_mean(size)
    if loss == "log-cosh":  # log cosh e = |e| + log(1 + exp(−2|e|)) − log 2, which does not overflow
        return tf.reduce_mean(size + tf.math.softplus(-2.0 * size) - math.log(2.0))
    return tf.reduce_mean(tf.where(size < 1.0, 0.5 * tf.square(error), size - 0.5))


def _pinball(answers: tf.Tensor, targets: tf.Tensor, levels: Sequence[float]) -> tf.Tensor:
    """Return the mean pinball loss of the median and the ends of each interval, doubled: that of a median is MAE."""
    tails = np.array([50 - level / 2 for level in levels]) / 100  # of the lower ends
    share = np.concatenate([[0.5], tails, 1 - tails]).astype(np.float32)[:, None]  # (1 + 2Q, 1)
    parts = tf.reshape(answers, (-1, len(share), targets.shape[-1]))
    median = parts[:, :1]
    below, above = tf.split(parts[:, 1:], 2, axis=1)
    error = targets[:, None] - tf.concat([median, median - below, median + above], axis=1)
    return 2.0 * tf.reduce_mean(tf.maximum(share * error, (share - 1.0) * error))

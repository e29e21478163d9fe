"""The compiled training step: on one device, or on several GPUs at once, each with a share of every batch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecaster.model.plan import Plan
from forecaster.training.losses import answer_loss

Steps = Callable[[NDArray[np.float32], NDArray[np.float32]], tf.Tensor]
"""Batches [n, B, K, C] and their targets [n, B, H] → the mean loss of those n steps, weights updated."""


@dataclass(frozen=True, eq=False)
class Spread:
    """How a batch is spread over devices.

    Attributes:
        strategy: Keeps the same weights on several GPUs; None for one device.
    """

    strategy: tf.distribute.Strategy | None = None

    def scope(self) -> AbstractContextManager[object]:
        """Return a context in which variables are made for all devices."""
        return nullcontext() if self.strategy is None else self.strategy.scope()

    def compile_steps(self, network: keras.Model, optimizer: keras.Optimizer, plan: Plan) -> Steps:
        """Return a function that trains; network and optimiser were made in the scope."""
        with self.scope():
            optimizer.build(network.trainable_variables)
        if self.strategy is None:
            return _on_one(network, optimizer, plan)
        return _on_several(network, optimizer, plan, self.strategy)


def spread_over() -> Spread:
    """Return how to spread over the device that TensorFlow would use here: over all GPUs where it is one of several."""
    gpus = tf.config.list_logical_devices("GPU")
    if len(gpus) < 2 or "GPU" not in tf.zeros(()).device:
        return Spread()
    return Spread(tf.distribute.MirroredStrategy([gpu.name for gpu in gpus]))


def _on_one(network: keras.Model, optimizer: keras.Optimizer, plan: Plan) -> Steps:
    """Return a function with the loop over the batches in its graph: no step goes back to Python."""
    variables, loss, levels = network.trainable_variables, plan.fit.loss, plan.network.quantiles

    def step(i: tf.Tensor, total: tf.Tensor, inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            value = answer_loss(network(inputs[i], training=True), targets[i], loss, levels)
        optimizer.apply(tape.gradient(value, variables), variables)
        return i + 1, total + value

    # XLA makes an LSTM's training 2 to 4 times slower on a CPU, and on a GPU takes it from cuDNN's kernel, so it is not
    # asked for; the loop is written out, since what AutoGraph can translate depends on the Python version.
    @tf.function(jit_compile=False, autograph=False, reduce_retracing=True)
    def run(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        count = tf.shape(inputs)[0]
        _, total = tf.while_loop(
            lambda i, _: i < count, lambda i, total: step(i, total, inputs, targets), (tf.constant(0), tf.zeros(()))
        )
        return total / tf.cast(count, tf.float32)

    return run  # type: ignore[no-any-return]


def _on_several(
    network: keras.Model, optimizer: keras.Optimizer, plan: Plan, strategy: tf.distribute.Strategy
) -> Steps:
    """Return a function that gives every device each n-th window of a batch, and all of them the mean gradient.

    The mean is taken before it is clipped, so a step is that of one device with the whole batch. Devices meet in the
    middle of a step, which a loop in the graph does not allow.
    """
    variables, loss, levels = network.trainable_variables, plan.fit.loss, plan.network.quantiles
    devices = strategy.num_replicas_in_sync

    def share(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        here = tf.distribute.get_replica_context()
        mine = slice(here.replica_id_in_sync_group, None, devices)
        with tf.GradientTape() as tape:
            value = answer_loss(network(inputs[mine], training=True), targets[mine], loss, levels)
        gradients = here.all_reduce(tf.distribute.ReduceOp.MEAN, tape.gradient(value, variables))
        optimizer.apply(gradients, variables)
        return value

    @tf.function(autograph=False, reduce_retracing=True)
    def step(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return strategy.reduce(tf.distribute.ReduceOp.MEAN, strategy.run(share, args=(inputs, targets)), axis=None)

    def run(inputs: NDArray[np.float32], targets: NDArray[np.float32]) -> tf.Tensor:
        return tf.add_n([step(*batch) for batch in zip(inputs, targets, strict=True)]) / len(inputs)

    return run

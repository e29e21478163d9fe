"""Training: batches drawn on the fly, early stopping on held-out windows, best weights restored.

Windows are never materialised: each step draws cutoffs, gathers its batch from the one flat array of values and forgets
it, so memory does not grow with the number of windows.

Training has two passes. The first sees nothing of the held-out windows: it finds how many steps are good, and its
forecasts there are what the metrics and the intervals are measured on. The second, `refit`, trains afresh on all data
for that many steps, since the newest values are the ones that a forecast needs most.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from forecaster.base.errors import ResourceError
from forecaster.base.meter import Work, working
from forecaster.config import Device
from forecaster.data.panel import Panel
from forecaster.model.companion import Companion
from forecaster.model.divergence import diagnose
from forecaster.model.features import signals_of
from forecaster.model.manifest import Look
from forecaster.model.origins import Cutoffs
from forecaster.model.plan import FitShape, NetworkShape, Plan
from forecaster.model.windows import Signals, cut_targets, cut_windows
from forecaster.training.checkpoint import (
    Checkpoint,
    MemberState,
    Snapshot,
    TrainedMember,
    TrainingState,
    member_of,
    restore_variables,
    save_variables,
    with_any_rate,
)
from forecaster.training.losses import answer_loss
from forecaster.training.network import Weights, answering_network, build_network, computing_in, drawing_alone
from forecaster.training.optimizers import PLATEAU, make_optimizer, rate_after
from forecaster.training.steps import Spread, spread_over

STEPS_PER_CALL = 20
"""Training steps in one call of the compiled graph: fewer crossings between Python and TensorFlow."""

CHECKS = 20
"""Looks at the held-out windows in a training of full length."""

BATCH = 1024
"""Windows that a network is asked about at once."""

EVENNESS = 0.5
"""Between drawing every window alike (0) and every series alike (1)."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where training stands, for whoever shows it.

    Attributes:
        stage: `measure` or `refit`.
        member: Which network of the ensemble, from 1.
        members: Networks in the ensemble.
        step: Steps done, of `steps`.
        steps: Steps planned for this network.
        loss: Mean training loss since the last report.
        held_out: Loss on the held-out windows, or None where there was no look.
        done: Share of the whole training done, 0 to 1.
    """

    stage: str
    member: int
    members: int
    step: int
    steps: int
    loss: float
    held_out: float | None
    done: float


@dataclass(frozen=True, eq=False)
class Trained:
    """An ensemble, and how it got there.

    Attributes:
        members: The weights of each network.
        first: The weights of each network of the first pass, which saw nothing of the held-out windows.
        best_steps: Steps after which each member's held-out loss was lowest.
        curve: Every look at the held-out windows.
        device: `cpu` or `gpu`.
        companion: The pretrained network, where it has a share in the forecasts.
    """

    members: list[Weights]
    first: list[Weights]
    best_steps: list[int]
    curve: list[Look]
    device: str
    companion: Companion | None = None


OnProgress = Callable[[Progress], None]


def train_ensemble(
    panel: Panel, plan: Plan, device: Device, on_progress: OnProgress, checkpoint: Checkpoint | None = None
) -> Trained:
    """Train all members, measure, and refit where the plan says so.

    Args:
        panel: The series.
        plan: Every number that training needs.
        device: Where to train.
        on_progress: Called now and then with how far training is.
        checkpoint: Where training is saved now and then; what it holds already is not done again.

    Raises:
        ResourceError: A GPU was asked for and there is none, or memory ran out.
        GateError: The loss became NaN; the checkpoint holds the last good weights.
    """
    checkpoint = checkpoint or Checkpoint()
    with working("training") as work:
        work.limit = plan.fit.time_limit
        clock = _Clock(plan.fit, on_progress, checkpoint.state, work)
        trainer, held_out = _ready(panel, plan, device, checkpoint, clock)
        first, members = _train_all(trainer, held_out)
    weights, best_steps = [fitted.weights for fitted in first], [fitted.best_step for fitted in first]
    return Trained(members, weights, best_steps, checkpoint.state.curve, trainer.device)


def _train_all(trainer: _Trainer, held_out: HeldOut) -> tuple[list[MemberState], list[Weights]]:
    """Return the members of the first pass, and the weights of those that serve.

    Raises:
        ResourceError: Memory ran out.
        GateError: The loss became NaN.
    """
    plan, checkpoint, clock = trainer.plan, trainer.checkpoint, trainer.clock
    try:
        begun = [member.has_begun for member in checkpoint.state.measured]
        wanted = (k for k in range(plan.fit.members) if k == 0 or clock.has_time() or any(begun[k : k + 1]))
        first = [trainer.measure(k, held_out) for k in wanted]
        members = [fitted.weights for fitted in first]
        if plan.fit.refit:
            members = [trainer.refit(k, fitted) for k, fitted in enumerate(first)]
    except tf.errors.ResourceExhaustedError as error:
        raise _exhausted() from error
    return first, members


def train_member(
    panel: Panel, plan: Plan, device: Device, on_progress: OnProgress, begun: TrainedMember
) -> TrainedMember:
    """Train one network of the ensemble by itself: it comes out as it would among the others.

    Raises:
        ResourceError, GateError: As `train_ensemble`.
    """
    state = TrainingState()
    begun.put_into(state)
    with working("training") as work:
        clock = _Clock(plan.fit, on_progress, state, work)
        trainer, held_out = _ready(panel, plan, device, Checkpoint(state=state), clock)
        try:
            fitted = trainer.measure(begun.member, held_out)
            if plan.fit.refit:
                trainer.refit(begun.member, fitted)
        except tf.errors.ResourceExhaustedError as error:
            raise _exhausted() from error
    return TrainedMember.of(state, begun.member)


def _exhausted() -> ResourceError:
    return ResourceError("out of memory in training", hint="Try a smaller --batch-size or --units")


def _ready(panel: Panel, plan: Plan, device: Device, checkpoint: Checkpoint, clock: _Clock) -> tuple[_Trainer, HeldOut]:
    """Return what trains one network at a time, and the windows held out of training."""
    used = select_device(device)
    tf.config.experimental.enable_op_determinism()
    origins = plan.held_out.all()
    signals = signals_of(panel, plan.encodings, plan.window.horizon)
    windows = cut_windows(panel.values, origins, plan.window, signals.features)
    held_out = HeldOut(windows.inputs, cut_targets(panel.values, origins, windows))
    return _Trainer(panel, signals, plan, clock, checkpoint, spread_over(), used), held_out


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Windows held out of training: inputs [N, K, C] and targets [N, H], in scaled units."""

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]


class _Clock:
    """Counts steps over the whole training, for progress and the time limit; goes on from a state."""

    def __init__(self, fit: FitShape, on_progress: OnProgress, state: TrainingState, work: Work) -> None:
        self.fit, self.on_progress, self.state, self.work = fit, on_progress, state, work
        self.began = time.monotonic() - state.seconds
        self.end = None if fit.time_limit is None else self.began + fit.time_limit

    def note(self) -> None:
        """Write the time spent so far into the state."""
        self.state.seconds = time.monotonic() - self.began

    def has_time(self) -> bool:
        """Return whether the time limit, if any, lies ahead."""
        return self.end is None or time.monotonic() < self.end

    def report(self, stage: str, member: int, step: int, steps: int) -> Callable[[float, float | None], None]:
        """Return a function that passes on a training loss and a held-out loss, and keeps the latter."""
        passes = 2 if self.fit.refit else 1
        before = member + (self.fit.members if stage == "refit" else 0)

        def tell(loss: float, held_out: float | None) -> None:
            progress = Progress(
                stage=stage,
                member=member + 1,
                members=self.fit.members,
                step=step,
                steps=steps,
                loss=loss,
                held_out=held_out,
                done=(before + step / steps) / (passes * self.fit.members),
            )
            if held_out is not None:
                self.state.curve.append(Look(member=member + 1, step=step, loss=loss, held_out=held_out))
            self.work.see_share(progress.done)
            self.work.note = f"network {member + 1} of {self.fit.members}, loss {loss:.3g}"
            self.on_progress(progress)

        return tell


@dataclass(frozen=True, eq=False)
class _Trainer:
    """Trains one network at a time."""

    panel: Panel
    signals: Signals
    plan: Plan
    clock: _Clock
    checkpoint: Checkpoint
    spread: Spread
    device: str

    def measure(self, member: int, held_out: HeldOut) -> MemberState:
        """Train without the held-out windows, stop early, and go back to the best weights.

        Those may be the first, which answer the base path: nothing that was learned made it better.
        """
        fit, network, state = self.plan.fit, self._network(member), member_of(self.checkpoint.state.measured, member)
        if not state.has_begun:
            state.weights, state.loss = network.get_weights(), self._measured(network, held_out)
        check_every = max(STEPS_PER_CALL, fit.steps // CHECKS)
        for step, loss in self._steps(network, member, self.plan.training, fit.steps, state):
            tell = self.clock.report("measure", member, step, fit.steps)
            is_last = step == fit.steps or not self.clock.has_time()
            if step // check_every == (step - STEPS_PER_CALL) // check_every and not is_last:
                tell(loss, None)
                continue
            measured = self._measured(network, held_out)
            tell(loss, measured)
            state.worse += 1
            if measured < state.loss:
                state.weights, state.best_step, state.loss, state.worse = network.get_weights(), step, measured, 0
            elif state.worse % PLATEAU == 0:
                state.drops.append(step)
            if is_last or (fit.patience and state.worse >= fit.patience):
                break
        self._finish(state)
        return state

    def refit(self, member: int, fitted: MemberState) -> Weights:
        """Train afresh on all data, for as many steps as were good; without the time for it, keep what there is."""
        state = member_of(self.checkpoint.state.refitted, member)
        if not fitted.best_step or not (state.has_begun or self.clock.has_time()):
            return fitted.weights
        network = self._network(member)
        state.drops = fitted.drops
        for step, loss in self._steps(network, member, self.plan.every, fitted.best_step, state):
            self.clock.report("refit", member, step, fitted.best_step)(loss, None)
            if not self.clock.has_time():
                return fitted.weights
        if not state.done:
            state.weights = network.get_weights()
        self._finish(state)
        return state.weights

    def _measured(self, network: keras.Model, held_out: HeldOut) -> float:
        answers = tf.constant(_answer(network, held_out.inputs))
        return float(
            answer_loss(answers, tf.constant(held_out.targets), self.plan.fit.loss, self.plan.network.quantiles)
        )

    def _network(self, member: int) -> keras.Model:
        keras.utils.clear_session()  # the graph of the network before would stay
        seed = self.plan.fit.seed + member
        with self.spread.scope(), computing_in(self.plan.fit.precision), drawing_alone(seed):
            network = build_network(self.plan.network, seed)
        if self.plan.start:
            network.set_weights(self.plan.start[member])
        return network

    def _finish(self, state: MemberState) -> None:
        """Keep of a network that is trained only what came of it."""
        state.at, state.done = None, True
        self._write()

    def _write(self) -> None:
        self.clock.note()
        self.checkpoint.write()

    def _steps(
        self, network: keras.Model, member: int, cutoffs: Cutoffs, steps: int, state: MemberState
    ) -> Iterator[tuple[int, float]]:
        """Train from where the state is, and yield after each call of the graph the steps done and their mean loss."""
        if state.done:
            return
        fit = self.plan.fit
        batches = _Batches(self.signals, cutoffs, self.plan, fit.seed + member)
        with self.spread.scope():
            optimizer = make_optimizer(fit, steps)
        run = self.spread.compile_steps(network, optimizer, self.plan)
        variables = [*network.variables, *optimizer.variables]  # with the state of each Dropout's random generator
        step = 0
        if state.at is not None:
            step = state.at.step
            restore_variables(variables, state.at.variables)
            batches.rng.bit_generator.state = state.at.draws
        now = good = batches.snapshot(step, variables)
        with working("training", steps, "steps") as work:
            work.done = step
            while step < steps:
                if fit.schedule == "plateau":
                    optimizer.learning_rate = rate_after(fit, state.drops, step)
                count = min(STEPS_PER_CALL, steps - step)
                loss = float(run(*batches.next(count)))
                if not np.isfinite(loss):
                    self._keep_good(state, good)
                    can_resume = self.checkpoint.path is not None
                    raise diagnose(self.panel, self.plan, batches.drawn, step, can_resume=can_resume)
                step += count
                work.done = step
                now = batches.snapshot(step, variables)
                good = now if all(np.isfinite(values).all() for values in now.variables) else good
                yield step, loss
                if self.checkpoint.is_due():
                    state.at = now
                    self._write()

    def _keep_good(self, state: MemberState, good: Snapshot) -> None:
        """Keep the last good weights, to be gone on from at another learning rate."""
        state.at = good
        self.checkpoint.fits = with_any_rate(self.checkpoint.fits)
        self._write()


class _Batches:
    """Draws batches: the same ones for the same seed."""

    def __init__(self, signals: Signals, cutoffs: Cutoffs, plan: Plan, seed: int) -> None:
        self.signals, self.cutoffs, self.shape, self.size = signals, cutoffs, plan.window, plan.fit.batch_size
        self.teacher = plan.teacher
        self.rng = np.random.default_rng(seed)
        self.drawn = cutoffs.spread(0)

    def snapshot(self, step: int, variables: Sequence[Any]) -> Snapshot:
        """Return the point that a training with these variables has reached."""
        return Snapshot(step=step, variables=save_variables(variables), draws=dict(self.rng.bit_generator.state))

    def next(self, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return `count` batches: inputs [count, B, K, C] and targets [count, B, H]."""
        self.drawn = self.cutoffs.draw(self.rng, count * self.size, EVENNESS)
        windows = cut_windows(self.signals.values, self.drawn, self.shape, self.signals.features)
        if self.teacher:
            targets = self.teacher.answers(windows.inputs)
        else:
            targets = cut_targets(self.signals.values, self.drawn, windows)
        shape = windows.inputs.shape[1:]
        return windows.inputs.reshape(count, self.size, *shape), targets.reshape(count, self.size, -1)


def _answer(network: keras.Model, inputs: NDArray[np.float32], batch: int = BATCH) -> NDArray[np.float32]:
    """Return the network's answers [N, R] without dropout."""
    parts = [network(inputs[i : i + batch], training=False).numpy() for i in range(0, len(inputs), batch)]
    return np.concatenate(parts)


def ensemble(shape: NetworkShape, members: Sequence[Weights]) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a function of trained networks, given as their weights: windows [N, K, C] → answers [N, M, R].

    As in the exported graph, the answers are shortened by the shape's `trust`.
    """
    keras.utils.clear_session(free_memory=False)  # a search for garbage takes longer than answering
    network, parts = answering_network(shape)

    def ask(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        answers = []
        for weights in members:
            for part in parts:
                part.set_weights(weights)
            answers.append(_answer(network, inputs, BATCH // max(shape.draws, 1)))
        return np.float32(shape.trust) * np.stack(answers, axis=1)

    return ask


def select_device(device: Device) -> str:
    """Make TensorFlow use the CPU, or a GPU with memory growth; return which.

    Raises:
        ResourceError: `gpu` was asked for, and TensorFlow sees none.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not gpus:
        raise ResourceError(
            "--device gpu: TensorFlow sees no GPU", hint="pip install 'forecast-lstm[gpu]', or use --device auto"
        )
    if device == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        return "cpu"
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return "gpu"

"""Plan: everything that training needs to know besides the values, and the presets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from forecaster.config import Activation, Cell, Intervals, Loss, Optimizer, Precision, Schedule
from forecaster.model.features import Encoding
from forecaster.model.origins import Cutoffs
from forecaster.model.windows import WindowShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 32
"""Dropout masks whose answers are compared."""


@dataclass(frozen=True, kw_only=True)
class NetworkShape:
    """Everything that decides the network's architecture: bounded numbers, no class names.

    Attributes:
        window: What the network reads, and what it answers.
        widths: U, width of each stacked recurrent layer.
        dropout: Share of each layer's outputs dropped in training.
        cell: Recurrent cell.
        residual: Add each layer's input to its output, from layer to layer.
        recall: Add a weighted sum of the window's own segments to the answer.
        trust: Share of the trained network's answer that counts; the rest stays with the base path.
        activation: Of the cells' candidate and output; the gates are sigmoid.
        bidirectional: Each layer reads the window from both its ends, with U numbers for each direction.
        attention: Answer from a weighted mean over all states of the last layer too.
        quantiles: Q levels in percent, ascending: the ends of these intervals are answered besides the median.
        draws: T, dropout masks under which the deviation of the answers is answered too; 0 for none.
    """

    window: WindowShape
    widths: tuple[int, ...]
    dropout: float
    cell: Cell = "lstm"
    residual: bool = True
    recall: bool = False
    trust: float = 1.0
    activation: Activation = "tanh"
    bidirectional: bool = False
    attention: bool = False
    quantiles: tuple[float, ...] = ()
    draws: int = 0

    @property
    def units(self) -> int | tuple[int, ...]:
        """U: one width where all layers have it, else that of each."""
        return self.widths[0] if len(set(self.widths)) == 1 else self.widths

    @property
    def layers(self) -> int:
        """How many recurrent layers are stacked."""
        return len(self.widths)

    @property
    def answers(self) -> int:
        """R, numbers that are answered for each window: H of each kind, the point answer first."""
        return self.window.horizon * (1 + 2 * len(self.quantiles) + (self.draws > 0))

    def describe(self) -> str:
        """Return what the recurrent layers are: `2 × LSTM(128)`."""
        widths = ", ".join(map(str, self.units)) if isinstance(self.units, tuple) else str(self.units)
        extras = [name for name in ("bidirectional", "attention") if getattr(self, name)]
        if self.activation != "tanh":
            extras.append(self.activation)
        return ", ".join([f"{self.layers} × {self.cell.upper()}({widths})", *extras])


@dataclass(frozen=True, kw_only=True)
class FitShape:
    """How each network of the ensemble is trained.

    Attributes:
        steps: Batches, at most; a cosine decay of the learning rate ends there.
        batch_size: Windows in a batch.
        learning_rate: At the start.
        loss: On the scaled difference from the base path.
        optimizer: Name of the optimiser.
        patience: Checks without a better held-out loss before stopping; 0 never stops.
        members: Networks in the ensemble.
        refit: Train again on all data, held-out windows included, after the measurement.
        seed: Seed of every random choice; member k uses `seed + k`.
        time_limit: Seconds of training in all, or None.
        schedule: How the learning rate falls.
        weight_decay: Share of each weight, times the rate, that a step takes away; None is the optimiser's own.
        intervals: What the width of the intervals follows.
        precision: What training multiplies: float32, or bfloat16 with weights in float32.
    """

    steps: int
    batch_size: int
    learning_rate: float
    loss: Loss
    optimizer: Optimizer
    patience: int
    members: int
    refit: bool
    seed: int
    time_limit: float | None
    schedule: Schedule = "cosine"
    weight_decay: float | None = None
    intervals: Intervals = "conformal"
    precision: Precision = "float32"


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What a preset sets; each can be overridden by its own flag."""

    steps: int
    members: int
    loss: Loss
    refit: bool


PRESETS = {
    "fast": Preset(steps=300, members=1, loss="mse", refit=False),
    "default": Preset(steps=700, members=3, loss="mse", refit=True),
    "best": Preset(steps=1200, members=7, loss="mae", refit=True),
}


WIDTHS = {"quantile": "the quantiles that the network learns", "mc-dropout": "its deviation under dropout"}
"""What the width of intervals follows, for people."""


class Teacher(Protocol):
    """What a network can learn from instead of the values.

    Attributes:
        name: The version, as NAME@VERSION.
        sha256: Hash of it.
    """

    @property
    def name(self) -> str:
        """See the class."""

    @property
    def sha256(self) -> str:
        """See the class."""

    def answers(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what to say of windows [N, K, C]: [N, H], in scaled units."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """All that training needs to know besides the values.

    Attributes:
        earlier: Windows of the training part whose errors with the base path show how errors differ from time to time.
        encodings: How each feature is written as a number.
        start: Weights that each network begins with; empty for random ones.
        teacher: Whose answers the networks learn; None for the values themselves.
    """

    network: NetworkShape
    fit: FitShape
    season: int
    training: Cutoffs
    every: Cutoffs
    held_out: Cutoffs
    earlier: Cutoffs
    start: tuple[list[Any], ...] = ()
    encodings: tuple[Encoding, ...] = ()
    teacher: Teacher | None = None

    @property
    def window(self) -> WindowShape:
        """How windows are cut and scaled."""
        return self.network.window

    def choices(self) -> Iterator[tuple[str, str]]:
        """Yield what was decided, as (setting, value) for people."""
        w, n, f = self.window, self.network, self.fit
        yield "season length", f"{self.season} steps" if self.season > 1 else "none"
        yield "horizon", f"{w.horizon} steps"
        yield "lookback", f"{w.lookback} steps in {w.segments} segments of {w.segment}"
        yield "base path", describe_path(w)
        yield "transform", w.transform
        if self.encodings:
            yield "features", ", ".join(f"{e.name} ({e.source})" for e in self.encodings)
        yield "range", describe_range(w)
        yield (
            "network",
            f"{n.describe()}, dropout {n.dropout:g}, {f.loss} loss, {f.optimizer}"
            + (", recall of segments" if n.recall else ""),
        )
        yield (
            "training",
            f"at most {f.steps} steps of {f.batch_size} windows, {f.members} network(s), seed {f.seed}"
            + (f", {f.schedule} learning rate" if f.schedule != "cosine" else "")
            + (f", weight decay {f.weight_decay:g}" if f.weight_decay is not None else "")
            + (", mixed precision" if f.precision == "mixed" else ""),
        )
        if self.teacher:
            yield "learns from", f"the forecasts of {self.teacher.name}"
        if f.intervals != "conformal":
            yield "intervals", f"of {WIDTHS[f.intervals]}, calibrated on held-out windows"
        yield "windows", f"{self.training.total:,} for training, {self.held_out.total:,} held out"

    def warnings(self, device: str) -> Iterator[str]:
        """Yield what the user should know of, though it can be done on a device: `cpu` or `gpu`."""
        if self.fit.precision == "mixed" and device == "cpu":
            yield "--precision mixed gains nothing on a CPU, where this was trained"
        if self.network.activation != "tanh":
            yield (
                f"--activation {self.network.activation} leaves cuDNN's fused kernel: on a GPU, training takes several "
                "times as long"
            )


def describe_path(window: WindowShape) -> str:
    """Return in words the path that the network corrects."""
    seasons = " and ".join(map(str, window.base))
    if not window.smoothing:
        return f"last season of {seasons} steps" if seasons else "last value"
    newest, slope = window.smoothing
    level = "last value" if newest == 1 else f"smoothed level (newest value {newest:.0%})"
    return (f"seasons of {seasons} steps around the {level}" if seasons else level) + (
        "" if not slope else ", damped slope" if slope == 1 else f", {slope:.0%} of the damped slope"
    )


def describe_range(window: WindowShape) -> str:
    """Return in words what no forecast and no interval leaves."""
    return " and ".join(_range_of(window)) or "any value"


def _range_of(window: WindowShape) -> Iterator[str]:
    if window.low is not None:
        yield f"at least {window.low:g}"
    if window.high is not None:
        yield f"at most {window.high:g}"

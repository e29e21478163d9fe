"""A saved version → the plan of a training that goes on from it, on newer rows or on another file, or learns from it.

To go on, its weights are where the networks begin; the window, the scaling and the architecture stay as they are, since
the weights mean nothing without them. Early stopping looks at the weights as they came first: what was learned is only
used where it is better on held-out windows.

To learn from it, one new network is fitted to its forecasts (knowledge distillation: Hinton, Vinyals & Dean, Distilling
the knowledge in a neural network, 2015, arXiv:1503.02531). These have less noise than the values, and what an ensemble
says together one network can say nearly as well. Early stopping, scores and intervals are of the values themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import ModelError, UsageError
from forecaster.config import ModelSettings, ReadSettings, TrainSettings, key_of
from forecaster.data.panel import Panel
from forecaster.model.plan import Plan
from forecaster.model.planner import plan_training
from forecaster.model.version import SavedModel, read_weights

GENTLE = 0.25
"""What the usual learning rate is multiplied by: larger steps forget what the weights know."""

FREE = ("dropout",)
"""Settings of the network that no weight depends on."""

FREE_TO_LEARN = (*FREE, "units", "layers", "cell", "activation", "bidirectional", "attention")
"""Settings of the network that its windows do not depend on."""


@dataclass(frozen=True)
class Ensemble:
    """A saved version as a teacher: what it says is the median of its networks."""

    model: SavedModel

    @property
    def name(self) -> str:
        """The version, as NAME@VERSION."""
        return self.model.reference

    @property
    def sha256(self) -> str:
        """The hash of its manifest."""
        return str(self.model.manifest.sha256)

    def answers(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what it says of windows [N, K, C]: [N, H], in scaled units."""
        said = self.model.server.answer(inputs)[..., : self.model.window.horizon]
        return np.asarray(np.median(said, axis=1), np.float32)


def check_fit(parent: SavedModel, model: ModelSettings, reading: ReadSettings, flag: str = "--from") -> None:
    """Refuse settings that are given otherwise than the version has them.

    Args:
        parent: The version.
        model: What was given of the window and the network.
        reading: What was given of the data.
        flag: What named the version: `--from`, or `--distill`, which leaves the network free.

    Raises:
        UsageError: The first of them; the message names both values.
    """
    given = {f.name: getattr(model, f.name) for f in fields(model)}
    free = FREE if flag == "--from" else FREE_TO_LEARN
    asked = {f.name: given[f.name] for f in fields(model) if f.name not in free and given[f.name] != f.default}
    read = {"freq": reading.freq, "season_length": reading.season}
    asked |= {name: value for name, value in read.items() if value is not None}
    theirs, version = _settings_of(parent), f"{parent.name}@{parent.version}"
    for name, value in asked.items():
        if str(value) != theirs[name]:
            raise UsageError(
                f"--{key_of(name)} {value} does not fit {flag} {version}, which has {theirs[name]}",
                hint=f"Leave out --{key_of(name)}, or train from the start without {flag}",
            )


def plan_from(parent: SavedModel, panel: Panel, model: ModelSettings, train: TrainSettings) -> Plan:
    """Decide everything about a training that begins with the weights of a saved version.

    Raises:
        ModelError: The data has another frequency, or values that the version never forecasts.
        UsageError: More networks are asked for than it has.
        DataError: No series is long enough.
    """
    name = _check_data(parent, panel)
    members = read_weights(parent)
    count = train.ensemble or len(members)
    if count > len(members):
        raise UsageError(
            f"--ensemble {count}: {name} has {len(members)} networks to begin with", hint="Ask for no more than it has"
        )
    usual = TrainSettings.learning_rate
    rate = usual * GENTLE if train.learning_rate == usual else train.learning_rate
    train = replace(train, ensemble=count, learning_rate=rate, loss=train.loss or parent.manifest.fit.loss)
    plan = plan_training(panel, model, train, parent.window, parent.season)
    network = parent.network
    if model.dropout != ModelSettings.dropout:
        network = replace(network, dropout=model.dropout)
    return replace(plan, network=network, start=tuple(members[:count]), encodings=parent.encodings)


def plan_learning(teacher: SavedModel, panel: Panel, model: ModelSettings, train: TrainSettings) -> Plan:
    """Decide everything about a training on the forecasts of a saved version: one network, unless more are asked for.

    Raises:
        ModelError: The data has another frequency, or values that the version never forecasts.
        UsageError: Settings that do not fit each other, or quantiles are to be learned.
        DataError: No series is long enough.
    """
    name = _check_data(teacher, panel)
    plan = plan_training(panel, model, replace(train, ensemble=train.ensemble or 1), teacher.window, teacher.season)
    if plan.fit.loss == "quantile":
        raise UsageError(
            f"--loss quantile: of {name} only the point forecasts can be learned, which have no spread",
            hint="Leave out --loss quantile and --intervals quantile, or train without --distill",
        )
    network = replace(plan.network, trust=1.0)  # what the teacher says is shortened already
    return replace(plan, network=network, encodings=teacher.encodings, teacher=Ensemble(teacher))


def _check_data(parent: SavedModel, panel: Panel) -> str:
    """Refuse data that a version cannot be used on, and return its name.

    Raises:
        ModelError: The data has another frequency, or values that the version never forecasts.
    """
    name, window = f"{parent.name}@{parent.version}", parent.window
    if panel.frequency.alias != parent.schema.frequency:
        raise ModelError(f"{panel.source} is {panel.frequency.alias}, and {name} is for {parent.schema.frequency} data")
    least, most = float(panel.values.min()), float(panel.values.max())
    low, high = (-np.inf if window.low is None else window.low), (np.inf if window.high is None else window.high)
    if least < low or most > high:
        raise ModelError(
            f"{panel.source} goes from {least:g} to {most:g}, and {name} forecasts only {low:g} to {high:g}",
            hint="Train from the start",
        )
    return name


def seen_windows(parent: SavedModel, panel: Panel, plan: Plan) -> int:
    """Return how many held-out windows ask for values of the time that the version may have learned from."""
    last = parent.trained_until
    if not parent.manifest.fit.refit or last is None:
        return 0
    origins = plan.held_out.all()
    first = panel.stamps_at(origins.series, origins.lengths)
    return int(np.count_nonzero(first.astype(np.int64) <= last))


def _settings_of(parent: SavedModel) -> dict[str, str]:
    """Return a version's settings by the fields of `ModelSettings`, its frequency and season, as flags spell them."""
    window, network = parent.window, parent.network
    ends = ["" if end is None else f"{end:g}" for end in (window.low, window.high)]
    given = {f.name: getattr(window, f.name, getattr(network, f.name, None)) for f in fields(ModelSettings)}
    return {name: ",".join(map(str, x)) if isinstance(x, tuple) else str(x) for name, x in given.items()} | {
        "base": "smoothed" if window.smoothing else "seasonal" if window.base else "last",
        "bounds": ",".join(ends) if any(ends) else "none",
        "calendar": "on" if any(e.source == "calendar" for e in parent.encodings) else "off",
        "holidays": next((e.name for e in parent.encodings if e.source == "holidays"), "none"),
        "freq": parent.schema.frequency,
        "season_length": str(parent.season),
    }

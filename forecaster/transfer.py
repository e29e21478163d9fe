"""A saved version → the plan of a training that goes on from it, on newer rows or on another file.

The weights are where the networks begin; the window, the scaling and the architecture stay as they are, since the
weights mean nothing without them. Early stopping looks at the weights as they came first: what was learned is only kept
where it is better on held-out windows.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from forecaster.config import ModelSettings, ReadSettings, TrainSettings, key_of
from forecaster.errors import ModelError, UsageError
from forecaster.manifest import shapes_of
from forecaster.panel import Panel
from forecaster.plan import Plan
from forecaster.planner import plan_training
from forecaster.version import Model, read_weights

GENTLE = 0.25
"""What the usual learning rate is multiplied by: larger steps forget what the weights know."""

FREE = ("dropout",)
"""Settings of the network that no weight depends on."""


def check_fit(parent: Model, model: ModelSettings, reading: ReadSettings) -> None:
    """Refuse settings that are given otherwise than the version has them.

    Raises:
        UsageError: The first of them; the message names both values.
    """
    told = {f.name: getattr(model, f.name) for f in fields(model)}
    asked = {f.name: told[f.name] for f in fields(model) if f.name not in FREE and told[f.name] != f.default}
    asked |= {name: value for name in ("freq", "season_length") if (value := getattr(reading, name)) is not None}
    theirs, version = _settings_of(parent), f"{parent.name}@{parent.version}"
    for name, value in asked.items():
        if str(value) != theirs[name]:
            raise UsageError(
                f"--{key_of(name)} {value} does not fit --from {version}, which has {theirs[name]}",
                hint=f"Leave out --{key_of(name)}, or train from the start without --from",
            )


def plan_from(parent: Model, panel: Panel, model: ModelSettings, train: TrainSettings) -> Plan:
    """Decide everything about a training that begins with the weights of a saved version.

    Raises:
        ModelError: The data has another frequency, or values that the version never forecasts.
        UsageError: More networks are asked for than it has.
        DataError: No series is long enough.
    """
    name, window = f"{parent.name}@{parent.version}", parent.window
    if panel.frequency.alias != parent.schema.frequency:
        raise ModelError(f"{panel.source} is {panel.frequency.alias}, and {name} is for {parent.schema.frequency} data")
    least, most = float(panel.values.min()), float(panel.values.max())
    low, high = (-np.inf if window.low is None else window.low), (np.inf if window.high is None else window.high)
    if least < low or most > high:
        raise ModelError(
            f"{panel.source} goes from {least:g} to {most:g}, and {name} forecasts only {low:g} to {high:g}",
            hint="Train from the start without --from",
        )
    members = read_weights(parent)
    count = train.ensemble or len(members)
    if count > len(members):
        raise UsageError(
            f"--ensemble {count}: {name} has {len(members)} networks to begin with", hint="Ask for no more than it has"
        )
    usual = TrainSettings.learning_rate
    rate = usual * GENTLE if train.learning_rate == usual else train.learning_rate
    train = replace(train, ensemble=count, learning_rate=rate, loss=train.loss or parent.manifest["fit"]["loss"])
    plan = plan_training(panel, model, train, window, parent.season)
    network = shapes_of(parent.manifest)[1]
    if model.dropout != ModelSettings.dropout:
        network = replace(network, dropout=model.dropout)
    return replace(plan, network=network, start=tuple(members[:count]), encodings=parent.encodings)


def seen_windows(parent: Model, panel: Panel, plan: Plan) -> int:
    """Return how many held-out windows ask for values of the time that the version may have learned from."""
    last = parent.manifest["data"].get("last_stamp")
    if not parent.manifest["fit"]["refit"] or last is None:
        return 0
    _, ends, series = plan.held_out.all()
    first = panel.stamps_at(series, ends - panel.offsets[series])
    return int(np.count_nonzero(first.astype(np.int64) <= last))


def _settings_of(parent: Model) -> dict[str, str]:
    """Return a version's settings by the fields of `ModelSettings`, its frequency and season, as flags spell them."""
    window, network = parent.manifest["window"], parent.manifest["network"]
    ends = ["" if window.get(end) is None else f"{window[end]:g}" for end in ("low", "high")]
    told = {f.name: window.get(f.name, network.get(f.name)) for f in fields(ModelSettings)}
    return {name: ",".join(map(str, x)) if isinstance(x, list) else str(x) for name, x in told.items()} | {
        "base": "seasonal" if window["base"] else "last",
        "bounds": ",".join(ends) if any(ends) else "none",
        "calendar": "on" if any(e.source == "calendar" for e in parent.encodings) else "off",
        "holidays": next((e.name for e in parent.encodings if e.source == "holidays"), "none"),
        "freq": parent.schema.frequency,
        "season_length": str(parent.season),
    }

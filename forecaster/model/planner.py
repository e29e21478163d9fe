"""From a panel and the user's settings to one complete plan: every number that training needs, chosen from the data.

What the user gave is taken as it is; what was left open is chosen by the rules here, which were measured on windows
held out of the training parts of many data sets (`benchmarks/README.md`).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from forecaster.base.errors import DataError, UsageError
from forecaster.base.meter import working
from forecaster.config import ModelSettings, TrainSettings, parse_levels, parse_units
from forecaster.data.panel import Panel
from forecaster.data.seasonality import find_season
from forecaster.model.features import choose_encodings
from forecaster.model.origins import Cutoffs
from forecaster.model.plan import DRAWS, PRESETS, FitShape, NetworkShape, Plan
from forecaster.model.shaping import choose_window
from forecaster.model.windows import Ints, WindowShape

MOST_HELD_OUT = 2048
"""Windows held out at most: enough for every quantile, cheap to measure on."""

ENOUGH_HELD_OUT = 1000
"""Windows to hold out where the data is long enough: fewer make the quantile of a 95 % interval a guess."""

CREDIBILITY = 10
"""Number k of held-out windows at which half of the network's answer counts: of n windows it is n / (n + k). The less
was seen of what it can do, the nearer the forecast stays to the base path; with hundreds of windows it makes no
difference (Bühlmann, Experience rating and credibility, ASTIN Bulletin 4, 1967)."""

TIMES = 4
"""Horizons, one after the other, whose errors intervals are calibrated on at least, where the series are long enough.
Errors of one time have their causes in common, so windows at the end of many series are one draw of how large they are:
of 349 yearly panels, intervals from one time missed 80 % coverage by 0.075 on average, from four by 0.053."""

LARGEST_HELD_OUT_SHARE = 0.2
"""Of the median series, unless one horizon is more."""


@working("planning")
def make_plan(panel: Panel, season: int, model: ModelSettings, train: TrainSettings) -> Plan:
    """Decide everything.

    Args:
        panel: The series.
        season: m, season length in steps, from `choose_season`.
        model: What the user said of the window and the network.
        train: What the user said of the training.

    Raises:
        UsageError: Settings that do not fit each other.
        DataError: No series is long enough for the network.
    """
    horizon = model.horizon or choose_horizon(panel, season)
    encodings = choose_encodings(panel, model)
    window = choose_window(panel, model, season, horizon, encodings)
    return replace(plan_training(panel, model, train, window, season), encodings=encodings)


def plan_training(panel: Panel, model: ModelSettings, train: TrainSettings, window: WindowShape, season: int) -> Plan:
    """Choose the windows to hold out, the batch size and the number of steps."""
    starts, lengths, horizon, fewest = panel.offsets[:-1], panel.lengths, window.horizon, window.shortest_history
    per_series, stride = choose_held_out(lengths, horizon, fewest)
    kept = lengths - horizon - (per_series - 1) * stride
    measured = _spread_over(np.flatnonzero(kept - horizon >= fewest), MOST_HELD_OUT // per_series)
    held_out = Cutoffs(starts, starts + kept, np.zeros(len(lengths), np.int64), stride)
    held_out.count[measured] = per_series
    training = Cutoffs(starts, starts + fewest, np.maximum(kept - horizon - fewest + 1, 0))
    every = Cutoffs(starts, starts + fewest, np.maximum(lengths - horizon - fewest + 1, 0))
    if not training.total:
        need = fewest + 2 * horizon
        raise DataError(
            f"{panel.source}: the longest series has {int(lengths.max())} steps, and at least {need} are needed to "
            f"train and measure a forecast of {horizon} step{'s' * (horizon > 1)}",
            hint="Give more data" + f", or a shorter --horizon than {horizon}" * (horizon > 1),
        )
    earlier = _choose_earlier(held_out, horizon, fewest)
    fit = choose_fit(train, training.total)
    trust = held_out.total / (held_out.total + CREDIBILITY)
    return Plan(
        network=choose_network(model, train, fit, window, trust),
        fit=fit,
        season=season,
        training=training,
        every=every,
        held_out=held_out,
        earlier=earlier,
    )


def _choose_earlier(held_out: Cutoffs, horizon: int, fewest: int) -> Cutoffs:
    """Return cutoffs before the held-out ones, a horizon apart: as many as these lack of enough times."""
    times = 1 + (int(held_out.count.max()) - 1) * held_out.stride // horizon
    room = np.maximum(held_out.first - held_out.starts - fewest, 0) // horizon
    count = np.where(held_out.count > 0, np.minimum(max(TIMES - times, 0), room), 0)
    return Cutoffs(held_out.starts, held_out.first - count * horizon, count, horizon)


def choose_fit(train: TrainSettings, windows: int) -> FitShape:
    """Return how to train on so many windows: the user's settings, else the preset's.

    Raises:
        UsageError: Both `--steps` and `--epochs`, or intervals of quantiles that the loss does not learn.
    """
    preset = PRESETS[train.preset]
    batch_size = train.batch_size or choose_batch_size(windows)
    if train.epochs is not None and train.steps is not None:
        raise UsageError("--epochs and --steps both set the number of steps", hint="Give one of them")
    loss = train.loss or ("quantile" if train.intervals == "quantile" else preset.loss)
    if train.intervals == "quantile" != loss:
        raise UsageError(f"--intervals quantile needs --loss quantile, and --loss is {loss}", hint="Leave out --loss")
    epochs = train.epochs and train.epochs * math.ceil(windows / batch_size)
    return FitShape(
        steps=train.steps or epochs or preset.steps,
        batch_size=batch_size,
        learning_rate=train.learning_rate,
        loss=loss,
        optimizer=train.optimizer,
        patience=train.patience,
        members=train.ensemble or preset.members,
        refit=preset.refit,
        seed=train.seed,
        time_limit=train.time_limit,
        schedule=train.schedule,
        weight_decay=train.weight_decay,
        intervals=train.intervals,
        precision=train.precision,
    )


def choose_network(
    model: ModelSettings, train: TrainSettings, fit: FitShape, window: WindowShape, trust: float
) -> NetworkShape:
    """Return the architecture: the user's, with recall where the window repeats itself.

    Raises:
        UsageError: Widths that are none or not one a layer, what needs several segments on one, intervals by dropout
            without any, or levels that are none.
    """
    levels = parse_levels(train.quantile_levels, "--quantile-levels")
    if fit.intervals == "mc-dropout" and not model.dropout:
        raise UsageError("--intervals mc-dropout needs dropout, and --dropout is 0", hint="Give --dropout 0.2")
    widths = parse_units(model.units, model.layers)
    for flag, wanted in (("--attention", model.attention), ("--bidirectional", model.bidirectional)):
        if wanted and window.segments == 1:
            raise UsageError(
                f"{flag} needs several segments, and the lookback of {window.lookback} steps is one",
                hint="Give a smaller --segment or a longer --lookback",
            )
    return NetworkShape(
        window=window,
        widths=widths,
        dropout=model.dropout,
        cell=model.cell,
        activation=model.activation,
        bidirectional=model.bidirectional,
        attention=model.attention,
        recall=repeats_itself(window),
        trust=trust,
        quantiles=levels if fit.loss == "quantile" else (),
        draws=DRAWS if fit.intervals == "mc-dropout" else 0,
    )


def choose_season(panel: Panel, given: int | None) -> int:
    """Return the season length m: the user's, else the calendar's, else for an integer index the values' own."""
    if given is None and panel.frequency.is_integer:
        return find_season(panel.values, panel.offsets)
    return given or panel.season_length


def choose_horizon(panel: Panel, season: int) -> int:
    """Return the frequency's usual horizon, shortened so that a third of the median series is not exceeded."""
    usual = panel.frequency.default_horizon
    if panel.frequency.is_integer:
        usual = {1: usual, 4: 8, 7: 14, 12: 18, 24: 48, 52: 13}.get(season, min(season, 96))
    return max(1, min(usual, int(np.median(panel.lengths)) // 3))


def choose_held_out(lengths: Ints, horizon: int, fewest: int) -> tuple[int, int]:
    """Choose how many windows at the end of each series are held out, and the steps from one to the next.

    One where there are many series; where there are few, as many as fit into a fifth of the median series, at most a
    horizon apart: a forecast from further behind the training would be worse than those that are to come.
    """
    trainable = lengths[lengths >= fewest + 2 * horizon]
    if not len(trainable):
        return 1, 1
    spare = int(np.median(trainable)) - fewest - 2 * horizon
    block = min(max(0, int(LARGEST_HELD_OUT_SHARE * np.median(trainable)) - horizon), spare)
    wanted = math.ceil(ENOUGH_HELD_OUT / len(trainable))
    per_series = min(wanted, block + 1)
    return per_series, min(max(1, block // max(per_series - 1, 1)), horizon)


def _spread_over(items: Ints, most: int) -> Ints:
    """Return at most `most` of the items, evenly spread."""
    places = np.linspace(0, len(items) - 1, min(len(items), max(1, most))).astype(int)
    return np.asarray(items[places])


def choose_batch_size(windows: int) -> int:
    """Return the batch size: 128, smaller where there are few windows so that an epoch has several steps."""
    return int(min(128, max(16, 2 ** round(math.log2(max(windows, 1) / 4)))))


def repeats_itself(window: WindowShape) -> bool:
    """Return whether the base path is seasonal and every season a whole number of segments.

    Only then does one segment of the window say what another will be: where the last value is the better base, recall
    made held-out errors worse (weekly data by 1 %), else up to 11 % better (hourly).
    """
    return bool(window.base) and window.season % window.segment == 0

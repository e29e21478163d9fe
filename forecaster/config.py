"""Every setting, written once.

A field made by `knob` becomes a flag of the command line, its default, its bounds and its help, and a row of the
README's settings table. `None` as a default means "chosen from the data, and printed".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from forecaster.errors import UsageError

Cell = Literal["lstm", "gru"]
Loss = Literal["mse", "mae", "huber"]
Optimizer = Literal["adam", "adamw", "sgd", "rmsprop"]
Preset = Literal["fast", "default", "best"]
Device = Literal["auto", "cpu", "gpu"]
OnGap = Literal["interpolate", "ffill", "zero", "error"]
Transform = Literal["auto", "log", "none"]
Base = Literal["auto", "last", "seasonal"]

DURATIONS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
"""Units of a duration. A month has no fixed length, and `m` could be it."""


def knob(
    default: Any,
    help: str,
    *,
    panel: str,
    bounds: tuple[float | None, float | None] = (None, None),
    metavar: str | None = None,
) -> Any:
    """Declare one setting.

    Args:
        default: The value when the flag is not given; `None` means chosen from the data.
        help: One or two sentences; units, and what `None` stands for.
        panel: The heading in `--help` that it stands under.
        bounds: Smallest and largest allowed value, inclusive; `None` for no bound.
        metavar: What stands for the value in `--help`.
    """
    low, high = bounds
    return field(default=default, metadata={"help": help, "panel": panel, "min": low, "max": high, "metavar": metavar})


@dataclass(frozen=True, kw_only=True)
class ReadSettings:
    """How to read a data file. What is not given is detected, printed, and frozen in the model."""

    time: str | None = knob(None, "Column with the time stamps.", panel="Data", metavar="COLUMN")
    id: str | None = knob(None, "Column that says which series a row belongs to.", panel="Data", metavar="COLUMN")
    target: str | None = knob(None, "Column to forecast.", panel="Data", metavar="COLUMN")
    wide: bool = knob(False, "Every column beside the time column is a series of its own.", panel="Data")
    freq: str | None = knob(
        None, "Frequency as a pandas alias: h, D, B, W, MS, ME, QS, YS, 15min, …", panel="Data", metavar="ALIAS"
    )
    season_length: int | None = knob(
        None,
        "Steps in one season: 12 for monthly data with a yearly season. 1 for none.",
        panel="Data",
        bounds=(1, None),
    )
    on_gap: OnGap = knob("interpolate", "What to do with missing stamps and values.", panel="Data")
    max_missing: float = knob(
        0.5, "Refuse a series with a larger share of missing values.", panel="Data", bounds=(0, 1)
    )
    sep: str | None = knob(None, "Field separator of a CSV file.", panel="File format", metavar="CHAR")
    decimal: str | None = knob(None, "Decimal mark: . or ,", panel="File format", metavar="CHAR")
    thousands: str | None = knob(None, "Thousands separator inside numbers.", panel="File format", metavar="CHAR")
    encoding: str | None = knob(None, "Text encoding, such as utf-8, latin-1, utf-16.", panel="File format")
    date_format: str | None = knob(
        None, "strptime format of the time column, such as %d/%m/%Y; or epoch-s, epoch-ms.", panel="File format"
    )
    tz: str | None = knob(
        None, "Time zone of stamps without an offset, such as Europe/Berlin.", panel="File format", metavar="ZONE"
    )
    no_header: bool = knob(False, "The file has no header row: columns are named 1, 2, 3, …", panel="File format")
    skip_rows: int = knob(0, "Lines to skip above the header.", panel="File format", bounds=(0, None))


@dataclass(frozen=True, kw_only=True)
class FreshSettings:
    """Up to when data counts, and how old its end may be."""

    as_of: str | None = knob(
        None, "Last stamp that counts, inclusive: as if the data ended there.", panel="Freshness", metavar="STAMP"
    )
    max_age: str | None = knob(
        None,
        "Refuse (exit 4) data whose newest stamp is further than this from now, or from --as-of: 36h, 2d, 3w.",
        panel="Freshness",
        metavar="DURATION",
    )
    warn_age: str | None = knob(
        None, "Warn of data whose newest stamp is further than this from now.", panel="Freshness", metavar="DURATION"
    )


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The window and the network. `None` is chosen from the data."""

    horizon: int | None = knob(None, "Steps to forecast.", panel="Model", bounds=(1, 10_000))
    lookback: int | None = knob(None, "Steps of history that the network reads.", panel="Model", bounds=(1, 100_000))
    segment: int | None = knob(
        None,
        "Steps that one LSTM step reads; divides the lookback. 1 is the textbook LSTM.",
        panel="Model",
        bounds=(1, None),
    )
    cell: Cell = knob("lstm", "Recurrent cell.", panel="Model")
    layers: int = knob(2, "Stacked recurrent layers, each followed by dropout.", panel="Model", bounds=(1, 8))
    units: int = knob(128, "Width of each layer.", panel="Model", bounds=(1, 2048))
    dropout: float = knob(0.2, "Share of each layer's outputs dropped in training.", panel="Model", bounds=(0, 0.9))
    transform: Transform = knob(
        "auto", "Take logarithms first: for positive series that grow by percentages.", panel="Model"
    )
    base: Base = knob("auto", "Path that the network corrects: last value, or the last season again.", panel="Model")
    bounds: str = knob(
        "auto",
        "Range that forecasts and intervals never leave: LOW,HIGH (either may be left out), none, or auto: "
        "data that is never negative stays so.",
        panel="Model",
        metavar="RANGE",
    )


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How the network is trained. `None` is set by the preset or chosen from the data."""

    preset: Preset = knob("default", "How much time to spend for accuracy.", panel="Training")
    steps: int | None = knob(None, "Training steps, one batch each.", panel="Training", bounds=(1, 1_000_000))
    epochs: int | None = knob(
        None,
        "Passes over the windows; sets the number of steps instead of --steps.",
        panel="Training",
        bounds=(1, None),
    )
    batch_size: int | None = knob(None, "Windows in a batch.", panel="Training", bounds=(1, 65_536))
    learning_rate: float = knob(
        4e-3, "Learning rate at the start; it decays to 1 %.", panel="Training", bounds=(1e-7, 1)
    )
    loss: Loss | None = knob(None, "Loss on the scaled target.", panel="Training")
    optimizer: Optimizer = knob("adam", "Optimiser.", panel="Training")
    patience: int = knob(
        8,
        "Stop after this many checks without a better held-out loss; 0 never stops.",
        panel="Training",
        bounds=(0, None),
    )
    ensemble: int | None = knob(None, "Networks whose median is the forecast.", panel="Training", bounds=(1, 50))
    seed: int = knob(1, "Seed of every random choice.", panel="Training", bounds=(0, 2**31 - 1))
    device: Device = knob("auto", "Where to train: auto takes a GPU when TensorFlow sees one.", panel="Training")
    time_limit: float | None = knob(
        None,
        "Seconds of training, after which the best weights so far are published.",
        panel="Training",
        bounds=(1, None),
    )


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where models are kept, and what may be published."""

    name: str | None = knob(None, "Name of the model; by default the data file's stem.", panel="Model store")
    models_dir: Path | None = knob(
        None, "Folder of all models; by default $FORECAST_MODELS, else ./models.", panel="Model store", metavar="DIR"
    )
    min_skill: float | None = knob(
        None, "Refuse to publish (exit 4) a model whose skill over seasonal naive is lower.", panel="Model store"
    )
    lock_wait: float = knob(
        60.0, "Seconds to wait for another training of the same model.", panel="Model store", bounds=(0, None)
    )


@dataclass(frozen=True, kw_only=True)
class ForecastSettings:
    """What to forecast, and with which model."""

    model: str | None = knob(
        None, "Model to use: NAME or NAME@VERSION; by default the only one, or the data file's.", panel="Forecast"
    )
    horizon: int | None = knob(
        None, "Steps to forecast, at most those of training; by default all.", panel="Forecast", bounds=(1, None)
    )
    levels: str = knob("80,95", "Interval levels in percent, separated by commas.", panel="Forecast")


@dataclass(frozen=True, kw_only=True)
class PredictSettings(ForecastSettings):
    """What to forecast and where to write it."""

    output: str = knob("forecasts.csv", "File to write, or - for stdout.", panel="Forecast", metavar="PATH")
    ledger: str | None = knob(
        None,
        "Folder that remembers what was issued, for forecast score; by default LEDGER beside the model's versions, "
        "none for no record.",
        panel="Forecast",
        metavar="DIR",
    )


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """Which issued forecasts are scored, and how good they must be."""

    model: str | None = knob(
        None, "Model to score: NAME, or NAME@VERSION for one version's forecasts alone.", panel="Live scores"
    )
    ledger: str | None = knob(
        None, "Folder of the ledger; by default LEDGER beside the model's versions.", panel="Live scores", metavar="DIR"
    )
    max_mase: str | None = knob(
        None,
        "Exit 4 when MASE is higher: a number, or a multiple of what training measured, such as 1.5x.",
        panel="Live scores",
        metavar="LIMIT",
    )
    min_coverage: str | None = knob(
        None,
        "Exit 4 when the share of actual values inside the widest interval is lower: 0 to 1, or a multiple like 0.9x.",
        panel="Live scores",
        metavar="LIMIT",
    )


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """Which jobs of a file are run, and how."""

    only: str | None = knob(None, "Run this job alone.", panel="Batch", metavar="NAME")
    jobs: int = knob(1, "Jobs that run at the same time; those on one model never do.", panel="Batch", bounds=(1, 256))
    force: bool = knob(False, "Run also jobs of which nothing changed since they last ended well.", panel="Batch")
    runs_dir: Path | None = knob(
        None, "Folder of the records; by default runs/ beside the job file.", panel="Batch", metavar="DIR"
    )
    lock_wait: float = knob(
        0.0, "Seconds to wait for another process that runs the same job.", panel="Batch", bounds=(0, None)
    )


@dataclass(frozen=True, kw_only=True)
class BacktestSettings:
    """From which cutoffs to forecast what is known already."""

    windows: int = knob(
        10, "Most cutoffs of a series, counted back from its end.", panel="Backtest", bounds=(1, 10_000_000)
    )
    step: int | None = knob(
        None, "Steps from one cutoff to the next; by default the horizon.", panel="Backtest", bounds=(1, None)
    )


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """What a model must reach."""

    max_mase: float | None = knob(None, "Exit 4 when MASE is higher.", panel="Gates", bounds=(0, None))
    min_skill: float | None = knob(None, "Exit 4 when the skill over seasonal naive is lower.", panel="Gates")
    min_coverage: float | None = knob(
        None,
        "Exit 4 when the share of actual values inside the widest interval is lower.",
        panel="Gates",
        bounds=(0, 1),
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(ForecastSettings):
    """What to measure, and where to write it."""

    predictions: Path | None = knob(
        None,
        "Write each forecast beside what came: CSV, or Parquet by the name's end.",
        panel="Backtest",
        metavar="PATH",
    )


def parse_bounds(text: str) -> tuple[float | None, float | None]:
    """Parse `--bounds`: `none`, or LOW,HIGH with either left out.

    Raises:
        UsageError: Something else, or a low end that is not below the high end.
    """
    if text == "none":
        return None, None
    try:
        low, high = (float(part) if part.strip() else None for part in text.split(","))
    except ValueError:
        low, high = math.nan, math.nan
    if (low, high) == (None, None) or not (-math.inf if low is None else low) < (math.inf if high is None else high):
        raise UsageError(f"--bounds: expected LOW,HIGH, none or auto, received {text!r}", hint="--bounds 0,100")
    return low, high


def parse_levels(text: str) -> tuple[float, ...]:
    """Parse `--levels`: percentages between 0 and 100, exclusive, ascending and without repeats in the answer.

    Raises:
        UsageError: Something is not such a number.
    """
    try:
        levels = tuple(sorted({float(part) for part in text.split(",") if part.strip()}))
    except ValueError:
        levels = ()
    if not levels or not all(0 < level < 100 for level in levels):
        raise UsageError(f"--levels: expected percentages between 0 and 100, received {text!r}", hint="--levels 80,95")
    return levels


def parse_duration(text: str, flag: str) -> timedelta:
    """Parse a duration: a number above 0 and its unit, s, min, h, d or w (`36h`, `2d`, `3W`).

    Raises:
        UsageError: Something else; `m` as well, which could be minutes or months.
    """
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?([a-z]+)", text.strip().lower())
    if match and match[2] == "m":
        hint = f"Write {flag} {match[1]}min, or count days: {flag} 30d"
        raise UsageError(f"{flag}: {text!r} could be minutes or months", hint=hint)
    if not match or match[2] not in DURATIONS or not float(match[1]):
        raise UsageError(
            f"{flag}: expected a number above 0 and one of {', '.join(DURATIONS)}, received {text!r}",
            hint=f"Such as {flag} 36h, 2d or 3w",
        )
    return float(match[1]) * DURATIONS[match[2]]


def parse_limit(text: str, flag: str, most: float = math.inf) -> tuple[float, bool]:
    """Parse a limit: a number from 0 to `most`, or with an `x` a multiple of what training measured.

    Returns:
        The number, and whether it is a multiple.

    Raises:
        UsageError: Something else.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(x?)", text.strip().lower())
    if not match or not (match[2] or float(match[1]) <= most):
        wanted = "a number" if most == math.inf else f"a number from 0 to {most:g}"
        raise UsageError(f"{flag}: expected {wanted}, or a multiple such as 1.5x, received {text!r}")
    return float(match[1]), bool(match[2])


def check_bounds(settings: Any) -> None:
    """Refuse a value outside the bounds of its knob.

    Raises:
        UsageError: A value is out of bounds; the message names the flag, the bounds and the value.
    """
    for f in fields(settings):
        check_value(f"--{f.name.replace('_', '-')}", getattr(settings, f.name), f.metadata)


def check_value(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Refuse a number outside the bounds of its knob; `name` is what the user knows the setting by.

    Raises:
        UsageError: It is out of bounds, or not a number.
    """
    if not isinstance(value, (int, float)):
        return
    low, high = metadata.get("min"), metadata.get("max")
    if not (-math.inf if low is None else low) <= value <= (math.inf if high is None else high):
        wanted = "a number" if low is None else f"at least {low}" if high is None else f"from {low} to {high}"
        raise UsageError(f"{name} must be {wanted}, received {value}")

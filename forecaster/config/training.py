"""Settings of training and keeping a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forecaster.config.knob import knob
from forecaster.config.values import MOST_UNITS

Cell = Literal["lstm", "gru", "peephole", "rnn"]
Activation = Literal["tanh", "relu", "elu", "gelu", "softsign"]
Loss = Literal["mse", "mae", "huber", "log-cosh", "quantile"]
Optimizer = Literal["adam", "adamw", "sgd", "rmsprop"]
Schedule = Literal["constant", "cosine", "plateau"]
Intervals = Literal["conformal", "quantile", "mc-dropout"]
Preset = Literal["fast", "default", "best"]
Device = Literal["auto", "cpu", "gpu"]
Precision = Literal["float32", "mixed"]
Transform = Literal["auto", "log", "none"]
Base = Literal["auto", "last", "seasonal", "smoothed"]
Calendar = Literal["off", "on"]


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
        bounds=(1, 100_000),
    )
    cell: Cell = knob(
        "lstm",
        "Recurrent cell: LSTM, gated recurrent unit, LSTM whose gates see its state, or a plain recurrent network.",
        panel="Model",
    )
    activation: Activation = knob(
        "tanh", "Activation of the cells. All but tanh leave cuDNN's fused kernel: slow on a GPU.", panel="Model"
    )
    bidirectional: bool = knob(False, "Read the window from both its ends.", panel="Model")
    attention: bool = knob(
        False, "Answer from a weighted mean over all segments' states too, not from the last alone.", panel="Model"
    )
    layers: int = knob(2, "Stacked recurrent layers, each followed by dropout.", panel="Model", bounds=(1, 8))
    units: str = knob(
        "128",
        "Width of each layer: one number for all, or one a layer, such as 64,32.",
        panel="Model",
        bounds=(1, MOST_UNITS),
        metavar="N[,N…]",
    )
    dropout: float = knob(0.2, "Share of each layer's outputs dropped in training.", panel="Model", bounds=(0, 0.9))
    transform: Transform = knob(
        "auto", "Take logarithms first: for positive series that grow by percentages.", panel="Model"
    )
    base: Base = knob(
        "auto",
        "Path that the network corrects: last value, the last season again, or a smoothed level with a damped slope.",
        panel="Model",
    )
    calendar: Calendar = knob(
        "off",
        "Read hour, weekday, month and day of the year too: those of them that differ from step to step.",
        panel="Model",
    )
    holidays: str | None = knob(
        None,
        "Read the public holidays of a country too: its code, such as GB or US, or with a region, DE-BY.",
        panel="Model",
        metavar="COUNTRY",
    )
    bounds: str = knob(
        "auto",
        "Range that forecasts and intervals never leave: LOW,HIGH (either may be left out), none, or auto: "
        "data that is never negative stays so.",
        panel="Model",
        metavar="RANGE",
    )


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How the network is fitted. `None` is set by the preset or chosen from the data."""

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
        4e-3, "Learning rate at the start; how it falls is the schedule.", panel="Training", bounds=(1e-7, 1)
    )
    schedule: Schedule = knob(
        "cosine",
        "How the learning rate falls: not at all, by a cosine to 1 %, or by half when the held-out loss stops falling.",
        panel="Training",
    )
    loss: Loss | None = knob(
        None, "Loss on the scaled target; quantile learns the ends of intervals and the median.", panel="Training"
    )
    optimizer: Optimizer = knob("adam", "Optimiser; sgd has Nesterov momentum of 0.9.", panel="Training")
    weight_decay: float | None = knob(
        None,
        "Share of each weight, times the learning rate, that a step takes away; by default 0.004 for adamw, else none.",
        panel="Training",
        bounds=(0, 1),
    )
    intervals: Intervals = knob(
        "conformal",
        "What the width of intervals follows: past errors alone, the quantiles that the network learned, or how far "
        "its answers differ under dropout. All are calibrated on held-out windows.",
        panel="Training",
    )
    quantile_levels: str = knob(
        "80,95", "Interval levels in percent that --loss quantile learns, separated by commas.", panel="Training"
    )
    patience: int = knob(
        8,
        "Stop after this many checks without a better held-out loss; 0 never stops.",
        panel="Training",
        bounds=(0, None),
    )
    ensemble: int | None = knob(None, "Networks whose median is the forecast.", panel="Training", bounds=(1, 50))
    seed: int = knob(1, "Seed of every random choice.", panel="Training", bounds=(0, 2**31 - 1))
    device: Device = knob("auto", "Where to train: auto takes a GPU when TensorFlow sees one.", panel="Training")
    precision: Precision = knob(
        "float32",
        "Numbers that training multiplies: mixed takes bfloat16 and keeps the weights in float32, for a GPU. What is "
        "saved is the same.",
        panel="Training",
    )


@dataclass(frozen=True, kw_only=True)
class TrainSettings(FitSettings):
    """The same, and how long a training may take and how it survives an interruption."""

    time_limit: float | None = knob(
        None,
        "Seconds of training, after which the best weights so far are published.",
        panel="Training",
        bounds=(1, None),
    )
    checkpoint_every: float = knob(
        30.0, "Seconds of training from one checkpoint to the next.", panel="Training", bounds=(0, None)
    )
    resume: bool = knob(
        False,
        "Continue a run of this command that was stopped, if it left anything: train from its checkpoint, compare with "
        "the kinds and cutoffs that are done.",
        panel="Training",
    )


@dataclass(frozen=True, kw_only=True)
class LockSettings:
    """What to do when somebody else changes the model."""

    lock_wait: float = knob(
        60.0, "Seconds to wait for another command that changes the same model.", panel="Model store", bounds=(0, None)
    )


@dataclass(frozen=True, kw_only=True)
class StoreSettings(LockSettings):
    """Where models are stored, and what may be published."""

    name: str | None = knob(None, "Name of the model; by default the data file's stem.", panel="Model store")
    models_dir: Path | None = knob(
        None, "Folder of all models; by default $FORECAST_MODELS, else ./models.", panel="Model store", metavar="DIR"
    )
    min_skill: float | None = knob(
        None, "Refuse to publish (exit 4) a model whose skill over seasonal naive is lower.", panel="Model store"
    )
    from_: str | None = knob(
        None,
        "Begin with the weights of this saved version and keep its columns, window and scaling, on newer rows or "
        "another file. The loss is then its own and the learning rate a quarter of the usual one, unless given. none: "
        "begin with nothing, and leave out the pretrained network too.",
        panel="Model store",
        metavar="NAME@VERSION",
    )
    distill: str | None = knob(
        None,
        "Fit one network to the forecasts of this saved version, as a rule an ensemble: nearly as "
        "good, and several times smaller. Columns, window and scaling stay the same; cell, layers and units are free.",
        panel="Model store",
        metavar="NAME@VERSION",
    )
    promote_if_better: bool = knob(
        False,
        "Make the new version current only if it beats the current one on its held-out windows; else exit 4.",
        panel="Model store",
    )


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """How long a command may take."""

    deadline: float | None = knob(
        None,
        "Seconds from its start after which the command stops, whatever it is doing, with exit code 124 and nothing "
        "published.",
        panel="Limits",
        bounds=(1, 31_622_400),
    )

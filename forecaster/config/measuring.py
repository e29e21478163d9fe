"""Settings of the commands that measure: evaluate, compare, tune."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecaster.config.commands import ForecastSettings, QuantileSettings
from forecaster.config.knob import knob, levels_knob
from forecaster.config.planning import HierarchySettings


def step_knob(panel: str) -> Any:
    """Declare how far cutoffs are apart."""
    return knob(None, "Steps from one cutoff to the next; by default the horizon.", panel=panel, bounds=(1, None))


def predictions_knob(panel: str) -> Any:
    """Declare the file of each forecast that was scored."""
    text = "Write each forecast with the actual value: CSV, or Parquet by the name's end."
    return knob(None, text, panel=panel, metavar="PATH")


@dataclass(frozen=True, kw_only=True)
class KeepSettings:
    """What a long measurement keeps until it is done."""

    storage: Path | None = knob(
        None,
        "Folder that stores finished parts until all are done; by default next to the model's versions.",
        panel="Backtest",
        metavar="DIR",
    )


@dataclass(frozen=True, kw_only=True)
class BacktestSettings:
    """From which cutoffs to forecast what is known already."""

    windows: int = knob(
        10, "Most cutoffs of a series, counted back from its end.", panel="Backtest", bounds=(1, 10_000_000)
    )
    step: int | None = step_knob("Backtest")


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
class EvaluateSettings(ForecastSettings, QuantileSettings, HierarchySettings, KeepSettings):
    """What to measure, and where to write it."""

    totals: str | None = knob(
        None,
        "Also score sums of the next steps: over how many, such as 7,14,28.",
        panel="Backtest",
        metavar="STEPS",
    )
    resume: bool = knob(False, "Continue a run that was stopped, from the parts that it finished.", panel="Backtest")
    predictions: Path | None = predictions_knob("Backtest")
    output: Path | None = knob(
        None,
        "Folder for scores by series: DATA is a folder or glob of parts, each is scored by itself.",
        panel="Backtest",
        metavar="DIR",
    )


@dataclass(frozen=True, kw_only=True)
class CompareSettings(QuantileSettings, KeepSettings):
    """What to compare, and from which cutoffs."""

    models: str = knob(
        "lstm,seasonal-naive,naive,drift",
        "Kinds to compare, separated by commas; also pretrained, the built-in network, and ets, theta, arima, mstl, "
        "croston, tsb, adida "
        "(pip install 'forecast-lstm[baselines]').",
        panel="Comparison",
        metavar="KINDS",
    )
    windows: int = knob(
        3,
        "Cutoffs at which every kind learns anew, counted back from the end.",
        panel="Comparison",
        bounds=(1, 100_000),
    )
    step: int | None = step_knob("Comparison")
    levels: str = levels_knob("Comparison")
    predictions: Path | None = predictions_knob("Comparison")


@dataclass(frozen=True, kw_only=True)
class TuneSettings:
    """What to search, how long, and where it is stored."""

    search: str = knob(
        "lookback,segment,units,layers,dropout,learning-rate,cell,loss",
        "Settings to search, separated by commas; one that a flag sets is left as it is.",
        panel="Search",
        metavar="KEYS",
    )
    trials: int = knob(
        50,
        "Most settings to try, including those of the search that --resume continues.",
        panel="Search",
        bounds=(2, 100_000),
    )
    time_limit: float | None = knob(
        600.0, "Seconds for the whole search, including the comparison at the end.", panel="Search", bounds=(10, None)
    )
    storage: Path | None = knob(
        None,
        "SQLite file that stores the search; by default TUNING next to the model's versions.",
        panel="Search",
        metavar="PATH",
    )
    resume: bool = knob(False, "Continue the search that is stored in the file, if there is one.", panel="Search")
    output: Path = knob(
        Path("tuned.toml"), "File for the best settings, which train --config reads.", panel="Search", metavar="PATH"
    )

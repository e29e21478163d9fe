"""Settings of the commands that use a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from forecaster.config.knob import knob, levels_knob
from forecaster.config.planning import HierarchySettings, PathSettings

OnMissingSeries = Literal["warn", "error"]
ExportFormat = Literal["onnx", "saved-model", "litert"]
TableMode = Literal["replace", "append"]
Quantize = Literal["dynamic", "int8"]


def digits_knob() -> Any:
    """Return the setting of how many digits numbers are written with."""
    return knob(
        None,
        "Digits after the decimal point of what is written, 0 for whole numbers and 17 for all; by default as many as "
        "the data has and two more, and all in Parquet.",
        panel="Forecast",
        bounds=(0, 17),
    )


@dataclass(frozen=True, kw_only=True)
class PruneSettings:
    """How many versions of a model stay stored."""

    keep: int = knob(
        5,
        "Newest versions to keep, 2 or more, so that there is one to go back to; the current one is kept in any case.",
        panel="Model store",
        bounds=(2, None),
    )


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """Which model to use, and how far ahead."""

    model: str | None = knob(
        None,
        "Model to use: NAME or NAME@VERSION, or builtin for the network that comes with the package; by default the "
        "data file's, and builtin where there is no model.",
        panel="Forecast",
    )
    horizon: int | None = knob(
        None,
        "Steps to forecast, at most those of training; by default all. The built-in network goes as far as is asked.",
        panel="Forecast",
        bounds=(1, 10_000),
    )


@dataclass(frozen=True, kw_only=True)
class ForecastSettings(ModelChoice):
    """What to forecast, and with which model."""

    levels: str = levels_knob("Forecast")


@dataclass(frozen=True, kw_only=True)
class QuantileSettings:
    """Quantiles besides the intervals."""

    quantiles: str | None = knob(
        None,
        "Quantiles between 0 and 1, separated by commas, such as 0.1,0.5,0.9: one column each, `forecast-q-10`.",
        panel="Forecast",
        metavar="Q",
    )


@dataclass(frozen=True, kw_only=True)
class AheadSettings:
    """What is known ahead of the data."""

    future: Path | None = knob(
        None,
        "File of future rows: stamps, names of series, and covariates that are known ahead. Without it they stand in "
        "the data file, with an empty target.",
        panel="Forecast",
        metavar="FILE",
    )


@dataclass(frozen=True, kw_only=True)
class PredictSettings(ForecastSettings, QuantileSettings, AheadSettings, PathSettings, HierarchySettings):
    """What to forecast and where to write it."""

    recursive: bool = knob(
        False,
        "Go beyond the horizon of training: the model reads its own forecasts, and `method` says where.",
        panel="Forecast",
    )
    output: str = knob(
        "forecasts.csv",
        "File to write, CSV or Parquet by the name's end, or - for stdout. A folder (PATH/) for a folder or glob of "
        "parts: each is forecast by itself, into a file of its own.",
        panel="Forecast",
        metavar="PATH",
    )
    mean: bool = knob(
        False,
        "Add a column `forecast-mean`: the mean of all possible values, step by step. Means add up, and show the "
        "average of demand that is mostly 0; the forecast itself is the median. Always written with a hierarchy.",
        panel="Forecast",
    )
    digits: int | None = digits_knob()
    on_missing_series: OnMissingSeries = knob(
        "warn",
        "What to do where series that the model was trained on are missing: warn, or exit 65.",
        panel="Freshness",
    )
    max_lag: str | None = knob(
        None,
        "Refuse (exit 65) data with a series that ends further than this before the newest stamp: 36h, 14d.",
        panel="Freshness",
        metavar="DURATION",
    )
    output_table: str | None = knob(
        None,
        "Table of a database to write to as well, with the model's version and the time of issue: "
        "sqlite:///shop.db#forecasts.",
        panel="Forecast",
        metavar="ADDRESS#TABLE",
    )
    table_mode: TableMode = knob(
        "replace", "Whether the rows of --output-table are replaced or added to.", panel="Forecast"
    )
    spreadsheet_safe: bool = knob(
        False, "Put ' before names that a spreadsheet would take for a formula.", panel="Forecast"
    )
    ledger: str | None = knob(
        None,
        "Folder that remembers what was issued, for forecast score; by default LEDGER next to the model's versions, "
        "none for no record.",
        panel="Forecast",
        metavar="DIR",
    )


@dataclass(frozen=True, kw_only=True)
class DrySettings:
    """Whether a command does its work, or says what it would do."""

    dry_run: bool = knob(
        False,
        "Say what would be done, with rows, windows, seconds (from timed steps) and memory; write nothing.",
        panel="Output",
    )


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """Which issued forecasts are scored, and how good they must be."""

    model: str | None = knob(
        None, "Model to score: NAME, or NAME@VERSION for one version's forecasts alone.", panel="Live scores"
    )
    ledger: str | None = knob(
        None,
        "Folder of the ledger; by default LEDGER next to the model's versions.",
        panel="Live scores",
        metavar="DIR",
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
    output: Path | None = knob(
        None,
        "Folder for scores by series: --actuals is then a folder or glob, whose parts are scored one by one.",
        panel="Live scores",
        metavar="DIR",
    )


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """Which jobs of a file are run, and how."""

    only: str | None = knob(None, "Run this job alone.", panel="Batch", metavar="NAME")
    jobs: int = knob(1, "Jobs that run at the same time; those on one model never do.", panel="Batch", bounds=(1, 256))
    force: bool = knob(False, "Run jobs even if nothing changed since their last success.", panel="Batch")
    runs_dir: Path | None = knob(
        None, "Folder of the records; by default runs/ next to the job file.", panel="Batch", metavar="DIR"
    )
    lock_wait: float = knob(
        0.0, "Seconds to wait for another process that runs the same job.", panel="Batch", bounds=(0, None)
    )


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """How strict the verdict on a data file is."""

    strict: bool = knob(False, "Exit 65 on warnings as well as on errors.", panel="Verdict")


@dataclass(frozen=True, kw_only=True)
class AnomalySettings:
    """Which values are judged, how strictly, and where what is odd is written."""

    model: str | None = knob(
        None, "Model to use: NAME or NAME@VERSION; by default the only one, or the data file's.", panel="Anomalies"
    )
    level: float = knob(
        99.0,
        "Level of the intervals in percent: at 99, one usual value in a hundred is outside by chance.",
        panel="Anomalies",
        bounds=(1, 99.9),
    )
    last: int | None = knob(
        None,
        "Judge this many last values of each series; by default all that came after the training, and for the "
        "built-in network a usual horizon.",
        panel="Anomalies",
        bounds=(1, None),
    )
    max_anomalies: int | None = knob(
        None, "Exit 4 when more values are outside than this.", panel="Anomalies", bounds=(0, None)
    )
    output: Path | None = knob(
        None, "Write the anomalies: CSV, or Parquet by the name's end.", panel="Anomalies", metavar="PATH"
    )


@dataclass(frozen=True, kw_only=True)
class ReportSettings(ForecastSettings, QuantileSettings, AheadSettings):
    """What to report on, and where to write it."""

    totals: str | None = knob(
        None,
        "Also show how much the intervals of sums of the next steps hold: over how many, such as 7,14,28.",
        panel="Backtest",
        metavar="STEPS",
    )
    output: Path = knob(Path("report.html"), "Page to write.", panel="Forecast", metavar="PATH")


@dataclass(frozen=True, kw_only=True)
class PlotSettings(ForecastSettings, QuantileSettings, AheadSettings):
    """What to draw, and where to write it."""

    series: list[str] | None = knob(
        None, "Series to draw, by its name; may be repeated. By default the first ones.", panel="Picture", metavar="ID"
    )
    history: int | None = knob(
        None, "Steps of history before the forecast; by default the last seasons.", panel="Picture", bounds=(1, None)
    )
    output: Path = knob(
        Path("forecast.svg"), "File to write: SVG, PNG or PDF by the name's end.", panel="Picture", metavar="PATH"
    )


@dataclass(frozen=True, kw_only=True)
class ExplainSettings(ModelChoice, AheadSettings):
    """Which forecasts are explained, and how it is shown."""

    leads: str | None = knob(
        None,
        "Lead times to explain, such as 1 or 1-7,14; by default all up to the horizon.",
        panel="Explanation",
        metavar="LEADS",
    )
    series: list[str] | None = knob(
        None,
        "Series to explain, by its name; may be repeated. By default some of all.",
        panel="Explanation",
        metavar="ID",
    )
    sample: int = knob(
        30, "Most series to explain where none is named, evenly spread.", panel="Explanation", bounds=(1, None)
    )
    gates: bool = knob(
        False, "Show the gates of the first network over the window of one series instead.", panel="Explanation"
    )
    output: Path | None = knob(
        None,
        "Draw a picture: .svg, .png or .pdf.",
        panel="Explanation",
        metavar="PATH",
    )


@dataclass(frozen=True, kw_only=True)
class ScenarioSettings(ForecastSettings):
    """Which futures are compared, and where that is written."""

    future: list[Path] | None = knob(
        None,
        "File of future rows, with one possible course of the covariates; give two or more. The others are compared "
        "with the first.",
        panel="Scenarios",
        metavar="FILE",
    )
    extrapolate: bool = knob(
        False, "Forecast even where covariates have values that the history of the data never had.", panel="Scenarios"
    )
    seed: int = knob(
        0, "Seed of what intervals of differences are drawn with.", panel="Scenarios", bounds=(0, 2**32 - 1)
    )
    digits: int | None = digits_knob()
    output: Path | None = knob(
        None,
        "Write the forecasts and differences: CSV, or Parquet by the name's end.",
        panel="Scenarios",
        metavar="PATH",
    )
    picture: Path | None = knob(
        None,
        "Draw a series under each future: .svg, .png or .pdf (pip install 'forecast-lstm[report]').",
        panel="Scenarios",
        metavar="PATH",
    )
    series: list[str] | None = knob(
        None,
        "Series in the picture, by its name; may be repeated. By default the first.",
        panel="Scenarios",
        metavar="ID",
    )


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Where the service listens, and what a request may ask for."""

    host: str = knob(
        "127.0.0.1",
        "Address to listen on. One that others can reach needs a token, in FORECAST_TOKEN or a file.",
        panel="Service",
        metavar="HOST",
    )
    port: int = knob(8080, "Port to listen on; 0 takes a free one.", panel="Service", bounds=(0, 65535))
    token_file: Path | None = knob(
        None, "File with the token that clients must send; by default FORECAST_TOKEN.", panel="Service", metavar="PATH"
    )
    max_body: int = knob(16, "Largest body of a request, in megabytes.", panel="Limits", bounds=(1, 4096))
    max_series: int = knob(1000, "Most series in one request.", panel="Limits", bounds=(1, None))
    max_horizon: int = knob(1000, "Most steps ahead in one request.", panel="Limits", bounds=(1, 10_000))
    timeout: float = knob(30.0, "Seconds after which a request is given up.", panel="Limits", bounds=(0.1, 3600))
    concurrency: int = knob(
        4, "Requests that are worked on at once; more are answered 503, try again.", panel="Limits", bounds=(1, 1000)
    )


@dataclass(frozen=True, kw_only=True)
class ToolSettings:
    """What an agent may read."""

    folder: list[str] | None = knob(
        None, "Folder whose files the tools may read; may be repeated.", panel="Tools", metavar="DIR"
    )


@dataclass(frozen=True, kw_only=True)
class SuccessionSettings:
    """What two versions are compared on."""

    old_data: Path | None = knob(
        None,
        "Data file as it was for the old version, to separate revised values from new rows.",
        panel="Comparison",
        metavar="PATH",
    )


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """Which model is exported, for what, and how small."""

    model: str | None = knob(None, "Model to export: NAME or NAME@VERSION; by default the only one.", panel="Export")
    format: ExportFormat = knob("onnx", "ONNX, TensorFlow's SavedModel (a folder), or LiteRT.", panel="Export")
    output: Path | None = knob(
        None, "File or folder to write; by default the model's name with an ending.", panel="Export", metavar="PATH"
    )
    quantize: Quantize | None = knob(
        None,
        "Calculate in whole numbers of 8 bits: dynamic stores the weights so; int8, for ONNX, also fixes the ranges of "
        "what the Dense layers read, measured on the data.",
        panel="Export",
    )
    max_loss: float = knob(
        0.05, "Exit 4 when quantising raises MASE by more than this share.", panel="Export", bounds=(0, None)
    )
    trained_part: bool = knob(
        False,
        "Export only the networks trained here, where the pretrained network has a share in the forecasts: the export "
        "then forecasts differently from the model.",
        panel="Export",
    )
    context: int | None = knob(
        None,
        "Values at the end of a series that the export gives to the pretrained network; by default as many as the "
        "longest series of the data fills, at most 2,048.",
        panel="Export",
        bounds=(2, 2048),
    )
    horizon: int | None = knob(
        None,
        "Steps that an export of the built-in network forecasts; by default a usual horizon for the data.",
        panel="Export",
        bounds=(1, 10_000),
    )

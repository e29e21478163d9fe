"""Every setting, written once.

A field made by `knob` becomes a flag of the command line, its default, its bounds and its help, and a row of the
settings table of the docs. `None` as a default means "chosen from the data, and printed".

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    knob           one setting: its default, bounds and help, written once
    values         settings that are written as text → what they say
    reading        settings of reading data
    training       settings of training and keeping a model
    commands       settings of the commands that use a model, or measure
    jobfile        a TOML file → jobs
    keywords       settings as keywords of a function
"""

from forecaster.config.commands import (
    AheadSettings,
    BacktestSettings,
    BatchSettings,
    CheckSettings,
    CompareSettings,
    DrySettings,
    EvaluateSettings,
    ExplainSettings,
    ExportFormat,
    ExportSettings,
    ForecastSettings,
    GateSettings,
    PathSettings,
    PlotSettings,
    PredictSettings,
    PruneSettings,
    QuantileSettings,
    Quantize,
    ReportSettings,
    ScoreSettings,
    SuccessionSettings,
    TuneSettings,
)
from forecaster.config.knob import (
    check_bounds,
    check_value,
    key_of,
    knob,
)
from forecaster.config.reading import (
    Aggregate,
    OnAmbiguous,
    OnDuplicate,
    OnGap,
    OnNonexistent,
    OnOutlier,
    ReadSettings,
)
from forecaster.config.training import (
    Activation,
    Base,
    Calendar,
    Cell,
    Device,
    FitSettings,
    FreshSettings,
    Intervals,
    LimitSettings,
    LockSettings,
    Loss,
    ModelSettings,
    Optimizer,
    Precision,
    Preset,
    Schedule,
    StoreSettings,
    TrainSettings,
    Transform,
)
from forecaster.config.values import (
    DURATIONS,
    parse_bounds,
    parse_duration,
    parse_leads,
    parse_levels,
    parse_limit,
    parse_quantiles,
    parse_seasons,
    parse_totals,
    parse_units,
)

__all__ = [
    "DURATIONS",
    "Activation",
    "Aggregate",
    "AheadSettings",
    "BacktestSettings",
    "Base",
    "BatchSettings",
    "Calendar",
    "Cell",
    "CheckSettings",
    "CompareSettings",
    "Device",
    "DrySettings",
    "EvaluateSettings",
    "ExplainSettings",
    "ExportFormat",
    "ExportSettings",
    "FitSettings",
    "ForecastSettings",
    "FreshSettings",
    "GateSettings",
    "Intervals",
    "LimitSettings",
    "LockSettings",
    "Loss",
    "ModelSettings",
    "OnAmbiguous",
    "OnDuplicate",
    "OnGap",
    "OnNonexistent",
    "OnOutlier",
    "Optimizer",
    "PathSettings",
    "PlotSettings",
    "Precision",
    "PredictSettings",
    "Preset",
    "PruneSettings",
    "QuantileSettings",
    "Quantize",
    "ReadSettings",
    "ReportSettings",
    "Schedule",
    "ScoreSettings",
    "StoreSettings",
    "SuccessionSettings",
    "TrainSettings",
    "Transform",
    "TuneSettings",
    "check_bounds",
    "check_value",
    "key_of",
    "knob",
    "parse_bounds",
    "parse_duration",
    "parse_leads",
    "parse_levels",
    "parse_limit",
    "parse_quantiles",
    "parse_seasons",
    "parse_totals",
    "parse_units",
]

"""Every setting, written once.

A field made by `knob` becomes a flag of the command line, its default, its bounds and its help, and a row of the
settings table of the docs. `None` as a default means "chosen from the data, and printed".

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    knob           one setting: its default, bounds and help, written once
    values         settings that are written as text → what they say
    reading        settings of reading data
    training       settings of training and keeping a model
    planning       settings of paths, totals and hierarchies
    scaling        settings of data that is larger than memory
    commands       settings of the commands that use a model
    measuring      settings of the commands that measure
    binder         keys and values ↔ the settings of a job
    workers        settings of who does the work
    jobfile        a TOML file → jobs
    spelling       settings in messages → as their reader spells them
    keywords       settings as keywords of a function
"""

from forecaster.config.commands import (
    AheadSettings,
    AnomalySettings,
    BatchSettings,
    CheckSettings,
    DrySettings,
    ExplainSettings,
    ExportFormat,
    ExportSettings,
    ForecastSettings,
    ModelChoice,
    PlotSettings,
    PredictSettings,
    PruneSettings,
    QuantileSettings,
    Quantize,
    ReportSettings,
    ScenarioSettings,
    ScoreSettings,
    ServeSettings,
    SuccessionSettings,
    ToolSettings,
)
from forecaster.config.knob import (
    check_bounds,
    check_value,
    key_of,
    knob,
)
from forecaster.config.measuring import (
    BacktestSettings,
    CompareSettings,
    EvaluateSettings,
    GateSettings,
    KeepSettings,
    TuneSettings,
)
from forecaster.config.planning import (
    HierarchySettings,
    PathSettings,
    Reconcile,
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
from forecaster.config.scaling import MemorySettings, PartitionSettings, parse_size
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
from forecaster.config.workers import HERE_ALONE, WorkerSettings

__all__ = [
    "DURATIONS",
    "HERE_ALONE",
    "Activation",
    "Aggregate",
    "AheadSettings",
    "AnomalySettings",
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
    "HierarchySettings",
    "Intervals",
    "KeepSettings",
    "LimitSettings",
    "LockSettings",
    "Loss",
    "MemorySettings",
    "ModelChoice",
    "ModelSettings",
    "OnAmbiguous",
    "OnDuplicate",
    "OnGap",
    "OnNonexistent",
    "OnOutlier",
    "Optimizer",
    "PartitionSettings",
    "PathSettings",
    "PlotSettings",
    "Precision",
    "PredictSettings",
    "Preset",
    "PruneSettings",
    "QuantileSettings",
    "Quantize",
    "ReadSettings",
    "Reconcile",
    "ReportSettings",
    "ScenarioSettings",
    "Schedule",
    "ScoreSettings",
    "ServeSettings",
    "StoreSettings",
    "SuccessionSettings",
    "ToolSettings",
    "TrainSettings",
    "Transform",
    "TuneSettings",
    "WorkerSettings",
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
    "parse_size",
    "parse_totals",
    "parse_units",
]

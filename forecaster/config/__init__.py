"""Every setting, written once.

A field made by `knob` becomes a flag of the command line, its default, its bounds and its help, and a row of the
README's settings table. `None` as a default means "chosen from the data, and printed".
"""

from forecaster.config.commands import (
    BacktestSettings,
    BatchSettings,
    CheckSettings,
    CompareSettings,
    EvaluateSettings,
    ForecastSettings,
    GateSettings,
    PredictSettings,
    PruneSettings,
    ScoreSettings,
    TuneSettings,
)
from forecaster.config.knob import (
    check_bounds,
    check_value,
    knob,
)
from forecaster.config.training import (
    Base,
    Cell,
    Device,
    FitSettings,
    FreshSettings,
    LimitSettings,
    LockSettings,
    Loss,
    ModelSettings,
    OnGap,
    OnOutlier,
    Optimizer,
    Preset,
    ReadSettings,
    StoreSettings,
    TrainSettings,
    Transform,
)
from forecaster.config.values import (
    DURATIONS,
    parse_bounds,
    parse_duration,
    parse_levels,
    parse_limit,
)

__all__ = [
    "DURATIONS",
    "BacktestSettings",
    "Base",
    "BatchSettings",
    "Cell",
    "CheckSettings",
    "CompareSettings",
    "Device",
    "EvaluateSettings",
    "FitSettings",
    "ForecastSettings",
    "FreshSettings",
    "GateSettings",
    "LimitSettings",
    "LockSettings",
    "Loss",
    "ModelSettings",
    "OnGap",
    "OnOutlier",
    "Optimizer",
    "PredictSettings",
    "Preset",
    "PruneSettings",
    "ReadSettings",
    "ScoreSettings",
    "StoreSettings",
    "TrainSettings",
    "Transform",
    "TuneSettings",
    "check_bounds",
    "check_value",
    "knob",
    "parse_bounds",
    "parse_duration",
    "parse_levels",
    "parse_limit",
]

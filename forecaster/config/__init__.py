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
)
from forecaster.config.knob import (
    check_bounds,
    check_value,
    knob,
)
from forecaster.config.training import (
    Activation,
    Base,
    Cell,
    Device,
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
    parse_units,
)

__all__ = [
    "DURATIONS",
    "Activation",
    "BacktestSettings",
    "Base",
    "BatchSettings",
    "Cell",
    "CheckSettings",
    "CompareSettings",
    "Device",
    "EvaluateSettings",
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
    "check_bounds",
    "check_value",
    "knob",
    "parse_bounds",
    "parse_duration",
    "parse_levels",
    "parse_limit",
    "parse_units",
]

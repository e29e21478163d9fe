"""The kinds of methods that can be compared: a name → a function that learns from a panel and forecasts after its end.

`lstm` is what `train` does, `pretrained` the built-in network, which learns nothing from the data; `naive`,
`seasonal-naive` and `drift` are the benchmarks of Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd
edition, with the intervals of its section 5.5; `ets`, `theta`, `arima` and `mstl` are the automatic models of
statsforecast, which comes with the extra `baselines`, and `croston`, `tsb` and `adida` its methods for demand that is
mostly 0, with conformal intervals.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import UsageError
from forecaster.base.extras import check_extra
from forecaster.base.meter import one, tally, working
from forecaster.base.runtime import prepare_keras
from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.anomalies import seasons_of
from forecaster.data.panel import Panel
from forecaster.model import baselines
from forecaster.model.builtin import bind
from forecaster.model.forecast import Predicted
from forecaster.model.origins import Origins
from forecaster.model.planner import make_plan
from forecaster.model.predictor import make_forecast
from forecaster.model.serving import Server
from forecaster.model.shaping import choose_bounds
from forecaster.model.version import FittedModel
from forecaster.model.windows import Floats
from forecaster.scoring import metrics
from forecaster.scoring.backtest import measure

if TYPE_CHECKING:
    from forecaster.training.fit import Progress


def _nothing(_: float) -> None:
    """Do nothing with a share."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What every kind is asked for.

    Attributes:
        season: m in steps.
        horizon: H, steps after the end of each series.
        levels: Of the intervals, in percent, ascending.
        quantiles: That are scored, ascending.
        model: The window and the network of `lstm`; the range that no forecast leaves.
        training: How `lstm` is trained.
        on_share: Called with how much of the work of one kind is done, from 0 to 1.
    """

    season: int
    horizon: int
    levels: tuple[float, ...]
    quantiles: tuple[float, ...] = ()
    model: ModelSettings = field(default_factory=ModelSettings)
    training: TrainSettings = field(default_factory=TrainSettings)
    on_share: Callable[[float], None] = _nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer(Predicted):
    """Forecasts of S series.

    Attributes:
        replaced: [S] whether the kind could not say anything, and the seasonal naive method stands in for it.
    """

    replaced: NDArray[np.bool_]


def parse_kinds(text: str) -> tuple[str, ...]:
    """Parse `--models`: names of kinds, each once, in the order given.

    Raises:
        UsageError: An unknown name, with the nearest that is known; or one that needs what is not installed.
    """
    names = tuple(dict.fromkeys(part.strip().lower().replace("_", "-") for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError("--models: expected names separated by commas", hint=f"Such as --models {','.join(KINDS)}")
    for name in names:
        if name not in KINDS:
            near = difflib.get_close_matches(name, KINDS, 1, 0.5)
            hint = f"Did you mean {near[0]}?" if near else "Choose among these"
            raise UsageError(f"--models: unknown kind {name!r}; known are {', '.join(KINDS)}", hint=hint)
    if wanted := [name for name in names if name in CLASSICAL]:
        check_extra("baselines", f"--models: {', '.join(wanted)}")
    return names


def forecast_kind(name: str, panel: Panel, task: Task) -> Answer:
    """Let a kind learn from all of a panel, and forecast after the end of each series.

    Forecasts and intervals stay in the range of `--bounds`, whatever the kind.

    Raises:
        DataError: No series is long enough for the network.
        UsageError: Settings that do not fit each other, or the data.
    """
    answer = KINDS[name](panel, task)
    low, high = choose_bounds(panel, task.model)
    clip = partial(np.clip, a_min=low, a_max=high) if low is not None or high is not None else np.asarray
    intervals = tuple((level, clip(lower), clip(upper)) for level, lower, upper in answer.intervals)
    return replace(answer, values=clip(answer.values), intervals=intervals)


# ---------------------------------------------------------------------------------------------------- benchmarks


def _naive(panel: Panel, task: Task) -> Answer:
    growth = np.sqrt(np.arange(1, task.horizon + 1))
    return _spread(panel, task, baselines.naive(panel.values, Origins.at_end(panel), task.horizon), 1, growth)


def _seasonal_naive(panel: Panel, task: Task) -> Answer:
    growth = np.sqrt(np.arange(task.horizon) // task.season + 1)
    values = baselines.seasonal_naive(panel.values, Origins.at_end(panel), task.season, task.horizon)
    return _spread(panel, task, values, task.season, growth)


def _drift(panel: Panel, task: Task) -> Answer:
    ahead = np.arange(1, task.horizon + 1)
    growth = np.sqrt(ahead * (1 + ahead / np.maximum(panel.lengths - 1, 1)[:, None]))
    return _spread(panel, task, baselines.drift(panel.values, Origins.at_end(panel), task.horizon), 1, growth)


def _spread(panel: Panel, task: Task, values: Floats, lag: int, growth: Floats) -> Answer:
    """Put normal intervals around forecasts: the deviation of steps of `lag`, times its growth with the lead time."""
    one_step = metrics.seasonal_rms_error(panel.values, Origins.at_end(panel), lag)
    deviation = np.nan_to_num(one_step)[:, None] * growth
    intervals = []
    for level in task.levels:
        half = NormalDist().inv_cdf(0.5 + level / 200) * deviation
        intervals.append((level, values - half, values + half))
    return Answer(values=values, intervals=tuple(intervals), replaced=np.zeros(panel.n_series, bool))


# ---------------------------------------------------------------------------------------------------- the network


def _lstm(panel: Panel, task: Task) -> Answer:
    forecast = make_forecast(fit_lstm(panel, task), panel, task.horizon, task.levels)
    replaced = forecast.methods == "seasonal_naive"
    return Answer(values=forecast.values, intervals=forecast.intervals, replaced=replaced)


def _pretrained(panel: Panel, task: Task) -> Answer:
    """Let the built-in network answer: it learns nothing from the panel but how wide its intervals must be."""
    forecast = make_forecast(bind(panel, task.season, task.horizon), panel, task.horizon, task.levels)
    return Answer(values=forecast.values, intervals=forecast.intervals, replaced=np.zeros(panel.n_series, bool))


def fit_lstm(panel: Panel, task: Task) -> FittedModel:
    """Train as `train` does, and return the model without saving it.

    Raises:
        DataError: No series is long enough for the network.
        UsageError: Settings that do not fit each other.
    """
    plan = make_plan(panel, task.season, replace(task.model, horizon=task.horizon), task.training)
    with working("loading TensorFlow"):
        prepare_keras()
        from forecaster.training.fit import train_ensemble
        from forecaster.training.network import serving_graph

    def tell(now: Progress) -> None:
        task.on_share(now.done)

    trained = train_ensemble(panel, plan, task.training.device, tell)
    _, calibration = measure(panel, plan, trained)
    return FittedModel(
        name="lstm",
        version="",
        schema=panel.schema,
        network=plan.network,
        season=plan.season,
        calibration=calibration,
        encodings=plan.encodings,
        server=Server(serving_graph(plan.network, trained.members), plan.network.draws),
    )


# ---------------------------------------------------------------------------------------------------- statsforecast


def _classical(name: str, panel: Panel, task: Task) -> Answer:
    """Fit one of statsforecast's models to each series."""
    from statsforecast import models
    from statsforecast.utils import ConformalIntervals

    seasons = [m for m in seasons_of(panel.frequency, task.season) if m > 1]
    if name == "mstl" and not seasons:
        raise UsageError("--models: mstl needs a season; there is none", hint="Give --season-length, or leave it out")
    usual = _seasonal_naive(panel, task)
    found = np.array([usual.values, *(end for _, *both in usual.intervals for end in both)])  # (1 + 2 levels, S, H)
    replaced = np.ones(panel.n_series, bool)
    for s in tally(range(panel.n_series), one, (name, "series", panel.n_series)):
        history = panel.series(s)
        fitting = [m for m in seasons if len(history) > 2 * m] or seasons[:1]
        if name in INTERMITTENT:
            windows = max(min(MOST_CONFORMAL, (len(history) - 1) // (2 * task.horizon)), 2)  # 2 is the library's least
            spread = ConformalIntervals(n_windows=windows, h=task.horizon)
            model = getattr(models, CLASSICAL[name])(**INTERMITTENT[name], prediction_intervals=spread)
        else:
            model = getattr(models, CLASSICAL[name])(season_length=fitting if name == "mstl" else task.season)
        answer = _fit_one(model, history, task)
        if answer is not None:
            found[:, s], replaced[s] = answer, False
        task.on_share((s + 1) / panel.n_series)
    intervals = tuple(zip(task.levels, found[1::2], found[2::2], strict=True))
    return Answer(values=found[0], intervals=intervals, replaced=replaced)


def _fit_one(model: Any, history: Floats, task: Task) -> Floats | None:
    """Return the forecast of one series and the ends of its intervals [1 + 2 levels, H]; None where there is none."""
    levels = [int(level) if level == int(level) else level for level in task.levels]
    names = ["mean", *(f"{end}-{level}" for level in levels for end in ("lo", "hi"))]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = model.forecast(y=history, h=task.horizon, level=levels)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return None  # too short, constant, or numerically hopeless: it has no exception of its own
    rows = np.array([np.asarray(found[name], np.float64) for name in names])
    return rows if np.isfinite(rows).all() else None


CLASSICAL = {
    "ets": "AutoETS",
    "theta": "AutoTheta",
    "arima": "AutoARIMA",
    "mstl": "MSTL",
    "croston": "CrostonOptimized",
    "tsb": "TSB",
    "adida": "ADIDA",
}
"""Kinds that need the extra `baselines`, and what statsforecast calls them."""

INTERMITTENT: dict[str, dict[str, float]] = {"croston": {}, "tsb": {"alpha_d": 0.2, "alpha_p": 0.2}, "adida": {}}
"""Of these those for demand that is mostly 0, each with its settings: TSB's are those of the library's examples."""

MOST_CONFORMAL = 10
"""Past windows that their intervals are learned from, at most, in the newer half of the series."""

SLOW = {"lstm", *CLASSICAL} - INTERMITTENT.keys()
"""Kinds that take their time: the others take none."""

KINDS: dict[str, Callable[[Panel, Task], Answer]] = {
    "lstm": _lstm,
    "pretrained": _pretrained,
    "seasonal-naive": _seasonal_naive,
    "naive": _naive,
    "drift": _drift,
    **{name: partial(_classical, name) for name in CLASSICAL},
}
"""Every kind by its name."""

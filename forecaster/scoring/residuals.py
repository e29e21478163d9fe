"""One-step-ahead errors of a saved model: what it leaves unexplained.

A good forecast leaves noise: errors that neither follow from each other (no autocorrelation) nor lean to one side (a
mean near 0). See Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 5.4. Residual =
actual − forecast, divided by the scale of MASE, so that series of any size can be counted together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.data.panel import Panel
from forecaster.model.predictor import Forecaster, forecast_windows
from forecaster.model.windows import Floats, Ints
from forecaster.scoring import metrics
from forecaster.scoring.backtest import rolling_origin

MOST_SERIES = 200
"""Series that are looked at: of more, so many evenly spread."""

MOST_WINDOWS = 10_000
MOST_STEPS = 1_000
"""Forecasts in all, and of one series."""

MOST_LAGS = 200
BINS = 30
NORMAL_95 = 1.96


@dataclass(frozen=True, kw_only=True, eq=False)
class OneStepErrors:
    """One-step-ahead errors at the end of some series, in units of MASE's scale.

    Attributes:
        count: How many errors.
        series: Of how many series.
        mean: Their mean; far from 0 the forecasts lean to one side.
        deviation: Their standard deviation.
        autocorrelation: [K] at the lags 1 … K, over all series, each about its own mean; empty for too few steps.
        noise: Autocorrelations of white noise are within ± this in 95 of 100 cases.
        edges: [B+1] of the histogram's bins; what is beyond the ends is counted in the outermost bins.
        counts: [B] errors in each bin.
    """

    count: int
    series: int
    mean: float
    deviation: float
    autocorrelation: Floats
    noise: float
    edges: Floats
    counts: Ints


def find_residuals(model: Forecaster, panel: Panel) -> OneStepErrors | None:
    """Forecast one step ahead, again and again towards the end of each series, and compare with the actual values.

    Returns:
        The errors, or None where there is nothing to compare with, or no series has a scale.
    """
    chosen = np.unique(np.linspace(0, panel.n_series - 1, min(MOST_SERIES, panel.n_series)).astype(int))
    left_out = np.ones(panel.n_series, bool)
    left_out[chosen] = False
    part = panel.without(left_out, "")
    table = _one_step_errors(model, part, min(MOST_STEPS, max(MOST_WINDOWS // part.n_series, 2)))
    errors = table[~np.isnan(table)]
    if not len(errors):
        return None
    season_lags = max(2 * model.season, 12)
    correlation = autocorrelation(table, min(season_lags, MOST_LAGS, table.shape[1] // 3))
    low, high = np.quantile(errors, [0.005, 0.995])
    reach = max(-low, high, 1e-9)
    edges = np.linspace(-reach, reach, BINS + 1)
    return OneStepErrors(
        count=len(errors),
        series=int((~np.isnan(table)).any(axis=1).sum()),
        mean=float(errors.mean()),
        deviation=float(errors.std()),
        autocorrelation=correlation,
        noise=NORMAL_95 / float(np.sqrt(len(errors))),
        edges=edges,
        counts=np.histogram(np.clip(errors, -reach, reach), edges)[0],
    )


def _one_step_errors(model: Forecaster, panel: Panel, steps: int) -> Floats:
    """Return the scaled errors [S, W] of the last `steps` steps, oldest first; NaN where there is none."""
    origins = rolling_origin(panel, steps, 1, 1)
    table = np.full((panel.n_series, steps), np.nan)
    for block in forecast_windows(model, panel, origins, 1, ()):
        series, ends = block.origins.series, block.origins.ends
        scale = metrics.seasonal_error(panel.values, block.origins, model.season)
        before_end = panel.offsets[series + 1] - ends  # steps from the forecast one to the end of its series, from 1
        table[series, steps - before_end] = (panel.observed(ends) - block.values[:, 0]) / scale
    return table[:, ~np.isnan(table).all(axis=0)]


def autocorrelation(table: NDArray[np.float64], lags: int) -> Floats:
    """Return the autocorrelation [K] of S series of errors together, at the lags 1 … K = `lags`.

    The sum of products of errors so many steps apart over the sum of squares, each series about its own mean; an error
    that is missing counts as none.

    Args:
        table: [S, W] errors, NaN where there is none.
        lags: K, below W.
    """
    seen = ~np.isnan(table)
    mean = np.where(seen, table, 0.0).sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    errors = np.where(seen, table - mean, 0.0)
    total = np.square(errors).sum()
    if not total > 0:
        return np.empty(0)
    return np.array([(errors[:, lag:] * errors[:, :-lag]).sum() / total for lag in range(1, lags + 1)])

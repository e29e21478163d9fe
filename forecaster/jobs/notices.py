"""What must be heard by who looks at stderr alone: lost data, numbers too large, a network that adds nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import DataError, shown
from forecaster.base.words import listed
from forecaster.config import PredictSettings, parse_duration
from forecaster.data.anomalies import find_intermittent
from forecaster.data.panel import Panel
from forecaster.data.stamps import SECOND
from forecaster.model.baselines import seasonal_naive
from forecaster.model.builtin import LONGEST_CONTEXT, METHOD, BuiltinModel
from forecaster.model.forecast import RECURSIVE, SIMPLE, Forecast
from forecaster.model.ledger import last_cutoffs, series_scales
from forecaster.model.origins import Origins
from forecaster.model.predictor import UsedModel, forecast_windows
from forecaster.model.store import SavedModel
from forecaster.model.windows import Floats, extremes

MOST_READ = 2**18
"""Characters at the beginning of a file that is written over, by which it is known what it holds."""

MOST_NAMED = 10_000
"""Series that a model remembers by name."""

MOST_TRIED = 50
"""Series by which a training is compared with naive forecasts."""

LATELY = 12
"""Values at the end of a series, or a season if that is longer, that say whether it is at a bound."""

SAME = 1e-4
"""Share of a series' mean step by which a forecast may differ from another and still say nothing else."""

ROUNDING = 1e-15
"""The rounding of a value, relatively."""

NUMBERED = 10**14
"""Above it a number is a date in nanoseconds, from 1970-01-02 on, and counts no rows."""


@dataclass(frozen=True)
class Known:
    """What was known of the data before: the last stamp of each series by its name, and when that was, in words."""

    ends: Mapping[str, int]
    when: str


def known_in_training(model: SavedModel) -> Known:
    """Return what a saved model knows from its training."""
    facts = model.manifest.data
    return Known(dict(zip(facts.ids, facts.ends, strict=False)), "the training")


def known_before(model: UsedModel, panel: Panel, issued: Path | None) -> Known:
    """Return what a saved model knows from its training, and the built-in network from its last forecast of the file.

    Args:
        model: What forecasts.
        panel: What it forecasts.
        issued: The ledger that the forecasts are entered into; None for none.
    """
    if isinstance(model, SavedModel):
        return known_in_training(model)
    return Known({} if issued is None else last_cutoffs(issued, panel, MOST_NAMED), "the last forecast of such a file")


def lost_data(
    known: Known, panel: Panel, settings: PredictSettings, *, cut: bool, part: bool = False
) -> tuple[str, ...]:
    """Return what the data has lost since it was known: series, and the ends of series; one line each.

    Args:
        known: The series as they were.
        panel: The data now.
        settings: `on_missing_series` and `max_lag` say what is refused.
        cut: Whether the user cuts the data at a stamp: then series end earlier because that was asked for.
        part: Whether it is a part of the data: the other series are in others.

    Raises:
        DataError: A series is gone, or ends too long before the newest stamp, and the settings refuse that.
    """
    notes = []
    present, skipped = {*panel.ids}, {name for name, _ in panel.skipped}
    gone = [] if part else [name for name in known.ends if name not in present and name not in skipped]
    if gone:
        notes += note_gone(panel.source, gone, known, settings)
    ends = panel.ends.astype(np.int64)
    if settings.max_lag is not None:
        _check_lag(panel, ends, settings.max_lag)
    early = [s for s, name in enumerate(panel.ids) if name in known.ends and ends[s] < known.ends[name]]
    if early and panel.frequency.is_integer and known.ends[panel.ids[early[0]]] > NUMBERED:
        early = []  # the forecast before was of dates, and rows are numbered now
    if early and not cut:
        both = np.array([ends[early[0]], known.ends[panel.ids[early[0]]]])
        now, then = panel.write(both.astype(panel.starts.dtype))
        first = f"series {shown(panel.ids[early[0]])}" if panel.ids[early[0]] else "the data"
        count = f"{len(early):,} of {panel.n_series:,} series end" if panel.n_series > 1 else "the data ends"
        when = "when the model was trained" if known.when == "the training" else f"at {known.when}"
        notes.append(f"{panel.source}: {count} earlier than {when}: {first} at {now}, then at {then}")
    return tuple(notes)


def note_gone(source: str, gone: Sequence[str], known: Known, settings: PredictSettings) -> list[str]:
    """Return what is said of series that were known and are gone, at least one.

    Raises:
        DataError: The settings refuse that.
    """
    if len(gone) < len(known.ends):
        named = listed([shown(name) for name in gone], 5)
        message = f"{source}: {len(gone):,} of the {len(known.ends):,} series of {known.when} are gone: {named}"
        if settings.on_missing_series == "error":
            raise DataError(message, hint="Complete the data, or pass --on-missing-series warn")
        return [message]
    message = f"{source}: none of the {len(gone):,} series of {known.when} is in it, such as {shown(gone[0])}"
    if settings.on_missing_series == "error":
        raise DataError(message, hint="Name the file that was meant, or pass --on-missing-series warn")
    return [message] if known.when == "the training" else []


def _check_lag(panel: Panel, ends: np.ndarray[tuple[int, ...], np.dtype[np.int64]], text: str) -> None:
    limit = parse_duration(text, "--max-lag").total_seconds() * SECOND
    if panel.frequency.is_integer:
        raise DataError(f"{panel.source}: --max-lag {text} needs dates, and the stamps are whole numbers")
    late = np.flatnonzero(ends.max() - ends > limit)
    if len(late):
        s = late[:1]
        first = f"series {shown(panel.ids[int(s[0])])} at {panel.write(ends[s].astype(panel.starts.dtype))[0]}"
        fault = f"{panel.source}: {len(late):,} series end more than {text} before the newest stamp: {first}"
        raise DataError(fault, hint="Complete the data, or pass a longer --max-lag")


def replaced_forecast(output: Path | None, forecast: Forecast) -> tuple[str, ...]:
    """Return a line where the file that is about to be written over holds a forecast of other data.

    It does where its columns before the forecast have other names, or none of its series is forecast now. Two files of
    one series each with the same time column cannot be told apart, nor is a Parquet file looked at.
    """
    if output is None:
        return ()
    whole_lines, _, _ = _beginning_of(output).rpartition("\n")
    rows = list(csv.reader(whole_lines.splitlines()))
    if not rows or "forecast" not in rows[0] or "method" not in rows[0]:
        return ()
    columns = list(forecast.written_columns())
    before, now = (each[: each.index("forecast")] for each in (rows[0], columns))
    if before == now:
        others = {row[0] for row in rows[1:] if row}
        if forecast.id_column is None or not others or others & {str(name).lstrip("'") for name in forecast.ids}:
            return ()
        what = f"of other series ({shown(min(others))}, …)"
    else:
        what = f"with other columns ({', '.join(before)})"
    another = f"give each its own: --output {output.stem}_2{output.suffix}"
    return (f"{output} held a forecast {what}, and is written over; {another}",)


def replaced_report(output: Path, model: str, source: str) -> tuple[str, ...]:
    """Return a line where the page that is about to be written over is the report of another model or other data."""
    found = re.search(r"<title>(\S+) \S+ · (.*) · forecast report</title>", _beginning_of(output))
    if found is None or (unescape(found[1]), unescape(found[2])) == (model, source):
        return ()
    was = f"the report of {unescape(found[1])} on {unescape(found[2])}"
    return (f"{output} was {was}, and is written over; give each its own: --output {output.stem}_2{output.suffix}",)


def _beginning_of(path: Path) -> str:
    """Return the beginning of a file as text; nothing where there is none, or none that can be read."""
    if not path.is_file():  # a pipe would wait for somebody to write into it
        return ""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(MOST_READ)
    except OSError:
        return ""


def mostly_zero(panel: Panel, season: int) -> tuple[str, ...]:
    """Return a line where series are intermittent demand: the forecast is a median, near 0, and no plan.

    It is the same sentence whichever series these are, so that many parts of a folder say it once.

    Args:
        panel: What is forecast.
        season: m, in steps.
    """
    if not len(find_intermittent(panel.values, panel.offsets, season)):
        return ()
    which = (
        "most values are 0" if panel.n_series == 1 else "most values of some series are 0 (forecast check names them)"
    )
    plan = "plan with --mean, or with --totals and --quantiles, and judge by CRPS or RMSE: MASE rewards a forecast of 0"
    return (f"{which}, so the forecast (a median) is near 0: {plan}",)


def naive_twin(panel: Panel, season: int, forecast: Forecast) -> tuple[str, ...]:
    """Return a line where the network's forecasts are those of a naive method, and it adds nothing.

    Args:
        panel: What was forecast.
        season: m, in steps.
        forecast: Of every series of the panel.
    """
    made, which = np.unique(forecast.methods.astype(str), return_inverse=True)
    methods = [str(method).removesuffix(RECURSIVE) for method in made]
    own = np.array([method not in SIMPLE for method in methods], bool)[which]
    if not own.any():
        named = ", ".join(sorted({*methods}))
        return (f"{panel.source}: every series is forecast by a simple method ({named}): no network had a part in it",)
    horizon = forecast.values.shape[1]
    if horizon < 2:
        return ()
    origins = Origins.at_end(panel, np.flatnonzero(own))
    steps, _ = series_scales(panel, 1)  # that the level of a series is high says nothing
    nothing = SAME * np.nan_to_num(steps)[own, None]
    builtin = {method for method in methods if method not in SIMPLE} == {METHOD}
    instead = "train a model of this data: forecast train DATA" if builtin else "train longer, or use the baseline"
    for name, m in (("the last value", 1), ("the last season, repeated", season)):
        naive = seasonal_naive(panel.values, origins, m, horizon)
        if (np.abs(forecast.values[own] - naive) <= nothing + ROUNDING * np.abs(naive)).all():
            return (f"the forecast equals {name}: the network adds nothing to that; {instead}",)
    return ()


def held_at_bound(model: UsedModel, panel: Panel, forecast: Forecast) -> tuple[str, ...]:
    """Return a line where forecasts are held at a bound that the series was lately away from: no interval tells then.

    Args:
        model: What forecast; the built-in network holds what was never negative at 0.
        panel: What was forecast.
        forecast: Of every series of the panel.
    """
    lines = []
    begins, ends = panel.offsets[:-1], panel.offsets[1:]
    low, high = extremes(panel.values, np.maximum(begins, ends - max(model.season, LATELY)), ends)
    least = extremes(panel.values, begins, ends)[0]
    lows = np.where(least >= 0, 0.0, np.nan) if isinstance(model, BuiltinModel) else _or_nan(model.window.low)
    away = ((low > lows, lows, "below"), (high < (highs := _or_nan(model.window.high)), highs, "above"))
    for is_away, bound, side in away:
        held = (forecast.values == np.reshape(bound, (-1, 1))) & is_away[:, None]
        if held.any():
            lines.append(_held(panel.source, model, (held, forecast.ids), (np.broadcast_to(bound, len(held)), side)))
    return tuple(lines)


def _or_nan(bound: float | None) -> Floats:
    return np.array([np.nan if bound is None else bound])


def _held(
    source: str, model: UsedModel, found: tuple[NDArray[np.bool_], Sequence[str]], bounds: tuple[Floats, str]
) -> str:
    """Return in words which forecasts are held at a bound."""
    (held, ids), (values, side) = found, bounds
    rows = np.flatnonzero(held.any(axis=1))
    name = ids[rows[0]]
    subject = f"series {shown(name)}" if name else "the forecast"
    more = f", and {len(rows) - 1:,} more series" if len(rows) > 1 else ""
    steps = f"{held[rows[0]].sum():,} of {held.shape[1]:,} steps"
    reason = f"no value was ever {side} it" if isinstance(model, BuiltinModel) else "the range of the model ends there"
    message = f"{subject} is held at {values[rows[0]]:g} on {steps}{more}: {reason}, and no interval goes beyond"
    return f"{source}: {message}. If values can be {side} it, train with --bounds none"


def unread_season(model: UsedModel, panel: Panel) -> tuple[str, ...]:
    """Return a line where the main season is longer than the built-in network reads, though a series holds it."""
    season = model.season
    if not isinstance(model, BuiltinModel) or not LONGEST_CONTEXT < season <= panel.lengths.max():
        return ()
    message = f"the built-in network reads {LONGEST_CONTEXT:,} values at most, so a season of {season:,} steps"
    return (f"{panel.source}: {message} says nothing to it. Pass a shorter --season-length, or a coarser --freq",)


def twin_of_training(model: SavedModel, panel: Panel) -> tuple[str, ...]:
    """Return a line where a model that was just trained forecasts as a naive method does, by some of its series."""
    tried = np.zeros(panel.n_series, bool)
    tried[np.linspace(0, panel.n_series - 1, min(panel.n_series, MOST_TRIED)).astype(np.int64)] = True
    some = panel.only(tried)
    blocks = list(forecast_windows(model, some, Origins.at_end(some), model.window.horizon, ()))
    forecast = Forecast(
        ids=some.ids,
        stamps=np.empty((some.n_series, 0), object),
        values=np.concatenate([block.values for block in blocks]),
        intervals=(),
        methods=np.concatenate([block.methods for block in blocks]),
        id_column=panel.id_column,
        time_column=panel.schema.time,
    )
    return naive_twin(some, model.season, forecast)


def repeated_hour(panel: Panel, forecast: Forecast) -> tuple[str, ...]:
    """Return a line where stamps of a forecast are written with offsets though the file has none."""
    if not panel.repeats(panel.frequency.future(panel.ends, forecast.values.shape[1])):
        return ()
    message = f"the forecast holds the hour that the clock of {panel.schema.tz} shows twice: stamps carry their offset"
    return (f"{panel.source}: {message}",)

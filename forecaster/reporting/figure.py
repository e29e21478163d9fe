"""Figures: what is drawn, on no canvas yet. Matplotlib draws them into a file, a script draws them on a page.

Colours are roles (`model`, `baseline`, …), never values: whoever draws has a palette.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecaster.base.words import number
from forecaster.data.stamps import to_local
from forecaster.model.manifest import Look
from forecaster.model.windows import Floats
from forecaster.scoring.outlook import Outlook, Path
from forecaster.scoring.residuals import OneStepErrors

Tone = Literal["history", "model", "baseline", "faint"]
SECOND = 1_000_000_000

Column = list[float | None] | Floats
"""Numbers of a figure; what is missing is None or NaN."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points [n]; a NaN interrupts it. A mark without a label goes with the labelled one before it."""

    label: str
    x: NDArray[Any]
    y: Floats
    tone: Tone
    style: Literal["solid", "dashed"] = "solid"


@dataclass(frozen=True, eq=False)
class Band:
    """What is between two lines [n]; `strength`, from 0 to 1, says how dense it looks."""

    label: str
    x: NDArray[Any]
    low: Floats
    high: Floats
    strength: float
    tone: Tone = "model"


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars [n] from 0, centred on `x`; `width` as a share of their distance."""

    label: str
    x: Floats
    y: Floats
    width: float


Mark = Line | Band | Bars


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One pair of axes.

    Attributes:
        name: What it is called in a file: letters and `-`.
        title: One line.
        note: What it says, in a sentence or two.
        x_label: What the horizontal axis counts; empty for time.
        y_label: What the vertical axis measures; may be empty.
        marks: From the back to the front.
        is_time: Whether x holds stamps (datetime64 in local time) and not numbers.
        span: Range of the vertical axis that is shown in any case, or None.
    """

    name: str
    title: str
    note: str = ""
    x_label: str = ""
    y_label: str = ""
    marks: tuple[Mark, ...]
    is_time: bool = False
    span: tuple[float, float] | None = None

    def legend(self) -> list[dict[str, Any]]:
        """Return what stands in the legend: the marks that have a label, each with its number, shape and colour."""
        return [
            {
                "mark": k,
                "label": mark.label,
                "shape": mark.style if isinstance(mark, Line) else "band" if isinstance(mark, Band) else "bars",
                "tone": "model" if isinstance(mark, Bars) else mark.tone,
                "strength": mark.strength if isinstance(mark, Band) else 1.0,
            }
            for k, mark in enumerate(self.marks)
            if mark.label
        ]

    def to_data(self) -> dict[str, Any]:
        """Return the figure as JSON-safe data: one list of x in order, and for each line a list that goes with it.

        Stamps are seconds since 1970. Numbers keep six digits: more cannot be seen.
        """
        every = np.unique(np.concatenate([_numbers(mark.x, self.is_time) for mark in self.marks]))
        columns: list[list[float | None]] = []
        series: list[dict[str, Any]] = []
        bands: list[dict[str, Any]] = []

        def add(x: NDArray[Any], y: Floats, **facts: Any) -> int:
            column = np.full(len(every), np.nan)
            column[np.searchsorted(every, _numbers(x, self.is_time))] = y
            columns.append([float(f"{value:.6g}") if np.isfinite(value) else None for value in column.tolist()])
            series.append(facts)
            return len(series)

        k = 0
        for at, mark in enumerate(self.marks):
            k = at if mark.label else k
            if isinstance(mark, Band):
                low, high = (add(mark.x, edge, mark=k, kind="edge") for edge in (mark.low, mark.high))
                bands.append({"series": [high, low], "strength": mark.strength})
            elif isinstance(mark, Bars):
                add(mark.x, mark.y, mark=k, kind="bars", width=mark.width)
            else:
                add(mark.x, mark.y, mark=k, kind=mark.style, tone=mark.tone)
        axes = {"x": self.x_label, "y": self.y_label, "time": self.is_time, "span": self.span}
        return {**axes, "series": series, "bands": bands, "data": [every.tolist(), *columns]}


def _numbers(x: NDArray[Any], is_time: bool) -> Floats:
    """Return stamps as seconds since 1970, other numbers as they are."""
    return x.astype("M8[ns]").astype(np.int64) / SECOND if is_time else x.astype(np.float64)


# ---------------------------------------------------------------------------------------------------- the figures


def local_stamps(stamps: NDArray[np.generic], tz: str | None) -> NDArray[Any]:
    """Return stamps [n] for an axis: those in UTC as datetime64[ns] of the zone's clock, an integer index as it is."""
    return to_local(stamps.astype(np.int64), tz).astype("M8[ns]") if stamps.dtype.kind == "M" else stamps


def draw_outlook(outlook: Outlook, tz: str | None, title: str, name: str = "outlook") -> Figure:
    """Return the figure of one series at its end: what was observed, and the forecasts with their intervals."""

    def interval(paths: tuple[Path, ...], k: int) -> tuple[NDArray[Any], Floats, Floats]:
        low, high = (np.concatenate([path.intervals[k][end] for path in paths]) for end in (1, 2))
        return local_stamps(np.concatenate([path.stamps for path in paths]), tz), low, high

    levels = [level for level, _, _ in outlook.next.intervals]
    marks: list[Mark] = []
    for k in reversed(range(len(levels))):  # the widest at the back
        density = 1 - k / len(levels)
        marks.append(Band(f"{levels[k]:g} % interval", *interval((outlook.next,), k), density))
        if outlook.past:
            marks.append(Band("", *interval(outlook.past, k), 0.45 * density))
    marks.append(Line("observed", local_stamps(outlook.stamps, tz), outlook.history, "history"))
    if outlook.past:
        stamps, values = (
            np.concatenate([getattr(path, part) for path in outlook.past]) for part in ("stamps", "values")
        )
        marks.append(Line("forecast then", local_stamps(stamps, tz), values, "model", "dashed"))
    ahead = local_stamps(outlook.next.stamps, tz)
    for share, values in outlook.next.quantiles:
        marks.append(Line(f"quantile {share:g}", ahead, values, "model", "dashed"))
    marks.append(Line("forecast", ahead, outlook.next.values, "model"))
    return Figure(name=name, title=title, marks=tuple(marks), is_time=ahead.dtype.kind == "M")


def draw_curves(curve: Sequence[Look]) -> Figure | None:
    """Return the losses of each network over its training steps, from a manifest; None where none was stored."""
    members = sorted({look.member for look in curve})
    looks = [[look for look in curve if look.member == member] for member in members]
    columns: tuple[tuple[str, str, Tone], ...] = (
        ("loss", "training loss", "faint"),
        ("held_out", "held-out loss", "model"),
    )
    marks: list[Mark] = []
    for column, label, tone in columns:
        for k, own in enumerate(looks):
            x, y = (np.array([getattr(look, key) for look in own], float) for key in ("step", column))
            marks.append(Line("" if k else label, x, y, tone))
    if not marks:
        return None
    note = "The loss on windows held out from training should fall with the training loss, and then stay level."
    note += f" {len(members)} networks, a pair of lines each." if len(members) > 1 else ""
    return Figure(
        name="learning", title="Learning curves", note=note, x_label="training step", y_label="loss", marks=tuple(marks)
    )


def draw_leads(by_lead: dict[str, Any], baseline: str, held_out: Mapping[str, Column] | None) -> Figure:
    """Return how the error grows with the lead time, against the baseline.

    Args:
        by_lead: Measures by lead time of `model` and `baseline`.
        baseline: What the baseline is called.
        held_out: Measures by lead time of the windows held out in training, of the same or more lead times.
    """
    ours, theirs = (_floats(by_lead[key]["mase"]) for key in ("model", "baseline"))
    leads = np.arange(1, len(ours) + 1)
    marks: list[Mark] = [Line(baseline, leads, theirs, "baseline"), Line("model", leads, ours, "model")]
    if held_out is not None:
        marks.append(
            Line("model, held out in training", leads, _floats(held_out["mase"])[: len(ours)], "model", "dashed")
        )
    note = "The error (MASE) of forecasts so many steps ahead; as a rule it grows."
    return Figure(
        name="error-by-lead",
        title="Error by lead time",
        note=note,
        x_label="steps ahead",
        y_label="MASE",
        marks=tuple(marks),
        span=(0.0, 0.0),
    )


def draw_coverage(by_lead: dict[str, Column], levels: list[float], held_out: Mapping[str, Column] | None) -> Figure:
    """Return the share of actual values inside each interval, by lead time, against what it should be."""
    marks: list[Mark] = []
    for k, level in enumerate(levels):
        leads = np.arange(1, len(by_lead["mase"]) + 1)
        marks.append(Line("" if k else "wanted", leads, np.full(len(leads), level), "faint"))
    sides: list[tuple[str, Mapping[str, Column], Literal["solid", "dashed"]]] = [("inside", by_lead, "solid")]
    if held_out is not None:
        sides.append(("inside, held out in training", held_out, "dashed"))
    for label, measures, style in sides:
        known = [f"coverage-{level:g}" for level in levels if f"coverage-{level:g}" in measures]
        for k, measure in enumerate(known):
            inside = 100 * _floats(measures[measure])[: len(leads)]
            marks.append(Line("" if k else label, leads, inside, "model", style))
    note = "Where the share inside is below the one wanted, intervals are too narrow; above it, too wide."
    return Figure(
        name="coverage",
        title="Coverage by lead time",
        note=note,
        x_label="steps ahead",
        y_label="% inside",
        marks=tuple(marks),
        span=(max(min(levels) - 20.0, 0.0), 100.0),
    )


def draw_autocorrelation(residuals: OneStepErrors) -> Figure | None:
    """Return the autocorrelation of the one-step-ahead errors by lag; None where there were too few."""
    lags = np.arange(1, len(residuals.autocorrelation) + 1)
    if not len(lags):
        return None
    edge = np.full(len(lags), residuals.noise)
    peak = int(np.argmax(np.abs(residuals.autocorrelation)))
    note = (
        f"The largest is {number(residuals.autocorrelation[peak], 2)}, at lag {peak + 1}. Bars far outside the band "
        "say that errors follow from earlier ones: there is something left to learn."
    )
    return Figure(
        name="autocorrelation",
        title="Autocorrelation of errors",
        note=note,
        x_label="lag, steps",
        y_label="correlation",
        marks=(
            Band("95 % of white noise", lags, -edge, edge, 0.5),
            Bars("autocorrelation", lags.astype(float), residuals.autocorrelation, 0.5),
        ),
    )


def draw_histogram(residuals: OneStepErrors) -> Figure:
    """Return how the one-step-ahead errors are spread."""
    centres = (residuals.edges[1:] + residuals.edges[:-1]) / 2
    note = (
        f"Actual − forecast in units of MASE: mean {number(residuals.mean, 2)}, standard deviation "
        f"{number(residuals.deviation, 2)}. A heap right of 0 says that forecasts are too low, one left of it "
        "that they are too high."
    )
    return Figure(
        name="histogram",
        title="Spread of errors",
        note=note,
        x_label="actual − forecast, in units of MASE",
        y_label="errors",
        marks=(Bars("errors", centres, residuals.counts.astype(float), 0.92),),
    )


def _floats(column: Column) -> Floats:
    """Return a column of measures with NaN for None."""
    return np.array(column, dtype=float)

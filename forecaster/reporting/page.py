"""The facts of a model → one page of HTML that needs nothing but itself: no network, no other file.

The page is a template of Jinja with autoescape (names of series come from files, and are never trusted), a style sheet
and a script, all in the folder `page`. Each figure is present as SVG, for print and where no script runs, and as data,
from which the script draws it anew for the width that there is (uPlot, https://github.com/leeoniya/uPlot, MIT licence).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files

import numpy as np

from forecaster.base.records import Json, dump
from forecaster.base.words import MEASURES, conclude, counted, number, percent
from forecaster.data.panel import Panel
from forecaster.data.rows import Finding
from forecaster.model.manifest import FileFacts, Look, Manifest, Metrics
from forecaster.model.plan import describe_path, describe_range
from forecaster.model.windows import Floats, WindowShape
from forecaster.reporting.drawing import HALF, SIZE, to_inline
from forecaster.reporting.figure import (
    Figure,
    draw_autocorrelation,
    draw_coverage,
    draw_curves,
    draw_histogram,
    draw_leads,
    draw_outlook,
)
from forecaster.reporting.verdict import Verdict
from forecaster.scoring.outlook import Outlook
from forecaster.scoring.residuals import OneStepErrors

MOST_ROWS = 1_000
"""Series in the table: of more, those with the largest errors."""

MOST_OF_A_KIND = 20
"""Findings of one kind on the page."""

SPARK = (64, 120, 24)
"""Points, width and height of the small picture of a series."""

WIDE = ("outlook", "learning")
"""Beginnings of the names of figures that have the whole width of the page."""

LOWEST_COVERAGE = 0.9
"""Share of its level below which an interval is called too narrow."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltinCard:
    """What stands in a report on the built-in network where a saved model has its manifest.

    Attributes:
        name, version, window, packages: As of a manifest.
        metrics: On the data's own past, as far as it is long enough; empty where not.
        files: Hash and size of each of its files.
        card: How it was made, field by field.
        curve: Empty: its training was not on this data.
    """

    name: str
    version: str
    window: WindowShape
    packages: dict[str, str | None]
    metrics: Metrics
    files: dict[str, FileFacts]
    card: Json
    curve: tuple[Look, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """All that a report shows.

    Attributes:
        manifest: Of the model's version; of the built-in network, its card.
        panel: What was read.
        verdict: On the data file.
        evaluation: Scores by rolling origin, as `forecast evaluate` gives them.
        residuals: One-step-ahead errors, or None where there are none.
        examples: (rank, outlook) of the best, median and worst series.
        listed: Outlooks of the series in the table, in its order.
        written: When, ISO 8601; may be empty.
    """

    manifest: Manifest | BuiltinCard
    panel: Panel
    verdict: Verdict
    evaluation: Json
    residuals: OneStepErrors | None
    examples: list[tuple[str, Outlook]]
    listed: list[Outlook]
    written: str

    @property
    def is_builtin(self) -> bool:
        """Whether the built-in network is reported on."""
        return isinstance(self.manifest, BuiltinCard)

    @property
    def only(self) -> str:
        """What the one series without a name is called: its column, or else the model."""
        return self.panel.schema.target or self.manifest.name

    @property
    def seen(self) -> bool:
        """Whether the model may have been trained on some of what it was scored on, as far as is known."""
        return bool(self.evaluation["windows_seen_in_training"] != 0)

    @property
    def honest(self) -> Json:
        """The scores that say what the model is worth: of windows that it had not seen."""
        scores: Json = dump(self.manifest.metrics) if self.seen else self.evaluation["metrics"]
        return scores


def worst_first(evaluation: Json) -> list[int]:
    """Return the indices of all series, those with the largest error (MASE) first and those without one last."""
    mase = evaluation["by_series"]["model"]["mase"]
    return sorted(range(len(mase)), key=lambda s: (mase[s] is None, -(mase[s] or 0.0), s))


def choose_examples(evaluation: Json) -> list[tuple[str, int]]:
    """Return (rank, index) of the best, the median and the worst series by MASE, each series once."""
    mase = evaluation["by_series"]["model"]["mase"]
    order = [s for s in worst_first(evaluation) if mase[s] is not None] or [0]
    if len(order) == 1:
        return [("", order[0])]
    ranks = {"best": order[-1], "median": order[len(order) // 2], "worst": order[0]}
    return [(rank, s) for k, (rank, s) in enumerate(ranks.items()) if s not in list(ranks.values())[:k]]


def write_page(evidence: Evidence) -> str:
    """Return the page."""
    import jinja2

    page = files("forecaster.reporting") / "assets"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (page / name).read_text("utf-8")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": lambda value, digits=4: typeset(number(value, digits)),
        "percent": lambda share: typeset(percent(share)),
        "typeset": typeset,
        "counted": counted,
    }
    figures = {figure.name: figure for figure in figures_of(evidence)}
    return environment.get_template("report.html").render(
        evidence=evidence,
        manifest=evidence.manifest,
        evaluation=evidence.evaluation,
        verdict=evidence.verdict,
        headline=headline(evidence),
        errors=list(error_rows(evidence)),
        intervals=list(interval_rows(evidence)),
        quantiles=list(quantile_rows(evidence)),
        totals=list(total_rows(evidence)),
        series=list(series_rows(evidence)),
        kinds=list(kinds_of(evidence.verdict)),
        figures=figures,
        settings=list(settings_of(evidence)),
        groups=list(groups_of_card(evidence.manifest.card)) if isinstance(evidence.manifest, BuiltinCard) else [],
        drawn={name: to_inline(figure, SIZE if name.startswith(WIDE) else HALF) for name, figure in figures.items()},
        data={name: figure.to_data() for name, figure in figures.items()},
        asset=lambda name: (page / name).read_text("utf-8"),
    )


def figures_of(evidence: Evidence) -> Iterator[Figure]:
    """Yield every figure of the page."""
    scores = evidence.evaluation
    held_out = evidence.manifest.metrics.by_lead if evidence.seen else None
    yield draw_leads(scores["by_lead"], scores["metrics"]["baseline_name"], held_out)
    yield draw_coverage(scores["by_lead"]["model"], scores["metrics"]["levels"], held_out)
    for rank, outlook in evidence.examples:
        yield draw_outlook(
            outlook, evidence.panel.schema.tz, outlook.name or evidence.only, f"outlook-{rank or 'only'}"
        )
    if evidence.residuals is not None:
        correlation = draw_autocorrelation(evidence.residuals)
        yield from [correlation] if correlation else []
        yield draw_histogram(evidence.residuals)
    curves = draw_curves(list(evidence.manifest.curve))
    yield from [curves] if curves else []


# ---------------------------------------------------------------------------------------------------- what is shown


def typeset(text: str) -> str:
    """Return a text with signs as they are printed: a minus is one, and a number stays with its percent sign."""
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text).replace(" %", "\u00a0%")


def headline(evidence: Evidence) -> Json:
    """Return the first thing to read: what the model is worth, in one sentence and a few numbers."""
    scores = evidence.honest
    where = "windows held out in training" if evidence.seen else "windows"
    sentence, better = conclude(scores, where)
    return {
        "sentence": sentence,
        "better": better,
        "skill": scores["skill"],
        "mase": scores["model"]["mase"],
        "baseline": scores["baseline"]["mase"],
        "baseline_name": scores["baseline_name"],
        "windows": scores["windows"],
        "intervals": [
            {"level": level, "inside": inside, "narrow": inside is not None and inside < LOWEST_COVERAGE * level / 100}
            for level in scores["levels"]
            for inside in [scores["model"][f"coverage-{level:g}"]]
        ],
    }


def error_rows(evidence: Evidence) -> Iterator[Json]:
    """Yield each measure: of the backtest and of the windows held out in training, model and baseline each."""
    ours, before = evidence.evaluation["metrics"], evidence.manifest.metrics
    sides = (ours["model"], ours["baseline"], before.model, before.baseline)
    for name, label in MEASURES.items():
        yield {"name": name, "label": label, "cells": [side.get(name) for side in sides]}


def interval_rows(evidence: Evidence) -> Iterator[Json]:
    """Yield each interval level: what is inside, how wide it is, its score."""
    ours, before = evidence.evaluation["metrics"]["model"], evidence.manifest.metrics.model
    for level in evidence.evaluation["metrics"]["levels"]:
        coverage = f"coverage-{level:g}"
        yield {
            "level": level,
            "inside": ours[coverage],
            "held_out": before.get(coverage),
            "width": ours[f"width-{level:g}"],
            "msis": ours[f"msis-{level:g}"],
        }


def quantile_rows(evidence: Evidence) -> Iterator[Json]:
    """Yield each quantile that was asked for: how many of the actual values are below it, and its loss."""
    ours = evidence.evaluation["metrics"]["model"]
    for name, below in ours.items():
        if name.startswith("below-q-"):
            share = name.removeprefix("below-q-")
            yield {"share": float(share), "below": below, "loss": ours[f"pinball-q-{share}"]}


def total_rows(evidence: Evidence) -> Iterator[Json]:
    """Yield each sum that was asked for, after the single steps: windows, error, and what is inside each interval."""
    evaluation = evidence.evaluation
    if not evaluation.get("totals"):
        return
    levels, ours = evaluation["metrics"]["levels"], evaluation["metrics"]
    for row in ({"steps": None, "windows": ours["windows"]} | ours["model"], *evaluation["totals"]):
        inside = [row[f"coverage-{level:g}"] for level in levels]
        yield {"steps": row["steps"], "windows": row["windows"], "wape": row["wape"], "inside": inside}


def series_rows(evidence: Evidence) -> Iterator[Json]:
    """Yield the rows of the table of series: scores, and a small picture."""
    table = evidence.evaluation["by_series"]
    ours, theirs = table["model"], table["baseline"]
    level = evidence.evaluation["metrics"]["levels"][0]
    for outlook in evidence.listed:
        s = outlook.series
        mase, base = ours["mase"][s], theirs["mase"][s]
        yield {
            "name": outlook.name,
            "windows": table["windows"][s],
            "mase": mase,
            "baseline": base,
            "skill": None if mase is None or not base else 1.0 - mase / base,
            "mae": ours["mae"][s],
            "bias": ours["bias"][s],
            "coverage": ours[f"coverage-{level:g}"][s],
            "method": outlook.next.method,
            "spark": spark(outlook),
        }


def spark(outlook: Outlook) -> Json:
    """Return a small picture of a series: two SVG paths, of the history and of the forecast."""
    points, width, height = SPARK
    whole = np.concatenate([outlook.history, outlook.next.values])
    known = np.flatnonzero(np.isfinite(whole))
    at = np.linspace(0, len(whole) - 1, min(points, len(whole)))
    values = np.interp(at, known, whole[known])
    low, high = values.min(), values.max()
    x = at / max(len(whole) - 1, 1) * (width - 2) + 1
    y = height - 2 - (values - low) / ((high - low) or 1.0) * (height - 4)
    begin = int(np.searchsorted(at, len(outlook.history) - 1))
    return {"history": _path(x[: begin + 1], y[: begin + 1]), "next": _path(x[begin:], y[begin:])}


def _path(x: Floats, y: Floats) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def kinds_of(verdict: Verdict) -> Iterator[Json]:
    """Yield the findings kind by kind, worst first, the first few of each."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in verdict.findings:
        kinds.setdefault((finding.code, finding.hint), []).append(finding)
    for (code, hint), alike in kinds.items():
        yield {
            "code": code,
            "severity": alike[0].severity,
            "count": len(alike),
            "hint": hint,
            "findings": [asdict(finding) for finding in alike[:MOST_OF_A_KIND]],
            "more": max(len(alike) - MOST_OF_A_KIND, 0),
        }


def facts_of_card(card: Json) -> Iterator[tuple[str, str | list[str]]]:
    """Yield what a reader of a report wants to know of the built-in network: a text, or several that go in a list."""
    names = ("kind", "answers", "context", "seasons", "horizon", "data", "licences", "never_trained_on", "limits")
    for name in names:
        value = card.get(name)
        if isinstance(value, dict):
            value = [f"{what}: {text}" for what, text in value.items()]
        if value:
            yield name.replace("_", " ").capitalize(), value
    if "parameters" in card:
        yield "Parameters", f"{card['parameters']:,}"
    training = card.get("training", {})
    if "windows" in training:
        yield "Training", f"{counted(training['windows'], 'window')}, none of them of your data"


def groups_of_card(card: Json) -> Iterator[Json]:
    """Yield the scores of the built-in network on series that were held out when it was trained, group by group."""
    for name, scores in card.get("validation", {}).get("groups", {}).items():
        yield {"name": name} | {key: scores.get(key) for key in ("windows", "relative", "cover80", "cover95")}


def settings_of(evidence: Evidence) -> Iterator[tuple[str, str | list[str]]]:
    """Yield what decided how the model was made, in words; several that belong together as a list."""
    manifest = evidence.manifest
    if isinstance(manifest, BuiltinCard):
        yield from facts_of_card(manifest.card)
        return
    window, network, fit, schema = manifest.window, manifest.network, manifest.fit, manifest.schema
    season, steps = manifest.season, manifest.best_steps
    yield from ((what.capitalize(), names) for what, names in schema.describe())
    if manifest.companion is not None:
        yield "Forecast", manifest.companion.describe()
    yield "Frequency", manifest.data.frequency
    yield "Season", counted(season, "step") if season > 1 else "none"
    yield "Horizon", counted(window.horizon, "step")
    yield "Lookback", f"{window.lookback:,} steps in {counted(network.segments, 'segment')} of {window.segment:,}"
    yield "Base path", describe_path(window)
    yield "Transform", "logarithm" if window.transform == "log" else "none"
    yield "Range", describe_range(window)
    units = f"{network.units:,}" if isinstance(network.units, int) else ", ".join(map(str, network.units))
    yield "Network", f"{network.layers} × {network.cell.upper()} of {units} units"
    yield "Dropout", f"{network.dropout:g}"
    yield "Ensemble", counted(fit.members, "network")
    yield "Loss", f"{fit.loss.upper()}, {fit.optimizer} from {fit.learning_rate:g}"
    yield "Steps", f"at most {fit.steps:,} of {counted(fit.batch_size, 'window')}"
    yield "Best at", f"step {' and '.join(f'{step:,}' for step in steps)}" if steps else "–"
    again = "on all data, held-out windows included" if fit.refit else "no: held-out windows stay unseen"
    yield "Trained again", again
    yield "Seed", str(fit.seed)
    yield "Device", manifest.device
    yield "Gaps", f"{schema.on_gap}; outliers: {schema.on_outlier}"

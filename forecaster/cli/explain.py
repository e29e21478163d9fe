"""`forecast explain`: a saved model and a data file in, what moves its forecasts out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from forecaster.base.meter import working
from forecaster.cli import log
from forecaster.cli.notes import finish, note_builtin, note_panel
from forecaster.cli.options import MaybeDataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number, percent, warn
from forecaster.cli.process import after
from forecaster.config import ExplainSettings, ReadSettings

if TYPE_CHECKING:
    from forecaster.jobs import ExplainResult, GatesResult

MOST_LAGS = 10
"""Lags in the table on the screen: those with the largest shares."""

MOST_SEASONS = 6
MOST_SERIES = 5


@takes_settings
def explain(
    settings: ExplainSettings,
    reading: ReadSettings,
    output: OutputSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Explain which past values move a model's forecasts, and how far.

    A lag counts from the step that is forecast: lag 7 of daily data is the same weekday. Its weight says how much the
    forecast rises with that value, its share how much of all movement is its own, its contribution what it adds. With
    --gates, the input, forget and output gates of the network over the window of one series. Off a terminal it is JSON.

    Example: forecast explain sample_data/nyc_departures_daily.csv --series JFK-B6 --output explained.svg
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    attended = sys.stdout.isatty()
    job = jobs.ExplainJob(data=data, settings=settings, reading=reading, models_dir=models_dir, attended=attended)
    with working("explaining") as work:
        events = jobs.Events(on_panel=lambda panel: note_panel(printer, panel), on_share=work.see_share)
        result: Any = jobs.read_gates(job, events) if settings.gates else jobs.explain(job, events)
    note_builtin(result.model, output.quiet)
    with after(f"{settings.output} was written" if settings.output else "nothing changed"):
        log.event("explained", model=result.model.name, version=result.model.version, output=settings.output)
        blocks = describe_gates(result) if settings.gates else describe(result)
        printer.show(result.summary(), result.records(), blocks)
        for message in result.warnings if settings.gates else ():
            warn(message)
        return finish(result.skipped)


def describe(result: ExplainResult) -> Iterator[Block]:
    """Yield the lags with the largest shares, the seasons, the series where one lag matters most, and what it means."""
    alone = 0 if len(result.ids) == 1 else None
    rows = sorted(result.lags(alone), key=lambda row: -row["share"])[:MOST_LAGS]
    yield TextGrid(
        [
            (
                str(row["lag"]),
                percent(row["share"]),
                f"{row['weight']:+.3f}",
                *([f"{row['contribution']:+.4g}"] if alone is not None else []),
            )
            for row in rows
        ],
        header=("lag", "share", "weight", *(["contribution"] if alone is not None else [])),
    )
    if seasons := result.seasons():
        yield TextLine("")
        header = (f"seasons of {result.found.season}", "share", "of that, same step")
        shown = [(f"{s['season']} back", percent(s["share"]), percent(s["same_step"])) for s in seasons[:MOST_SEASONS]]
        yield TextGrid(shown, header=header)
        yield TextLine("")
        yield conclusion(result)
    if alone is None:
        yield TextLine("")
        yield series_grid(result)
    if moved := sorted(result.features(alone), key=lambda row: -row["size"]):
        yield TextLine("")
        yield TextGrid(
            [(row["covariate"], f"{row['size']:.4g}", f"{row['effect']:+.4g}") for row in moved],
            header=("covariate", "moves the forecast by", "mean effect"),
        )
    yield TextLine("")
    leads = result.found.leads.tolist()
    explained = f"{result.ids[0]}, " if alone is not None and result.ids[0] else ""
    if alone is None:
        explained = f"{len(result.ids):,} of {result.can_explain:,} series, "
    yield TextGrid(
        [
            (
                "model",
                f"{result.model.name} {result.model.version}, a window of {result.found.values.shape[1]:,} steps",
            ),
            ("explained", f"{explained}{words_of(leads)}"),
            ("lags", "steps back from the one that is forecast"),
            *([("forecast", result.share.describe())] if result.share else []),
            *([("file", str(result.output))] if result.output else []),
        ]
    )


def words_of(leads: Sequence[int]) -> str:
    """Return lead times in words: `lead 3`, `leads 1 to 7`, `leads 1, 3 to 5, 8`."""
    runs = [[leads[0], leads[0]]]
    for lead in leads[1:]:
        if lead == runs[-1][1] + 1:
            runs[-1][1] = lead
        else:
            runs.append([lead, lead])
    shown = ", ".join(f"{low}" if low == high else f"{low} to {high}" for low, high in runs)
    return f"lead{'s' if len(leads) > 1 else ''} {shown}"


def conclusion(result: ExplainResult) -> TextLine:
    """Return one plain sentence: how much the season matters."""
    share, season = result.found.seasonal_share or 0.0, result.found.season
    return TextLine(
        f"The same step of earlier seasons (lags {season}, {2 * season}, …) makes up {percent(share)} of what moves "
        f"the forecast; it would be {percent(1 / season)} if all lags mattered alike."
    )


def series_grid(result: ExplainResult) -> TextGrid:
    """Return the lag with the largest share of some series, those first where it is largest."""
    found = result.found
    best = found.shares.argmax(axis=1)
    top = sorted((-found.shares[row, at], row, at) for row, at in enumerate(best.tolist()))[:MOST_SERIES]
    return TextGrid(
        [
            (result.ids[row], str(found.lags[at]), percent(-share), f"{found.mean_weights[row, at]:+.3f}")
            for share, row, at in top
        ],
        header=("most from one lag", "lag", "share", "weight"),
    )


def describe_gates(result: GatesResult) -> Iterator[Block]:
    """Yield the mean of each gate over the units, segment by segment."""
    rows = result.records()
    names = [name for name in rows[0] if name not in ("layer", "segment")]
    yield TextGrid(
        [(row["segment"], str(row["layer"]), *(number(row[name], 3) for name in names)) for row in rows],
        header=("segment from", "layer", *names),
    )
    yield TextLine("")
    yield TextLine("Means over the units; of states, of their size. A forget gate near 1 keeps what the cell holds.")
    yield TextLine("")
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}, its first network"),
            *([("series", result.series)] if result.series else []),
            *([("file", str(result.output))] if result.output else []),
        ]
    )

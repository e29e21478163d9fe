"""`forecast models compare`: how two versions differ, in the words that a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forecaster.base.words import MEASURES
from forecaster.cli.output import Block, TextGrid, TextLine, number, percent

if TYPE_CHECKING:
    from forecaster.jobs import SuccessionResult

PARTS = {"revision": "revised values", "new_rows": "new rows", "model": "new model"}
HIDDEN = ("data.sha256", "data.last_stamp", "data.findings")
"""What differs and says nothing to a person."""

MOST_SERIES = 5
LONGEST_CELL = 40


def describe(result: SuccessionResult) -> Iterator[Block]:
    """Yield settings that differ, measures side by side, and where the difference of the forecasts comes from."""
    old, new = (f"{model.name} {model.version}" for model in (result.old, result.new))
    differing = [row for row in result.settings() + result.made_from() if row["setting"] not in HIDDEN]
    if differing:
        cells = [(row["setting"], _cell(row["old"]), _cell(row["new"])) for row in differing]
        yield TextGrid(cells, header=("what differs", old, new), texts=3)
    else:
        yield TextLine("They were made with the same settings from the same data.")
    yield TextLine("")
    rows = [
        (_named(row["measure"]), *(_measured(row["measure"], row[key]) for key in ("old", "new")))
        for row in result.metrics()
    ]
    yield TextGrid(rows, header=("on its held-out windows", old, new))
    yield TextLine("")
    yield from forecast_parts(result, old, new)


def forecast_parts(result: SuccessionResult, old: str, new: str) -> Iterator[Block]:
    """Yield the difference of the forecasts, part by part, and the series that it is largest for."""
    found, overall, size = result.difference, result.difference.overall(), result.difference.size()
    if not overall["steps"]:
        yield TextLine(
            f"{new} forecasts no step that {old} forecast from data until {result.cutoff}: what new rows changed "
            f"cannot be measured. From the same data the two differ by {number(size['model'])} on average.",
            "yellow",
        )
        return
    base = abs(overall["old"]) or None
    shown = {name: label for name, label in PARTS.items() if name != "revision" or result.separated}
    parts = [
        (label, f"{overall[name]:+,.4g}", _relative(overall[name], base), number(size[name]))
        for name, label in shown.items()
    ]
    yield TextGrid(
        [
            (f"{old}, data until {result.cutoff}", number(overall["old"], 6), "", ""),
            *parts,
            (f"{new}, all data", number(overall["new"], 6), _relative(overall["total"], base), ""),
        ],
        header=(f"mean forecast of {overall['steps']:,} steps", "", "of the old", "mean size"),
    )
    yield TextLine("")
    if not result.separated:
        yield TextLine("Values that were revised count as they are now; to tell them apart, give --old-data.", "dim")
        yield TextLine("")
    if len(found.ids) > 1:
        ranked = sorted(found.by_series(), key=lambda row: -abs(row["total"]))[:MOST_SERIES]
        yield TextGrid(
            [(row["series"], *(f"{row[name]:+,.4g}" for name in (*shown, "total"))) for row in ranked],
            header=("largest changes", *shown.values(), "in all"),
        )


def _cell(value: Any) -> str:
    text = "–" if value is None else number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_CELL else f"…{text[-LONGEST_CELL:]}"


def _relative(part: float, base: float | None) -> str:
    return "–" if base is None else f"{100 * part / base:+.2f} %"


def _named(measure: str) -> str:
    level = measure.removeprefix("coverage-")
    return MEASURES.get(measure, f"inside {level} %" if level != measure else measure)


def _measured(measure: str, value: Any) -> str:
    if measure == "windows":
        return f"{value:,}"
    return percent(value) if measure == "skill" or measure.startswith("coverage-") else number(value)

"""Figures → SVG, PNG, PDF, by Matplotlib without its global state: no pyplot, no display, the same bytes each time."""

from __future__ import annotations

import io
import logging
import math
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecaster.base.errors import UsageError
from forecaster.base.runtime import prepare_matplotlib
from forecaster.reporting.figure import Band, Bars, Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

Kind = Literal["svg", "png", "pdf"]
KINDS: tuple[Kind, ...] = ("svg", "png", "pdf")

PALETTE = {
    "ink": "#1d2733",
    "quiet": "#66717f",
    "grid": "#e3e7ec",
    "history": "#2f3b49",
    "model": "#0b6e8f",
    "baseline": "#b4690e",
    "faint": "#9aa6b4",
}
"""Colour of each role, on paper."""

BAND = 0.26
"""Opacity of the densest band."""

HANDLE, LETTER, LEGEND_ROW, LONGEST_LABEL = 0.6, 0.075, 0.2, 60
"""Inches that an entry of a legend takes without its label, and for each letter of it; those of a row of entries; and
letters of a label at most."""

SIZE, HALF = (7.6, 3.0), (4.4, 2.6)
"""Inches of a figure that has the whole width of a page, and of one next to another."""

DPI = 150
OFFSETS = ["", "%Y", "%b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y %H:%M"]
"""What stands at the end of a time axis of years, months, days, hours, minutes, seconds."""

STYLE: dict[str, Any] = {
    "font.size": 9,
    "font.family": "sans-serif",
    "svg.fonttype": "none",
    "axes.linewidth": 0.8,
    "text.color": PALETTE["ink"],
    "axes.labelcolor": PALETTE["quiet"],
    "axes.edgecolor": PALETTE["grid"],
    "xtick.color": PALETTE["quiet"],
    "ytick.color": PALETTE["quiet"],
    "text.parse_math": False,
}
"""Formulas are not parsed: a `$` in a name is a `$`."""


def kind_of(output: Path) -> Kind:
    """Return the kind of picture that a name's end asks for.

    Raises:
        UsageError: It is none that can be drawn.
    """
    for kind in KINDS:
        if output.suffix.lower() == f".{kind}":
            return kind
    raise UsageError(
        f"--output {output}: the name must end in .svg, .png or .pdf",
        hint=f"Such as --output {output.stem or 'forecast'}.svg",
    )


def to_file(figures: Sequence[Figure], kind: Kind) -> bytes:
    """Return figures of the same kind as one file: below each other, in two or three columns where there are many."""
    columns = 1 if len(figures) <= 3 else 2 if len(figures) <= 8 else 3
    rows = math.ceil(len(figures) / columns)
    width = SIZE[0] if columns == 1 else SIZE[0] * 0.66 * columns
    with style():
        labels = [clipped(entry["label"]) for entry in figures[0].legend()]
        across = legend_columns(labels, width)
        above = 0.4 + LEGEND_ROW * (math.ceil(len(labels) / across) - 1)
        canvas = _canvas((width, (SIZE[1] if columns == 1 else SIZE[1] * 0.75) * rows + above), pad=0.1)
        grid = canvas.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(figures) :]:
            axes.remove()
        for axes, figure in zip(grid.flat, figures, strict=False):
            _draw(axes, figure)
            axes.set_title(figure.title, loc="left", fontsize=10, fontweight="bold", pad=8)
        handles, _ = grid.flat[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper left", ncols=across, frameon=False)
        return save(canvas, kind)


def legend_columns(labels: Sequence[str], width: float) -> int:
    """Return how many columns a legend may have, so that none is cut off in a picture that is `width` inches wide."""
    longest = max(map(len, labels), default=0)
    return max(1, min(6, int(width / (HANDLE + LETTER * longest))))


def clipped(label: str) -> str:
    """Return a label of a legend: the middle of a long one is left out."""
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL // 2]} … {label[-LONGEST_LABEL // 2 :]}"


def to_inline(figure: Figure, size: tuple[float, float] = SIZE) -> str:
    """Return a figure as SVG to stand inside a page: colours are the page's own, names are unique to the figure.

    Its title, note and legend are left to the page.
    """
    with style(figure.name):
        canvas = _canvas(size)
        _draw(canvas.subplots(), figure)
        svg = save(canvas, "svg").decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"| (width|height)="[^"]*pt"', "", svg)  # the page says how large it is
    svg = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{figure.name}-", svg).replace("xlink:href", "href")
    for role, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--{role})")
    return svg


def style(salt: str = "forecast") -> Any:
    """Return a context in which Matplotlib has our style."""
    prepare_matplotlib()
    from matplotlib import rc_context, rcParamsDefault

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of fonts that it looks for
    settings: Any = {**rcParamsDefault, **STYLE, "svg.hashsalt": salt}
    settings.pop("backend", None)
    return rc_context(settings)


def _canvas(size: tuple[float, float], pad: float = 0.04) -> Canvas:
    """Return an empty canvas; `size` and `pad`, the room around each pair of axes, are in inches."""
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Canvas(figsize=size, layout=ConstrainedLayoutEngine(h_pad=pad, w_pad=pad))


def save(canvas: Canvas, kind: Kind) -> bytes:
    """Return the bytes of a file that does not say when it was made."""
    nobody: dict[str, None] = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }[kind]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a script that no font here has
        canvas.savefig(buffer, format=kind, dpi=DPI, metadata=nobody)
    return buffer.getvalue()


def _draw(axes: Axes, figure: Figure) -> None:
    """Draw the marks and the axes."""
    for mark in figure.marks:
        if isinstance(mark, Band):
            opacity = BAND * mark.strength
            axes.fill_between(
                mark.x, mark.low, mark.high, color=PALETTE[mark.tone], alpha=opacity, lw=0, label=mark.label or "_"
            )
        elif isinstance(mark, Bars):
            step = float(np.diff(mark.x).min()) if len(mark.x) > 1 else 1.0
            axes.bar(mark.x, mark.y, width=mark.width * step, color=PALETTE["model"], label=mark.label)
        else:
            look: dict[str, Any] = {"color": PALETTE[mark.tone], "label": mark.label or "_", "lw": 1.4}
            lone = np.count_nonzero(np.isfinite(mark.y)) == 1
            look |= {"marker": "o", "ms": 4} if lone else {}
            look |= {"ls": (0, (4, 2)), "lw": 1.2} if mark.style == "dashed" else {}
            axes.plot(mark.x, mark.y, **look)
    if any(isinstance(mark, Bars) for mark in figure.marks):
        axes.axhline(0, color=PALETTE["quiet"], lw=0.8)
    if figure.span is not None:
        axes.update_datalim([(axes.get_xlim()[0], y) for y in figure.span], updatex=False)
        axes.autoscale_view()
    _scale(axes, figure)


def _scale(axes: Axes, figure: Figure) -> None:
    """Give the axes their labels and few, quiet lines."""
    from matplotlib.dates import DAILY, HOURLY, MINUTELY, MONTHLY, SECONDLY, AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(axis="y", color=PALETTE["grid"], lw=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.set_xlabel(figure.x_label)
    axes.set_ylabel(figure.y_label)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    if figure.is_time:
        locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
        for unit, most in ((MONTHLY, 12), (DAILY, 31), (HOURLY, 24), (MINUTELY, 60), (SECONDLY, 60)):
            locator.intervald[unit].append(most)  # else 4 to 5 years, months, days, … have no interval, and a warning
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, offset_formats=OFFSETS))  # type: ignore[no-untyped-call]
    else:
        whole = all(np.array_equal(mark.x, np.round(mark.x)) for mark in figure.marks)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=whole))


def short(value: float) -> str:
    """Return a number for an axis: 12,000 or 3.5M."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}" if abs(value) < 1e15 else f"{value:g}"
    return f"{value:,g}" if abs(value) < 1e5 else f"{value:,.0f}"

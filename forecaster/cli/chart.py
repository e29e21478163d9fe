"""Series drawn with characters: one alone, or its end, its forecast, and the interval around that.

Braille characters hold 2 × 4 dots each, so a line is fine enough to see a season; the interval is shaded. The picture
is plain text without colour: it looks the same on every terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bit of each dot in a braille character: left and right column, from the top."""

BLANK, SHADE = 0x2800, "░"


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """What is drawn.

    Attributes:
        history: [n] last values, oldest first, at least one.
        forecast: [H] what is expected after them.
        low: [H] lower end of the interval.
        high: [H] upper end.
        stamps: First and last stamp of the history, and the last one of the forecast, as they are written.
    """

    history: Floats
    forecast: Floats
    low: Floats
    high: Floats
    stamps: tuple[str, str, str]


def draw(curve: Curve, label: Callable[[float], str], width: int, height: int = 12) -> list[str]:
    """Return the picture, at most `width` columns wide, or nothing where there is no room for one.

    Args:
        curve: Values and stamps.
        label: Writes a number on the vertical axis.
        width: Columns.
        height: Rows of characters.
    """
    import numpy as np

    bottom = float(min(curve.history.min(), curve.low.min()))
    top = float(max(curve.history.max(), curve.high.max()))
    labels = [label(top), label((top + bottom) / 2), label(bottom)]
    margin = max(map(len, labels))
    columns = min(width, 100) - margin - 2
    if columns < 16:
        return []
    line = np.concatenate([curve.history, curve.forecast])
    at = np.linspace(0, len(line) - 1, 2 * columns)  # the point of the line at each column of dots
    span = (top - bottom) or 1.0

    def rows_of(values: Floats) -> NDArray[np.int64]:
        steps = np.arange(len(line) - len(values), len(line))
        level = (np.interp(at, steps, values) - bottom) / span
        return np.rint((1 - level) * (4 * height - 1)).astype(np.int64)

    picture = _dotted(rows_of(line), height)
    now = int(np.argmax(at[::2] >= len(curve.history) - 1))
    _shade(picture, now, (rows_of(curve.high)[::2] // 4).tolist(), (rows_of(curve.low)[::2] // 4).tolist())
    names = {0: labels[0], height // 2: labels[1], height - 1: labels[2]}
    body = [f"{names.get(row, ''):>{margin}} │{''.join(cells)}".rstrip() for row, cells in enumerate(picture)]
    return [*body, " " * (margin + 2) + _axis(curve.stamps, columns, now)]


def draw_history(
    values: Floats, stamps: tuple[str, str], label: Callable[[float], str], width: int, height: int = 8
) -> list[str]:
    """Return the picture of a series alone, at most `width` columns wide, or nothing where there is no room for one.

    Where a column of dots stands for several values, it reaches from the least of them to the greatest.

    Args:
        values: [n] the series, at least two values, all finite.
        stamps: Its first and last one, as they are written.
        label: Writes a number on the vertical axis.
        width: Columns.
        height: Rows of characters.
    """
    import numpy as np

    bottom, top = float(values.min()), float(values.max())
    labels = [label(top), label(bottom)]
    margin = max(map(len, labels))
    columns = min(width, 100) - margin - 2
    if columns < 16:
        return []
    dots, span = 2 * columns, (top - bottom) or 1.0
    if len(values) > 2 * dots:
        parts = np.array_split(values, columns)
        shown = np.array([end for part in parts for end in (part.min(), part.max())])
    else:
        shown = np.interp(np.linspace(0, len(values) - 1, dots), np.arange(len(values)), values)
    picture = _dotted(np.rint((1 - (shown - bottom) / span) * (4 * height - 1)).astype(np.int64), height)
    names = {0: labels[0], height - 1: labels[1]}
    body = [f"{names.get(row, ''):>{margin}} │{''.join(cells)}".rstrip() for row, cells in enumerate(picture)]
    first, last = stamps
    axis = first + last.rjust(columns - len(first)) if len(first) + len(last) + 2 <= columns else last.rjust(columns)
    return [*body, " " * (margin + 2) + axis[-columns:]]


def _dotted(dots: NDArray[np.int64], height: int) -> list[list[str]]:
    """Return characters for a line that is at row `dots` [2 · columns] of dots, 0 the top."""
    import numpy as np

    cells = np.full((height, len(dots) // 2), BLANK)
    for x, (here, before) in enumerate(zip(dots, np.roll(dots, 1), strict=True)):
        for y in range(min(here, before), max(here, before) + 1) if x else [here]:
            cells[y // 4, x // 2] |= DOTS[x % 2][y % 4]
    return [[chr(cell) if cell > BLANK else " " for cell in row] for row in cells.tolist()]


def _shade(picture: list[list[str]], now: int, top: Sequence[int], bottom: Sequence[int]) -> None:
    """Shade the empty cells inside the interval, from the column of the last known value on."""
    for x in range(now, len(top)):
        for y in range(top[x], bottom[x] + 1):
            if picture[y][x] == " ":
                picture[y][x] = SHADE


def _axis(stamps: tuple[str, str, str], columns: int, now: int) -> str:
    """Return the stamps under the axis, those that fit: the first at the left, the last at the right, now between."""
    first, middle, last = stamps
    if len(first) + len(last) + 2 > columns:
        return last.rjust(columns)[-columns:]
    start = min(max(now - len(middle) // 2, len(first) + 2), columns - len(last) - 2 - len(middle))
    if start < len(first) + 2:
        return first + last.rjust(columns - len(first))
    return (first.ljust(start) + middle).ljust(columns - len(last)) + last

"""What is shown: data and results on stdout, notes on stderr. Rich is at home here and in `progress`.

Commands describe what there is to show as plain texts and grids. What is on the screen of a person has colours and the
terminal's width; what goes into a pipe or file has neither, and is never cut.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from forecaster.base.errors import StorageError
from forecaster.base.words import counted, listed, number, percent
from forecaster.cli import screen
from forecaster.cli.options import Format, OutputSettings

__all__ = [
    "Block",
    "Picture",
    "Printer",
    "TextGrid",
    "TextLine",
    "counted",
    "has_colour",
    "listed",
    "number",
    "percent",
    "picked",
    "printable",
    "render",
    "tell",
    "to_csv",
    "to_markdown",
    "warn",
    "width_of",
    "write_stdout",
]

ENDLESS = 100_000
"""Columns of what is no terminal: nothing is wrapped there."""

LABEL = 13
"""Columns of a row's name, so that grids one below the other line up."""


@dataclass(frozen=True)
class TextLine:
    """A paragraph in a style of Rich, such as `bold` or `yellow`."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class TextGrid:
    """A table.

    Attributes:
        rows: Texts; all rows are equally long.
        header: Column names; without them the first column names the row.
        texts: How many leading columns under a header are texts; the others are numbers, and flush right.
    """

    rows: Sequence[Sequence[str]]
    header: Sequence[str] = ()
    texts: int = 1


@dataclass(frozen=True)
class Picture:
    """Lines that are drawn already, not to be wrapped."""

    lines: Sequence[str]


Block = TextLine | TextGrid | Picture


class Printer:
    """Shows one command's results and notes in the way that its settings and its surroundings ask for.

    Attributes:
        format: How results are written to stdout; None for not at all.
        fields: What of a result is written as JSON; None for all.
        notes: Whether somebody reads notes on stderr.
    """

    def __init__(self, settings: OutputSettings, *, piped: Format | None = None) -> None:
        """Decide once.

        Args:
            settings: What the user asked for.
            piped: What to write where stdout is no terminal and no format was asked for; None for nothing.
        """
        usual = None if settings.quiet else "table" if sys.stdout.isatty() else piped
        self.format = "json" if settings.json is not None else settings.format or usual
        self.fields = None if settings.json is None else [*filter(None, map(str.strip, settings.json.split(",")))]
        self.notes = not settings.quiet and sys.stderr.isatty()

    def show(self, data: Any, rows: Sequence[Mapping[str, Any]], blocks: Iterable[Block]) -> None:
        """Write a result to stdout: `data` as JSON, `rows` as CSV, or `blocks` for people."""
        match self.format:
            case "json":
                data = data if self.fields is None else picked(data, self.fields)
                write_stdout(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")
            case "csv":
                write_stdout(to_csv(rows))
            case "markdown":
                write_stdout(to_markdown(blocks))
            case "table":
                write_stdout(render(blocks, sys.stdout))

    def note(self, *blocks: Block) -> None:
        """Write something to stderr for a person, if there is one."""
        if self.notes:
            text = render(blocks, sys.stderr)
            with screen.free():
                sys.stderr.write(text)
                sys.stderr.flush()


def warn(text: str) -> None:
    """Write one line to stderr, whoever reads it."""
    with screen.free():
        print(f"forecast: warning: {one_line(text)}", file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Write one line to stderr that is no warning, whoever reads it."""
    with screen.free():
        print(f"forecast: {one_line(text)}", file=sys.stderr, flush=True)


def write_stdout(text: str) -> None:
    """Write data to stdout, all of it or an exception.

    Raises:
        StorageError: stdout is closed, or its disk is full.
        BrokenPipeError: The reader has gone.
    """
    try:
        with screen.free():
            sys.stdout.write(text)
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(f"cannot write to stdout: {error.strerror}") from error


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with the same keys as CSV with a header; None is an empty cell."""
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue()


def picked(data: Any, fields: Sequence[str]) -> Any:
    """Return the fields of a result, or of each of several; one that does not exist is None, and warned of."""
    records = data if isinstance(data, list) else [data]
    missing = dict.fromkeys(field for field in fields for record in records if not _has(record, field))
    if missing:
        known = ", ".join(dict.fromkeys(key for record in records for key in record))
        warn(f"--json: there is no field {', '.join(missing)} in this result; its fields are {known}")
    rows = [{field: _field(record, field) for field in fields} for record in records]
    return rows if isinstance(data, list) else rows[0]


def _field(record: Any, path: str) -> Any:
    """Return a field of a record, whose path goes deeper at each dot that is not a part of a name; None for none."""
    if not isinstance(record, Mapping):
        return None
    if path in record:
        return record[path]
    first, _, rest = path.partition(".")
    return _field(record.get(first), rest) if rest else None


def _has(record: Any, path: str) -> bool:
    if not isinstance(record, Mapping):
        return False
    first, _, rest = path.partition(".")
    return path in record or (bool(rest) and _has(record.get(first), rest))


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return blocks as Markdown: paragraphs, tables, and pictures as code."""
    parts = []
    for block in blocks:
        match block:
            case TextLine() if block.text.strip():
                parts.append(_escaped(printable(block.text.strip())))
            case TextGrid() if block.rows:
                header = block.header or [""] * len(block.rows[0])
                numbers = len(header) - block.texts if block.header else 0
                rules = ["---"] * (len(header) - numbers) + ["---:"] * numbers
                cells = [[_escaped(one_line(cell)) for cell in row] for row in [header, *block.rows]]
                parts.append("\n".join("| " + " | ".join(row) + " |" for row in [cells[0], rules, *cells[1:]]))
            case Picture():
                parts.append("\n".join(["```", *block.lines, "```"]))
    return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it stands."""
    return "".join(f"\\{c}" if c in "\\`*[]<>|" else c for c in text)


def render(blocks: Iterable[Block], stream: TextIO) -> str:
    """Return blocks as text for a stream: in colour, and wrapped to its width, where it is a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=io.StringIO(),
        width=width_of(stream),
        force_terminal=has_colour(stream),
        highlight=False,
        color_system="auto" if has_colour(stream) else None,
    )
    with console.capture() as captured:
        for block in blocks:
            match block:
                case TextLine():
                    console.print(Text(printable(block.text), style=block.style), overflow="fold")
                case TextGrid():
                    for grid in fitted(block, console.width):
                        console.print(_table(grid))
                case Picture():
                    console.print(Text("\n".join(block.lines)), no_wrap=True, overflow="crop")
    return "\n".join(line.rstrip() for line in captured.get().split("\n"))


def fitted(grid: TextGrid, width: int) -> Iterator[TextGrid]:
    """Yield the grid, or where its columns do not fit a grid for each row: header and cell next to each other."""
    from rich.cells import cell_len

    columns = zip(grid.header, *grid.rows, strict=True) if grid.header else ()
    if sum(max(cell_len(one_line(cell)) for cell in column) + 2 for column in columns) - 2 <= width:
        yield grid
        return
    for row in grid.rows:
        yield TextGrid([*zip(grid.header, row, strict=True), ("", "")])


def _table(grid: TextGrid) -> Any:
    """Return a Rich table without lines: long texts are folded, never cut."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=bool(grid.header), pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index in range(len(grid.header or grid.rows[0])):
        table.add_column(
            Text(one_line(grid.header[index])) if grid.header else "",
            justify="left" if index < grid.texts or not grid.header else "right",
            style="" if grid.header or index else "cyan",
            overflow="fold",
        )
    for first, *rest in grid.rows:  # a minimal width of the column would make Rich cut the others
        name = first if grid.header else first.ljust(LABEL)
        table.add_row(*(Text(one_line(cell)) for cell in (name, *rest)))
    return table


def has_colour(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that is to be coloured and animated (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """Return how many columns a line may have."""
    if not stream.isatty():
        return ENDLESS
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80


def one_line(text: str) -> str:
    """Return a text with every control character escaped, line ends too: data cannot begin a line of its own."""
    return printable(text).replace("\n", "\\n")


def printable(text: str) -> str:
    """Return a text with control characters escaped, line ends aside: data cannot drive a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)

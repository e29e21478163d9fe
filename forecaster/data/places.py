"""Where a row of a table stands in what it was read from: the line of a text, the row of a sheet, the part of a folder.

Every input format gives its table one of these, so that a message names a place that a person finds.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forecaster.base.errors import DataError


class Places(Protocol):
    """Where the rows of a table, counted from 0, stand."""

    @property
    def noun(self) -> str:
        """What is counted: `line` or `row`."""

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return the number of each of some rows, counted from 1."""

    def name_of(self, row: int) -> str | None:
        """Return the file that a row is in; None where there is only one."""


@dataclass(frozen=True)
class Numbered:
    """Rows that follow one another.

    Attributes:
        noun: What is counted.
        first: The number of the first.
        numbers: The number of each row, where some are left out.
    """

    noun: str = "row"
    first: int = 1
    numbers: tuple[int, ...] = ()

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return the number of each of some rows."""
        return [self.numbers[row] for row in rows] if self.numbers else [self.first + row for row in rows]

    def name_of(self, row: int) -> str | None:
        """Return None: there is only one file."""
        return None


@dataclass(frozen=True, eq=False)
class TextLines:
    """Records of a CSV file: quoted line breaks and blank lines are counted.

    Attributes:
        text: The file as UTF-8 from the first record on.
        separator: Between cells.
        first: The line of its first line.
        rows: How many records there are.
        noun: What is counted.
    """

    text: memoryview
    separator: str
    first: int
    rows: int
    noun: str = "line"

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return the line that each of some records begins on, in one pass over the file at most."""
        if self._is_one_line_a_row():
            return [self.first + row for row in rows]
        wanted, found = sorted(set(rows)), {}
        numbered = enumerate(records(self.text, self.separator))
        for row in wanted:
            found[row] = next(line for at, (line, _) in numbered if at == row)
        return [self.first + found[row] for row in rows]

    def _is_one_line_a_row(self) -> bool:
        """Return whether no cell holds a line break and no line is blank."""
        size = 1 << 24
        parts = (self.text[at : at + size] for at in range(0, len(self.text), size))
        ends = sum(int(np.count_nonzero(np.frombuffer(part, np.uint8) == ord("\n"))) for part in parts)
        return ends + (bytes(self.text[-1:]) != b"\n") == self.rows and not re.search(rb"\r[^\n]", self.text)

    def name_of(self, row: int) -> str | None:
        """Return None: there is only one file."""
        return None


@dataclass(frozen=True, eq=False)
class PartPlaces:
    """Rows of several files, one after the other.

    Attributes:
        names: The files.
        starts: The first row of each.
        parts: Where their own rows stand.
    """

    names: tuple[str, ...]
    starts: tuple[int, ...]
    parts: tuple[Places, ...]

    @property
    def noun(self) -> str:
        """What is counted."""
        return self.parts[0].noun

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return the number of each of some rows in its own file."""
        own = [bisect_right(self.starts, row) - 1 for row in rows]
        return [self.parts[k].lines_of([row - self.starts[k]])[0] for k, row in zip(own, rows, strict=True)]

    def name_of(self, row: int) -> str | None:
        """Return the file that a row is in."""
        return self.names[bisect_right(self.starts, row) - 1]


@dataclass(frozen=True, eq=False)
class Repeated:
    """Rows that were each made into several, one after the other.

    Attributes:
        places: Where the rows stand that they were made of.
        times: How many each became.
    """

    places: Places
    times: int

    @property
    def noun(self) -> str:
        """What is counted."""
        return self.places.noun

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return the number of the row that each of some rows was made of."""
        return self.places.lines_of([row // self.times for row in rows])

    def name_of(self, row: int) -> str | None:
        """Return the file that a row is in."""
        return self.places.name_of(row // self.times)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Some of the rows that stand somewhere.

    Attributes:
        places: Where all of them stand.
        rows: Which they are [N].
    """

    places: Places
    rows: npt.NDArray[np.int64]

    @property
    def noun(self) -> str:
        """What is counted."""
        return self.places.noun

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return the number of each of some rows."""
        return self.places.lines_of([int(self.rows[row]) for row in rows])

    def name_of(self, row: int) -> str | None:
        """Return the file that a row is in."""
        return self.places.name_of(int(self.rows[row]))


def records(text: memoryview | bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each non-blank record with the line it begins on, counted from 0; slow, for heads and for messages."""
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", errors="replace", newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = reader.line_num
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f"a quote opened on line {line + 1} is never closed, or text follows one: {error}"
            ) from None
        if record is None:
            return
        if record:
            yield line, record

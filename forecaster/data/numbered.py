"""Columns that are numbered, `V2` to `V60` or `d_1` to `d_1913`: each a step, without a date, and a row a series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

FEWEST = 6
"""Columns in a row that are taken for steps."""

_NUMBERED = re.compile(r"(.*?)(\d{1,6})")


@dataclass(frozen=True)
class NumberedColumns:
    """Columns whose names go on by one.

    Attributes:
        prefix: What all names begin with.
        first: The number of the first.
        names: The columns, in the order of their numbers.
    """

    prefix: str
    first: int
    names: tuple[str, ...]

    @property
    def form(self) -> str:
        """How a recipe writes it: `d_#1`."""
        return f"{self.prefix}#{self.first}"


def find_numbered(names: Sequence[str]) -> NumberedColumns | None:
    """Return the longest run of columns that are numbered one by one, the first of several; None where none is."""
    found = [_NUMBERED.fullmatch(name.strip()) for name in names]
    keys = [(match[1], int(match[2]) - k) if match else (None, k) for k, match in enumerate(found)]
    best: list[int] = []
    for (prefix, _), group in groupby(range(len(names)), key=keys.__getitem__):
        run = list(group)
        if prefix is not None and len(run) > max(len(best), FEWEST - 1):
            best = run
    if not best:
        return None
    match = found[best[0]]
    return NumberedColumns(match[1], int(match[2]), tuple(names[k] for k in best)) if match else None


def numbers_of(names: Sequence[str], form: str) -> dict[str, int]:
    """Return the columns of a recipe's form, and how many steps behind its first column each is."""
    prefix, _, first = form.rpartition("#")
    found = ((name, _NUMBERED.fullmatch(name.strip())) for name in names)
    return {name: int(match[2]) - int(first) for name, match in found if match and match[1] == prefix}

"""Few combinations of many choices in which every choice still meets every other: a covering array, chosen greedily."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeVar

Row = TypeVar("Row", bound=tuple[object, ...])


def covering(rows: Sequence[Row], strength: int) -> list[Row]:
    """Return some of the rows: whatever values any `strength` columns have together in one, they have in one of these.

    Args:
        rows: All combinations that are allowed, each a value a column.
        strength: How many columns: with 3, a fault that needs three choices to meet is found, one of four perhaps not.
    """
    met = {
        row: {(columns, tuple(row[k] for k in columns)) for columns in combinations(range(len(row)), strength)}
        for row in rows
    }
    missing = set().union(*met.values())
    chosen: list[Row] = []
    while missing:
        chosen.append(max(rows, key=lambda row: len(met[row] & missing)))
        missing -= met[chosen[-1]]
    return chosen

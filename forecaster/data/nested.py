"""JSON of any shape → records: lists in objects, objects of columns, rows without names, and objects in cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forecaster.base.errors import DataError, shown
from forecaster.data.notation import looks_like_date

DEEPEST = 8
"""Objects within objects that are looked into."""

FEWEST_DATES = 2
"""Keys that are dates, more of which are the stamps of an object's values."""

Record = dict[str, Any]


def records_in(value: Any, source: str, chosen: str | None = None) -> list[Record]:
    """Return the records of a JSON value: of an array, or of the only list of records in an object.

    Args:
        value: What was parsed.
        source: What messages call it.
        chosen: Which of several lists, as `response.data`.

    Raises:
        DataError: There are several, or not the one that was chosen.
    """
    found = dict(_lists_in(value, "", 0))
    if chosen is not None and chosen in found:
        return found[chosen]
    if chosen is not None and found:
        raise DataError(f"{source} has no list of records {chosen!r}", hint=f"It has: {', '.join(found)}")
    if len(found) > 1:
        paths = sorted(found, key=lambda path: -len(found[path]))
        fault = f"{source} has several lists of records: {', '.join(paths[:8])}"
        raise DataError(fault, hint=f"Pass --sheet {shown(paths[0])}").choosing(*(f"--sheet {p}" for p in paths[:4]))
    return next(iter(found.values()), [])


def _lists_in(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Record]]]:
    """Yield every list of records in a value, with the keys that lead to it."""
    if (records := _as_records(value)) is not None:
        yield path, records
    elif isinstance(value, dict) and depth < DEEPEST:
        for key, inner in value.items():
            if isinstance(inner, (dict, list)):
                yield from _lists_in(inner, f"{path}.{key}" if path else str(key), depth + 1)


def _as_records(value: Any) -> list[Record] | None:
    """Return a value as records where it is a list of them, of rows, or an object of columns; else None."""
    if isinstance(value, list):
        if value and all(isinstance(row, dict) for row in value):
            return value
        return _named(value, None) if len(value) > 1 else None
    if not isinstance(value, dict):
        return None
    if len(value) > FEWEST_DATES and all(looks_like_date(str(key)) for key in value):
        return _by_date(value)
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list) and rows:
        return _named(rows, [str(name) for name in names])
    lists = {str(key): _cells(cells) for key, cells in value.items()}
    columns = {key: cells for key, cells in lists.items() if cells is not None}
    if len(columns) == len(lists) > 1 and len({len(cells) for cells in columns.values()}) == 1:
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return None


def _by_date(value: Record) -> list[Record] | None:
    """Return an object with a key for each date as records: its values are numbers, or objects of them."""
    if all(isinstance(cell, dict) for cell in value.values()):
        return [{"date": key, **cells} for key, cells in value.items()]
    if any(isinstance(cell, (dict, list)) for cell in value.values()):
        return None
    return [{"date": key, "value": cell} for key, cell in value.items()]


def _cells(value: Any) -> list[Any] | None:
    """Return the cells of a column: a list of them, or an object of them by row; else None."""
    cells = list(value.values()) if isinstance(value, dict) else value
    is_column = isinstance(cells, list) and not any(isinstance(cell, (dict, list)) for cell in cells)
    return cells if is_column and cells else None


def _named(rows: list[Any], names: list[str] | None) -> list[Record] | None:
    """Return rows of cells as records, with numbers for names where there are none; None where they are no rows."""
    widths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(widths) != 1 or min(widths) < 2 or (names is not None and len(names) not in widths):
        return None
    if any(isinstance(cell, (dict, list)) for row in rows for cell in row):
        return None
    named = names or [str(k + 1) for k in range(min(widths))]
    return [dict(zip(named, row, strict=True)) for row in rows]


def flat(record: Record) -> Record:
    """Return a record whose objects have become cells of their own: `{"load": {"value": 3}}` as `load.value`."""
    if not any(isinstance(cell, dict) for cell in record.values()):
        return record
    return dict(_flat(record, "", 0))


def _flat(record: Record, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, cell in record.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(cell, dict) and cell and depth < DEEPEST:
            yield from _flat(cell, name, depth + 1)
        else:
            yield name, cell

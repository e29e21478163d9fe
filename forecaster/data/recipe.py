"""How a file becomes a plain table, and its rows observations: passed or found out once, and frozen in the model."""

from __future__ import annotations

from dataclasses import dataclass

from forecaster.base.errors import UsageError
from forecaster.base.words import split_names
from forecaster.config import Aggregate, OnAmbiguous, OnDuplicate, OnNonexistent, ReadSettings

IN_ORDER = "none"
"""`--time none`: rows have no stamp, only an order."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is done to a file of another shape than one observation a row, with one column each for series and stamp.

    Attributes:
        time: Columns that make the stamp together; empty where one holds it.
        id: Columns that name the series together; empty where one does, or none.
        across: The format of column names that are stamps, or `d_#1` where they are numbered from `d_1` on; None where
            none is.
        in_order: Whether rows have no stamp, only an order.
        start: The stamp of the first of such rows.
        aggregate: How the rows of a step become one; None where each is an observation.
        on_duplicate: What becomes of rows of a series with the same stamp.
        na_values: What else means that a value is missing.
        drop_rows: Cells of rows that are no data.
        fill_down: Columns whose empty cells mean the one above.
        units: What may stand next to every number of a column: `$`, `%`.
        on_ambiguous: Which stamp is meant where a clock shows it twice.
        on_nonexistent: What becomes of stamps that a clock skips.
        sheet: The sheet of a workbook.
        sql: The query of a database.
    """

    time: tuple[str, ...] = ()
    id: tuple[str, ...] = ()
    across: str | None = None
    in_order: bool = False
    start: str | None = None
    aggregate: Aggregate | None = None
    on_duplicate: OnDuplicate = "error"
    na_values: tuple[str, ...] = ()
    drop_rows: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    on_ambiguous: OnAmbiguous = "error"
    on_nonexistent: OnNonexistent = "error"
    sheet: str | None = None
    sql: str | None = None

    @classmethod
    def of(cls, settings: ReadSettings) -> Recipe:
        """Return what the user says; what is found out in the file is added by `shaping`.

        Raises:
            UsageError: Flags that need another, or exclude it.
        """
        if settings.aggregate and not settings.freq:
            raise UsageError(
                f"--aggregate {settings.aggregate} needs the step that rows are put together in",
                hint=f"Pass --freq too: --aggregate {settings.aggregate} --freq D",
            )
        if settings.start and settings.time != IN_ORDER:
            raise UsageError("--start is for rows without stamps", hint=f"Pass --time none --start {settings.start}")
        return cls(
            start=settings.start,
            aggregate=settings.aggregate,
            on_duplicate=settings.on_duplicate,
            na_values=split_names(settings.na_values),
            drop_rows=split_names(settings.drop_rows),
            fill_down=split_names(settings.fill_down),
            on_ambiguous=settings.on_ambiguous,
            on_nonexistent=settings.on_nonexistent,
            sheet=settings.sheet,
            sql=settings.sql,
        )


PLAIN = Recipe()
"""That of a file which is a plain table already."""

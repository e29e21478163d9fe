"""Settings of reading data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forecaster.config.knob import knob
from forecaster.config.values import parse_seasons

OnGap = Literal["interpolate", "ffill", "zero", "error"]
OnOutlier = Literal["keep", "clip", "interpolate"]
Aggregate = Literal["sum", "mean", "count", "min", "max", "first", "last"]
OnDuplicate = Literal["error", "first", "last", "mean", "sum"]
OnAmbiguous = Literal["error", "infer", "earlier", "later"]
OnNonexistent = Literal["error", "shift"]


@dataclass(frozen=True, kw_only=True)
class ReadSettings:
    """How to read a data file. What is not given is detected, printed, and frozen in the model."""

    time: str | None = knob(
        None,
        "Column with the time stamps; several, such as date,hour or year,month, make one stamp; none: rows in order.",
        panel="Data",
        metavar="COLUMN",
    )
    id: str | None = knob(
        None,
        "Column that says which series a row belongs to; several, such as region,store, name it together.",
        panel="Data",
        metavar="COLUMN",
    )
    target: str | None = knob(None, "Column to forecast.", panel="Data", metavar="COLUMN")
    wide: bool = knob(False, "Every column except the time column is a series of its own.", panel="Data")
    past_covariates: str | None = knob(
        None, "Columns known up to the last observation, separated by commas.", panel="Data", metavar="COLUMNS"
    )
    future_covariates: str | None = knob(
        None,
        "Columns known ahead too, such as a price or a promotion, separated by commas. Their future rows stand in the "
        "file with an empty target, or in predict --future FILE.",
        panel="Data",
        metavar="COLUMNS",
    )
    static_covariates: str | None = knob(
        None, "Columns with one value a series, separated by commas.", panel="Data", metavar="COLUMNS"
    )
    categorical: str | None = knob(
        None,
        "Covariates whose cells are categories even where they are numbers, separated by commas.",
        panel="Data",
        metavar="COLUMNS",
    )
    dates_across: bool = knob(False, "Each column named by a date is a step; a row is a series.", panel="Data")
    start: str | None = knob(
        None, "Stamp of the first row where --time is none; goes with --freq.", panel="Data", metavar="STAMP"
    )
    freq: str | None = knob(
        None, "Frequency as a pandas alias: h, D, B, W, MS, ME, QS, YS, 15min, …", panel="Data", metavar="ALIAS"
    )
    aggregate: Aggregate | None = knob(
        None,
        "Make one value of all rows in a step of --freq. Empty steps are 0 for sum and count, and missing for others; "
        "a last step that is not over is left out.",
        panel="Data",
    )
    on_duplicate: OnDuplicate = knob(
        "error", "What to do with rows of one series that have the same stamp.", panel="Data"
    )
    season_length: str | None = knob(
        None,
        "Steps in one season: 12 for monthly data with a yearly season, 24,168 for hours with a day and a week, the "
        "first of which counts most. 1 for none.",
        panel="Data",
        metavar="N[,N…]",
    )
    on_gap: OnGap = knob("interpolate", "What to do with missing stamps and values.", panel="Data")
    max_missing: float = knob(
        0.5, "Refuse a series with a larger share of missing values.", panel="Data", bounds=(0, 1)
    )
    on_outlier: OnOutlier = knob(
        "keep",
        "What to do with values far from what the seasons around them say: keep them, clip them to the edge of what is "
        "usual, or put the usual value in their place.",
        panel="Data",
    )
    sheet: str | None = knob(
        None,
        "Sheet of a workbook; of JSON with several lists of records, the keys to one, as response.data.",
        panel="File format",
        metavar="NAME",
    )
    sql: str | None = knob(
        None, "Query whose rows are the data, where DATA is a database.", panel="File format", metavar="QUERY"
    )
    sep: str | None = knob(None, "Field separator of a CSV file.", panel="File format", metavar="CHAR")
    decimal: str | None = knob(None, "Decimal mark: . or ,", panel="File format", metavar="CHAR")
    thousands: str | None = knob(None, "Thousands separator inside numbers.", panel="File format", metavar="CHAR")
    encoding: str | None = knob(None, "Text encoding, such as utf-8, latin-1, utf-16.", panel="File format")
    date_format: str | None = knob(
        None,
        "strptime format of the time column, as %d/%m/%Y, %G-W%V or de:%d. %B %Y; or epoch-s, epoch-ms, epoch-us, "
        "epoch-ns, excel.",
        panel="File format",
    )
    tz: str | None = knob(
        None, "Time zone of stamps without an offset, such as Europe/Berlin.", panel="File format", metavar="ZONE"
    )
    on_ambiguous: OnAmbiguous = knob(
        "error",
        "Which of two moments a stamp means that a clock in --tz shows twice, when it is put back; infer decides by "
        "the order of rows.",
        panel="File format",
    )
    on_nonexistent: OnNonexistent = knob(
        "error", "What to do with stamps that a clock in --tz skips when it is put forward.", panel="File format"
    )
    na_values: str | None = knob(
        None,
        "Further texts that mean a missing value, separated by commas: -200,n/d.",
        panel="File format",
        metavar="VALUES",
    )
    drop_rows: str | None = knob(
        None,
        "Leave out rows that have one of these cells, separated by commas; * stands for any text: 'Total*,M13'.",
        panel="File format",
        metavar="CELLS",
    )
    fill_down: str | None = knob(
        None,
        "Columns in which an empty cell means the one above it, separated by commas.",
        panel="File format",
        metavar="COLUMNS",
    )
    no_header: bool = knob(False, "The file has no header row: columns are named 1, 2, 3, …", panel="File format")
    header_rows: int = knob(
        1,
        "Rows that the header takes; their cells are joined by a space, and an empty one is that to its left.",
        panel="File format",
        bounds=(1, 20),
    )
    skip_rows: int = knob(0, "Lines to skip above the header.", panel="File format", bounds=(0, None))
    skip_footer: int = knob(
        0,
        "Rows to leave out at the end, such as totals and notes; blank lines do not count.",
        panel="File format",
        bounds=(0, None),
    )

    def __post_init__(self) -> None:
        """Refuse season lengths that are none, before anything is read.

        Raises:
            UsageError: One is no whole number from 1 on.
        """
        parse_seasons(self.season_length)

    @property
    def seasons(self) -> tuple[int, ...]:
        """The season lengths that were given, in steps, the main one first; empty where none was."""
        return parse_seasons(self.season_length)

    @property
    def season(self) -> int | None:
        """The main season length in steps, where one was given."""
        return next(iter(self.seasons), None)

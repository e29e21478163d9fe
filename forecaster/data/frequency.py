"""The frequency of a time index: which one it is, where its steps lie, and the next stamps.

A `Frequency` is a grid. `split` says which step of the grid each stamp is on (an ordinal) and what is left over
(the phase: minutes past the hour, day of the month); `join` is its inverse. Stamps are on one grid when they share a
phase; a gap is a jump in ordinals. Everything else (inference, filling, the next stamps) is arithmetic on ordinals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from forecaster.base.errors import DataError, UsageError
from forecaster.data.stamps import DAY, SECOND, Ints, Mask, to_local, to_utc

Unit = Literal["integer", "fixed", "day", "business", "week", "start", "end"]

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FIXED = {"h": 3600 * SECOND, "min": 60 * SECOND, "s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
_MONTHLY = {"M": 1, "Q": 3, "Y": 12}
_OLD = {
    "H": "h",
    "T": "min",
    "S": "s",
    "L": "ms",
    "U": "us",
    "N": "ns",
    "A": "Y",
    "AS": "YS",
    "d": "D",
    "m": "M",
    "w": "W",
}
_ALIAS = re.compile(r"(?P<count>[1-9]\d{0,8})?(?P<name>[A-Za-z]+)?(-(?P<anchor>[A-Z]{3}))?")
_OFF_GRID = -1


@dataclass(frozen=True)
class Frequency:
    """The grid that the stamps of a series lie on.

    Attributes:
        alias: pandas offset alias (`h`, `15min`, `D`, `B`, `W-SUN`, `MS`, `ME`, `QS-JAN`, `YE-DEC`, …), or the step of
            an integer index (`1`). Normalised: `H`, `60min` and `h` are the same object.
        tz: Zone on whose local calendar steps of a day and longer are counted; None counts in UTC. Shorter steps
            count absolute time, so a day with a clock change has 23 or 25 of them.

    Raises:
        UsageError: An alias that is not known.
    """

    alias: str
    tz: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "alias", _name(*_parse(self.alias)))

    @cached_property
    def grid(self) -> tuple[Unit, int, str | None]:
        """The unit, how many of it (months, days or nanoseconds) make a step, and the anchor."""
        return _parse(self.alias)

    @property
    def is_integer(self) -> bool:
        """Whether stamps are plain integers."""
        return self.grid[0] == "integer"

    @property
    def is_calendar(self) -> bool:
        """Whether steps are counted on the local calendar: a day and longer."""
        return self.grid[0] not in ("integer", "fixed")

    @property
    def season_length(self) -> int:
        """Steps in the season of the calendar, 1 where there is none.

        A minute for seconds, a day for minutes and hours, a week for days, a year for weeks and longer.
        """
        unit, count, _ = self.grid
        if unit == "fixed":
            season = DAY if count >= 60 * SECOND else 60 * SECOND
        else:
            season = {"integer": 1, "day": 7, "business": 5, "week": 364}.get(unit, 12)
        return season // count if season % count == 0 else 1

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps in the usual seasons, the main one first: a day and a week of hours, a week and a year of days."""
        unit, count, _ = self.grid
        main = self.season_length
        if unit == "fixed" and main > 1 and main * count == DAY:
            return main, 7 * main
        longer = {"day": 365, "business": 260}.get(unit)
        return (main, longer) if longer and count == 1 else (main,)

    @property
    def default_horizon(self) -> int:
        """How many steps to forecast when nobody says: two days of hours, two weeks of days, a year of months."""
        unit, count, _ = self.grid
        if unit == "fixed":
            return self.season_length * (2 if count >= _FIXED["h"] else 1) if self.season_length > 1 else 24
        if unit in ("start", "end"):
            return {1: 12, 3: 8}.get(count, 6)
        return {"integer": 12, "day": 14, "business": 10}.get(unit, 13)

    def split(self, stamps: Ints) -> tuple[Ints, Ints]:
        """Return the ordinal of the step that each stamp is on, and its phase.

        Args:
            stamps: int64 nanoseconds in UTC, or integers.

        Returns:
            Ordinals and phases. Stamps of one series are on the grid when all have the same phase, and it is not
            `-1` (a weekend among business days, a day that is not the last of its month).
        """
        unit, count, anchor = self.grid
        if unit in ("integer", "fixed"):
            return stamps // count, stamps % count
        local = to_local(stamps, self.tz)
        day, clock = local // DAY, local % DAY
        if unit == "business":
            weekday = (day + 3) % 7
            return day_to_business(day), np.where(weekday < 5, clock, _OFF_GRID)
        if unit in ("day", "week"):
            phase = (day % count) * DAY + clock
            if anchor:
                phase = np.where((day + 3) % 7 == WEEKDAYS.index(anchor), phase, _OFF_GRID)
            return day // count, phase
        month = day.astype("M8[D]").astype("M8[M]")
        first = month.astype("M8[D]").astype(np.int64)
        months = month.astype(np.int64)
        past = day - first
        if unit == "end":
            past = np.where((month + np.timedelta64(1, "M")).astype("M8[D]").astype(np.int64) - 1 == day, 0, _OFF_GRID)
        phase = ((months % count) * 31 + past) * DAY + clock
        wrong = (past == _OFF_GRID) | (past > 27)
        if anchor:
            cycle = 12 if count % 12 == 0 else 3
            wrong |= months % cycle != MONTHS.index(anchor) % cycle
        return months // count, np.where(wrong, _OFF_GRID, phase)

    def join(self, ordinals: Ints, phases: Ints) -> Ints:
        """Return the stamps at these steps of the grid; the inverse of `split`, broadcasting."""
        unit, count, _ = self.grid
        if unit in ("integer", "fixed"):
            return np.asarray(ordinals * count + phases, np.int64)
        if unit == "business":
            day, clock = ordinals // 5 * 7 + ordinals % 5 - 3, phases
        elif unit in ("day", "week"):
            day, clock = ordinals * count + phases // DAY, phases % DAY
        else:
            part, clock = phases // DAY, phases % DAY
            month = (ordinals * count + part // 31).astype("M8[M]")
            day = month.astype("M8[D]").astype(np.int64) + part % 31
            if unit == "end":
                day = (month + np.timedelta64(1, "M")).astype("M8[D]").astype(np.int64) - 1
        local = np.asarray(day * DAY + clock, np.int64)
        return to_utc(local.ravel(), self.tz).reshape(local.shape)

    def stamps(self, start: np.datetime64 | int | str, count: int) -> npt.NDArray[np.generic]:
        """Return `start`, inclusive, and the stamps that follow it: `count` in all.

        Raises:
            DataError: `start` is not on the grid.
        """
        first = np.array([start]) if self.is_integer else np.array([start], "M8[ns]")
        return np.asarray(self._after(first, np.arange(count))[0])

    def future(self, last: npt.NDArray[np.generic], horizon: int) -> npt.NDArray[np.generic]:
        """Return the `horizon` stamps strictly after each last stamp.

        Args:
            last: [S] datetime64[ns] in UTC, or int64.
            horizon: How many, H.

        Returns:
            [S, H] in the type of `last`.
        """
        unique, inverse = np.unique(last, return_inverse=True)
        ahead = self._after(unique, np.arange(1, horizon + 1))
        if not self.is_integer and (ahead <= unique[:, None]).any():  # 64 bits ran over
            raise DataError(
                "the steps ahead go beyond 2262-04-11, the last day that stamps of nanoseconds can hold",
                hint="Forecast fewer steps with --horizon, or number the steps: --time none",
            )
        return ahead[inverse]

    def _after(self, stamps: npt.NDArray[np.generic], steps: Ints) -> npt.NDArray[np.generic]:
        ordinals, phases = self.split(stamps.astype(np.int64))
        if (phases == _OFF_GRID).any():
            raise DataError(f"stamp {stamps[int(np.argmin(phases))]} is not on the frequency {self.alias}")
        out = self.join(ordinals[:, None] + steps, phases[:, None])
        return out if self.is_integer else out.astype("M8[ns]")


def day_to_business(day: Ints) -> Ints:
    """Number the business days since 1969-12-29, a Monday; Saturday and Sunday get their Friday's number."""
    since = day + 3
    return np.asarray(since // 7 * 5 + np.minimum(since % 7, 4), np.int64)


# ---------------------------------------------------------------------------------------------------- aliases


def _parse(alias: str) -> tuple[Unit, int, str | None]:
    """Return the unit of an alias, its count (nanoseconds, days or months) and its anchor."""
    if re.fullmatch(r"[1-9]\d{0,17}", alias):
        return "integer", int(alias), None
    match = _ALIAS.fullmatch(alias)
    if match is None or match["name"] is None:
        raise _unknown(alias)
    name, count, anchor = match["name"], int(match["count"] or 1), match["anchor"]
    name = _OLD.get(name, name)
    if name in _FIXED and not anchor:
        step = count * _FIXED[name]
        return ("day", step // DAY, None) if step % DAY == 0 else ("fixed", step, None)
    if name == "D" and not anchor:
        return "day", count, None
    if name == "B" and not anchor and count == 1:
        return "business", 1, None
    if name == "W" and (anchor or "SUN") in WEEKDAYS:
        return "week", 7 * count, anchor or "SUN"
    side: Unit = "start" if name.endswith("S") else "end"
    months = _MONTHLY.get(name[:-1] if name.endswith(("S", "E")) else name)
    if months is None or (anchor and (months == 1 or anchor not in MONTHS)):
        raise _unknown(alias)
    if months > 1:
        anchor = MONTHS[_anchor_month(months, MONTHS.index(anchor or ("JAN" if side == "start" else "DEC")), side)]
    return side, months * count, anchor


def _anchor_month(months: int, month: int, side: Unit) -> int:
    """Return the month that pandas names a quarter or year by: the first of the year at a start, the last at an end."""
    if months % 12 == 0:
        return month
    return month % 3 if side == "start" else month % 3 + 9


def _name(unit: Unit, count: int, anchor: str | None) -> str:
    """Return the alias of a grid, in the largest unit that holds it."""
    if unit == "integer":
        return str(count)
    if unit == "fixed":
        name, size = next((name, size) for name, size in _FIXED.items() if count % size == 0)
    elif unit in ("day", "business"):
        name, size = ("D", 1) if unit == "day" else ("B", 1)
    elif unit == "week":
        name, size = "W", 7
    else:
        letter, size = next(
            (letter, size)
            for letter, size in (("Y", 12), ("Q", 3), ("M", 1))
            if count % size == 0 and (anchor or size == 1)
        )
        name = letter + ("S" if unit == "start" else "E")
    steps = "" if count == size else str(count // size)
    return f"{steps}{name}-{anchor}" if anchor else f"{steps}{name}"


def _unknown(alias: str) -> UsageError:
    return UsageError(
        f"frequency {alias!r} is not known",
        hint="Expected s, min, h, D, B, W, MS, ME, QS, QE, YS or YE, such as 15min or W-MON; 1 for an integer index",
    )


# ---------------------------------------------------------------------------------------------------- inference


@dataclass(frozen=True, eq=False)
class Steps:
    """The stamps of every series, sorted within each, as codes into their distinct values.

    Attributes:
        unique: Distinct stamps [U], int64, ascending.
        codes: Code of each row's stamp [R].
        bounds: [S+1]; series s is rows `bounds[s]:bounds[s+1]`, no stamp twice.
        ids: Names of the series, for messages.
    """

    unique: Ints
    codes: Ints
    bounds: Ints
    ids: tuple[str, ...]

    def only(self, series: int) -> Steps:
        """Return one series alone."""
        codes = self.codes[self.bounds[series] : self.bounds[series + 1]]
        unique, codes = np.unique(self.unique[codes], return_inverse=True)
        return Steps(unique, codes, np.array([0, len(codes)]), (self.ids[series],))

    def of(self, values: Ints) -> tuple[Ints, Ints]:
        """Return the steps within each series of a value known for each distinct stamp, and the series of each."""
        series = np.repeat(np.arange(len(self.ids)), np.diff(self.bounds))
        rows = values[self.codes]
        inside = series[1:] == series[:-1]
        return (rows[1:] - rows[:-1])[inside], series[1:][inside]

    def on_grid(self, phases: Ints) -> Mask:
        """Return which series [S] have one valid phase throughout; one without rows has no other."""
        rows, filled = phases[self.codes], np.diff(self.bounds) > 0
        fits = np.ones(len(filled), bool)
        if filled.any():
            low, high = (by.reduceat(rows, self.bounds[:-1][filled]) for by in (np.minimum, np.maximum))
            fits[filled] = (low == high) & (low != _OFF_GRID)
        return fits

    def share(self, frequency: Frequency) -> tuple[Ints, Ints]:
        """Return for each series [S] how many steps it has, and how many of them are one step of this frequency."""
        jumps, series = self.of(frequency.split(self.unique)[0])
        count = len(self.ids)
        return np.bincount(series, minlength=count), np.bincount(series[jumps == 1], minlength=count)


@dataclass(frozen=True)
class Irregular:
    """Why stamps have no frequency; `share`, from 0 to 1, of all distances is the commonest one, None without any."""

    message: str
    share: float | None


class IrregularError(DataError):
    """Stamps have no frequency; `share` as in `Irregular`."""

    def __init__(self, message: str, *, hint: str = "", share: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.share = share


def infer_frequency(steps: Steps, *, is_integer: bool, tz: str | None = None) -> Frequency:
    """Return the one frequency that every series has; gaps do not disturb it.

    The coarsest grid that holds all stamps is taken (months, days, then parts of a day) with the largest step that
    divides all distances; that step must also be the most common one. Weekdays alone are business days.

    Args:
        steps: The stamps of every series.
        is_integer: Whether stamps are an integer index.
        tz: Zone on whose calendar days and months are counted.

    Raises:
        IrregularError: Fewer than two stamps in every series, or no regular step.
        DataError: Two series differ (both are named).
    """
    found = _infer(steps, is_integer, tz)
    if isinstance(found, Frequency):
        odd = ~steps.on_grid(found.split(steps.unique)[1]) | is_coarser(steps, found)
        if not odd.any():
            return found
        order = sorted({int(np.argmax(~odd)), int(np.argmax(odd))})
    else:
        order = list(range(min(len(steps.ids), 100)))
    each = [(steps.ids[s], _infer(steps.only(s), is_integer, tz)) for s in order]
    known = [(name, one) for name, one in each if isinstance(one, Frequency)]
    for name, one in known[1:]:
        if one != known[0][1]:
            raise DataError(
                f"series differ in frequency: {known[0][0]!r} is {known[0][1].alias}, {name!r} is {one.alias}",
                hint=f"Pass --freq {known[0][1].alias} to use the series that have it, or split the file",
            )
    odd_ones = (one for one in (found, *(one for _, one in each)) if isinstance(one, Irregular))
    reason, hint = next(odd_ones, None), "Pass --freq, such as --freq D"
    raise (
        IrregularError(reason.message, hint=hint, share=reason.share)
        if reason
        else DataError("no regular step", hint=hint)
    )


def is_coarser(steps: Steps, frequency: Frequency) -> Mask:
    """Return which series [S] never take one single step of a frequency in three or more: theirs is another."""
    total, single = steps.share(frequency)
    return np.asarray((total >= 3) & (single == 0))


def resolve_frequency(alias: str, steps: Steps, tz: str | None = None) -> Frequency:
    """Return the frequency of a user's alias, taking an anchor that it leaves open (`W`, `QS`, `M`) from the data."""
    plain = Frequency(alias, tz)
    if "-" in alias or plain.is_integer or not plain.is_calendar:
        return plain
    number, name = re.match(r"(\d*)(.*)", _OLD.get(alias, alias)).groups()  # type: ignore[union-attr]
    sides = {"M": ("MS", "ME"), "Q": ("QS", "QE"), "Y": ("YS", "YE")}.get(_OLD.get(name, name), (_OLD.get(name, name),))
    anchors = {"W": WEEKDAYS, "Q": MONTHS[:3], "Y": MONTHS}.get(sides[0][0], ())
    names = [f"{number}{side}-{anchor}" for side in sides for anchor in anchors] or [
        f"{number}{side}" for side in sides
    ]
    options = [plain, *(Frequency(option, tz) for option in names)]
    return max(options, key=lambda option: int(steps.on_grid(option.split(steps.unique)[1]).sum()))


def _infer(steps: Steps, is_integer: bool, tz: str | None) -> Frequency | Irregular:
    """Return the frequency of all series pooled, or why there is none."""
    for alias in ("1",) if is_integer else ("MS", "ME", "D", "ns"):
        base = Frequency(alias, tz)
        ordinals, phases = base.split(steps.unique)
        if steps.on_grid(phases).all():
            break
    jumps, _ = steps.of(ordinals)
    if not len(jumps):
        return Irregular("one stamp in every series does not show the frequency", None)
    sizes, counts = np.unique(jumps, return_counts=True)
    step, common, share = int(np.gcd.reduce(sizes)), int(sizes[np.argmax(counts)]), counts.max() / counts.sum()
    if alias == "D" and step == 1 and (business := _business(steps, tz)):
        return business
    if step != common:
        monthly = alias == "D" and 28 <= common <= 31
        closest = "MS" if monthly else _anchored(base, common, steps).alias
        return Irregular(f"no regular frequency; closest {closest} ({100 * share:.0f} %)", share)
    return _anchored(base, step, steps)


def _anchored(base: Frequency, step: int, steps: Steps) -> Frequency:
    """Return the frequency of `step` steps of a base grid, anchored where its first stamp is."""
    unit, _, _ = base.grid
    day = to_local(steps.unique[:1], base.tz) // DAY if base.is_calendar else None
    if day is not None and unit == "day" and step % 7 == 0:
        return Frequency(_name("week", step, WEEKDAYS[int(day[0] + 3) % 7]), base.tz)
    if day is not None and unit in ("start", "end") and step % 3 == 0 and (step == 3 or step % 12 == 0):
        month = int(day.astype("M8[D]").astype("M8[M]").astype(np.int64)[0]) % 12
        return Frequency(_name(unit, step, MONTHS[_anchor_month(step, month, unit)]), base.tz)
    return Frequency(_name(unit, step, None), base.tz)


def _business(steps: Steps, tz: str | None) -> Frequency | None:
    """Return business days where no stamp is on a weekend, and counting without weekends leaves fewer gaps."""
    days, business = Frequency("D", tz), Frequency("B", tz)
    if not steps.on_grid(business.split(steps.unique)[1]).all():
        return None
    return business if steps.share(business)[1].sum() > steps.share(days)[1].sum() else None

"""How old data is: from its newest observed stamp to the time of the run, or to `--as-of`; and what is too old.

A stamp without a time zone is taken for the wall clock of the machine, as whoever set up the cron job reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from forecaster.base.errors import GateError, UsageError
from forecaster.config import DURATIONS, FreshSettings, parse_duration
from forecaster.data.panel import Panel
from forecaster.data.stamps import is_aware


@dataclass(frozen=True, kw_only=True)
class Age:
    """How old data is.

    Attributes:
        newest: Its newest observed stamp, as written in the file.
        moment: The same; aware where the stamps have a zone, None for an integer index.
        until: What the age counts to: the time of the run or `--as-of`; None where neither is known.
        stale: Whether it is older than `--warn-age`.
    """

    newest: str
    moment: datetime | None
    until: datetime | None
    stale: bool = False

    @property
    def seconds(self) -> float | None:
        """Seconds from the newest stamp on, negative for one in the future; None where there is no clock."""
        if self.moment is None or self.until is None:
            return None
        naive = self.until if self.moment.tzinfo else self.until.replace(tzinfo=None)
        return (naive - self.moment).total_seconds()

    def summary(self) -> dict[str, Any]:
        """Return the age as JSON-safe data."""
        return {"newest": self.newest, "age_seconds": self.seconds, "stale": self.stale}

    def warnings(self, source: str) -> tuple[str, ...]:
        """Return what to warn of: that the data is stale."""
        return (f"{source} ends at {self.newest}, {self.text()}: older than --warn-age",) if self.stale else ()

    def text(self) -> str:
        """Return the age in words: `3.0 days old`, `5.5 hours old`, `2.0 days in the future`."""
        seconds = self.seconds or 0.0
        size, unit = (abs(seconds) / 86_400, "days") if abs(seconds) >= 172_800 else (abs(seconds) / 3600, "hours")
        return f"{size:,.1f} {unit} {'old' if seconds >= 0 else 'in the future'}"


@dataclass(frozen=True)
class Limits:
    """How old data may be before it is refused, and before it is warned of; None for no limit."""

    most: timedelta | None = None
    warn: timedelta | None = None

    def judge(self, age: Age, source: str) -> Age:
        """Return the age, marked when it is stale.

        Raises:
            GateError: The data is too old, or as far in the future.
            UsageError: There is a limit, but the data has no clock: its index is of whole numbers.
        """
        if self.most is None and self.warn is None:
            return age
        if age.moment is None:
            raise UsageError(f"{source}: whole numbers as times have no age", hint="Leave out --max-age and --warn-age")
        distance = timedelta(seconds=abs(age.seconds or 0.0))
        if self.most is not None and distance > self.most:
            remedy = "Bring the data up to date" if (age.seconds or 0.0) > 0 else "Correct its stamps"
            raise GateError(
                f"nothing was published: {source} ends at {age.newest}, {age.text()}, limit {_short(self.most)}",
                hint=f"{remedy}, or raise --max-age",
            )
        stale = self.warn is not None and distance > self.warn
        return Age(newest=age.newest, moment=age.moment, until=age.until, stale=stale)


def limits_of(settings: FreshSettings) -> Limits:
    """Return the limits that `--max-age` and `--warn-age` set.

    Raises:
        UsageError: One is no duration, or the warning would come only with the refusal.
    """
    most = parse_duration(settings.max_age, "--max-age") if settings.max_age is not None else None
    warn = parse_duration(settings.warn_age, "--warn-age") if settings.warn_age is not None else None
    if most is not None and warn is not None and warn >= most:
        raise UsageError(
            f"--warn-age {settings.warn_age} is not below --max-age {settings.max_age}: it would never warn"
        )
    return Limits(most, warn)


def age_of(panel: Panel, now: datetime | None) -> Age:
    """Return the age of a panel at `now`, an aware time; where the panel was cut `--as-of` a stamp, at that stamp."""
    newest = panel.ends.max(keepdims=True)
    text = str(panel.write(newest)[0])
    if panel.frequency.is_integer:
        return Age(newest=text, moment=None, until=None)
    aware = panel.schema.tz is not None or is_aware(panel.schema.time_format)
    moment = _moment(int(newest.astype(np.int64)[0]), aware)
    return Age(newest=text, moment=moment, until=now if panel.as_of is None else _moment(panel.as_of, aware))


def _moment(stamp: int, aware: bool) -> datetime:
    since = timedelta(microseconds=stamp // 1000)
    return datetime(1970, 1, 1, tzinfo=UTC if aware else None) + since  # naive: the wall clock that the file shows


def _short(limit: timedelta) -> str:
    """Return a limit as one would type it."""
    unit = next((unit for unit in ("d", "h", "min") if not limit % DURATIONS[unit]), "s")
    return f"{limit / DURATIONS[unit]:g}{unit}"

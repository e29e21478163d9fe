"""A cron expression: five fields that say when a command is due; as a crontab line, and as a systemd service and timer.

The fields are those of crontab(5): minute, hour, day of the month, month, day of the week; lists, ranges, steps, names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecaster.base.errors import UsageError

Numbers = tuple[int, ...]

WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Words that stand for five fields."""

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_PART = re.compile(r"(?P<all>\*)|(?P<first>\w+)(-(?P<last>\w+))?")


@dataclass(frozen=True)
class Field:
    """What one of the five fields may hold.

    Attributes:
        name: For messages.
        low: Smallest number.
        high: Largest number.
        names: Words for the numbers from `low` on.
    """

    name: str
    low: int
    high: int
    names: Sequence[str] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True)
class Schedule:
    """When a command is due.

    Attributes:
        text: The five fields, as given.
        minutes: Ascending, as are the others.
        hours: 0 to 23.
        days: Of the month.
        months: 1 to 12.
        weekdays: 0 to 6, from Sunday on.
        either: Whether a day counts when it fits `days` or `weekdays`; else it must fit both. As in crontab(5), where
            both are restricted, that is neither begins with `*`.
    """

    text: str
    minutes: Numbers
    hours: Numbers
    days: Numbers
    months: Numbers
    weekdays: Numbers
    either: bool

    def calendar(self) -> tuple[str, ...]:
        """Return the same for `OnCalendar=` of systemd: two events where a day counts for either of two reasons."""
        week = ",".join(WEEKDAYS[day].capitalize() for day in self.weekdays) + " " if len(self.weekdays) < 7 else ""
        days, months = _listed(self.days, 31), _listed(self.months, 12)
        clock = f"{_listed(self.hours, 24)}:{_listed(self.minutes, 60)}:00"
        if self.either:
            return f"*-{months}-{days} {clock}", f"{week}*-{months}-* {clock}"
        return (f"{week}*-{months}-{days} {clock}",)


def parse_schedule(text: str) -> Schedule:
    """Return the schedule that a cron expression stands for.

    Raises:
        UsageError: It is none, or its day never comes; the message names the field.
    """
    fields = WORDS.get(text.strip().lower(), text).split()
    if len(fields) != len(FIELDS):
        raise UsageError(
            f"--cron {text!r}: expected five fields (minute, hour, day, month, weekday), received {len(fields)}",
            hint="Such as --cron '17 3 * * *'",
        )
    minutes, hours, days, months, weekdays = (
        _numbers(written, field, text) for written, field in zip(fields, FIELDS, strict=True)
    )
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not either and not any(days[0] <= LONGEST_MONTH[month - 1] for month in months):
        raise UsageError(f"--cron {text!r}: that day never comes")
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    return Schedule(" ".join(fields), minutes, hours, days, months, weekdays, either)


def _numbers(written: str, field: Field, text: str) -> Numbers:
    """Return the numbers that a field stands for: a list of `*`, numbers and ranges, each with or without a step."""
    found: set[int] = set()
    for item in written.split(","):
        span, slash, step = item.partition("/")
        match = _PART.fullmatch(span)
        if match is None or (slash and not (step.isascii() and step.isdigit() and int(step))):
            raise _wrong(item, field, text)
        if match["all"]:
            first, last = field.low, field.high - (field.high == 7)  # a week has seven days, 0 and 7 are one
        else:
            first = _number(match["first"], field, item, text)
            last = _number(match["last"], field, item, text) if match["last"] else field.high if slash else first
        if first > last:
            raise _wrong(item, field, text)
        found.update(range(first, last + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(word: str, field: Field, item: str, text: str) -> int:
    if word.lower() in field.names:
        return field.low + list(field.names).index(word.lower())
    if not (word.isascii() and word.isdigit() and field.low <= int(word) <= field.high):
        raise _wrong(item, field, text)
    return int(word)


def _wrong(item: str, field: Field, text: str) -> UsageError:
    wanted = f"{field.low} to {field.high}" + (f" or {field.names[0]} to {field.names[-1]}" if field.names else "")
    return UsageError(f"--cron {text!r}: {field.name} must be {wanted}, received {item!r}", hint="See crontab(5)")


def _listed(numbers: Numbers, size: int) -> str:
    return "*" if len(numbers) == size else ",".join(f"{number:02d}" for number in numbers)


# ---------------------------------------------------------------------------------------------------- for cron, systemd


def crontab_line(schedule: Schedule, command: Sequence[str], folder: Path) -> str:
    """Return the line of a crontab that runs a command in a folder; it needs neither PATH nor HOME.

    Raises:
        UsageError: Something holds a line end, which no crontab can.
    """
    line = f"cd {shlex.quote(str(folder))} && {shlex.join(command)}"
    if "\n" in line:
        raise UsageError("a line of a crontab cannot hold a line end", hint="Rename the folder, or use --systemd")
    return f"{schedule.text} {line.replace('%', chr(92) + '%')}"  # cron itself takes a bare % for a line end


def systemd_units(schedule: Schedule, command: Sequence[str], folder: Path, name: str) -> dict[str, str]:
    """Return the service and the timer that run a command in a folder: file name → content."""
    about = f"{name} in {folder}"
    service = f"""\
[Unit]
Description={_unit_text(about)}

[Service]
Type=oneshot
WorkingDirectory={_unit_text(str(folder))}
ExecStart={" ".join(map(_unit_word, command))}
# 3: published, and what failed is named.
SuccessExitStatus=3
TimeoutStopSec=30
"""
    events = "\n".join(f"OnCalendar={event}" for event in schedule.calendar())
    timer = f"""\
[Unit]
Description={_unit_text(about)}

[Timer]
{events}
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {f"{name}.service": service, f"{name}.timer": timer}


def _unit_text(text: str) -> str:
    """Return a text for a unit file, where `%` begins a specifier."""
    return text.replace("%", "%%").replace("\n", " ")


def _unit_word(word: str) -> str:
    """Return one word of a command line, quoted as systemd.service(5) has it."""
    escaped = word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace("%", "%%").replace("$", "$$")
    return escaped if re.fullmatch(r"[\w@%+=:,./-]+", word) else f'"{escaped}"'

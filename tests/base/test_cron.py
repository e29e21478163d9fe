"""Cron expressions: what they mean, as crontab(5) has it, and the same in a crontab and in systemd."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.cron import FIELDS, Schedule, crontab_line, parse_schedule, systemd_units
from forecaster.base.errors import UsageError

NEEDS_SYSTEMD = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


def is_due(schedule: Schedule, moment: datetime) -> bool:
    """Return whether a command is due in this minute: the rules of crontab(5), written once more."""
    day, weekday = moment.day in schedule.days, (moment.weekday() + 1) % 7 in schedule.weekdays
    right_day = day or weekday if schedule.either else day and weekday
    clock = moment.minute in schedule.minutes and moment.hour in schedule.hours
    return moment.month in schedule.months and right_day and clock


def next_due(schedule: Schedule, moment: datetime, count: int) -> list[datetime]:
    found: list[datetime] = []
    day = moment
    while len(found) < count:
        found += [
            at
            for hour in schedule.hours
            for minute in schedule.minutes
            if is_due(schedule, at := day.replace(hour=hour, minute=minute))
        ]
        day += timedelta(days=1)
    return found[:count]


ALL_DAYS, ALL_MONTHS, ALL_WEEK, ALL_HOURS = (tuple(range(*ends)) for ends in ((1, 32), (1, 13), (0, 7), (0, 24)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17 3 * * *", ((17,), (3,), ALL_DAYS, ALL_MONTHS, ALL_WEEK, False)),
        ("*/20 0-23/6 1,15 jan-MAR,12 *", ((0, 20, 40), (0, 6, 12, 18), (1, 15), (1, 2, 3, 12), ALL_WEEK, False)),
        ("5/25 * * * mon-FRI", ((5, 30, 55), ALL_HOURS, ALL_DAYS, ALL_MONTHS, (1, 2, 3, 4, 5), False)),
        ("0 0 13 * 5", ((0,), (0,), (13,), ALL_MONTHS, (5,), True)),
        ("0 0 * 2 0,7", ((0,), (0,), ALL_DAYS, (2,), (0,), False)),
        ("0 0 */2 * 5-7", ((0,), (0,), tuple(range(1, 32, 2)), ALL_MONTHS, (0, 5, 6), False)),
        ("0 0 29 2 *", ((0,), (0,), (29,), (2,), ALL_WEEK, False)),
        ("@weekly", ((0,), (0,), ALL_DAYS, ALL_MONTHS, (0,), False)),
        (" @Daily ", ((0,), (0,), ALL_DAYS, ALL_MONTHS, ALL_WEEK, False)),
    ],
)
def test_what_a_schedule_means(text: str, expected: tuple[object, ...]) -> None:
    found = parse_schedule(text)
    assert (found.minutes, found.hours, found.days, found.months, found.weekdays, found.either) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected five fields (minute, hour, day, month, weekday), received 0"),
        ("17 3 * *", "expected five fields (minute, hour, day, month, weekday), received 4"),
        ("17 3 * * * root", "expected five fields (minute, hour, day, month, weekday), received 6"),
        ("@reboot", "expected five fields"),
        ("60 3 * * *", "minute must be 0 to 59, received '60'"),
        ("-1 3 * * *", "minute must be 0 to 59, received '-1'"),
        ("1.5 3 * * *", "minute must be 0 to 59, received '1.5'"),
        ("٣ 3 * * *", "minute must be 0 to 59, received '٣'"),
        ("0 24 * * *", "hour must be 0 to 23, received '24'"),
        ("0 5-3 * * *", "hour must be 0 to 23, received '5-3'"),
        ("0 */0 * * *", "hour must be 0 to 23, received '*/0'"),
        ("0 */x * * *", "hour must be 0 to 23, received '*/x'"),
        ("0 1/ * * *", "hour must be 0 to 23, received '1/'"),
        ("0 1,,2 * * *", "hour must be 0 to 23, received ''"),
        ("0 0 0 * *", "day of the month must be 1 to 31, received '0'"),
        ("0 0 1 may-13 *", "month must be 1 to 12 or jan to dec, received 'may-13'"),
        ("0 0 1 sun *", "month must be 1 to 12 or jan to dec, received 'sun'"),
        ("0 0 * * 8", "day of the week must be 0 to 7 or sun to sat, received '8'"),
        ("0 0 31 2,4 *", "that day never comes"),
        ("0 0 * * *\n* * * * * rm", "expected five fields"),
    ],
)
def test_what_is_no_schedule(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_schedule(text)
    assert said in caught.value.message


def test_a_day_that_a_weekday_makes_up_for_comes() -> None:
    assert parse_schedule("0 0 31 2 mon").either


@st.composite
def expressions(draw: st.DrawFn) -> str:
    fields = []
    for field in FIELDS:
        numbers = draw(st.lists(st.integers(field.low, field.high), min_size=1, max_size=3))
        ranges = [f"{min(pair)}-{max(pair)}" for pair in zip(numbers, reversed(numbers), strict=True)]
        step = draw(st.sampled_from(["", "", "/2", "/7"]))
        items = draw(st.sampled_from([["*" + step], [str(n) for n in numbers], [r + step for r in ranges]]))
        fields.append(",".join(items))
    return " ".join(fields)


@given(expressions())
def test_a_schedule_holds_what_its_fields_can(text: str) -> None:
    try:
        found = parse_schedule(text)
    except UsageError:  # 31 February
        return
    for numbers, field in zip((found.minutes, found.hours, found.days, found.months), FIELDS, strict=False):
        assert list(numbers) == sorted(set(numbers))
        assert numbers
        assert field.low <= numbers[0]
        assert numbers[-1] <= field.high
    assert set(found.weekdays) <= set(range(7))
    assert found.text == text


@NEEDS_SYSTEMD
@pytest.mark.parametrize(
    "text",
    ["17 3 * * *", "*/20 0-23/6 1,15 jan-mar,12 *", "30 5 * * mon-fri", "0 0 13 * 5", "0 12 29 2 *", "@hourly"],
)
def test_systemd_agrees(text: str) -> None:
    schedule, base = parse_schedule(text), datetime(2026, 1, 1, tzinfo=UTC)
    found = set()
    for event in schedule.calendar():
        line = [
            "systemd-analyze",
            "calendar",
            "--iterations=12",
            f"--base-time={base:%Y-%m-%d %H:%M:%S} UTC",
            f"{event} UTC",
        ]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        found |= set(re.findall(r"(?:Next elapse|Iter. #\d+): \w+ (\d{4}-\d\d-\d\d \d\d:\d\d):00 UTC", done.stdout))
    expected = [f"{due:%Y-%m-%d %H:%M}" for due in next_due(schedule, base, 12)]
    expected = [due for due in expected if due > f"{base:%Y-%m-%d %H:%M}"]  # the base itself is over
    assert sorted(found)[: len(expected)] == expected


COMMAND = ["/opt/my forecast/bin/forecast", "run", "jobs.toml", "--on-failure", 'echo "100 % $MESSAGE" \\ `x`']


def test_the_line_of_a_crontab_is_what_the_shell_takes_apart_again() -> None:
    line = crontab_line(parse_schedule("17 3 * * *"), COMMAND, Path("/srv/50 %"))
    assert line.startswith("17 3 * * * cd '/srv/50 \\%' && ")
    given_to_the_shell = line.removeprefix("17 3 * * * ").replace("\\%", "%")  # as cron does
    assert shlex.split(given_to_the_shell) == ["cd", "/srv/50 %", "&&", *COMMAND]
    assert not re.search(r"(?<!\\)%", line)


def test_a_crontab_holds_no_line_end() -> None:
    with pytest.raises(UsageError, match="line end"):
        crontab_line(parse_schedule("@daily"), ["forecast", "run", "a\nb.toml"], Path("/srv"))


@NEEDS_SYSTEMD
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tmp_path / "my forecast"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = systemd_units(parse_schedule("0 0 13 * 5"), [str(program), *COMMAND[1:]], tmp_path, "forecast-jobs")
    assert sorted(units) == ["forecast-jobs.service", "forecast-jobs.timer"]
    for name, content in units.items():
        (tmp_path / name).write_text(content)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_words_of_a_unit_are_quoted() -> None:
    service = systemd_units(parse_schedule("@daily"), COMMAND, Path("/srv/50 %"), "forecast-jobs")[
        "forecast-jobs.service"
    ]
    assert (
        'ExecStart="/opt/my forecast/bin/forecast" run jobs.toml --on-failure "echo \\"100 %% $$MESSAGE\\" \\\\ `x`"'
        in service
    )
    assert "WorkingDirectory=/srv/50 %%" in service

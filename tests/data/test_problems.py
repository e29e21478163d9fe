"""Everything that is wrong with a file, in one run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.problems import concrete, flags_of, settings_in
from forecaster.jobs.check import CheckJob, check

Write = Callable[..., Path]


def rows_of(count: int = 60) -> list[list[str]]:
    return [[str(np.datetime64("2024-01-01") + k), str(100 + k % 7)] for k in range(count)]


def text_of(rows: list[list[str]]) -> str:
    return "ds,y\n" + "".join(",".join(row) + "\n" for row in rows)


def refused(path: Path, **flags: str) -> DataError:
    with pytest.raises(DataError) as fault:
        read_panel(path, ReadSettings(**flags))  # type: ignore[arg-type]
    return fault.value


def test_all_problems_are_named_in_one_run_with_their_lines(write_csv: Write) -> None:
    rows = rows_of()
    rows[4][1], rows[9][1], rows[14][0], rows[31] = "abc", "x", "2024-13-01", [rows[30][0], "7"]
    fault = refused(write_csv(text_of(rows)))
    assert "line 16, column 'ds': '2024-13-01' does not match" in fault.message
    assert "and 2 more: line 6, column 'y': 'abc' is not a number (2 such cells) (lines 6, 11)" in fault.message
    assert "lines 32 and 33 have the same time stamp" in fault.message
    assert "correct lines 6, 11, 16, then: forecast check" in fault.hint


def test_the_command_that_is_named_reads_the_file(write_csv: Write) -> None:
    lines = [f"01/{m:02d}/{year},{m}" for year in range(2018, 2024) for m in range(1, 13)]
    lines.insert(31, f"{lines[30].partition(',')[0]},99")
    path = write_csv("ds,y\n" + "\n".join(lines) + "\n")
    fault = refused(path)
    words = shlex.split(fault.hint.partition("For all of them, such as: ")[2])  # two orders of day and month fit
    assert words[:3] == ["forecast", "check", str(path)]
    assert "--on-duplicate" in words
    given = {flag[2:].replace("-", "_"): value for flag, value in zip(words[3::2], words[4::2], strict=True)}
    read_panel(path, ReadSettings(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "said", "hint"),
    [
        ("5,5", "2 of 62 rows repeat a stamp, all with the same value", "--on-duplicate first"),
        ("5,9", "2 of 62 rows repeat a stamp, none with the same value", "--on-duplicate last"),
    ],
)
def test_duplicates_are_counted_and_compared(write_csv: Write, values: str, said: str, hint: str) -> None:
    rows = rows_of()
    one, two = values.split(",")
    for k in (10, 30):
        rows[k][1] = one
        rows.insert(k + 1, [rows[k][0], two])
    fault = refused(write_csv(text_of(rows)))
    assert said in fault.message
    assert hint in fault.hint


def test_a_few_repeated_stamps_are_no_missing_name(write_csv: Write) -> None:
    hours = [str(np.datetime64("2024-10-20T00") + k).replace("T", " ") + ":00" for k in range(24 * 14)]
    hours.insert(24 * 7 + 3, hours[24 * 7 + 2])
    lines = [f"{hour},{1000 + k},{k // 5}" for k, hour in enumerate(hours)]
    fault = refused(write_csv("Datetime,PJME_MW,count\n" + "\n".join(lines) + "\n"), target="PJME_MW")
    assert "1 of 337 rows repeat a stamp" in fault.message
    assert "--tz ZONE --on-ambiguous infer" in fault.hint


def test_a_model_is_not_told_flags_that_it_does_not_take(write_csv: Write) -> None:
    schema = read_panel(write_csv(text_of(rows_of()))).schema
    rows = rows_of()
    rows[31] = [rows[30][0], "7"]
    with pytest.raises(DataError) as fault:
        read_panel(write_csv(text_of(rows)), schema=schema)
    assert fault.value.hint.startswith("Correct the data, or train again: pass --on-duplicate last")


@pytest.mark.parametrize(
    ("hint", "found"),
    [
        ("Pass --on-ambiguous infer, earlier or later", [("on_ambiguous", "infer")]),
        ("Pass --decimal , or --thousands ,", [("decimal", ","), ("thousands", ",")]),
        ("Pass --date-format '%d/%m/%Y' or --x 3", [("date_format", "%d/%m/%Y")]),
        ("Pass --tz ZONE, or --id COLUMN, or --time", []),
        ("Pass --na-values=-9999", [("na_values", "-9999")]),
        ("Pass --skip-rows 3", [("skip_rows", 3)]),
        ("Pass --no-header", [("no_header", True)]),
        ("Pass --wide if each is a series", []),
    ],
)
def test_what_a_hint_names_with_a_value(hint: str, found: list[tuple[str, object]]) -> None:
    assert list(concrete(hint)) == found


@given(st.sampled_from(["na_values", "date_format", "freq", "target"]), st.text("ab -'\"$%;/", min_size=1, max_size=9))
def test_flags_are_words_of_a_command_line(name: str, value: str) -> None:
    words = shlex.split(" ".join(flags_of(ReadSettings(**{name: value}))))  # type: ignore[arg-type]
    flag = f"--{name.replace('_', '-')}"
    assert words in ([flag, value], [f"{flag}={value}"])


def daily(head: str, cells: Callable[[int, str], str], count: int = 40) -> str:
    """Return a file of daily rows: `cells` gives those of day n, whose date is given too."""
    days = (np.datetime64("2021-01-01") + np.arange(count)).tolist()
    return head + "\n" + "\n".join(cells(n, f"{day}") for n, day in enumerate(days)) + "\n"


AUTUMN = ["2017-11-05 00:00", "2017-11-05 01:00", *(f"2017-11-05 {hour:02d}:00" for hour in range(1, 24))]


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (daily("a,b", lambda n, _: f"{n % 3},{2 * n}"), "--time none --target b --start 2020-01-01 --freq D"),
        (daily("value", lambda n, _: f"{n % 7}"), "--time none --start 2020-01-01 --freq D"),
        (daily("date,end_date,v", lambda n, day: f"{day},{day},{n % 7}"), "--time date"),
        (daily("date,close,volume", lambda n, day: f"{day},{n},{n * n}"), "--target close"),
        (daily("d,v", lambda n, day: f"{day.replace('-', '')},{n % 7}"), "--time d --date-format %Y%m%d"),
        (daily("ts,v", lambda n, _: f"{1609459200 + 3600 * n},{n % 7}"), "--time ts --date-format epoch-s"),
        (daily("date,v", lambda n, day: f"{day},{'gone' if n % 9 == 4 else n}"), "--na-values gone"),
        (
            daily("date,shop,part,v", lambda n, day: "\n".join(f"{day},{s},{p},{n}" for s in (1, 2) for p in "AB")),
            "--id shop,part",
        ),
        (
            daily("date,item,metric,v", lambda n, day: "\n".join(f"{day},{s},{p},{n}" for s in "ab" for p in "AB")),
            "--id item,metric",
        ),
        (
            daily(
                "date,area,store,sales", lambda n, day: "\n".join(f"{day},{s},{p},{n}" for s in "NS" for p in (1, 2))
            ),
            "--id area,store",
        ),
        (daily("ts,page", lambda n, day: f"{day} 07:{n + 11}:05,/a"), "--aggregate count --freq D"),
        (
            daily(
                "order_id,ordered_at,amount", lambda n, day: f"{n},{day} 0{n * n % 9}:{n * n % 53:02}:05,{1 + n % 3}.50"
            ),
            "--target amount --aggregate sum --freq D",
        ),
        (
            daily("at,temp", lambda n, day: f"{day} 0{n * n % 9}:{n * n % 53:02}:05,{1 + n % 3}.5"),
            "--aggregate mean --freq D",
        ),
        (
            "date,amount\n" + "".join(f"{np.datetime64('2020-01-01') + 17 * n + n * n % 11},{9}\n" for n in range(60)),
            "--aggregate sum --freq MS",
        ),
        (
            "item,date,qty\n" + "".join(f"i{n},2023-01-{1 + n % 14:02},{n}\n" for n in range(28)),
            "--aggregate sum --freq D",
        ),
        (
            daily(
                "time,temp",
                lambda n, day: "\n".join(
                    f"{day} {h:02}:{m}0:{(3 * n + 7 * h * m) % 41:02},{h}" for h in range(24) for m in range(6)
                ),
                3,
            ),
            "--aggregate mean --freq 10min",
        ),
        (
            "date,v\n"
            + "".join(f"{np.busday_offset(np.datetime64('2018-02') + n, -1, 'backward')},{n}\n" for n in range(40)),
            "--aggregate last --freq ME",
        ),
        (
            daily(
                "day;text;amount;balance",
                lambda n, day: "\n".join(f"{day};rent;{n + k},{k}1;{n * n + k}" for k in range(2)),
            ),
            "--target amount --aggregate sum --freq D",
        ),
        (
            daily(
                "Store ID,Product Code,Date,Qty,Price,Promo,Note",
                lambda n, day: "\n".join(
                    f"{s},{p},{day},{n % 9},{n % 4}.5,{'YN'[n % 2]}," for s in (7, 8) for p in "AB"
                ),
            ),
            "--id 'Store ID,Product Code' --target Qty",
        ),
        (
            "Woche,Umsatz\n" + "".join(f"KW {n % 52 + 1:02}/{2021 + n // 52},{n % 9}\n" for n in range(90)),
            "--time Woche --date-format 'KW %V/%G'",
        ),
        (daily("m;v", lambda n, _: f"{n % 12 + 1:02}.{2018 + n // 12};{n % 7}"), "--time m --date-format %m.%Y"),
        (daily("ts,v", lambda n, _: f"{1609459200 + 3600 * n}.0,{n % 7}"), "--time ts --date-format epoch-s"),
        (daily("ts,v", lambda n, day: f"{day} 07:00 CET,{n % 7}"), "--time ts --date-format '%Y-%m-%d %H:%M CET'"),
        (daily("id;at;temperature;wet", lambda n, day: f"{n};{day};{n % 9}.5;{n % 8}.1"), "--target temperature"),
        (daily("Date,Open,Close,Volume", lambda n, day: f"{day},{n},{n + 1},{n * n}"), "--target Close"),
        (
            "Country,Code,"
            + ",".join(map(str, range(1990, 2010)))
            + "\nAustria,A"
            + ",7" * 20
            + "\nItaly,I"
            + ",8" * 20,
            "--id Country",
        ),
        (
            "Datetime,MW\n" + "".join(f"{stamp},{20000 + n}\n" for n, stamp in enumerate(AUTUMN)),
            "--tz America/New_York --on-ambiguous infer",
        ),
        (
            daily("Date,HE,MW", lambda n, day: "\n".join(f"01/0{n + 1}/2021,{h},{n + h}" for h in range(1, 25)), 9),
            "--time Date,HE --date-format '%m/%d/%Y %H'",
        ),
    ],
)
def test_what_only_the_user_can_choose_is_told_as_a_command_that_reads_the_file(
    write_csv: Write, text: str, flags: str
) -> None:
    path = write_csv(text)
    verdict = check(CheckJob(data=str(path)))
    for hint in (refused(path).hint, verdict.findings[0].hint):
        command = re.split(r"(?:Such as|For all of them(?:, such as)?): ", hint)[-1]
        assert sorted(shlex.split(command)) == sorted(["forecast", "check", str(path), *shlex.split(flags)])
    read_panel(path, ReadSettings(**settings_in(flags)))


def test_a_column_of_years_and_words_is_no_rows_in_order(write_csv: Write) -> None:
    months = ("Ocak", "Mart", "Kasim")
    fault = refused(write_csv("Ay,v\n" + "".join(f"{months[n % 3]} {2001 + n // 3},{n}\n" for n in range(40))))
    assert "column 'Ay' may hold the stamps, and 'Ocak 2001' is in no known format" in fault.message
    assert "or write dates such as 2018-01" in fault.hint
    assert "--time none" not in fault.hint


def test_the_next_likeliest_reading_is_named_too(write_csv: Write) -> None:
    hint = refused(write_csv(daily("date,close,volume", lambda n, day: f"{day},{n},{n * n}"))).hint
    assert "It can also be read with --target volume. Such as: forecast check" in hint


def test_a_choice_that_does_not_read_the_file_is_not_told(write_csv: Write) -> None:
    fault = refused(write_csv("a,b\nx,y\n"))
    assert "Such as" not in fault.hint
    assert "For all of them" not in fault.hint


def test_flags_as_settings() -> None:
    assert settings_in("--time none --start 2020-01 --freq MS") == {"time": "none", "start": "2020-01", "freq": "MS"}
    assert settings_in("") == {}
    assert settings_in("--wide --target 'a b'") == {"wide": True, "target": "a b"}

"""Text ↔ time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.arrow import from_texts
from forecaster.base.errors import UsageError
from forecaster.data.stamps import (
    SECOND,
    check_format,
    localize,
    parse,
    to_local,
    to_utc,
    write_stamps,
)

FORMATS = (
    "%Y-%m-%d %H:%M:%S|%Y-%m-%dT%H:%M|%d.%m.%Y %H:%M|%m/%d/%Y %I:%M %p|%Y/%m/%d %H:%M:%S.%3f|%-d/%-m/%Y %-H:%M:%S|"
    "%Y-%m-%dT%H:%M:%SZ|%Y-%m-%dT%H:%M:%S%:z|%b %-d, %Y %H:%M|%d %B %Y %H:%M|epoch-s|%Y-%m-%d %H:%M:%S.%6f%z|"
    "%G-W%V-%u %H:%M|%Y-%j %H:%M|%a, %d %b %Y %H:%M:%S %z|%Y-%m-%d %H:%M:%S%-z|%Y-%m-%d %H:%M UTC|%A %Y%m%dT%H%M%S"
).split("|")


@pytest.mark.parametrize("time_format", FORMATS)
@given(minutes=st.lists(st.integers(-20_000_000, 30_000_000), min_size=1, max_size=5))
def test_what_is_written_parses_back(time_format: str, minutes: list[int]) -> None:
    stamps = np.array(minutes) * 60 * SECOND
    texts = from_texts(
        [str(text) for text in write_stamps(stamps, time_format, "+02:00" if "z" in time_format else None)]
    )
    parsed, ok = parse(texts, time_format)
    assert ok.all()
    np.testing.assert_array_equal(parsed, stamps)


@pytest.mark.parametrize(
    "time_format",
    [
        "%Y-%m-%d %H:%M:%S",
        "%d.%m.%Y %H:%M",
        "%b %d, %Y %I:%M %p",
        "%y-%m-%dT%H:%M",
        "%G-W%V-%u %H:%M",
        "%A %j %Y %H:%M",
    ],
)
@given(minutes=st.integers(0, 47_000_000))
def test_as_strftime_writes(time_format: str, minutes: int) -> None:
    moment = datetime.fromtimestamp(minutes * 60, UTC)
    assert write_stamps(np.array([minutes * 60 * SECOND]), time_format, None).tolist() == [moment.strftime(time_format)]


@pytest.mark.parametrize("bad", ["%Q", "%d/%m", "", "%Y %Y", "%H:%M"])
def test_bad_format(bad: str) -> None:
    with pytest.raises(UsageError):
        check_format(bad)


def test_zones() -> None:
    local = np.array(["2024-03-31T02:30", "2024-10-27T02:30", "2024-06-01T00:00"], "M8[ns]").astype(np.int64)
    utc, absent, double = localize(local, "Europe/Berlin")
    assert absent.tolist() == [True, False, False]
    assert double.tolist() == [False, True, False]
    assert to_local(utc[2:], "Europe/Berlin")[0] == local[2]
    assert to_utc(local[2:], "Europe/Berlin")[0] == utc[2]


@pytest.mark.parametrize(
    ("years", "read"),
    [
        (["65", "66"], [1965, 1966]),
        (["60", "68", "69", "75"], [1960, 1968, 1969, 1975]),
        (["98", "99", "00", "01"], [1998, 1999, 2000, 2001]),
        (["00", "24"], [2000, 2024]),
        (["49"], [2049]),
        (["50"], [1950]),
    ],
)
def test_years_of_two_digits_follow_one_another(years: list[str], read: list[int]) -> None:
    stamps, ok = parse(from_texts([f"01.03.{year}" for year in years]), "%d.%m.%y")
    assert ok.all()
    assert (stamps.astype("M8[ns]").astype("M8[Y]").astype(int) + 1970).tolist() == read


def test_an_epoch_may_be_written_with_a_fraction_of_nothing() -> None:
    stamps, ok = parse(from_texts(["1704067200.0", "1704070800.00", "1704070800.5"]), "epoch-s")
    assert ok.tolist() == [True, True, False]
    assert stamps[0] == 1704067200 * 10**9


def test_days_of_a_spreadsheet_there_and_back() -> None:
    texts = from_texts(["44197", "44562", "60", "1.5", "44197.5", "x"])
    stamps, ok = parse(texts, "excel")
    assert ok.tolist() == [True, True, False, False, False, False]
    assert stamps[:2].astype("M8[ns]").astype("M8[D]").astype(str).tolist() == ["2021-01-01", "2022-01-01"]
    assert write_stamps(stamps[:2], "excel", None).tolist() == [44197, 44562]
    stamps, ok = parse(from_texts(["44197.0416666667", "44197.5", "44198"]), "excel-time")
    assert ok.all()
    assert stamps.astype("M8[ns]").astype("M8[s]").astype(str).tolist() == [
        "2021-01-01T01:00:00",
        "2021-01-01T12:00:00",
        "2021-01-02T00:00:00",
    ]
    assert write_stamps(stamps, "excel-time", None).tolist() == [44197.0416666667, 44197.5, 44198]

"""Which format a column of stamps is written in."""

from __future__ import annotations

import pytest

from forecaster.base.arrow import from_texts
from forecaster.data.notation import StampError, detect_format


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2024-01-01"], "%Y-%m-%d"),
        (["2024-1-1", "2024-12-31"], "%Y-%-m-%-d"),
        (["13/02/2024", "01/02/2024"], "%d/%m/%Y"),
        (["01/13/2024"], "%m/%d/%Y"),
        (["May 3, 2024"], "%b %-d, %Y"),
        (["2024-01-01T00:00:00.25Z"], "%Y-%m-%dT%H:%M:%S.%2fZ"),
        (["2024-01-01T00"], "%Y-%m-%dT%H"),
        (["2024-01-01 00:00:00+00"], "%Y-%m-%d %H:%M:%S%-z"),
        (["2024-01-01 00:00 UTC"], "%Y-%m-%d %H:%M UTC"),
        (["10/03/2004 18.00.00", "13/03/2004 18.00.00"], "%d/%m/%Y %H.%M.%S"),
        (["20240101T000000Z"], "%Y%m%dT%H%M%SZ"),
        (["Jan-1-1995", "Feb-1-1995"], "%b-%-d-%Y"),
        (["2021-W05"], "%G-W%V"),
        (["2021-W5", "2021-W12"], "%G-W%-V"),
        (["2021-W05-3"], "%G-W%V-%u"),
        (["1992M01"], "%YM%m"),
        (["2021-064"], "%Y-%j"),
        (["2020Q1", "2020Q2"], "%YQ%q"),
        (["Mon, 01 Jan 2024 05:00:00 +0100"], "%a, %d %b %Y %H:%M:%S %z"),
        (["Nov-92", "Dec-92", "Jan-93"], "%b-%y"),
        (["Nov-68", "Dec-68", "Jan-69"], "%b-%y"),
        ([f"{year}-{month:02d}" for year in (1, 2, 3) for month in range(1, 13)], "%-y-%m"),
        ([f"{month}/{year:02d}" for year in (99, 0) for month in range(1, 13)], "%-m/%-y"),
        (["7", "8"], "integer"),
        (["100000", "100050"], "integer"),
    ],
)
def test_detected(texts: list[str], expected: str) -> None:
    assert detect_format(from_texts(texts)) == expected


@pytest.mark.parametrize(
    "text", ["now", "today", "NaT", "20240101", "202401", "1e9", "2024-13-01", "1.5", "12:30", "nan"]
)
def test_never_a_date_by_itself(text: str) -> None:
    with pytest.raises(StampError) as caught:
        detect_format(from_texts([text]))
    assert caught.value.text == text


@pytest.mark.parametrize("texts", [["Jan-01", "Jan-02", "Jan-03"], ["Jan-92", "Mar-92", "Apr-92"], ["Jan-92"]])
def test_a_short_year_that_may_be_a_day_is_refused_with_its_flag(texts: list[str]) -> None:
    with pytest.raises(StampError) as caught:
        detect_format(from_texts(texts))
    assert "--date-format '%b-%y'" in caught.value.hint


def test_days_of_a_spreadsheet_are_asked_for_and_with_a_time_of_day_read() -> None:
    with pytest.raises(StampError) as fault:
        detect_format(from_texts(["44197", "44198", "44199"]))
    assert fault.value.hint == "Pass --date-format excel, or --date-format integer"
    assert detect_format(from_texts(["44197.0", "44197.0416666667"])) == "excel-time"
    assert detect_format(from_texts(["1", "2", "3"])) == "integer"
    assert detect_format(from_texts(["100001", "100002"])) == "integer"

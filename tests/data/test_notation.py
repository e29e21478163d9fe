"""Which format a column of stamps is written in."""

from __future__ import annotations

import pyarrow as pa
import pytest

from forecaster.base.arrow import from_texts
from forecaster.data.notation import StampError, detect_format
from forecaster.data.stamps import parse, write_stamps


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


@pytest.mark.parametrize(
    ("texts", "time_format"),
    [
        (["FY2019", "FY2020"], "FY%Y"),
        (["FY99", "FY00"], "FY%y"),
        (["2019/20", "2020/21"], "%Y/%n"),
        (["1999-00", "2000-01", "2001-02", "2012-13"], "%Y-%n"),
        (["2019/2020", "2020/2021"], "%Y/%N"),
        (["FY2019 Q4", "FY2020 Q1"], "FY%Y Q%q"),
        (["Q4 FY19", "Q1 FY20"], "Q%q FY%y"),
        (["2019/20 Q4", "2020/21 Q1"], "%Y/%n Q%q"),
        (["T4 2019", "T1 2020"], "T%q %Y"),
        (["03Jan2022", "04Jan2022"], "%d%b%Y"),
    ],
)
def test_fiscal_years_and_quarters(texts: list[str], time_format: str) -> None:
    assert detect_format(pa.array(texts)) == time_format
    stamps, ok = parse(pa.array(texts), time_format)
    assert ok.all()
    assert list(write_stamps(stamps, time_format, None)) == texts


def test_years_that_could_be_months_are_asked_for() -> None:
    with pytest.raises(StampError, match="can be read as") as fault:
        detect_format(pa.array(["2009-10", "2010-11", "2011-12"]))
    assert fault.value.choices[0] == "--date-format %Y-%n"
    assert detect_format(pa.array(["2009-10"])) == "%Y-%m"
    assert detect_format(pa.array(["2009-10", "2009-11", "2009-12"])) == "%Y-%m"
    with pytest.raises(StampError):
        detect_format(pa.array(["2012-13", "2013-15"]))


@pytest.mark.parametrize(
    ("texts", "time_format", "written"),
    [
        (["2020-01-06 - 2020-01-12", "2020-01-13 - 2020-01-19"], "%Y-%m-%d%*", "2020-01-06"),
        (["2020-01-06/2020-01-12", "2020-01-13/2020-01-19"], "%Y-%m-%d%*", "2020-01-06"),
        (["13.01.2022 00:00 - 13.01.2022 00:15"], "%d.%m.%Y %H:%M%*", "13.01.2022 00:00"),
        (["2022-01-03 00-01", "2022-01-03 01-02", "2022-01-03 23-00"], "%Y-%m-%d %H%*", "2022-01-03 00"),
        (["Jan 03, 2022 @ 00:00:00.000"], "%b %d, %Y @ %H:%M:%S.%3f", "Jan 03, 2022 @ 00:00:00.000"),
        (["13/Jan/2022:00:00:00 +0000"], "%d/%b/%Y:%H:%M:%S %z", "13/Jan/2022:00:00:00 +0000"),
        (["03Jan2022:12:00:00"], "%d%b%Y:%H:%M:%S", "03Jan2022:12:00:00"),
        (["2022-01-03, 14:00"], "%Y-%m-%d, %H:%M", "2022-01-03, 14:00"),
        (["3. Mai 2022 um 14:00"], "de:%-d. %b %Y um %H:%M", "3. Mai 2022 um 14:00"),
    ],
)
def test_stretches_of_time_and_other_clocks(texts: list[str], time_format: str, written: str) -> None:
    assert detect_format(pa.array(texts)) == time_format
    stamps, ok = parse(pa.array(texts), time_format)
    assert ok.all()
    again = write_stamps(stamps, time_format, "UTC" if "%z" in time_format else None)
    assert again[0] == written
    assert parse(pa.array([str(again[0])]), time_format)[1].all()


def test_stretches_that_can_be_read_in_two_ways_are_asked_for() -> None:
    with pytest.raises(StampError, match="can be read as") as fault:
        detect_format(pa.array(["03.01.2022 00:00 - 03.01.2022 00:15", "03.02.2022 00:00 - 03.02.2022 00:15"]))
    assert "'%d.%m.%Y %H:%M%*'" in fault.value.choices[0]

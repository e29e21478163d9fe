"""Stamps → calendar features, against Python's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base import extras
from forecaster.base.errors import UsageError
from forecaster.data import almanac
from forecaster.data.almanac import CATEGORIES, NUMBERS, calendar_feature, check_country, features_of, holiday_counts
from forecaster.data.frequency import Frequency


def stamps_of(*moments: datetime) -> np.ndarray:
    return np.array([int(m.timestamp()) * 1_000_000_000 for m in moments])


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("1", ()),
        ("h", ("hour", "weekday", *NUMBERS)),
        ("15min", ("hour", "weekday", *NUMBERS)),
        ("D", ("weekday", *NUMBERS)),
        ("B", ("weekday", *NUMBERS)),
        ("W-SUN", NUMBERS),
        ("MS", ("month",)),
        ("QE-DEC", ("month",)),
        ("YE-DEC", ()),
    ],
)
def test_a_frequency_has_the_features_that_differ_from_step_to_step(alias: str, expected: tuple[str, ...]) -> None:
    assert features_of(Frequency(alias)) == expected


@given(
    st.integers(-2_000_000_000, 2_100_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.sampled_from([None, "Europe/Berlin", "Asia/Tokyo"]),
)
def test_features_are_those_of_the_local_calendar(moment: datetime, tz: str | None) -> None:
    local = moment.astimezone(ZoneInfo(tz)) if tz else moment
    stamps = np.array([(moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)]) * 1_000_000_000
    read = {name: calendar_feature(name, stamps, tz)[0] for name in (*CATEGORIES, *NUMBERS)}
    assert CATEGORIES["hour"][int(read["hour"])] == f"{local.hour:02d}"
    assert CATEGORIES["weekday"][int(read["weekday"])] == f"{local:%a}".upper()
    assert CATEGORIES["month"][int(read["month"])] == f"{local:%b}".upper()
    angle = 2 * np.pi * (local.timetuple().tm_yday - 1) / 365.2425
    assert read["year-sin"] == pytest.approx(np.sin(angle), abs=1e-9)
    assert read["year-cos"] == pytest.approx(np.cos(angle), abs=1e-9)


def test_holidays_are_counted_in_each_step() -> None:
    days = [datetime(2024, 12, 23, tzinfo=UTC) + timedelta(days=k) for k in range(5)]
    stamps = stamps_of(*days)
    assert holiday_counts("GB", stamps, stamps + 86_400 * 10**9, None).tolist() == [0, 0, 1, 1, 0]
    months = stamps_of(*[datetime(2024, m, 1, tzinfo=UTC) for m in (3, 4, 5, 6)])
    assert holiday_counts("DE", months[:-1], months[1:], None).tolist() == [1, 1, 3]  # Good Friday; Easter Monday; …


def test_an_hour_has_the_holiday_of_its_local_day() -> None:
    eve = datetime(2024, 12, 24, 22, tzinfo=UTC)
    stamps = stamps_of(*[eve + timedelta(hours=k) for k in range(4)])
    after = stamps + 3600 * 10**9
    assert holiday_counts("GB", stamps, after, None).tolist() == [0, 0, 1, 1]
    assert holiday_counts("GB", stamps, after, "Europe/Berlin").tolist() == [0, 1, 1, 1]


def test_a_region_has_holidays_of_its_own() -> None:
    epiphany = stamps_of(datetime(2024, 1, 6, tzinfo=UTC))
    assert date(2024, 1, 6).weekday() == 5
    assert [holiday_counts(code, epiphany, epiphany + 86_400 * 10**9, None)[0] for code in ("DE", "DE-BY")] == [0, 1]


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [("XX", "no such country", "such as"), ("gb", "no such country", "GB"), ("DE-QQ", "no such region of DE", "BY")],
)
def test_an_unknown_country_is_refused(code: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        check_country(code)
    assert hint in caught.value.hint


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "holidays", ("no_such_package",))
    with pytest.raises(UsageError, match="--holidays GB needs no_such_package") as caught:
        almanac.check_country("GB")
    assert "forecast-lstm[holidays]" in caught.value.hint
    with pytest.raises(UsageError, match="A model with the holidays of GB needs no_such_package"):
        holiday_counts("GB", np.array([0]), np.array([1]), None)  # a model from elsewhere is used here

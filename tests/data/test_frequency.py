"""The frequency of a time index, against pandas as the oracle for the next stamps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError, UsageError
from forecaster.data.frequency import Frequency, Steps, infer_frequency, resolve_frequency

ALIASES = (
    "s 5min 10min 15min 30min h 2h 6h 12h D 2D 10D B W-SUN W-MON W-WED 2W-FRI MS ME 2MS 6ME "
    "QS-JAN QS-FEB QS-MAR QE-DEC QE-OCT QE-NOV YS-JAN YS-JUL YE-DEC YE-JUN 2YS-JAN 30D"
).split()


def steps_of(*series: np.ndarray) -> Steps:
    rows = np.concatenate([np.asarray(one).astype(np.int64) for one in series])
    unique, codes = np.unique(rows, return_inverse=True)
    bounds = np.concatenate(([0], np.cumsum([len(one) for one in series])))
    return Steps(unique, codes, bounds, tuple("abcdefgh"[: len(series)]))


def infer(*series: np.ndarray, tz: str | None = None) -> str:
    integer = np.asarray(series[0]).dtype.kind == "i"
    return infer_frequency(steps_of(*series), is_integer=integer, tz=tz).alias


def dates(alias: str, count: int, start: str = "2019-01-01", tz: str | None = None) -> np.ndarray:
    index = pd.date_range(start, periods=count, freq=alias, tz=tz)
    return (index.tz_convert(None) if tz else index).to_numpy("datetime64[ns]")


@pytest.mark.parametrize("alias", ALIASES)
def test_inferred_and_continued_as_pandas_does(alias: str) -> None:
    index = dates(alias, 40)
    assert infer(index[:30]) == alias
    frequency = Frequency(alias)
    np.testing.assert_array_equal(frequency.stamps(index[0], 40), index)
    np.testing.assert_array_equal(frequency.future(index[29:30], 10)[0], index[30:])


@given(
    alias=st.sampled_from(ALIASES),
    holes=st.sets(st.integers(1, 38), max_size=9),
    start=st.dates(pd.Timestamp("1980-01-01").date(), pd.Timestamp("2060-01-01").date()),
)
def test_gaps_do_not_disturb(alias: str, holes: set[int], start: object) -> None:
    index = dates(alias, 40, start=str(start))
    assert infer(np.delete(index, sorted(holes))) == alias


@given(alias=st.sampled_from(ALIASES), start=st.integers(-(10**18), 4 * 10**18), steps=st.integers(-100, 100))
def test_join_inverts_split(alias: str, start: int, steps: int) -> None:
    frequency = Frequency(alias)
    ordinals, phases = frequency.split(np.array([start]))
    if phases[0] >= 0:
        assert frequency.join(ordinals, phases)[0] == start
        moved = frequency.join(ordinals + steps, phases)
        assert frequency.split(moved)[0][0] == ordinals[0] + steps
        assert (moved[0] > start) == (steps > 0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "+05:30"])
@pytest.mark.parametrize("alias", ["h", "15min", "D", "W-MON", "B", "MS", "ME"])
def test_clock_changes(alias: str, zone: str) -> None:
    index = dates(alias, 600 if alias == "D" else 60, start="2024-02-20", tz=zone)
    assert infer(index, tz=zone) == alias
    frequency = Frequency(alias, zone)
    np.testing.assert_array_equal(frequency.stamps(index[0], len(index)), index)
    np.testing.assert_array_equal(frequency.future(index[20:21], 30)[0], index[21:51])


def test_one_local_day_is_23_hours_when_the_clock_goes_forward() -> None:
    stamps = Frequency("D", "Europe/Berlin").stamps(np.datetime64("2024-03-30T23:00"), 2)
    assert (stamps[1] - stamps[0]) / np.timedelta64(1, "h") == 23


def test_integer_index() -> None:
    assert infer(np.array([3, 4, 6, 7])) == "1"
    assert infer(np.array([0, 10, 20, 40])) == "10"
    np.testing.assert_array_equal(Frequency("10").future(np.array([40, 7]), 2), [[50, 60], [17, 27]])


def test_stamps_keep_their_place_in_the_month_and_day() -> None:
    index = dates("MS", 10) + np.timedelta64(14, "D") + np.timedelta64(6, "h")
    assert infer(index[:9]) == "MS"
    assert Frequency("MS").future(index[8:9], 1)[0, 0] == index[9]
    assert infer(dates("D", 10) + np.timedelta64(6, "h")) == "D"


def test_series_of_different_phase_share_a_frequency() -> None:
    assert infer(dates("h", 9), dates("h", 9) + np.timedelta64(5, "m")) == "h"


@pytest.mark.parametrize(
    ("one", "two", "names"),
    [
        (dates("D", 20), dates("h", 50), ["'a' is D", "'b' is h"]),
        (dates("D", 60), dates("MS", 12), ["'a' is D", "'b' is MS"]),
        (dates("W-MON", 9), dates("W-TUE", 9), ["W-MON", "W-TUE"]),
        (dates("h", 90), dates("D", 9), ["'a' is h", "'b' is D"]),
        (dates("MS", 9), dates("ME", 9), ["MS", "ME"]),
    ],
)
def test_mixed_frequencies_name_both_series(one: np.ndarray, two: np.ndarray, names: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        infer(one, two)
    assert all(name in caught.value.message for name in names)


def test_irregular() -> None:
    index = dates("D", 30)
    index[::4] += np.timedelta64(37, "m")
    with pytest.raises(DataError, match=r"no regular frequency; closest D \(\d+ %\)"):
        infer(index)
    with pytest.raises(DataError, match="one stamp"):
        infer(index[:1], index[:1])


@pytest.mark.parametrize(
    ("given", "index", "expected"),
    [
        ("W", dates("W-TUE", 9), "W-TUE"),
        ("QS", dates("QS-FEB", 9), "QS-FEB"),
        ("M", dates("ME", 9), "ME"),
        ("M", dates("MS", 9), "MS"),
        ("Y", dates("YE-JUN", 9), "YE-JUN"),
        ("Q", dates("QE-DEC", 9), "QE-DEC"),
        ("H", dates("h", 9), "h"),
    ],
)
def test_open_anchor_is_taken_from_the_data(given: str, index: np.ndarray, expected: str) -> None:
    assert resolve_frequency(given, steps_of(index)).alias == expected


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("H", "h"),
        ("60min", "h"),
        ("T", "min"),
        ("24h", "D"),
        ("W", "W-SUN"),
        ("Q", "QE-DEC"),
        ("QS", "QS-JAN"),
        ("7D", "7D"),
    ],
)
def test_aliases_are_normalised(alias: str, expected: str) -> None:
    assert Frequency(alias).alias == expected


@pytest.mark.parametrize("alias", ["", "x", "hourly", "0D", "D-MON", "W-XXX", "-1D", "1.5h", "MS-JAN"])
def test_unknown_alias(alias: str) -> None:
    with pytest.raises(UsageError, match="not known"):
        Frequency(alias)


@pytest.mark.parametrize(
    ("alias", "season", "horizon"),
    [
        ("10min", 144, 144),
        ("15min", 96, 96),
        ("30min", 48, 48),
        ("h", 24, 48),
        ("D", 7, 14),
        ("B", 5, 10),
        ("W-SUN", 52, 13),
        ("MS", 12, 12),
        ("QE-DEC", 4, 8),
        ("YS-JAN", 1, 6),
        ("1", 1, 12),
        ("6h", 4, 8),
        ("7min", 1, 24),
        ("s", 60, 60),
        ("2D", 1, 14),
    ],
)
def test_season_and_horizon(alias: str, season: int, horizon: int) -> None:
    assert (Frequency(alias).season_length, Frequency(alias).default_horizon) == (season, horizon)


def test_a_series_without_rows_is_on_every_grid() -> None:
    stamps = np.arange(3) * 86_400_000_000_000
    steps = Steps(stamps, np.arange(3), np.array([0, 3, 3]), ("a", "b"))
    assert steps.on_grid(Frequency("D").split(stamps)[1]).tolist() == [True, True]
    empty = Steps(stamps, np.empty(0, np.int64), np.array([0, 0]), ("a",))
    assert empty.on_grid(Frequency("D").split(stamps)[1]).tolist() == [True]

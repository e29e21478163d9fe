"""Offsets from UTC that a clock change would move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import ModelError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.zones import CHANGING, any_repeated, is_offset, may_change, offset_at

HOUR = 3_600 * 10**9


def hours(start: str, count: int, zone_hours: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return hourly stamps in UTC from a wall clock so many hours ahead of it."""
    return np.int64(np.datetime64(start, "ns").astype(np.int64)) + (np.arange(count) - zone_hours) * HOUR


@pytest.mark.parametrize(
    ("offset", "start", "ahead", "zone", "day"),
    [
        ("+02:00", "2024-06-01", 2, "Europe/Berlin", "2024-10-27"),
        ("+01:00", "2024-01-10", 1, "Europe/Berlin", "2024-03-31"),
        ("-05:00", "2024-01-10", -5, "America/New_York", "2024-03-10"),
        ("-04:00", "2024-07-10", -4, "America/New_York", "2024-11-03"),
        ("+11:00", "2024-01-10", 11, "Australia/Sydney", "2024-04-07"),
        ("+12:00", "2024-07-10", 12, "Pacific/Auckland", "2024-09-29"),
    ],
)
def test_one_offset_of_half_a_year_may_change(offset: str, start: str, ahead: int, zone: str, day: str) -> None:
    found = may_change(offset, hours(start, 24 * 20, ahead))
    assert found is not None
    assert found[0] == zone
    assert abs(np.datetime64(found[1]) - np.datetime64(day)) <= np.timedelta64(1, "D")


@pytest.mark.parametrize(
    ("offset", "start", "days"),
    [
        ("UTC", "2024-01-10", 20),  # what most files are exported in
        ("+05:30", "2024-01-10", 20),  # no clock of it is changed
        ("+09:00", "2024-06-10", 20),
        ("+01:00", "2024-01-10", 250),  # the summer is in it
    ],
)
def test_an_offset_that_no_clock_changes_is_let_alone(offset: str, start: str, days: int) -> None:
    assert may_change(offset, hours(start, 24 * days)) is None


def test_every_zone_is_known_and_changes() -> None:
    for zone in CHANGING:
        seen = {offset_at(zone, int(stamp)) for stamp in hours("2024-01-01", 366 * 24)[::24]}
        assert len(seen) == 2, zone


def test_a_bare_offset_is_no_zone() -> None:
    assert all(is_offset(tz) for tz in ("UTC", "+02:00", "-09:30"))
    assert not any(is_offset(tz) for tz in ("Europe/Berlin", None))


def test_the_repeated_hour_is_seen_in_a_clock_without_offsets_alone() -> None:
    stamps = hours("2024-10-26T22:00", 6)
    assert any_repeated(stamps, "%Y-%m-%d %H:%M", "Europe/Berlin")
    assert not any_repeated(stamps, "%Y-%m-%dT%H:%M%:z", "Europe/Berlin")
    assert not any_repeated(stamps, "%Y-%m-%d", "Europe/Berlin")
    assert not any_repeated(stamps, "%Y-%m-%d %H:%M", "+02:00")
    assert not any_repeated(hours("2024-10-28T22:00", 6), "%Y-%m-%d %H:%M", "Europe/Berlin")


Write = Callable[..., Path]


def local(write_csv: Write, start: str, count: int, offsets: str = "", name: str = "data.csv") -> Path:
    days = np.datetime64(start) + np.arange(count)
    return write_csv("ds,y\n" + "".join(f"{day}T00:00:00{offsets},{k % 7}\n" for k, day in enumerate(days)), name)


def offsets_of(panel: Panel) -> list[str]:
    return [finding.hint for finding in panel.findings if finding.code == "offsets"]


def test_training_asks_for_the_zone(write_csv: Write) -> None:
    path = local(write_csv, "2024-06-01", 60, "+02:00")
    assert offsets_of(read_panel(path)) == ["Pass --tz Europe/Berlin, or --tz +02:00 for a clock that never changes"]
    assert not offsets_of(read_panel(path, ReadSettings(tz="Europe/Berlin")))
    assert not offsets_of(read_panel(path, ReadSettings(tz="+02:00")))


def test_a_model_of_one_offset_names_the_others_when_it_refuses(write_csv: Write) -> None:
    schema = read_panel(local(write_csv, "2024-06-01", 60, "+02:00")).schema
    summer = "ds,y\n" + "".join(f"2024-10-{d}T00:00:00+02:00,{d}\n" for d in range(20, 28))
    both = write_csv(summer + "".join(f"2024-11-{d}T00:00:00+01:00,{d}\n" for d in range(10, 20)), "both.csv")
    with pytest.raises(ModelError, match=r"\+01:00, \+02:00, the model was trained on \+02:00") as fault:
        read_panel(both, schema=schema)
    assert "train again with --tz" in fault.value.hint
    winter = read_panel(local(write_csv, "2024-12-01", 60, "+01:00", "winter.csv"), schema=schema)
    assert offsets_of(winter) == ["Pass --tz ZONE, or train again with --tz ZONE, such as Europe/Berlin"]


def test_stamps_ahead_of_a_clock_change_are_told_apart(write_csv: Write) -> None:
    moments = np.datetime64("2024-10-20T00:00") + np.arange(24 * 7 - 1).astype("m8[h]")
    text = "ds,y\n" + "".join(f"{str(m).replace('T', ' ')},{k % 24}\n" for k, m in enumerate(moments))
    panel = read_panel(write_csv(text), ReadSettings(tz="Europe/Berlin"))
    assert panel.future_stamps(3)[0].tolist() == ["2024-10-26 23:00", "2024-10-27 00:00", "2024-10-27 01:00"]
    ahead = panel.future_stamps(5)[0].tolist()
    assert ahead[3:] == ["2024-10-27 02:00+02:00", "2024-10-27 02:00+01:00"]
    assert ahead[0] == "2024-10-26 23:00+02:00"
    assert not panel.has_repeats


def test_a_zone_must_be_known(write_csv: Write) -> None:
    with pytest.raises(UsageError):
        read_panel(local(write_csv, "2024-06-01", 60, "+02:00"), ReadSettings(tz="Europe/Nowhere"))


def test_a_model_of_one_offset_says_so_each_time_unless_the_offset_was_chosen(write_csv: Write) -> None:
    summer = local(write_csv, "2024-06-01", 60, "+02:00")
    found = read_panel(summer).schema
    assert offsets_of(read_panel(summer, schema=found)) == [
        "Pass --tz Europe/Berlin, or --tz +02:00 for a clock that never changes"
    ]
    chosen = read_panel(summer, ReadSettings(tz="+02:00")).schema
    assert (found.tz, chosen.tz) == ("+02:00", "+02:00")
    assert offsets_of(read_panel(summer, schema=chosen)) == []

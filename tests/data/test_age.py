"""How old data is, what is refused for it and what is warned of."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base.errors import GateError, UsageError
from forecaster.config import FreshSettings, PredictSettings, StoreSettings, parse_duration
from forecaster.data.age import Age, age_of, limits_of
from forecaster.data.grid import read_panel
from tests.conftest import Trained, names

NOON = datetime(2024, 2, 2, 12, tzinfo=UTC)
DAILY = "day,y\n" + "".join(f"2024-01-{d:02d},{d}\n" for d in range(1, 32))
OFFSETS = "time,y\n" + "".join(f"2024-02-02T{h:02d}:00+09:00,{h}\n" for h in range(20))
WHOLE = "t,y\n" + "".join(f"{t},{t}\n" for t in range(50, 80))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("36h", 129_600), ("2d", 172_800), (" 2D ", 172_800), ("3W", 1_814_400), ("90min", 5400), ("1.5 h", 5400)],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text, "--max-age") == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "2", "d", "-2d", "0d", "0.0h", "2 days", "1e3d", "2d3h", "9999999d", "nand", "٣d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="--max-age: expected a number above 0 and one of s, min, h, d, w, received"):
        parse_duration(text, "--max-age")


@pytest.mark.parametrize("text", ["3m", "3M"])
def test_minutes_or_months(text: str) -> None:
    with pytest.raises(UsageError, match="could be minutes or months"):
        parse_duration(text, "--max-age")


def age(path: Path, now: datetime | None = NOON, as_of: str | None = None) -> Age:
    return age_of(read_panel(path, as_of=as_of), now)


def test_stamps_without_a_zone_are_the_wall_clock_of_the_machine(write_csv: Callable[..., Path]) -> None:
    path = write_csv(DAILY)
    assert age(path).seconds == 2.5 * 86_400
    assert age(path, NOON.astimezone(timezone(timedelta(hours=9)))).seconds == 2.5 * 86_400 + 9 * 3600


def test_stamps_with_a_zone_are_moments(write_csv: Callable[..., Path]) -> None:
    path = write_csv(OFFSETS)
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert age(path).seconds == age(path, tokyo).seconds == 2 * 3600
    assert age(path).newest == "2024-02-02T19:00+09:00"


def test_as_of_takes_the_place_of_the_clock(write_csv: Callable[..., Path]) -> None:
    path = write_csv(DAILY)
    assert age(path, as_of="2024-01-10").seconds == 0
    assert age(path, as_of="2024-02-03").seconds == 3 * 86_400
    assert age(path, now=None).seconds is None


def test_a_missing_value_at_the_end_makes_nothing_newer(write_csv: Callable[..., Path]) -> None:
    assert age(write_csv(DAILY + "2024-02-01,\n2024-02-02,\n")).newest == "2024-01-31"


@pytest.mark.parametrize(
    ("limit", "warn", "outcome"),
    [
        ("2d", None, "2.5 days old, limit 2d"),
        ("60h", None, ""),
        ("3d", "2d", "stale"),
        ("3d", "61h", ""),
        (None, "1h", "stale"),
    ],
)
def test_limits(write_csv: Callable[..., Path], limit: str | None, warn: str | None, outcome: str) -> None:
    limits, found = limits_of(FreshSettings(max_age=limit, warn_age=warn)), age(write_csv(DAILY))
    if outcome.endswith("2d"):
        with pytest.raises(GateError, match=f"x.csv ends at 2024-01-31, {outcome}") as caught:
            limits.judge(found, "x.csv")
        assert caught.value.hint == "Bring the data up to date, or raise --max-age"
    else:
        assert limits.judge(found, "x.csv").stale is bool(outcome)


def test_stamps_far_in_the_future_are_not_fresh(write_csv: Callable[..., Path]) -> None:
    found = age(write_csv(DAILY), datetime(2023, 1, 31, tzinfo=UTC))
    with pytest.raises(GateError, match=r"365\.0 days in the future, limit 2d") as caught:
        limits_of(FreshSettings(max_age="2d")).judge(found, "x.csv")
    assert "Correct its stamps" in caught.value.hint


def test_an_integer_index_has_no_age(write_csv: Callable[..., Path]) -> None:
    found = age(write_csv(WHOLE))
    assert (found.newest, found.seconds) == ("79", None)
    with pytest.raises(UsageError, match="whole numbers as times have no age"):
        limits_of(FreshSettings(warn_age="2d")).judge(found, "x.csv")


def test_a_warning_that_never_comes_is_refused() -> None:
    with pytest.raises(UsageError, match="it would never warn"):
        limits_of(FreshSettings(max_age="2d", warn_age="48h"))


def test_stale_data_leaves_the_old_forecast_and_model(trained: Trained, tmp_path: Path) -> None:
    output = tmp_path / "f.csv"
    output.write_text("the last good forecast\n")
    fresh, now = FreshSettings(max_age="2d"), datetime(2024, 3, 9, tzinfo=UTC)
    settings = PredictSettings(output=str(output))
    job = jobs.PredictJob(settings=settings, fresh=fresh, models_dir=trained.models_dir, now=now)
    with pytest.raises(GateError, match=r"9\.0 days old"):
        jobs.predict(job)
    assert output.read_text() == "the last good forecast\n"
    store = StoreSettings(models_dir=tmp_path / "models")
    with pytest.raises(GateError, match=r"9\.0 days old"):
        jobs.train(jobs.TrainJob(data=str(trained.data), store=store, fresh=fresh, now=now))
    assert names(tmp_path) == ["f.csv"]


def test_the_result_tells_the_age(trained: Trained) -> None:
    settings, now = PredictSettings(output="-"), datetime(2024, 3, 1, tzinfo=UTC)
    job = jobs.PredictJob(
        settings=settings, fresh=FreshSettings(warn_age="12h"), models_dir=trained.models_dir, now=now
    )
    summary = jobs.predict(job).summary()
    assert (summary["newest"], summary["age_seconds"], summary["stale"]) == ("2024-02-29", 86_400, True)


def test_the_clock_is_read_with_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from forecaster.cli import log

    monkeypatch.setitem(os.environ, "TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert log.clock().utcoffset() == timedelta(hours=9)
    finally:
        monkeypatch.undo()
        time.tzset()

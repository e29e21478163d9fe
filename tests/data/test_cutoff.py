"""`--as-of`: the panel is that of a file that ends there, and a stamp that could mean two moments is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecaster import jobs
from forecaster.base.errors import DataError, ForecastError, UsageError
from forecaster.config import FreshSettings, PredictSettings, ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from tests.conftest import Trained

WriteCsv = Callable[..., Path]

DAILY = "day,y\n" + "".join(f"2024-01-{d:02d},{d}\n" for d in range(1, 31))
HOURLY = "time,y\n" + "".join(f"2024-01-01 {h:02d}:00,{h}\n" for h in range(24))
OFFSETS = "time,y\n" + "".join(f"2024-01-01T{h:02d}:00+01:00,{h}\n" for h in range(24))
MONTHLY = "month,y\n" + "".join(f"2023-{m:02d},{m}\n" for m in range(1, 13))
WHOLE = "t,y\n" + "".join(f"{t},{t}\n" for t in range(50, 80))
GERMAN = "Tag;y\n" + "".join(f"{d:02d}.01.2024;{d}\n" for d in range(1, 31))


def newest(path: Path, as_of: str, **reading: str) -> str:
    panel = read_panel(path, ReadSettings(**reading), as_of=as_of)  # type: ignore[arg-type]
    return str(panel.write(panel.ends)[0])


@pytest.mark.parametrize(
    ("content", "as_of", "last"),
    [
        (DAILY, "2024-01-20", "2024-01-20"),
        (DAILY, " 2024-01-20 ", "2024-01-20"),
        (DAILY, "2024-01-20T12:00", "2024-01-20"),
        (DAILY, "2025-06-01", "2024-01-30"),  # after the end: all of it
        (HOURLY, "2024-01-01 05:00", "2024-01-01 05:00"),
        (HOURLY, "2024-01-01T05:59:59", "2024-01-01 05:00"),
        (OFFSETS, "2024-01-01T05:00+01:00", "2024-01-01T05:00+01:00"),
        (OFFSETS, "2024-01-01T05:00Z", "2024-01-01T06:00+01:00"),
        (MONTHLY, "2023-05", "2023-05"),
        (MONTHLY, "2023-05-31", "2023-05"),
        (WHOLE, "60", "60"),
        (GERMAN, "20.01.2024", "20.01.2024"),
        (GERMAN, "2024-01-20", "20.01.2024"),
    ],
)
def test_the_stamp_is_inclusive(write_csv: WriteCsv, content: str, as_of: str, last: str) -> None:
    assert newest(write_csv(content), as_of) == last


@pytest.mark.parametrize(
    ("content", "as_of", "said"),
    [
        (DAILY, "20/01/2024", "'20/01/2024' is not a stamp"),
        (DAILY, "yesterday", "is not a stamp"),
        (DAILY, "", "is not a stamp"),
        (DAILY, "2024-02-30", "is not a stamp"),
        (DAILY, "2024-01", "is not a stamp"),  # its first day, or its last?
        (HOURLY, "2024-01-01", "is a day, but the stamps have a time of day"),
        (HOURLY, "2024-01-01T05:00Z", "has an offset from UTC, but the stamps have none"),
        (OFFSETS, "2024-01-01T05:00", "has no offset from UTC, but the stamps have"),
        (OFFSETS, "2024-01-01", "is a day, but the stamps have a time of day"),
        (WHOLE, "2024-01-01", "is not a stamp"),
        (WHOLE, "60.5", "is not a stamp"),
    ],
)
def test_what_could_mean_two_moments_is_refused(write_csv: WriteCsv, content: str, as_of: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        newest(write_csv(content), as_of)
    assert caught.value.hint


def test_a_format_that_reads_as_another_iso_day_is_refused(write_csv: WriteCsv) -> None:
    days = "day,y\n" + "".join(f"2024-{d:02d}-01,{d}\n" for d in range(1, 31))  # year, day, month
    path = write_csv(days)
    with pytest.raises(UsageError, match="two different days"):
        newest(path, "2024-05-01", date_format="%Y-%d-%m")
    assert newest(path, "2024-20-01", date_format="%Y-%d-%m") == "2024-20-01"


def test_a_wall_clock_is_that_of_the_zone(write_csv: WriteCsv) -> None:
    path = write_csv(HOURLY.replace("2024-01-01", "2024-10-25"))
    assert newest(path, "2024-10-25T05:00", tz="Europe/Berlin") == "2024-10-25 05:00"
    assert newest(path, "2024-10-25T05:00Z", tz="Europe/Berlin") == "2024-10-25 07:00"
    for stamp, fault in (("2024-10-27T02:30", "exists twice"), ("2024-03-31 02:30", "does not exist")):
        with pytest.raises(UsageError, match=f"{fault} in Europe/Berlin"):
            newest(path, stamp, tz="Europe/Berlin")


def test_nothing_that_old(write_csv: WriteCsv) -> None:
    with pytest.raises(DataError, match=r"no row up to --as-of 2023-12-31; the first stamp is 2024-01-01"):
        newest(write_csv(DAILY), "2023-12-31")


def test_what_was_left_out_is_counted(write_csv: WriteCsv) -> None:
    panel = read_panel(write_csv(DAILY), as_of="2024-01-20")
    assert [finding.message for finding in panel.findings] == ["10 rows after --as-of 2024-01-20 are left out"]
    assert panel.rows == 30


def same(one: Panel, two: Panel) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in ("values", "filled", "offsets", "starts")
    )
    return arrays and one.ids == two.ids and one.frequency == two.frequency and one.skipped == two.skipped


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_as_if_the_file_ended_there(write_csv: WriteCsv, data: st.DataObject) -> None:
    """Rows in any order, holes and all: cut by --as-of or cut by hand, the panel (or the fault) is the same."""
    days = [f"2024-01-{d:02d}" for d in range(1, 29)]
    cells = [(name, day) for name in "abc" for day in data.draw(st.sets(st.sampled_from(days), min_size=4))]
    rows = [f"{name},{day},{i}" for i, (name, day) in enumerate(data.draw(st.permutations(cells)))]
    cutoff = data.draw(st.sampled_from(days))
    kept = [row for row in rows if row.split(",")[1] <= cutoff]
    reading = ReadSettings(freq="D", max_missing=1.0)

    def panel_of(lines: list[str], as_of: str | None) -> Panel | str:
        try:
            return read_panel(write_csv("\n".join(["id,day,y", *lines, ""])), reading, as_of=as_of)
        except ForecastError as fault:
            return type(fault).__name__

    short, cut = panel_of(kept, None), panel_of(rows, cutoff)
    assert short == cut if isinstance(short, str) or isinstance(cut, str) else same(short, cut)


def test_a_forecast_as_of_a_stamp_is_that_of_a_shorter_file(trained: Trained, tmp_path: Path) -> None:
    lines = trained.data.read_text().splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(line for line in lines if line.split(",")[1] <= "2024-02-10" or line == lines[0]) + "\n")

    def text(data: Path, as_of: str | None) -> str:
        job = jobs.PredictJob(
            data=str(data),
            settings=PredictSettings(output="-"),
            fresh=FreshSettings(as_of=as_of),
            models_dir=trained.models_dir,
        )
        return jobs.predict(job).text

    assert text(trained.data, "2024-02-10") == text(short, None) != text(trained.data, None)
    assert text(trained.data, "2024-02-10").splitlines()[1].startswith("shop-0,2024-02-11,")

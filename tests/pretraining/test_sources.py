"""Open tables: read from a clone, put on a regular grid, summed to longer steps, parted into places and columns."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pretraining import corpus
from pretraining.sources import TABLES, Table, open_tables, rhythms

NICS = "BuzzFeedNews/nics-firearm-background-checks"


def cloned(folder: Path, repository: str, files: dict[str, str]) -> Path:
    """A repository `owner+name` with one commit of `files`."""
    made = folder / repository.replace("/", "+")
    for path, text in files.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_text(text)
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", str(made), *command], check=True)
    return made


def stamped(start: str, values: np.ndarray, freq: str) -> pd.Series:
    return pd.Series(values, pd.date_range(start, periods=len(values), freq=freq))


def test_a_table_of_places_and_columns_gives_a_series_for_each(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    months = pd.period_range("2001-01", periods=48, freq="M")
    columns = next(table for table in TABLES if table.name == "nics").values
    rows = [
        ",".join([str(month), state, *map(str, rng.integers(5, 900, len(columns)))])
        for month in reversed(months)  # newest first, as it is published
        for state in ("Ohio", "Utah")
    ]
    cloned(
        tmp_path,
        NICS,
        {"data/nics-firearm-background-checks.csv": "\n".join([",".join(["month", "state", *columns]), *rows])},
    )
    found = list(open_tables(tmp_path))
    assert {name for name, *_ in found} == {f"open/nics/{state}/{c}#M" for state in ("Ohio", "Utah") for c in columns}
    assert {(seasons, len(values)) for _, seasons, values in found} == {((12,), 48)}
    ohio = [row.split(",") for row in rows if ",Ohio," in row]
    values = next(values for name, _, values in found if name == f"open/nics/Ohio/{columns[0]}#M")
    np.testing.assert_array_equal(values, [float(row[2]) for row in reversed(ohio)])


def test_files_by_month_of_a_site_are_one_series_by_the_hour(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    files = {}
    for month in ("2023-01", "2023-02"):
        times = pd.date_range(month, periods=pd.Period(month).days_in_month * 96, freq="15min")
        counts = rng.integers(1, 40, len(times))
        lines = [f"{time:%Y-%m-%d %H:%M},{count},0" for time, count in zip(times, counts, strict=True)]
        files[f"100/{month}.csv"] = "\n".join(["Datetime,100 (Ring),101 (in)", *lines])
    cloned(tmp_path, "od-ms/radverkehr-zaehlstellen", files)
    (found,) = open_tables(tmp_path)
    assert found[:2] == ("open/muenster/100/value#h", (24, 168))
    assert len(found[2]) == 24 * 59
    assert found[2].min() >= 4  # the sum of four quarters


def test_a_folder_without_clones_gives_nothing(tmp_path: Path) -> None:
    assert not list(open_tables(tmp_path))


@pytest.mark.parametrize("mean", [False, True])
def test_days_become_weeks_and_months_where_nearly_all_are_there(mean: bool) -> None:
    days = stamped("2020-01-01", np.full(4 * 366, 2.0), "D")
    days.iloc[100:130] = np.nan  # most of April and of the first days of May
    days.iloc[400] = np.nan  # one day: its week is the mean by its steps
    table = Table("x", "a/b", "c", rhythm="D", mean=mean)
    found = dict(rhythms(table, days))
    assert set(found) == {"D", "W", "M"}
    week, month = found["W"], found["M"]
    np.testing.assert_allclose(week[np.isfinite(week)], 2.0 if mean else 14.0)
    assert np.isnan(month[3])
    assert np.isfinite(month[[2, 4 + 12, 13]]).all()
    np.testing.assert_allclose(month[13], 2.0 if mean else 2.0 * 28)


def test_a_gap_in_the_time_is_a_missing_value() -> None:
    months = stamped("2010-01-01", np.arange(60.0), "MS").drop(pd.Timestamp("2012-03-01"))
    ((rhythm, values),) = rhythms(Table("x", "a/b", "c"), months)
    assert (rhythm, len(values)) == ("M", 60)
    assert np.flatnonzero(np.isnan(values)).tolist() == [26]


def test_a_place_is_held_out_with_all_its_columns_and_rhythms() -> None:
    names = ("open/nics/Ohio/totals#M", "open/nics/Ohio/permit#M#sum3", "open/nics/Ohio/totals#M#sum12")
    assert {corpus.origin(name) for name in names} == {"open/nics/Ohio"}
    assert corpus.origin("open/beer/Other#M") == corpus.origin("open/beer/Other#M#sum3") == "open/beer/Other"
    assert corpus.origin("gapminder/income/de") == "income"
    assert corpus.origin("fpp3/PBS/a/b/c/Scripts") == "fpp3/PBS/a/b/c/Scripts"


def test_an_earlier_corpus_stays_in_front_and_as_it_is() -> None:
    earlier = [("a", (1,), np.arange(3.0)), ("b", (1,), np.arange(4.0))]
    later = [("b", (1,), np.zeros(9)), ("c", (12,), np.ones(5))]
    found = corpus.joined(earlier, later)
    assert [name for name, *_ in found] == ["a", "b", "c"]
    assert len(found[1][2]) == 4


def test_the_summary_counts_by_source_and_rhythm() -> None:
    series = [
        ("open/nics/Ohio/totals#M", (12,), np.array([1.0, np.nan])),
        ("open/nics/Utah/totals#M", (12,), np.arange(4.0)),
        ("gapminder/income/de", (1,), np.arange(7.0)),
    ]
    lines = [line.split() for line in corpus.summary(series).splitlines()]
    assert ["open/nics", "12", "2", "3", "0.25"] in lines
    assert ["gapminder", "1", "1", "7", "0.00"] in lines

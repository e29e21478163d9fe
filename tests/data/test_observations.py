"""A file up to its observations: sorted, up to a stamp, and as its model knows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.observations import Rest, observe, read_names

Write = Callable[..., Path]
ROWS = "shop,day,sales\n" + "".join(f"{s},2024-01-{d:02d},{10 * d}\n" for d in (3, 1, 2, 4, 5) for s in "ba")


def test_rows_are_sorted_by_series_and_stamp(write_csv: Write) -> None:
    read = observe(write_csv(ROWS))
    assert (read.columns.time, read.columns.id, read.columns.targets) == ("day", "shop", ("sales",))
    assert read.rows.values.tolist() == [10, 20, 30, 40, 50] * 2
    assert (np.diff(read.rows.stamps.reshape(2, 5), axis=1) > 0).all()


def test_a_stamp_that_stands_twice_is_still_read_twice(write_csv: Write) -> None:
    assert len(observe(write_csv(ROWS + "a,2024-01-05,50\n")).rows.values) == 11


def test_what_comes_after_a_stamp_is_not_read(write_csv: Write) -> None:
    read = observe(write_csv(ROWS), as_of="2024-01-03")
    assert read.rows.values.tolist() == [10, 20, 30] * 2
    assert read.as_of is not None


def test_without_rows_that_are_at_fault(write_csv: Write) -> None:
    path = write_csv(ROWS.replace("a,2024-01-03,30", "a,2024-01-03,lots"))
    with pytest.raises(DataError, match="'lots' is not a number") as caught:
        observe(path)
    assert len(observe(Rest(path, caught.value.rows)).rows.values) == 9


def test_names_of_a_known_kind_of_file(write_csv: Write) -> None:
    path = write_csv(ROWS)
    assert read_names(path, ReadSettings(), read_panel(path).schema) == ("b", "a")  # as they come


@pytest.mark.parametrize(
    "settings", [ReadSettings(tz="Nowhere/At"), ReadSettings(date_format="%d %d"), ReadSettings(freq="7Q7")]
)
def test_settings_are_refused_before_the_file_is_opened(settings: ReadSettings, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        observe(tmp_path / "none.csv", settings)

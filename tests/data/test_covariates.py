"""Covariates on the grid of the series: from which cells they come, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.base.records import build, dump
from forecaster.config import ReadSettings
from forecaster.data.covariates import Covariates
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, head

Write = Callable[..., Path]

LONG = ReadSettings(target="y", past_covariates="rain", future_covariates="promo,event", static_covariates="region")
ROWS = """id,day,y,rain,promo,event,region
a,2024-01-01,1,0.5,0,none,north
a,2024-01-02,2,1.5,1,fair,north
a,2024-01-03,3,2.5,0,none,north
a,2024-01-04,,,1,fair,north
b,2024-01-02,5,3,0,none,south
b,2024-01-03,6,4,0,fair,south
"""


def column(panel: Panel, name: str, series: int) -> list[object]:
    """Return what is known of a covariate in one series, categories by their names."""
    beside = panel.covariates
    assert isinstance(beside, Covariates)
    found = next(each for each in beside.columns if each.name == name)
    start = beside.starts[series]
    values = found.values[series : series + 1]
    if found.role != "static":
        values = found.values[start : start + beside.lengths[series]]
    if found.names is None:
        return [None if np.isnan(v) else float(v) for v in values]
    return [None if np.isnan(v) else found.names[int(v)] for v in values]


def test_every_cell_stands_at_its_step(write_csv: Write) -> None:
    panel = read_panel(write_csv(ROWS), LONG)
    assert panel.lengths.tolist() == [3, 2]
    assert column(panel, "rain", 0) == [0.5, 1.5, 2.5, None]
    assert column(panel, "promo", 0) == [0, 1, 0, 1]
    assert column(panel, "event", 0) == ["none", "fair", "none", "fair"]
    assert (column(panel, "promo", 1), column(panel, "event", 1)) == ([0, 0], ["none", "fair"])
    assert [column(panel, "region", s) for s in (0, 1)] == [["north"], ["south"]]
    assert panel.schema.categorical == ("event", "region")
    assert panel.schema.target == "y"


def test_rows_ahead_are_no_fault(write_csv: Write) -> None:
    assert [each.code for each in read_panel(write_csv(ROWS), LONG).findings] == []
    assert "trailing" in [each.code for each in read_panel(write_csv(ROWS), ReadSettings(target="y")).findings]


def test_covariates_are_no_candidates_for_the_target(write_csv: Write) -> None:
    path = write_csv("date,sold,price\n2024-01-01,1,9\n2024-01-02,2,8\n2024-01-03,3,7\n")
    assert read_panel(path, ReadSettings(future_covariates="price")).schema.target == "sold"
    with pytest.raises(DataError, match="several columns of numbers: sold, price"):
        read_panel(path)


def test_the_schema_reads_the_next_file_alike(write_csv: Write) -> None:
    schema = read_panel(write_csv(ROWS), LONG).schema
    again = build(type(schema), dump(schema), "schema", {})
    assert again == schema
    panel = read_panel(write_csv(ROWS.replace("fair", "7"), "later.csv"), None, again)
    assert column(panel, "event", 0) == ["none", "7", "none", "7"]
    with pytest.raises(DataError, match="has no column 'promo'"):
        read_panel(write_csv(ROWS.replace("promo", "offer"), "other.csv"), None, again)


def test_future_rows_come_from_a_file_of_their_own(write_csv: Write) -> None:
    ahead = write_csv("id,day,promo,event\nb,2024-01-04,1,fair\na,2024-01-04,0,new\na,2024-01-05,1,none\n", "ahead.csv")
    panel = read_panel(write_csv(ROWS), LONG, future=ahead)
    assert column(panel, "promo", 0) == [0, 1, 0, 1, 1]  # what the data file says counts first
    assert column(panel, "event", 0) == ["none", "fair", "none", "fair", "none"]
    assert column(panel, "promo", 1) == [0, 0, 1]
    assert panel.lengths.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,day,promo,event\nz,2024-01-04,1,fair\n", "no row is of a series"),
        ("id,day,promo,event\na,2024-01-05,1,x\na,2024-01-05,0,x\n", "lines 2 and 3 are of the same series and stamp"),
        ("id,day,promo\na,2024-01-04,1\n", "has no column 'event'"),
        ("id,day,promo,event\na,2024-01-05,much,x\n", "line 2, column 'promo': 'much' is not a number"),
    ],
)
def test_a_wrong_file_of_future_rows_is_refused(write_csv: Write, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_panel(write_csv(ROWS), LONG, future=write_csv(text, "ahead.csv"))


def test_a_misspelled_series_of_a_file_of_future_rows_is_named(write_csv: Write) -> None:
    rows = ROWS.replace("a,", "Shop 01,").replace("b,", "Shop 02,")
    text = "id,day,promo,event\nShop 1,2024-01-04,1,fair\nShop 02,2024-01-04,1,fair\n"
    [found] = read_panel(write_csv(rows), LONG, future=write_csv(text, "ahead.csv")).findings[-1:]
    assert (found.code, found.severity) == ("future-series", "warning")
    assert found.message.endswith(
        "ahead.csv, line 2: no series of the data is called 'Shop 1'; one is called 'Shop 01'"
    )
    whole = text + "Shop 01,2024-01-04,1,fair\n"  # a plan for more series than the data has
    panel = read_panel(write_csv(rows), LONG, future=write_csv(whole, "plan.csv"))
    assert "future-series" not in {found.code for found in panel.findings}
    assert panel.covariates is not None
    assert panel.covariates.take(np.array([0])).ahead.endswith("plan.csv")


def test_a_file_of_future_rows_needs_a_covariate_that_is_known_ahead(write_csv: Write) -> None:
    with pytest.raises(UsageError, match="--future") as caught:
        read_panel(write_csv(ROWS), ReadSettings(target="y", past_covariates="rain"), future=write_csv(ROWS, "f.csv"))
    assert "--future-covariates" in caught.value.hint


def test_what_is_known_ahead_stays_known_after_as_of(write_csv: Write) -> None:
    panel = read_panel(write_csv(ROWS), LONG, as_of="2024-01-02")
    assert panel.lengths.tolist() == [2, 1]
    assert column(panel, "promo", 0) == [0, 1, 0, 1]
    assert column(panel, "rain", 0)[:2] == [0.5, 1.5]


def test_an_earlier_panel_keeps_what_was_known_ahead(write_csv: Write) -> None:
    earlier = head(read_panel(write_csv(ROWS), LONG), np.array([0, 1]))
    assert earlier.ids == ("b",)
    assert column(earlier, "promo", 0) == [0, 0]
    assert column(earlier, "region", 0) == ["south"]


def test_holes_are_carried_forward_and_told(write_csv: Write) -> None:
    rows = ROWS.replace("a,2024-01-02,2,1.5", "a,2024-01-02,2,").replace("b,2024-01-02,5,3", "b,2024-01-02,5,NA")
    panel = read_panel(write_csv(rows), LONG)
    assert column(panel, "rain", 0) == [0.5, 0.5, 2.5, None]
    assert column(panel, "rain", 1) == [4, 4]
    [finding] = [each for each in panel.findings if each.code == "covariate"]
    assert "covariate 'rain' is missing: carried forward (2 cases, first in series 'a')" in finding.message


def test_what_a_series_never_has_is_unknown(write_csv: Write) -> None:
    rows = ROWS.replace("b,2024-01-02,5,3", "b,2024-01-02,5,").replace("6,4", "6,")
    panel = read_panel(write_csv(rows), LONG)
    assert column(panel, "rain", 1) == [None, None]
    [told] = [each.message for each in panel.findings if each.code == "covariate"]
    assert "'rain' has no value and counts as unknown (1 case, first in series 'b')" in told


def test_an_empty_category_is_one_of_its_own(write_csv: Write) -> None:
    panel = read_panel(write_csv(ROWS.replace(",none,", ",,")), LONG)
    assert column(panel, "event", 0) == ["", "fair", "", "fair"]
    assert not [each for each in panel.findings if each.code == "covariate"]


@pytest.mark.parametrize(
    ("settings", "rows", "error", "message"),
    [
        (
            LONG,
            ROWS.replace("3,2.5,0,none,north", "3,2.5,0,none,south"),
            DataError,
            "line 4, column 'region': the value",
        ),
        (LONG, ROWS.replace("1.5,1,", "1.5,yes,"), DataError, "line 3, column 'promo': 'yes' is not a number"),
        (ReadSettings(target="y", past_covariates="rian"), ROWS, DataError, "no column 'rian'"),
        (ReadSettings(target="y", past_covariates="y"), ROWS, UsageError, "must name different columns"),
        (ReadSettings(past_covariates="rain", future_covariates="rain"), ROWS, UsageError, "different columns"),
        (ReadSettings(past_covariates="rain,rain"), ROWS, UsageError, "each once"),
        (ReadSettings(wide=True, static_covariates="rain"), "d,rain,x\n", UsageError, "--static-covariates needs"),
    ],
)
def test_what_does_not_fit_is_refused(
    write_csv: Write, settings: ReadSettings, rows: str, error: type[Exception], message: str
) -> None:
    rows = rows if rows.count("\n") > 1 else "d,rain,x\n2024-01-01,1,2\n2024-01-02,1,2\n2024-01-03,1,2\n"
    with pytest.raises(error, match=message):
        read_panel(write_csv(rows), settings)


def test_a_wide_file_shares_its_covariates(write_csv: Write) -> None:
    text = "day,x,z,warm\n2024-01-01,1,10,5\n2024-01-02,2,20,6\n2024-01-03,3,30,7\n2024-01-04,,,8\n"
    panel = read_panel(write_csv(text), ReadSettings(wide=True, future_covariates="warm"))
    assert panel.ids == ("x", "z")
    assert [column(panel, "warm", s) for s in (0, 1)] == [[5, 6, 7, 8]] * 2


def test_columns_forecast_jointly_read_each_other(write_csv: Write) -> None:
    text = "day,x,z,other\n2024-01-01,1,10,5\n2024-01-02,2,20,6\n2024-01-03,3,30,7\n"
    panel = read_panel(write_csv(text), ReadSettings(target="x,z"))
    assert panel.ids == ("x", "z")
    assert panel.schema.targets == ("x", "z")
    assert [column(panel, name, 1) for name in ("x", "z")] == [[1, 2, 3], [10, 20, 30]]
    assert [column(panel, "series", s) for s in (0, 1)] == [["x"], ["z"]]
    again = read_panel(write_csv(text.replace("other", "more"), "later.csv"), None, panel.schema)
    assert again.ids == ("x", "z")
    with pytest.raises(UsageError, match="does not go with --id"):
        read_panel(write_csv(text), ReadSettings(target="x,z", id="other"))


@pytest.mark.parametrize("named", [None, "shop"])
def test_the_name_of_the_series_may_be_a_covariate_too(write_csv: Write, named: str | None) -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    rows = [f"{shop},{day},{n}" for shop in ("north", "south") for n, day in enumerate(days)]
    text = "shop,day,sold\n" + "\n".join(rows) + "\n"
    panel = read_panel(write_csv(text), ReadSettings(id=named, static_covariates="shop"))
    assert (panel.ids, panel.schema.id) == (("north", "south"), "shop")
    assert panel.covariates is not None
    [found] = panel.covariates.columns
    assert (found.role, found.names, found.values.tolist()) == ("static", ("north", "south"), [0, 1])

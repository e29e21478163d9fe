"""Panel: what it is made of, series left out, outliers treated, and what was observed."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import (
    DataError,
)
from forecaster.base.records import build, dump
from forecaster.data.panel import panel_from_arrays
from forecaster.data.schema import Schema
from tests.data.conftest import Read, codes


def test_without_some_series(read: Read) -> None:
    panel = read("id,ds,y\n" + "".join(f"{name},2024-01-0{d},{d}\n" for name in "abc" for d in (1, 2, 3)))
    rest = panel.without(np.array([False, True, False]), "why")
    assert (rest.ids, rest.skipped, rest.offsets.tolist()) == (("a", "c"), (("b", "why"),), [0, 3, 6])
    assert rest.series(1).tolist() == [1, 2, 3]
    assert rest.future_stamps(1).tolist() == [["2024-01-04"], ["2024-01-04"]]
    assert panel.n_series == 3


def test_panel_from_arrays() -> None:
    panel = panel_from_arrays({"a": [1, 2, 3], "b": [4, 5]}, freq="MS", start="2024-01-01")
    assert panel.future_stamps(1).tolist() == [["2024-04-01"], ["2024-03-01"]]
    assert panel_from_arrays([[1, 2, 3]]).future_stamps(2).tolist() == [[3, 4]]
    assert panel_from_arrays([np.arange(5)], freq="W-MON").season_length == 52
    with pytest.raises(DataError):
        panel_from_arrays([[1, np.nan]])


def spiked() -> str:
    """Two daily series with a weekly season; the second has a spike on its 31st day."""
    rng = np.random.default_rng(0)
    lines = ["shop,day,sales"]
    for name in ("a", "b"):
        for i in range(60):
            value = 999 if (name, i) == ("b", 30) else 50 + 10 * (i % 7) + rng.normal()
            lines.append(f"{name},{np.datetime64('2024-01-01') + i},{value:.2f}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("on_outlier", "low", "high"), [("clip", 70, 85), ("interpolate", 65, 75)])
def test_outliers_are_treated_counted_and_remembered(read: Read, on_outlier: str, low: float, high: float) -> None:
    panel = read(spiked(), on_outlier=on_outlier)
    assert low < panel.values[90] < high
    [finding] = [finding for finding in panel.findings if finding.code == "outliers"]
    assert (finding.count, finding.series) == (1, "b")
    assert "series 'b', 2024-01-31: 999 became" in finding.message
    kept = read(spiked())
    assert kept.values[90] == 999
    assert "outliers" not in codes(kept)
    np.testing.assert_array_equal(panel.observed(np.arange(120)), kept.values)
    np.testing.assert_array_equal(np.flatnonzero(panel.values != kept.values), [90])


def test_a_model_treats_outliers_as_its_training_did(read: Read) -> None:
    schema = read(spiked(), on_outlier="clip").schema
    assert schema.on_outlier == "clip"
    assert read(spiked(), schema=build(Schema, dump(schema), "schema", {})).values[90] < 85
    older = dump(schema)
    del older["on_outlier"]  # a model of before
    assert read(spiked(), schema=build(Schema, older, "schema", {})).values[90] == 999


def test_outliers_of_an_integer_index_are_judged_by_the_season_of_the_values(read: Read) -> None:
    noise = np.random.default_rng(0).normal(size=120) / 10
    values = [50 + 40 * (i % 6 == 0) + noise[i] for i in range(120)]
    values[60] = 50.0  # not itself unusual, but for its phase
    panel = read("t,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)), on_outlier="interpolate")
    assert panel.values[60] == pytest.approx(90, abs=1)


def test_a_filled_value_is_no_outlier(read: Read) -> None:
    lines = [line for line in spiked().splitlines() if "2024-01-28" not in line]  # a Sunday, the top of the week
    panel = read("\n".join(lines) + "\n", on_outlier="clip")
    assert panel.outliers.at.tolist() == [90]


def test_holes_are_not_observed(read: Read) -> None:
    panel = read("ds,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n2024-01-04,4\n")
    assert np.isnan(panel.observed(np.array([[0, 1], [2, 3]]))).tolist() == [[False, True], [False, False]]

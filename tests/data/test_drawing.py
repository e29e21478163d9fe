"""Parts larger than memory: as many series as fit, drawn evenly, and every part checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.drawing import Room, draw_panel, hashes_of, join_panels
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, panel_from_arrays

SETTINGS = ReadSettings()
DAYS = np.datetime64("2024-01-01") + np.arange(40)


def write(path: Path, names: range, steps: int = 30, every: int = 1, **columns: list[object]) -> Path:
    days = [str(day) for day in DAYS[:: every or 1][: steps // every]]
    count = len(names) * len(days)
    table = {
        "id": np.repeat([f"s{k}" for k in names], len(days)).tolist(),
        "ds": days * len(names),
        "y": [float(k % 7 + k // 11) for k in range(count)],
    }
    pq.write_table(pa.table(table | {name: cells * count for name, cells in columns.items()}), path)
    return path


def parts(folder: Path, count: int = 4, each: int = 10, **columns: list[object]) -> list[Path]:
    return [write(folder / f"{k}.parquet", range(k * each, (k + 1) * each), **columns) for k in range(count)]


def draw(
    paths: list[Path], steps: int, settings: ReadSettings = SETTINGS, seed: int = 1, memory: int = 1 << 30
) -> Panel:
    return draw_panel(paths, settings, None, None, Room(memory=memory, steps=steps, seed=seed))


def test_all_series_are_kept_where_they_fit(tmp_path: Path) -> None:
    paths = parts(tmp_path)
    panel, whole = draw(paths, 1200), read_panel(tmp_path)
    assert panel.drawn is not None
    assert "all 40 of 4 parts" in panel.drawn.describe()
    assert (panel.rows, panel.drawn.steps, panel.ids) == (1200, 1200, whole.ids)
    assert np.array_equal(panel.values, whole.values)
    assert np.array_equal(panel.offsets, whole.offsets)
    assert (panel.frequency, panel.season_length) == (whole.frequency, whole.season_length)


def test_the_drawn_series_follow_from_their_names_and_the_seed(tmp_path: Path) -> None:
    paths = parts(tmp_path)
    panel = draw(paths, 300)
    assert panel.drawn is not None
    assert (panel.n_series, panel.drawn.kept, panel.drawn.series, panel.rows) == (10, 10, 40, 1200)
    assert "10 of 40 of 4 parts, drawn evenly by their names (seed 1)" in panel.drawn.describe()
    names = [f"s{k}" for k in range(40)]
    least = {names[k] for k in np.argsort(hashes_of(names, 1))[:10]}
    assert set(panel.ids) == least == set(draw(paths[::-1], 300).ids)
    assert least < set(draw(paths, 600).ids)
    assert least != set(draw(paths, 300, seed=2).ids)
    whole = read_panel(tmp_path)
    for s, name in enumerate(panel.ids):
        assert np.array_equal(panel.series(s), whole.series(whole.ids.index(name)))


def test_every_series_is_as_likely_as_another() -> None:
    names = [f"item {k}" for k in range(2000)]
    shares = hashes_of(names, 7) / 2.0**64
    assert abs(shares.mean() - 0.5) < 0.03
    assert abs(np.corrcoef(np.arange(2000), shares)[0, 1]) < 0.06


def test_covariates_come_along_with_one_numbering_of_categories(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / "a.parquet", range(10), promo=[0.5], shop=["north"]),
        write(tmp_path / "b.parquet", range(10, 20), promo=[1.5], shop=["east"]),
    ]
    settings = ReadSettings(past_covariates="promo", static_covariates="shop", target="y")
    for steps in (600, 240):
        panel = draw(paths, steps, settings)
        assert panel.covariates is not None
        promo, shop = panel.covariates.columns
        assert shop.names == ("east", "north")
        for s, name in enumerate(panel.ids):
            first = int(name[1:]) < 10
            start, length = panel.covariates.starts[s], panel.covariates.lengths[s]
            assert set(promo.values[start : start + length]) == {0.5 if first else 1.5}
            assert shop.values[s] == (1.0 if first else 0.0)
    whole = read_panel(tmp_path, settings)
    joined = draw(paths, 600, settings)
    assert whole.covariates is not None
    assert joined.covariates is not None
    for one, other in zip(whole.covariates.columns, joined.covariates.columns, strict=True):
        assert one.names == other.names
        assert np.array_equal(one.values, other.values)


def test_each_part_is_checked(tmp_path: Path) -> None:
    paths = parts(tmp_path, 2)
    weekly = write(tmp_path / "w.parquet", range(90, 99), every=7)
    with pytest.raises(DataError, match=r"w\.parquet: .*0\.parquet is D, the data is W"):
        draw([*paths, weekly], 1200)
    other = tmp_path / "o.parquet"
    pq.write_table(pa.table({"id": ["z"] * 30, "when": [str(day) for day in DAYS[:30]], "y": [1.0] * 30}), other)
    with pytest.raises(DataError, match=r"o\.parquet.*'ds'"):
        draw([*paths, other], 1200)
    again = write(tmp_path / "again.parquet", range(15, 30))
    with pytest.raises(DataError, match="series 's15' has rows in an earlier part too") as failed:
        draw([*paths, again], 100)
    assert "forecast partition" in str(failed.value.hint)


def test_what_does_not_fit_is_said_with_what_to_do(tmp_path: Path) -> None:
    paths = parts(tmp_path, 2)
    with pytest.raises(UsageError, match="one series has 30"):
        draw(paths, 20)
    with pytest.raises(UsageError, match=r"0\.parquet: reading it takes about") as failed:
        draw(paths, 1200, memory=10_000)
    assert "forecast partition" in str(failed.value.hint)


def test_findings_of_many_parts_are_told_once_a_kind(tmp_path: Path) -> None:
    for k in range(3):
        table = pq.read_table(write(tmp_path / f"{k}.parquet", range(k * 5, k * 5 + 5)))
        pq.write_table(table.filter(pa.array([i % 30 != 9 for i in range(len(table))])), tmp_path / f"{k}.parquet")
    panel = draw(sorted(tmp_path.glob("*.parquet")), 500)
    [gaps] = [finding for finding in panel.findings if finding.code == "gaps"]
    assert gaps.message.endswith("2 more such findings in 3 parts")
    assert int(panel.filled.sum()) == 15


def test_joined_panels_keep_what_was_observed() -> None:
    panels = [panel_from_arrays({"a": [1.0, 2.0], "b": [3.0]}), panel_from_arrays({"c": [4.0, 5.0, 6.0]})]
    joined = join_panels(panels)
    assert joined.ids == ("a", "b", "c")
    assert joined.offsets.tolist() == [0, 2, 3, 6]
    assert joined.values.tolist() == [1, 2, 3, 4, 5, 6]

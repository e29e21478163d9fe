"""Groups of series, from columns and from a file, and the panel of their sums."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.grid import lay_out
from forecaster.data.hierarchy import (
    Hierarchy,
    ending_together,
    hierarchy_of_columns,
    hierarchy_of_file,
    with_sums,
)
from forecaster.data.observations import observe
from forecaster.data.panel import Panel, panel_from_arrays

Write = Callable[..., Path]


def shops(*rows: tuple[str, str, int]) -> str:
    """Return a file of some shops over four days: region, store and the first value."""
    lines = [f"{region},{store},2024-01-0{day},{value + day}" for region, store, value in rows for day in range(1, 5)]
    return "region,store,day,sales\n" + "\n".join(lines) + "\n"


THREE = shops(("north", "york", 10), ("north", "leeds", 20), ("south", "bath", 40))


def of_columns(path: Path, names: str, series: str) -> Hierarchy:
    read = observe(str(path), ReadSettings(id=series))
    return hierarchy_of_columns(read.table, read.columns, names.split(","), lay_out(read).ids)


def random_hierarchy(seed: int, series: int, levels: int) -> Hierarchy:
    """Return a hierarchy of crossed levels."""
    rng = np.random.default_rng(seed)
    groups, names = [np.zeros(series, np.int64)], ["total"]
    for level in range(levels):
        found, codes = np.unique(rng.integers(max(series // 2, 1), size=series), return_inverse=True)
        groups.append(len(names) + codes)
        names += [f"{level}={group}" for group in found]
    ids = tuple(f"s{k}" for k in range(series))
    return Hierarchy(
        levels=("total", *map(str, range(levels)), "series"), names=tuple(names), groups=np.array(groups), ids=ids
    )


@pytest.mark.parametrize("series", ["region,store", "store"])
def test_nested_columns(write_csv: Write, series: str) -> None:
    """The groups are found whether the columns name the series together or stand beside its name."""
    tree = of_columns(write_csv(THREE), "region,store", series)
    assert tree.levels == ("total", "region", "store")
    assert tree.names == ("total", "north", "south")
    assert tree.groups.tolist() == [[0, 0, 0], [1, 1, 2]]
    assert tree.is_nested
    assert tree.level_of.tolist() == [0, 1, 1, 2, 2, 2]
    assert tree.nodes[:3] == ("total", "north", "south")


def test_groups_above_the_series(write_csv: Write) -> None:
    tree = of_columns(write_csv(THREE), "region", "store")
    assert tree.levels == ("total", "region", "store")
    assert tree.ids == ("york", "leeds", "bath")


def test_three_levels_of_columns_have_paths_as_names(write_csv: Write) -> None:
    text = "country,city,shop,day,sales\n"
    for country, city, shop in (("uk", "york", "a"), ("uk", "york", "b"), ("us", "york", "c"), ("us", "reno", "d")):
        text += "".join(f"{country},{city},{shop},2024-01-0{day},{day}\n" for day in range(1, 5))
    tree = of_columns(write_csv(text), "country,city,shop", "shop")
    assert tree.names == ("total", "uk", "us", "uk/york", "us/york", "us/reno")
    assert tree.groups[2].tolist() == [3, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "names", "error"),
    [
        (THREE, "store,region", "store tells the series apart, so region divides no group any further"),
        (THREE, "regoin", "has no column 'regoin'"),
        (THREE.replace("north,york,2024-01-03", "south,york,2024-01-03"), "region", "line 4: series 'york' has region"),
        (THREE.replace("north,york,2024-01-03", ",york,2024-01-03"), "region", "line 4: column 'region' of the hier"),
        (THREE.replace("bath", "north"), "region", "two groups or series that are called 'north'"),
        (shops(("north", "york", 10)), "region", "needs two series or more"),
    ],
)
def test_groups_that_are_none(write_csv: Write, text: str, names: str, error: str) -> None:
    with pytest.raises((DataError, UsageError), match=error):
        of_columns(write_csv(text), names, "store")


def test_columns_of_a_wide_file_have_no_groups(write_csv: Write) -> None:
    read = observe(str(write_csv("day,a,b\n2024-01-01,1,2\n2024-01-02,1,2\n2024-01-03,1,3\n")), ReadSettings(wide=True))
    with pytest.raises(UsageError, match="--hierarchy region needs a file with a column") as caught:
        hierarchy_of_columns(read.table, read.columns, ["region"], ("a", "b"))
    assert "--hierarchy-file" in caught.value.hint


def test_crossed_groups_of_a_file(write_csv: Write) -> None:
    path = write_csv("name,region,kind\nb,south,food\nx,south,toys\na,north,food\nc,north,toys\n")
    tree = hierarchy_of_file(str(path), ("a", "b", "c"))
    assert tree.levels == ("total", "region", "kind", "series")
    assert tree.names == ("total", "region=north", "region=south", "kind=food", "kind=toys")
    assert tree.groups.tolist() == [[0, 0, 0], [1, 2, 1], [3, 3, 4]]
    assert not tree.is_nested


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("name,region\na,north\n", "no row for 'b'; column 'name' names the series"),
        ("name,region\na,north\nb,south\na,south\n", "line 4: series 'a' has a row already, in line 2"),
        ("name,region\na,north\nb,\n", "line 3: column 'region' is empty"),
        ("name\na\nb\n", "needs a column besides the names"),
    ],
)
def test_files_that_do_not_fit(write_csv: Write, text: str, error: str) -> None:
    with pytest.raises(DataError, match=error):
        hierarchy_of_file(str(write_csv(text)), ("a", "b"))


def test_sums_begin_with_their_first_series() -> None:
    """Before a series begins it adds nothing; a value that was filled does not make a sum of many unobserved."""
    panel = panel_from_arrays({"a": [1.0, 2.0, 3.0], "b": [10.0, 20.0]}, freq="D")
    panel = ends_alike(panel)
    tree = Hierarchy(levels=("total", "series"), names=("total",), groups=np.array([[0, 0]]), ids=("a", "b"))
    whole = with_sums(panel, tree)
    assert whole.ids == ("total", "a", "b")
    assert whole.series(0).tolist() == [1.0, 12.0, 23.0]
    assert whole.starts[0] == panel.starts[0]
    assert (whole.ends == panel.ends[0]).all()
    panel.filled[1] = True
    assert with_sums(panel, tree).filled[:3].tolist() == [False, True, False]


def ends_alike(panel: Panel) -> Panel:
    """Let all series of a panel end at the stamp of the first."""
    from dataclasses import replace

    back = panel.ends[0].astype(np.int64) - panel.ends.astype(np.int64)
    return replace(panel, starts=(panel.starts.astype(np.int64) + back).astype(panel.starts.dtype))


def test_series_that_end_early_are_left_out() -> None:
    panel = panel_from_arrays({"a": [1.0, 2.0, 3.0], "b": [10.0, 20.0]}, freq="D")
    kept = ending_together(panel)
    assert kept.ids == ("a",)
    assert kept.skipped == (("b", "ends before 2000-01-03, so it is no part of the sums after that"),)


@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(0, 3))
def test_adding_up_is_the_matrix(seed: int, series: int, levels: int) -> None:
    """Sums are the product with the matrix of zeros and ones, and spreading is its transpose."""
    tree = random_hierarchy(seed, series, levels)
    matrix = tree.add_up(np.eye(series))
    assert set(np.unique(matrix)) <= {0.0, 1.0}
    assert (matrix.sum(axis=0) == levels + 1).all()
    values = np.random.default_rng(seed).normal(size=(series, 2))
    np.testing.assert_allclose(tree.add_up(values), matrix @ values, atol=1e-12)
    sums = np.random.default_rng(seed).normal(size=(tree.n_sums, 2))
    np.testing.assert_allclose(tree.spread(sums), matrix.T @ sums, atol=1e-12)

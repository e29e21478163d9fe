"""Parts of a folder or a glob, and series that stand in two of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import UsageError
from forecaster.data import listing
from forecaster.data.listing import Parts, find_twice, hash_names, output_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.parquet", "sub/c.csv.gz"):
        path = tmp_path / "parts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "parts"


def test_a_glob_names_its_parts_below_where_it_begins(folder: Path) -> None:
    found = Parts.of(f"{folder}/*.csv")
    assert found is not None
    assert (found.names, found.outputs()) == (("b.csv",), ("b.csv",))


def test_a_file_has_no_parts(folder: Path) -> None:
    assert Parts.of(folder / "b.csv") is None


@pytest.mark.parametrize(
    ("part", "output"),
    [
        ("a.csv", "a.csv"),
        ("a.csv.gz", "a.csv"),
        ("a.xlsx", "a.csv"),
        ("sub/a.parquet", "sub/a.parquet"),
        ("a.parq", "a.parquet"),
        ("a.PQ", "a.PQ"),
        ("a.parquet.zst", "a.parquet"),
    ],
)
def test_results_are_called_as_their_part(part: str, output: str) -> None:
    assert output_name(part) == output


def test_two_parts_of_one_result_are_refused() -> None:
    with pytest.raises(UsageError, match=r"the results of a.csv and a.xlsx would both be a.csv"):
        Parts("folder", (), ("a.csv", "a.xlsx")).outputs()


@pytest.mark.parametrize("at_once", [1, 3, 1 << 23])
def test_names_in_two_parts_are_found_whatever_is_compared_at_a_time(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(listing, "AT_ONCE", at_once)
    parts = [hash_names(names) for names in (["a", "b", "c"], ["d"], ["b", "e"], ["e", "b"])]
    found = {(twice.name, twice.first, twice.second) for twice in find_twice(parts)}
    b, e = (int(hash_names([name])[0]) for name in "be")
    assert found == {(b, 0, 2), (b, 2, 3), (e, 2, 3)}
    assert find_twice(parts[:2]) == []


def test_hashes_are_ascending_and_of_the_name_alone() -> None:
    names = [f"series {k}" for k in range(100)]
    hashes = hash_names(names)
    assert (np.diff(hashes.astype(object)) > 0).all()
    np.testing.assert_array_equal(hashes, hash_names(names[::-1]))

"""What a job read, so that it is known whether anything changed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster.base.errors import MissingError
from forecaster.jobs.record import hash_of, hash_of_data


def test_a_folder_is_all_its_parts(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"ds,y\n{name},1\n")
    before = hash_of_data(str(tmp_path))
    assert hash_of_data(str(tmp_path)) == before
    assert hash_of_data(f"{tmp_path}/*.csv") == before
    (tmp_path / "b.csv").write_text("ds,y\n")
    assert hash_of_data(str(tmp_path)) != before
    assert hash_of_data(f"{tmp_path}/a.csv") == hash_of(tmp_path / "a.csv")


def test_an_address_is_never_found_unchanged() -> None:
    assert hash_of_data("sqlite:///shop.db") != hash_of_data("sqlite:///shop.db")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"):
        hash_of_data(str(tmp_path / "none.csv"))

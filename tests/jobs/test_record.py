"""What a job read, so that it is known whether anything changed since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forecaster.base.errors import MissingError
from forecaster.base.records import to_json
from forecaster.config.jobfile import Entry
from forecaster.jobs.record import find_inputs, hash_of, hash_of_data


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


def test_inputs_with_future_rows_can_be_recorded(tmp_path: Path) -> None:
    for name in ("a.csv", "plan.csv"):
        (tmp_path / name).write_text("ds,y\n2024-01-01,1\n")
    entry = Entry("a", "predict", {"data": str(tmp_path / "a.csv"), "future": tmp_path / "plan.csv"}, 1)
    inputs = find_inputs(entry, tmp_path, str(tmp_path / "a.csv"), "builtin")
    assert json.loads(to_json(inputs.summary()))["future"] == {
        "path": str(tmp_path / "plan.csv"),
        "sha256": hash_of(tmp_path / "plan.csv"),
    }

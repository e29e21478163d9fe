"""Tests of `base/identity.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster.base.errors import UsageError
from forecaster.base.identity import check_apart, identity_of


def test_a_file_is_one_by_any_name_or_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "soft").symlink_to("a")
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    (tmp_path / "here").symlink_to(".")
    names = ("a", "soft", "hard", "here/a")
    assert len({identity_of(tmp_path / name) for name in names}) == 1


def test_a_file_that_is_not_there_yet_is_one_too(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(".")
    assert identity_of(tmp_path / "new") == identity_of(tmp_path / "here" / "new")
    assert identity_of(tmp_path / "new") != identity_of(tmp_path / "other")
    assert identity_of(tmp_path / "no" / "folder") is None


def test_what_is_no_file_has_no_identity(tmp_path: Path) -> None:
    assert identity_of(tmp_path) is None
    assert identity_of("/dev/null") is None
    assert identity_of("a\0b") is None


def test_outputs_are_apart(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("x")
    check_apart({"--output": tmp_path / "a", "--log-file": tmp_path / "b", "--predictions": None, "--x": "-"})
    with pytest.raises(UsageError, match=r"--log-file .* is the file of --output itself"):
        check_apart({"--output": tmp_path / "a", "--log-file": tmp_path / "a"})
    with pytest.raises(UsageError, match=r"--output .* is the data file itself"):
        check_apart({"--output": tmp_path / "data.csv"}, [("the data file", tmp_path / "data.csv")])

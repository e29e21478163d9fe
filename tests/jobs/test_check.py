"""The verdict on a file: wrong content is a finding with its line, and with a command that reads the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.base.errors import MissingError, UsageError
from forecaster.config import ReadSettings
from forecaster.jobs import CheckJob, check

Write = Callable[..., Path]
ROWS = "day,sales\n" + "".join(f"2024-01-{d:02d},{10 + d}\n" for d in range(1, 29))


def test_good_data_has_no_errors(write_csv: Write) -> None:
    verdict = check(CheckJob(data=write_csv(ROWS)))
    assert verdict.count("error") == 0


def test_every_fault_is_found_in_one_run(write_csv: Write) -> None:
    text = ROWS.replace("2024-01-05,15", "2024-01-05,many").replace("2024-01-20,30", "2024-01-20,lots")
    verdict = check(CheckJob(data=write_csv(text)))
    errors = [found for found in verdict.findings if found.severity == "error"]
    assert errors
    said = " ".join(f"{found.message} {found.line}" for found in errors)
    assert "many" in said
    assert "6" in said


def test_what_is_no_data_is_an_exception(tmp_path: Path, write_csv: Write) -> None:
    with pytest.raises(MissingError):
        check(CheckJob(data=tmp_path / "none.csv"))
    with pytest.raises(UsageError, match="Nowhere"):
        check(CheckJob(data=write_csv(ROWS), reading=ReadSettings(tz="Nowhere/At")))

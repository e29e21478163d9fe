from __future__ import annotations

from pathlib import Path

import pytest

from forecaster.base.errors import UsageError
from forecaster.data.folders import parts_of


def test_an_empty_name_is_not_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert parts_of(".") == [Path("a.csv")]
    with pytest.raises(UsageError, match="is empty"):
        parts_of("")


def test_ledgers_of_models_are_no_parts_but_a_ledger_by_itself_has_some(tmp_path: Path) -> None:
    ledger = tmp_path / "models" / "builtin" / "LEDGER" / "a"
    ledger.mkdir(parents=True)
    for folder in (ledger, tmp_path):
        (folder / "b.csv").write_text("x")
    assert parts_of(str(tmp_path)) == [tmp_path / "b.csv"]
    assert parts_of(str(ledger)) == [ledger / "b.csv"]

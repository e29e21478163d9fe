"""The use case behind `forecast doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forecaster.base.errors import AccessError, OutputError
from forecaster.jobs import doctor as diagnosis


def test_a_folder_that_does_not_exist_yet_is_no_fault(tmp_path: Path) -> None:
    assert diagnosis.fault_of(tmp_path / "a" / "b") is None


def test_a_file_in_the_way_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert isinstance(diagnosis.fault_of(tmp_path / "a" / "models"), OutputError)


def test_a_folder_that_cannot_be_written_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis.os, "access", lambda path, mode: False)
    assert isinstance(diagnosis.fault_of(tmp_path), AccessError)


def test_a_diagnosis_is_json_safe(tmp_path: Path) -> None:
    shares: list[float] = []
    found = diagnosis.diagnose(tmp_path / "models", diagnosis.Events(on_share=shares.append))
    told = json.loads(json.dumps(found.summary()))
    assert told["fit"]
    assert told["step_seconds"]["cpu"] > 0
    assert told["device_auto"] == ("gpu" if told["gpus"] else "cpu")
    assert told["cudnn_lstm"]["runs"] == (told["cudnn_lstm"]["reason"] is None)
    assert shares == sorted(shares)
    assert max(shares) <= 1

"""A copy of the built-in network's graph."""

from __future__ import annotations

import json
from pathlib import Path

import onnxruntime
import pytest

from forecaster.base.errors import UsageError
from forecaster.config import ExportSettings
from forecaster.jobs import ExportJob, export_builtin
from forecaster.model.builtin import NAME
from tests.conftest import BUILTIN


def test_the_copy_is_the_network_byte_for_byte_and_says_what_it_reads(tmp_path: Path) -> None:
    result = export_builtin(ExportJob(settings=ExportSettings(model=NAME, output=tmp_path / "b.onnx")))
    assert (tmp_path / "b.onnx").read_bytes() == BUILTIN.read_bytes()
    session = onnxruntime.InferenceSession(tmp_path / "b.onnx", providers=["CPUExecutionProvider"])
    assert [each["name"] for each in result.inputs] == [port.name for port in session.get_inputs()]
    assert all(each["holds"] for each in result.inputs)
    assert json.loads(json.dumps(result.summary()))["bytes"] == BUILTIN.stat().st_size


@pytest.mark.parametrize("settings", [{"format": "litert"}, {"quantize": "int8"}])
def test_it_is_exported_as_it_is(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="exported as ONNX, as it is"):
        export_builtin(ExportJob(settings=ExportSettings(model=NAME, output=tmp_path / "b", **settings)))  # type: ignore[arg-type]


def test_the_network_itself_is_never_the_output() -> None:
    before = BUILTIN.read_bytes()
    with pytest.raises(UsageError):
        export_builtin(ExportJob(settings=ExportSettings(model=NAME, output=BUILTIN)))
    assert BUILTIN.read_bytes() == before

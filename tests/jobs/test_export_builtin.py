"""A copy of the built-in network's graph."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnxruntime
import pytest

from forecaster.base.errors import UsageError
from forecaster.config import ExportSettings
from forecaster.jobs import ExportJob, export_builtin
from forecaster.model.builtin import NAME, open_network
from forecaster.model.pretrained.contexts import join
from forecaster.model.pretrained.offset import forecast_apart
from forecaster.model.windows import Floats
from tests.conftest import BUILTIN, monthly_csv


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


class FakeServer:
    """Answers as the network does, without a graph."""

    def __init__(self, graph: bytes) -> None:
        assert graph == b"graph"

    def answer(self, values: Floats) -> Floats:
        return forecast_apart(open_network(), join([*values]), (12,), 3)

    def ports(self) -> tuple[list[tuple[str, list[str]]], ...]:
        return [("context", ["N", "60"])], [("forecast", ["N", "3"])]


def test_what_is_compared_are_the_ends_of_the_series_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording the graph takes ten seconds, so that the whole is tried with the slow tests."""
    module = sys.modules[export_builtin.__module__]
    monkeypatch.setattr(module, "whole_graph", lambda *_: b"graph")
    monkeypatch.setattr(module, "WholeServer", FakeServer)
    monkeypatch.setattr(module, "MEANINGS", {"context": "values"})
    result = export_builtin(exported(tmp_path))
    assert (result.seasons, result.compared, result.drift) == ((12,), 1, 0.0)
    assert (tmp_path / "m.onnx").read_bytes() == b"graph"


@pytest.mark.slow
def test_it_is_exported_with_the_rhythm_of_a_file(tmp_path: Path) -> None:
    result = export_builtin(exported(tmp_path))
    assert (result.seasons, result.compared) == ((12,), 1)
    assert result.drift is not None
    assert result.drift <= 1e-5


def exported(folder: Path) -> ExportJob:
    data = monthly_csv(folder / "sales.csv", 60)
    return ExportJob(data=data, settings=ExportSettings(model=NAME, output=folder / "m.onnx", horizon=3))

"""`forecast train` with the pretrained network: its share is chosen, shown and kept, and `--from none` forbids it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tests.cli.conftest import Run, Seen
from tests.conftest import BUILTIN, TINY, call_forecast, monthly_csv

BOTH = [option for option in TINY if option not in ("--from", "none")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train such a model once, and return the folder of all models."""
    folder = tmp_path_factory.mktemp("both")
    models = folder / "models"
    done = call_forecast("train", monthly_csv(folder / "sales.csv"), *BOTH, "--format", "json", "--models-dir", models)
    assert done.exit_code == 0, done.stderr
    assert 0.05 <= json.loads(done.stdout)["pretrained"]["pretrained"] <= 1
    return models


@pytest.fixture
def trained_with(built: Path, tmp_path: Path) -> Path:
    """Return the folder of a version in which the pretrained network has a share: a copy in `models`."""
    shutil.copytree(built, tmp_path / "models")
    return tmp_path / "models" / "sales" / "versions" / "v000001"


def test_a_version_with_a_share_is_whole_by_itself(run: Run, trained_with: Path, tmp_path: Path) -> None:
    manifest = json.loads((trained_with / "manifest.json").read_text())
    assert (trained_with / "pretrained.onnx").read_bytes() == BUILTIN.read_bytes()
    assert manifest["files"]["pretrained.onnx"]["bytes"] == BUILTIN.stat().st_size
    share = manifest["companion"]
    assert share["errors"][3] <= max(share["errors"][:3])
    done = run("predict", "--model", "sales", "--output", tmp_path / "f.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    method = "lstm_pretrained" if share["trained"] == 0 else "lstm"
    assert f",{method}\n" in (tmp_path / "f.csv").read_text()
    (trained_with / "pretrained.onnx").write_bytes(BUILTIN.read_bytes()[:-1] + b"x")
    done = run("predict", "--model", "sales", "--output", tmp_path / "g.csv")
    assert done.exit_code == 78
    assert "pretrained.onnx was changed" in done.stderr


def test_exports_and_explanations_say_whose_share_is_what(run: Run, trained_with: Path, tmp_path: Path) -> None:
    done = run("export", "--model", "sales", "--format", "litert", "--output", tmp_path / "m.tflite")
    assert (done.exit_code, (tmp_path / "m.tflite").exists()) == (4, False)
    for said in ("the networks trained here alone", "pretrained network", "--format onnx", "--trained-part"):
        assert said in done.stderr
    assert run("export", "--model", "sales", "--quantize", "dynamic").exit_code == 2
    done = run("export", "--model", "sales", "--output", tmp_path / "m.onnx", "--trained-part")
    assert (done.exit_code, (tmp_path / "m.onnx").exists()) == (0, True)
    assert "the export holds the networks trained here alone" in done.stderr
    run("predict", "--model", "sales", "--output", tmp_path / "f.csv")
    first = float((tmp_path / "f.csv").read_text().splitlines()[1].split(",")[1])
    shown = json.loads(run("explain", "--model", "sales", "--leads", "1", "--format", "json").stdout)
    assert shown["pretrained"]["pretrained"] >= 0.05
    [series] = shown["by_series"]
    assert series["forecast"][0] == pytest.approx(first, rel=1e-4)
    assert abs(series["unexplained"][0]) < 0.2 * abs(series["forecast"][0] - series["flat"][0]) + 1e-6
    assert "pretrained network" in run("explain", "--model", "sales", "--leads", "1", "--format", "table").stdout
    gates = run("explain", "--model", "sales", "--gates")
    assert "the gates are those of a network trained here; the forecast is" in gates.stderr


def test_an_export_holds_both_parts(see: Callable[..., Seen], run: Run, trained_with: Path, tmp_path: Path) -> None:
    shown = see("export", "--model", "sales", "--output", tmp_path / "m.onnx").stdout
    assert "NaN before it begins" in " ".join(shown.split())
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    rows = Path(json.loads((trained_with / "manifest.json").read_text())["data"]["source"]).read_text().splitlines()[1:]
    values = np.array([float(row.split(",")[-1]) for row in rows])
    context = session.get_inputs()[0].shape[1]
    given = np.concatenate([np.full(max(0, context - len(values)), np.nan), values[-context:]])[None]
    run("predict", "--model", "sales", "--output", tmp_path / "f.csv", "--digits", "9")
    expected = [float(row.split(",")[1]) for row in (tmp_path / "f.csv").read_text().splitlines()[1:]]
    np.testing.assert_allclose(session.run(["forecasts"], {"values": given})[0][0], expected, rtol=1e-5)


def test_none_leaves_it_out(run: Run, tmp_path: Path) -> None:
    data = monthly_csv(tmp_path / "sales.csv")
    done = run("train", data, *TINY, "--season-length", "12,60", "--format", "json")
    shown = json.loads(done.stdout)
    assert shown["pretrained"] is None
    assert "no network reads the longer season of 60 steps" in done.stderr
    assert not (Path(shown["folder"]) / "pretrained.onnx").exists()

"""Saved models: a version is whole or not there, and a changed byte is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from forecaster import files, store
from forecaster.errors import MissingError, ModelError, StorageError, UsageError
from tests.conftest import Trained, names


@pytest.fixture
def models(trained: Trained, tmp_path: Path) -> Path:
    """Return a copy of the trained model's folder that a test may spoil."""
    shutil.copytree(trained.models_dir, tmp_path / "copy")
    return tmp_path / "copy"


def folder_of(models: Path) -> Path:
    return models / "shops" / "versions" / "v000001"


def draft_of(models: Path) -> store.Draft:
    """Return a draft with the content of the saved model."""
    model = store.load_model(models, "shops")
    with np.load(model.folder / "weights.npz") as weights:
        members = [[weights[name] for name in weights.files]]
    inputs = np.zeros((2, model.window.segments, model.window.channels), np.float32)
    manifest = model.manifest
    return store.Draft(
        schema=model.schema, window=model.window, network=store.NetworkShape(**manifest["network"]),
        fit=store.FitShape(**manifest["fit"]), season=model.season, graph=(model.folder / "network.onnx").read_bytes(),
        members=members, calibration=model.calibration, probe=(inputs, model.server.answer(inputs)),
        metrics=manifest["metrics"], facts={"created": "now", "data": manifest["data"]},
    )  # fmt: skip


def test_the_layout_on_disk(trained: Trained) -> None:
    home = trained.models_dir / "shops"
    assert names(home) == ["CURRENT", "LOCK", "versions"]
    assert (home / "CURRENT").read_text() == "v000001\n"
    assert names(folder_of(trained.models_dir)) == [
        "calibration.npz", "manifest.json", "metrics.json", "network.onnx", "weights.npz",
    ]  # fmt: skip


def test_the_manifest_says_where_the_model_comes_from(trained: Trained) -> None:
    manifest = json.loads((folder_of(trained.models_dir) / "manifest.json").read_text())
    assert manifest["data"]["source"] == str(trained.data.resolve())
    assert manifest["data"]["sha256"] == files.sha256(trained.data.read_bytes())
    assert manifest["packages"]["keras"]
    assert manifest["device"] in ("cpu", "gpu")
    assert manifest["fit"]["seed"] == 1
    assert json.loads((folder_of(trained.models_dir) / "metrics.json").read_text()) == manifest["metrics"]


def test_weights_are_arrays_only(trained: Trained) -> None:
    with np.load(folder_of(trained.models_dir) / "weights.npz", allow_pickle=False) as weights:
        assert {weights[name].dtype for name in weights.files} == {np.dtype(np.float32)}
        assert {name[:4] for name in weights.files} == {"m000", "m001"}


def test_a_new_version_is_counted_and_becomes_current(models: Path) -> None:
    assert store.publish_model(models, "shops", draft_of(models), 0).version == "v000002"
    assert (models / "shops" / "CURRENT").read_text() == "v000002\n"
    assert store.load_model(models, "shops").version == "v000002"
    assert store.load_model(models, "shops@v000001").version == "v000001"
    assert store.list_versions(models / "shops") == ["v000001", "v000002"]


@pytest.mark.parametrize("file", ["manifest.json", "network.onnx", "weights.npz", "calibration.npz", "metrics.json"])
@pytest.mark.parametrize("fault", ["flip", "cut", "empty", "gone", "link"])
def test_a_spoilt_file_is_refused(models: Path, file: str, fault: str) -> None:
    path = folder_of(models) / file
    data = bytearray(path.read_bytes())
    if fault == "flip":
        data[0 if file == "manifest.json" else len(data) // 2] ^= 0x40
    if fault == "link":
        path.rename(models / "elsewhere")
        path.symlink_to(models / "elsewhere")
    elif fault == "gone":
        path.unlink()
    else:
        path.write_bytes({"flip": bytes(data), "cut": data[: len(data) // 2], "empty": b""}[fault])
    with pytest.raises(ModelError):
        store.load_model(models, "shops")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("name", "other"),
        ("files", {"../../x": {}}),
        ("window", {}),
        ("network", {"units": 10**12}),
        ("season", 0),
        ("season", True),
        ("schema", {"shape": "cube"}),
    ],
)
def test_a_manifest_with_other_content_is_refused(models: Path, key: str, value: object) -> None:
    path = folder_of(models) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest[key] = {**manifest[key], **value} if isinstance(value, dict) and value and key != "files" else value
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError):
        store.load_model(models, "shops")


@pytest.mark.parametrize("text", ["", "v1\n", "../../x\n", "v000001\r\n"])
def test_a_pointer_that_is_none_is_refused(models: Path, text: str) -> None:
    (models / "shops" / "CURRENT").write_text(text)
    with pytest.raises(ModelError, match="expected a version like v000001"):
        store.load_model(models, "shops")


def test_what_is_missing_is_named(models: Path) -> None:
    with pytest.raises(MissingError, match=r"no model 'none' in .* \(there: shops\)"):
        store.load_model(models, "none")
    with pytest.raises(MissingError, match="no version 'v000009'"):
        store.load_model(models, "shops@v000009")
    assert store.list_models(models / "nowhere") == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/abs", "-rf", "a" * 65, "a\nb", "é"])
def test_a_name_is_never_a_path(models: Path, name: str) -> None:
    with pytest.raises(UsageError, match="model name"):
        store.load_model(models, name)


def test_a_graph_that_answers_otherwise_is_not_published(models: Path) -> None:
    draft = draft_of(models)
    wrong = store.Draft(**{**vars(draft), "probe": (draft.probe[0], draft.probe[1] + 0.01)})
    with pytest.raises(ModelError, match="off"):
        store.publish_model(models, "shops", wrong, 0)
    assert store.load_model(models, "shops").version == "v000001"
    assert names(models / "shops" / "versions") == ["v000001"]


@pytest.mark.parametrize("call", ["build_folder", "publish_folder", "write_file"])
def test_a_fault_while_publishing_leaves_the_old_version(
    models: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise StorageError("disk full")

    draft = draft_of(models)
    with monkeypatch.context() as patch:
        patch.setattr(files, call, fail)
        with pytest.raises(StorageError):
            store.publish_model(models, "shops", draft, 0)
    assert store.load_model(models, "shops").version == "v000001"
    assert not [name for name in names(models / "shops" / "versions") if name.startswith(".tmp")]
    store.publish_model(models, "shops", draft, 0)
    assert store.load_model(models, "shops").version != "v000001"


def test_json_is_strict() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.to_json({"x": float("nan")})

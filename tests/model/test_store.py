"""Saved models: a version is whole or not there, and a changed byte is found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.base import files
from forecaster.base.errors import MissingError, ModelError, UsageError
from forecaster.model import store
from tests.conftest import Trained, names
from tests.saved import copy_tiny, draft_of, publish, version_of


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a copy of the frozen model that a test may spoil."""
    return copy_tiny(tmp_path / "copy")


@pytest.fixture
def draft(models: Path) -> store.Draft:
    return draft_of(store.load_model(models, "tiny"))


def test_the_layout_on_disk(trained: Trained) -> None:
    home = trained.models_dir / "shops"
    forecast = {"LEDGER"}  # where another test has forecast with this model
    assert set(names(home)) - forecast == {"CURRENT", "HISTORY", "LOCK", "versions"}
    assert (home / "CURRENT").read_text() == "v000001\n"
    assert names(version_of(trained.models_dir, trained.name)) == [
        "calibration.npz",
        "manifest.json",
        "metrics.json",
        "network.onnx",
        "weights.npz",
    ]


def test_the_manifest_says_where_the_model_comes_from(trained: Trained) -> None:
    manifest = json.loads((version_of(trained.models_dir, trained.name) / "manifest.json").read_text())
    assert manifest["data"]["source"] == str(trained.data.resolve())
    assert manifest["data"]["sha256"] == files.sha256(trained.data.read_bytes())
    assert manifest["packages"]["keras"]
    assert manifest["device"] in ("cpu", "gpu")
    assert manifest["fit"]["seed"] == 1
    assert (
        json.loads((version_of(trained.models_dir, trained.name) / "metrics.json").read_text()) == manifest["metrics"]
    )


def test_weights_are_arrays_only(trained: Trained) -> None:
    with np.load(version_of(trained.models_dir, trained.name) / "weights.npz", allow_pickle=False) as weights:
        assert {weights[name].dtype for name in weights.files} == {np.dtype(np.float32)}
        assert {name[:4] for name in weights.files} == {"m000", "m001"}


def test_a_new_version_is_counted_and_becomes_current(models: Path, draft: store.Draft) -> None:
    assert publish(models, draft).version == "v000002"
    assert (models / "tiny" / "CURRENT").read_text() == "v000002\n"
    assert store.load_model(models, "tiny").version == "v000002"
    assert store.load_model(models, "tiny@v000001").version == "v000001"
    assert store.list_versions(models / "tiny") == ["v000001", "v000002"]


def test_a_version_can_be_saved_without_becoming_current(models: Path, draft: store.Draft) -> None:
    assert publish(models, draft, current=False).version == "v000002"
    assert store.load_model(models, "tiny").version == "v000001"
    assert publish(models, draft).version == "v000003"


def test_the_way_back_leads_over_what_was_current(models: Path, draft: store.Draft) -> None:
    home = models / "tiny"
    assert store.previous_version(home) is None
    publish(models, draft)
    publish(models, draft, current=False)
    publish(models, draft)
    assert store.previous_version(home) == "v000002"
    store.go_back(home, "v000002")
    assert store.previous_version(home) == "v000001"
    publish(models, draft)
    assert (home / "CURRENT").read_text() == "v000005\n"
    assert store.previous_version(home) == "v000002"
    assert (home / "HISTORY").read_text().split() == ["v000001", "v000002", "v000005"]


@pytest.mark.parametrize(
    ("history", "back"),
    [
        (None, "v000002"),
        ("", "v000002"),
        ("v000001\nv000003\n", "v000001"),
        ("../x\nv000001\nv000009\nv000003\n", "v000001"),
    ],
)
def test_a_history_that_is_gone_or_odd_leads_back_all_the_same(
    models: Path, draft: store.Draft, history: str | None, back: str
) -> None:
    for _ in range(2):
        publish(models, draft)
    path = models / "tiny" / "HISTORY"
    path.unlink() if history is None else path.write_text(history)
    assert store.previous_version(models / "tiny") == back
    (models / "tiny" / "CURRENT").unlink()
    assert store.previous_version(models / "tiny") == "v000003"


@pytest.mark.parametrize("text", ["", "v1\n", "../../x\n", "v000001\r\n"])
def test_a_pointer_that_is_none_is_refused(models: Path, text: str) -> None:
    (models / "tiny" / "CURRENT").write_text(text)
    with pytest.raises(ModelError, match="expected a version like v000001") as refused:
        store.load_model(models, "tiny")
    assert "forecast models check tiny" in refused.value.hint


def test_a_pointer_that_is_gone_or_leads_nowhere_is_refused(models: Path) -> None:
    pointer = models / "tiny" / "CURRENT"
    pointer.write_text("v000009\n")
    with pytest.raises(ModelError, match=r"no version 'v000009' \(versions: v000001\), though CURRENT names it"):
        store.load_model(models, "tiny")
    pointer.unlink()
    with pytest.raises(ModelError, match="CURRENT is missing"):
        store.load_model(models, "tiny")
    pointer.symlink_to(version_of(models) / "manifest.json")
    with pytest.raises(ModelError, match="not a symbolic link"):
        store.load_model(models, "tiny")
    assert store.list_models(models) == ["tiny"]


def test_a_training_that_never_published_is_no_model(models: Path) -> None:
    with store.hold_model(models, "new", 0, "test"):
        pass
    assert store.list_models(models) == ["tiny"]
    with pytest.raises(MissingError, match="'new' has no version yet"):
        store.load_model(models, "new")


def test_what_is_missing_is_named(models: Path) -> None:
    with pytest.raises(MissingError, match=r"no model 'none' in .* \(models: tiny\)"):
        store.load_model(models, "none")
    with pytest.raises(MissingError, match="no version 'v000009'"):
        store.load_model(models, "tiny@v000009")
    assert store.list_models(models / "nowhere") == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/abs", "-rf", "a" * 65, "a\nb", "é"])
def test_a_name_is_never_a_path(models: Path, name: str) -> None:
    with pytest.raises(UsageError, match="model name"):
        store.load_model(models, name)


def test_a_graph_that_answers_otherwise_is_not_published(models: Path, draft: store.Draft) -> None:
    wrong = replace(draft, probe=(draft.probe[0], draft.probe[1] + np.float32(0.01)))
    with pytest.raises(ModelError, match="off"):
        publish(models, wrong)
    assert store.load_model(models, "tiny").version == "v000001"
    assert names(models / "tiny" / "versions") == ["v000001"]


def test_what_an_interrupted_command_left_is_swept(models: Path, draft: store.Draft) -> None:
    home = models / "tiny"
    for left in (
        home / ".tmp-CURRENT-0123456789abcdef.forecast",
        home / "versions" / ".tmp-v000002-0123456789abcdef.forecast" / "deep" / "file",
    ):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text("x")
    publish(models, draft)
    assert names(home) == ["CURRENT", "HISTORY", "LOCK", "versions"]
    assert names(home / "versions") == ["v000001", "v000002"]


@pytest.mark.parametrize("kept", [0, 1], ids=["reads-each-time", "keeps-versions-in-memory"])
def test_a_reader_follows_when_its_version_is_pruned_meanwhile(
    kept: int, models: Path, draft: store.Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding the current version and reading it, newer ones are published and it is removed."""
    monkeypatch.setattr(store._InMemory, "most", kept)
    found = store.find_version

    def overtaken(root: Path, reference: str) -> tuple[Path, str, str]:
        answer = found(root, reference)
        monkeypatch.setattr(store, "find_version", found)
        publish(models, draft)
        store.remove_version(models / "tiny", "v000001")
        return answer

    monkeypatch.setattr(store, "find_version", overtaken)
    assert store.load_model(models, "tiny").version == "v000002"


def test_a_version_in_memory_is_read_anew_once_a_file_of_it_changes(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._InMemory, "most", 1)
    first = store.load_model(models, "tiny")
    assert store.load_model(models, "tiny") is first
    graph = version_of(models) / "network.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="was changed"):
        store.load_model(models, "tiny")

"""The frozen models under `tests/fixtures/`, and drafts made of them: published in no time, without a training."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np

from forecaster.model import manifest, store
from forecaster.model.manifest import TrainingFacts
from forecaster.model.version import Draft, SavedModel

FIXTURES = Path(__file__).parent / "fixtures"
GOOD = FIXTURES / "good"
NEWEST = GOOD / f"format-{manifest.FORMAT}"
TINY_DATA = FIXTURES / "tiny.csv"
"""The data that `tiny`, the model in every format, was trained on."""


def copy_tiny(folder: Path) -> Path:
    """Copy the frozen model of the newest format into a new folder of models, and return that."""
    shutil.copytree(NEWEST, folder)
    return folder


def version_of(models: Path, name: str = "tiny", version: str = "v000001") -> Path:
    """Return the folder of a version."""
    return models / name / "versions" / version


def draft_of(model: SavedModel) -> Draft:
    """Return a draft with the content of a saved model."""
    network, facts = model.network, model.manifest
    with np.load(model.folder / "weights.npz") as archive:
        weights = {name: archive[name] for name in archive.files}
    names = sorted({name[:4] for name in weights})
    inputs = np.zeros((2, model.window.segments, model.window.channels), np.float32)
    return Draft(
        schema=model.schema,
        network=network,
        fit=facts.fit,
        season=model.season,
        graph=(model.folder / "network.onnx").read_bytes(),
        members=[[weights[key] for key in sorted(weights) if key.startswith(name)] for name in names],
        calibration=model.calibration,
        probe=(inputs, model.server.answer(inputs)),
        metrics=facts.metrics,
        facts=TrainingFacts(**{f.name: getattr(facts, f.name) for f in fields(TrainingFacts)}),
    )


def publish(models: Path, draft: Draft, *, current: bool = True) -> SavedModel:
    """Publish a draft as the next version of `tiny`."""
    with store.hold_model(models, "tiny", 0, "test") as home:
        return store.publish_model(home, draft, current=current)

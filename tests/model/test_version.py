"""One version: the frozen folders load or are refused for ever, and a changed byte is found wherever it is."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecaster import jobs
from forecaster.base.errors import ModelError
from forecaster.config import PredictSettings
from forecaster.model import store
from forecaster.model.version import read_version
from tests.saved import FIXTURES, GOOD, NEWEST, TINY_DATA, copy_tiny, version_of

FORMATS = sorted(folder.name for folder in GOOD.iterdir() if folder.is_dir())
BROKEN = sorted(folder.name for folder in (FIXTURES / "broken").iterdir())
FILES = sorted(path.name for path in version_of(NEWEST).iterdir())


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the frozen model that a test may spoil, and go where a canary would be found."""
    monkeypatch.chdir(tmp_path)
    return copy_tiny(tmp_path / "copy")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_ever_written_loads_and_forecasts_as_it_did(name: str) -> None:
    settings = PredictSettings(output="-", ledger="none", digits=17)
    job = jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=GOOD / name)
    before = {path: path.read_bytes() for path in (GOOD / name).rglob("*") if path.is_file()}
    ours = list(csv.reader(jobs.predict(job).text.splitlines()))
    frozen = list(csv.reader((GOOD / "forecasts.csv").read_text().splitlines()))
    assert ours[0] == frozen[0]
    for here, there in zip(ours[1:], frozen[1:], strict=True):
        assert (here[:2], here[-1]) == (there[:2], there[-1])
        np.testing.assert_allclose([float(x) for x in here[2:-1]], [float(x) for x in there[2:-1]], rtol=1e-5)
    assert {path: path.read_bytes() for path in (GOOD / name).rglob("*") if path.is_file()} == before


def test_there_is_a_frozen_model_of_the_present_format() -> None:
    assert NEWEST.name in FORMATS
    assert len(BROKEN) > 30


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_refused_for_ever(models: Path, name: str) -> None:
    for path in (FIXTURES / "broken" / name).iterdir():
        shutil.copy(path, version_of(models))
    expected = (version_of(models) / "expected.txt").read_text().strip()
    with pytest.raises(ModelError) as refused:
        store.load_model(models, "tiny")
    assert expected in refused.value.message
    assert refused.value.hint
    assert not Path("canary").exists()


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("fault", ["cut", "empty", "gone", "link", "folder", "longer"])
def test_a_spoilt_file_is_refused(models: Path, file: str, fault: str) -> None:
    path = version_of(models) / file
    data = path.read_bytes()
    path.unlink()
    if fault == "link":
        (models / "elsewhere").write_bytes(data)
        path.symlink_to(models / "elsewhere")
    elif fault == "folder":
        path.mkdir()
    elif fault != "gone":
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "longer": data + b"\n"}[fault])
    with pytest.raises(ModelError):
        store.load_model(models, "tiny")


@pytest.mark.parametrize("file", FILES)
def test_a_changed_byte_is_found_anywhere(models: Path, file: str) -> None:
    path = version_of(models) / file
    whole = path.read_bytes()
    for at in np.unique(np.linspace(0, len(whole) - 1, 200).astype(int)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x04]) + whole[at + 1 :])
        with pytest.raises(ModelError):
            store.load_model(models, "tiny")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), file=st.sampled_from(FILES))
def test_random_bytes_are_no_model(models: Path, data: bytes, file: str) -> None:
    path = version_of(models) / file
    whole = path.read_bytes()
    path.write_bytes(data)
    with pytest.raises(ModelError):
        store.load_model(models, "tiny")
    path.write_bytes(whole)


def test_a_version_belongs_to_its_model(models: Path) -> None:
    shutil.copytree(models / "tiny", models / "other")
    with pytest.raises(ModelError, match="belongs to model 'tiny' 'v000001'"):
        store.load_model(models, "other")
    shutil.copytree(version_of(models), version_of(models, version="v000002"))
    with pytest.raises(ModelError, match="belongs to model 'tiny' 'v000001'"):
        store.load_model(models, "tiny@v000002")


def test_a_folder_may_not_be_a_link(models: Path) -> None:
    version_of(models).rename(models / "elsewhere")
    version_of(models).symlink_to(models / "elsewhere")
    with pytest.raises(ModelError, match="not a symbolic link"):
        store.load_model(models, "tiny")


def test_the_manifest_can_be_read_by_any_tool(models: Path) -> None:
    facts = json.loads((version_of(models) / "manifest.json").read_text())
    assert set(facts["files"]) == set(FILES) - {"manifest.json"}
    assert len(facts["sha256"]) == 64
    assert holds(read_version(version_of(models), "tiny", "v000001").manifest.to_json(), facts)


def holds(whole: object, part: object) -> bool:
    """Return whether one structure has all that another has; what was added to the format since may be more."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and holds(whole[name], value) for name, value in part.items())
    return whole == part

"""Checking, promoting, rolling back and pruning: what is used is always whole, and always there."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base import files
from forecaster.base.errors import MissingError, ModelError, TryAgainError, UsageError
from forecaster.config import PredictSettings, PruneSettings
from forecaster.model import store
from tests.conftest import names
from tests.crash import other_draft
from tests.saved import TINY_DATA, copy_tiny, publish, version_of


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with four versions of `tiny`, each with other intervals, the newest current."""
    models = copy_tiny(tmp_path / "copy")
    for _ in range(3):
        publish(models, other_draft(models))
    return models


def current(models: Path) -> str:
    return (models / "tiny" / "CURRENT").read_text().strip()


def forecast(models: Path) -> str:
    job = jobs.PredictJob(data=str(TINY_DATA), settings=PredictSettings(output="-"), models_dir=models)
    return jobs.predict(job).text


def spoil(models: Path, version: str) -> None:
    path = version_of(models, version=version) / "weights.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def test_promote_and_roll_back_bring_back_the_same_forecasts(models: Path) -> None:
    newest = forecast(models)
    assert jobs.promote_version("tiny@v000001", models, 0) == jobs.Switch(
        name="tiny", before="v000004", version="v000001"
    )
    assert forecast(models) != newest
    assert jobs.roll_back("tiny", models, 0) == jobs.Switch(name="tiny", before="v000001", version="v000004")
    assert forecast(models) == newest
    assert jobs.roll_back("tiny", models, 0).version == "v000003"


def test_promoting_what_is_current_changes_nothing(models: Path) -> None:
    before = (models / "tiny" / "HISTORY").read_text()
    assert jobs.promote_version("tiny@v000004", models, 0).before == "v000004"
    assert (models / "tiny" / "HISTORY").read_text() == before


@pytest.mark.parametrize(
    ("reference", "fault", "said"),
    [
        ("tiny", UsageError, "names no version"),
        ("tiny@", UsageError, "names no version"),
        ("tiny@v000009", MissingError, "no version 'v000009'"),
        ("tiny@../x", MissingError, "no version '../x'"),
        ("none@v000001", MissingError, "no model 'none'"),
        ("../x@v000001", UsageError, "model name"),
    ],
)
def test_only_a_version_that_is_there_is_promoted(models: Path, reference: str, fault: type, said: str) -> None:
    with pytest.raises(fault, match=said):
        jobs.promote_version(reference, models, 0)
    assert current(models) == "v000004"
    assert names(models) == ["forecasts.csv", "tiny"] or names(models) == ["tiny"]


def test_a_version_that_is_not_whole_is_never_made_current(models: Path) -> None:
    spoil(models, "v000003")
    with pytest.raises(ModelError, match=r"v000003/weights.npz was changed"):
        jobs.promote_version("tiny@v000003", models, 0)
    with pytest.raises(ModelError, match=r"v000003/weights.npz was changed"):
        jobs.roll_back("tiny", models, 0)
    assert current(models) == "v000004"


def test_there_is_an_end_to_going_back(models: Path) -> None:
    for version in ("v000003", "v000002", "v000001"):
        assert jobs.roll_back("tiny", models, 0).version == version
    with pytest.raises(MissingError, match="has no version before v000001 to go back to") as refused:
        jobs.roll_back("tiny", models, 0)
    assert "forecast models promote tiny@v000004" in refused.value.hint
    assert current(models) == "v000001"


@pytest.mark.parametrize("text", [None, "", "v000009\n", "../../etc\n"])
def test_a_lost_pointer_is_mended_by_rolling_back(models: Path, text: str | None) -> None:
    pointer = models / "tiny" / "CURRENT"
    pointer.unlink() if text is None else pointer.write_text(text)
    with pytest.raises(ModelError) as refused:
        store.load_model(models, "tiny")
    assert "forecast models rollback tiny" in refused.value.hint
    assert jobs.roll_back("tiny", models, 0).version == "v000004"
    assert store.load_model(models, "tiny").version == "v000004"


@pytest.mark.parametrize(("keep", "kept"), [(2, ["v000003", "v000004"]), (3, ["v000002", "v000003", "v000004"])])
def test_prune_keeps_the_newest(models: Path, keep: int, kept: list[str]) -> None:
    pruned = jobs.prune_versions("tiny", PruneSettings(keep=keep), models, 0)
    assert (pruned.kept, store.list_versions(models / "tiny")) == (kept, kept)
    assert pruned.removed == [v for v in ("v000001", "v000002", "v000003", "v000004") if v not in kept]
    assert jobs.prune_versions("tiny", PruneSettings(keep=keep), models, 0).removed == []


def test_prune_never_removes_what_is_used(models: Path) -> None:
    jobs.promote_version("tiny@v000001", models, 0)
    assert jobs.prune_versions("tiny", PruneSettings(keep=2), models, 0).kept == ["v000001", "v000003", "v000004"]
    assert jobs.roll_back("tiny", models, 0).version == "v000004"


def test_prune_keeps_at_least_two_and_removes_nothing_unless_it_knows_what_is_used(models: Path) -> None:
    with pytest.raises(UsageError, match="--keep must be at least 2, received 1"):
        jobs.prune_versions("tiny", PruneSettings(keep=1), models, 0)
    (models / "tiny" / "CURRENT").write_text("")
    with pytest.raises(ModelError):
        jobs.prune_versions("tiny", PruneSettings(keep=2), models, 0)
    assert len(store.list_versions(models / "tiny")) == 4


def test_who_holds_the_model_is_named(models: Path) -> None:
    changes = (
        lambda: jobs.promote_version("tiny@v000001", models, 0),
        lambda: jobs.roll_back("tiny", models, 0),
        lambda: jobs.prune_versions("tiny", PruneSettings(), models, 0),
    )
    with files.locked(models / "tiny" / "LOCK", 0, "forecast train"):
        for change in changes:
            with pytest.raises(TryAgainError, match=r"is locked by pid \d+ \(forecast train\) on .* since 20"):
                change()
        assert forecast(models)  # needs no lock
        assert all(row.fault is None for row in jobs.check_models(None, models))


def test_a_check_finds_what_is_not_whole_and_changes_nothing(models: Path) -> None:
    assert [(row.version, row.current, row.fault) for row in jobs.check_models("tiny", models)] == [
        ("v000001", False, None),
        ("v000002", False, None),
        ("v000003", False, None),
        ("v000004", True, None),
    ]
    spoil(models, "v000002")
    (models / "tiny" / "CURRENT").write_text("v000009\n")
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    rows = jobs.check_models(None, models)
    faults = {row.version: row.fault for row in rows if row.fault}
    assert set(faults) == {"v000002", ""}
    assert "weights.npz was changed" in str(faults["v000002"])
    assert "no version 'v000009'" in str(faults[""])
    assert jobs.check_models("tiny@v000003", models)[0].fault is None
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_a_check_of_nothing(models: Path, tmp_path: Path) -> None:
    assert jobs.check_models(None, tmp_path / "nowhere") == []
    for reference, said in (("none", "no model 'none'"), ("tiny@v000009", "no version 'v000009'")):
        with pytest.raises(MissingError, match=said):
            jobs.check_models(reference, models)


def test_a_broken_model_hides_no_other_in_the_list(models: Path) -> None:
    (models / "other").mkdir()
    (models / "other" / "CURRENT").write_text("nonsense")
    rows = {row["name"]: row for row in jobs.list_models(models)}
    assert (rows["tiny"]["version"], rows["tiny"]["fault"]) == ("v000004", None)
    assert "expected a version like v000001" in rows["other"]["fault"]
    assert rows["other"]["version"] is None
    assert rows["other"].keys() == rows["tiny"].keys()

"""Checkpoints: training goes on from one and ends where it would have ended, or the checkpoint is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.base import files
from forecaster.base.errors import ModelError
from forecaster.data.panel import panel_from_arrays
from forecaster.model.plan import Plan
from forecaster.model.windows import Signals
from forecaster.training.checkpoint import Checkpoint, Snapshot, identify, member_of
from tests.training.test_fit import WAVE, plan_of, training


class Interrupted(BaseException):
    """Stands in for a signal."""


def plan_with(**train: object) -> Plan:
    """Return a plan of two networks with dropout, so that every random generator counts."""
    plan = plan_of(**{"ensemble": 2, "steps": 60, "learning_rate": 0.02, **train})
    return replace(plan, network=replace(plan.network, dropout=0.3))


def checkpoint_for(path: Path, plan: Plan) -> Checkpoint:
    return Checkpoint(path=path, fits=identify(Signals(WAVE), plan))


def run(plan: Plan, checkpoint: Checkpoint, stop_at: int | None = None) -> tuple[training.Trained, int]:
    """Train; be interrupted at a report, counted from 1. Return what came of it, and the number of reports."""
    reports = 0

    def count(_: training.Progress) -> None:
        nonlocal reports
        reports += 1
        if reports == stop_at:
            raise Interrupted

    return training.train_ensemble(panel_from_arrays([WAVE]), plan, "cpu", count, checkpoint), reports


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[training.Trained, int]:
    return run(plan_with(), Checkpoint())


@pytest.mark.parametrize("stop_at", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, *range(3, 11)))])
def test_an_interrupted_training_ends_where_it_would_have_ended(
    uninterrupted: tuple[training.Trained, int], tmp_path: Path, stop_at: int
) -> None:
    plan, path, (whole, reports) = plan_with(), tmp_path / "CHECKPOINT", uninterrupted
    with pytest.raises(Interrupted):
        run(plan, checkpoint_for(path, plan), stop_at)
    resumed = checkpoint_for(path, plan)
    assert resumed.read() == (stop_at > 1)
    again, more = run(plan, resumed)
    assert more == reports - stop_at + 1  # only what came after the last report is done again
    for ours, theirs in zip(again.members, whole.members, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    for resumed, uninterrupted in zip(again.first, whole.first, strict=True):
        for a, b in zip(resumed, uninterrupted, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    assert again.best_steps == whole.best_steps
    assert [look.step for look in again.curve] == [look.step for look in whole.curve]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_every_optimiser_goes_on(tmp_path: Path, optimizer: str) -> None:
    plan, path = plan_with(optimizer=optimizer, ensemble=1), tmp_path / "CHECKPOINT"
    with pytest.raises(Interrupted):
        run(plan, checkpoint_for(path, plan), 3)
    resumed = checkpoint_for(path, plan)
    assert resumed.read()
    again, whole = run(plan, resumed)[0], run(plan, Checkpoint())[0]
    np.testing.assert_allclose(again.members[0][0], whole.members[0][0], atol=1e-6)


def test_what_is_finished_is_not_done_again(tmp_path: Path) -> None:
    plan, path = plan_with(ensemble=1), tmp_path / "CHECKPOINT"
    whole, _ = run(plan, checkpoint_for(path, plan))
    resumed = checkpoint_for(path, plan)
    assert resumed.read()
    again, reports = run(plan, resumed)
    assert reports == 0
    np.testing.assert_array_equal(again.members[0][0], whole.members[0][0])


def test_time_that_was_used_counts(tmp_path: Path) -> None:
    plan, path = plan_with(time_limit=1000, ensemble=3), tmp_path / "CHECKPOINT"
    with pytest.raises(Interrupted):
        run(plan, checkpoint_for(path, plan), 2)
    resumed = checkpoint_for(path, plan)
    assert resumed.read()
    resumed.state.seconds = 1000.0
    trained, reports = run(plan, resumed)
    assert (len(trained.members), reports) == (1, 1)


def test_the_time_limit_may_be_another(tmp_path: Path) -> None:
    path, plan = tmp_path / "CHECKPOINT", plan_with()
    checkpoint_for(path, plan).write()
    assert checkpoint_for(path, plan_with(time_limit=10)).read()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 80}, "steps is 60 in it and 80 now"),
        ({"seed": 5}, "seed is 1 in it and 5 now"),
        ({"ensemble": 3, "optimizer": "sgd"}, "optimizer is adam in it and sgd now, members is 2 in it and 3 now"),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = tmp_path / "CHECKPOINT"
    checkpoint_for(path, plan_with()).write()
    with pytest.raises(ModelError) as refused:
        checkpoint_for(path, plan_with(**change)).read()
    assert refused.value.message == f"{path} does not fit: {said}"
    assert refused.value.hint == "To train from the start, leave out --resume"


def test_other_data_is_refused(tmp_path: Path) -> None:
    path, plan = tmp_path / "CHECKPOINT", plan_with()
    checkpoint_for(path, plan).write()
    with pytest.raises(ModelError, match="does not fit: it is of other data"):
        Checkpoint(path=path, fits=identify(Signals(WAVE + 1e-9), plan)).read()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path, plan = tmp_path / "CHECKPOINT", plan_with()
    checkpoint = checkpoint_for(path, plan)
    snapshot = Snapshot(step=20, variables=[np.arange(6.0)], draws={"state": 2**127})
    member_of(checkpoint.state.measured, 0).at = snapshot
    checkpoint.write()
    whole = path.read_bytes()
    for at in np.unique(np.linspace(0, len(whole) - 1, 200).astype(int)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(ModelError, match="is damaged"):
            checkpoint_for(path, plan).read()
    for cut in (b"", whole[:30], whole[: len(whole) // 2]):
        path.write_bytes(cut)
        with pytest.raises(ModelError, match="is damaged"):
            checkpoint_for(path, plan).read()
    path.write_bytes(whole)
    back = checkpoint_for(path, plan)
    assert back.read()
    [member] = back.state.measured
    assert member.at
    assert (member.at.step, member.at.draws) == (20, snapshot.draws)
    np.testing.assert_array_equal(member.at.variables[0], snapshot.variables[0])


def test_a_checkpoint_of_the_future_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, plan = tmp_path / "CHECKPOINT", plan_with()
    with monkeypatch.context() as patch:
        patch.setattr("forecaster.training.checkpoint.FORMAT", 3)
        checkpoint_for(path, plan).write()
    with pytest.raises(ModelError, match="of another version of forecast"):
        checkpoint_for(path, plan).read()


def test_it_is_written_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    monkeypatch.setattr(files, "write_file", lambda path, data, root: written.append(path))
    seldom = Checkpoint(path=tmp_path / "CHECKPOINT", every=3600.0)
    assert not seldom.is_due()
    assert Checkpoint(path=tmp_path / "CHECKPOINT", every=0.0).is_due()
    assert not Checkpoint().is_due()
    run(plan_with(), seldom)
    assert len(written) == 4  # each network, when it is finished


def test_without_a_file_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    assert not Checkpoint().read()
    assert not Checkpoint(path=tmp_path / "none").read()
    Checkpoint(path=tmp_path / "none").remove()

"""Training: it learns, it stops, it repeats itself, and it never materialises its windows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import GateError, ModelError, ResourceError
from forecaster.base.runtime import prepare_keras
from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan
from forecaster.model.windows import Signals
from forecaster.training.checkpoint import Checkpoint, identify

prepare_keras()

from forecaster.training import fit as training  # noqa: E402
from tests.covering import covering  # noqa: E402

FAST = TrainSettings(steps=40, ensemble=1, batch_size=16, preset="fast")
STEPS = np.arange(200)
WAVE = 50 + 10 * np.sin(2 * np.pi * STEPS / 10) + 5 * np.sin(2 * np.pi * STEPS / 25)


def plan_of(values: np.ndarray = WAVE, **train: object) -> Plan:
    model = ModelSettings(horizon=4, lookback=20, segment=5, units=8, layers=1, dropout=0.0, base="last")
    settings = TrainSettings(**{"steps": 40, "ensemble": 1, "batch_size": 16, **train})  # type: ignore[arg-type]
    return make_plan(panel_from_arrays([values]), 10, model, settings)


def fit(plan: Plan, values: np.ndarray = WAVE) -> tuple[training.Trained, list[training.Progress]]:
    seen: list[training.Progress] = []
    return training.train_ensemble(panel_from_arrays([values]), plan, "cpu", seen.append), seen


@pytest.fixture(scope="module")
def both() -> tuple[training.Trained, list[training.Progress]]:
    """Two networks, each measured and trained afresh on all data."""
    return fit(plan_of(ensemble=2, seed=1))


@pytest.fixture(scope="module")
def once() -> training.Trained:
    """The first of them alone, only measured."""
    plan = plan_of(seed=1)
    return fit(replace(plan, fit=replace(plan.fit, refit=False)))[0]


def test_the_loss_falls() -> None:
    _, seen = fit(plan_of(steps=200, learning_rate=0.01, preset="fast"))
    looks = [p.held_out for p in seen if p.held_out is not None]
    assert looks[-1] < 0.2 * looks[0]


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    both: tuple[training.Trained, list[training.Progress]], once: training.Trained
) -> None:
    first, again, other = both[0].first[0], once.first[0], both[0].first[1]  # member k has seed + k
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_members_differ(both: tuple[training.Trained, list[training.Progress]]) -> None:
    trained, _ = both
    assert len(trained.members) == 2
    assert not np.array_equal(trained.members[0][0], trained.members[1][0])


def test_without_refit_the_best_weights_stay() -> None:
    plan = plan_of(preset="fast", steps=60, learning_rate=0.05)
    trained, seen = fit(plan)
    plan = replace(plan, network=replace(plan.network, trust=1.0))  # what is minimised is the network's own answer
    origins = plan.held_out.all()
    windows = training.cut_windows(WAVE, origins, plan.window)
    errors = training.ensemble(plan.network, trained.members)(windows.inputs)[:, 0] - training.cut_targets(
        WAVE, origins, windows
    )
    looks = {p.step: p.held_out for p in seen}
    assert looks[trained.best_steps[0]] == min(look for look in looks.values() if look is not None)
    assert np.square(errors).mean() == pytest.approx(looks[trained.best_steps[0]], rel=1e-4)
    assert all(np.array_equal(a, b) for a, b in zip(trained.first[0], trained.members[0], strict=True))


def test_refit_changes_the_weights_but_not_what_was_measured(
    both: tuple[training.Trained, list[training.Progress]], once: training.Trained
) -> None:
    refitted, _ = both
    assert all(np.array_equal(a, b) for a, b in zip(refitted.first[0], once.first[0], strict=True))
    assert not np.array_equal(refitted.members[0][0], once.members[0][0])


def test_what_cannot_be_learned_is_left_at_the_base_path() -> None:
    rng = np.random.default_rng(0)
    noise = np.cumsum(rng.normal(size=300)) + 1_000  # a random walk: the last value is the best forecast
    plan = plan_of(noise, learning_rate=1.0)
    trained, _ = fit(plan, noise)
    assert trained.best_steps == [0]
    inputs = training.cut_windows(noise, plan.held_out.all(), plan.window).inputs
    assert not training.ensemble(plan.network, trained.members)(inputs).any()


def test_patience_stops() -> None:
    noise = np.random.default_rng(0).normal(size=200) + 100
    trained, seen = fit(plan_of(noise, steps=2_000, patience=1, learning_rate=0.05, preset="fast"), noise)
    assert max(p.step for p in seen) < 2_000
    assert trained.best_steps[0] < max(p.step for p in seen)


def test_a_time_limit_ends_with_a_whole_ensemble() -> None:
    trained, seen = fit(plan_of(steps=1_000_000, ensemble=3, time_limit=2, patience=0))
    assert len(trained.members) >= 1
    assert seen[-1].step < 1_000_000
    assert all(np.isfinite(w).all() for w in trained.members[0])


def test_progress_ends_at_one(both: tuple[training.Trained, list[training.Progress]]) -> None:
    _, seen = both
    done = [p.done for p in seen]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)
    assert {p.stage for p in seen} == {"measure", "refit"}


def test_a_loss_that_is_no_number_names_the_window() -> None:
    values = np.tile(WAVE, 2)
    panel = panel_from_arrays({"good": values[:200], "bad": values[200:]})
    plan = make_plan(panel, 10, ModelSettings(horizon=4, lookback=20, segment=5, units=4, base="last"), FAST)
    planted = panel.values.copy()
    planted[250] = np.nan
    with pytest.raises(GateError, match=r"training diverged after step 0.*series 'bad'") as caught:
        training.train_ensemble(replace(panel, values=planted), plan, "cpu", lambda _: None)
    assert "too large to compute with" in caught.value.message


def test_the_last_good_weights_are_kept_and_gone_on_from_at_another_rate(tmp_path: Path) -> None:
    path, wild = tmp_path / "CHECKPOINT", plan_of(learning_rate=0.01, optimizer="sgd", steps=60, preset="fast")
    panel, calls = replace(panel_from_arrays([WAVE]), values=WAVE.copy()), 0

    def poison(progress: training.Progress) -> None:
        """Let what is drawn after the second report be no numbers."""
        nonlocal calls
        calls += 1
        if calls == 2:
            panel.values[:] = np.nan

    checkpoint = Checkpoint(path=path, fits=identify(Signals(WAVE), wild), every=1e9)
    with pytest.raises(GateError, match="after step 40") as caught:
        training.train_ensemble(panel, wild, "cpu", poison, checkpoint)
    assert "--resume --learning-rate 0.001" in caught.value.hint
    calm = replace(wild, fit=replace(wild.fit, learning_rate=0.001))
    again = Checkpoint(path=path, fits=identify(Signals(WAVE), calm), every=1e9)
    assert again.read()
    seen: list[training.Progress] = []
    trained = training.train_ensemble(panel_from_arrays([WAVE]), calm, "cpu", seen.append, again)
    assert min(p.step for p in seen) == 60
    assert all(np.isfinite(w).all() for w in trained.members[0])
    other = Checkpoint(path=path, fits=identify(Signals(WAVE), replace(calm, fit=replace(calm.fit, patience=1))))
    with pytest.raises(ModelError, match="patience is 8 in it and 1 now"):
        other.read()


TOGETHER = list(itertools.product(("adam", "adamw", "sgd", "rmsprop"), ("constant", "cosine", "plateau")))
EACH_ONCE = covering(TOGETHER, 1)


@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [pytest.param(*pair, marks=() if pair in EACH_ONCE else pytest.mark.slow) for pair in TOGETHER],
)
def test_every_optimiser_learns(optimizer: str, schedule: str) -> None:
    settings = {"optimizer": optimizer, "schedule": schedule, "weight_decay": 1e-3}
    _, seen = fit(plan_of(**settings, steps=120, learning_rate=0.02, preset="fast"))
    looks = [p.held_out for p in seen if p.held_out is not None]
    assert min(looks) < looks[0]


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log-cosh", "quantile"])
def test_every_loss_learns(loss: str) -> None:
    _, seen = fit(plan_of(loss=loss, steps=200, learning_rate=0.01, preset="fast"))
    looks = [p.held_out for p in seen if p.held_out is not None]
    assert min(looks) < 0.8 * looks[0]


def test_a_plateau_halves_the_rate_at_the_same_steps_again() -> None:
    noise = np.random.default_rng(0).normal(size=200) + 100
    plan = plan_of(noise, schedule="plateau", steps=400, patience=0, learning_rate=0.01)
    checkpoint = Checkpoint()
    training.train_ensemble(panel_from_arrays([noise]), plan, "cpu", lambda _: None, checkpoint)
    [measured], [refitted] = checkpoint.state.measured, checkpoint.state.refitted
    assert measured.drops
    assert measured.drops == sorted(measured.drops)
    assert not measured.best_step or refitted.drops == measured.drops


def test_a_gpu_that_is_not_there_is_refused() -> None:
    if training.tf.config.list_physical_devices("GPU"):
        assert training.select_device("gpu") == "gpu"
    else:
        with pytest.raises(ResourceError, match="sees no GPU"):
            training.select_device("gpu")

"""The new network against the current version: the same windows, and only what the current one has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster.base.errors import ModelError
from forecaster.config import ModelSettings, ReadSettings, TrainSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.model import store
from forecaster.model.calibration import Answers
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan
from forecaster.model.predictor import ask_model
from forecaster.model.version import SavedModel
from forecaster.model.windows import Signals, cut_targets, cut_windows, restore
from forecaster.scoring import challenge
from tests.saved import NEWEST, TINY_DATA

LAST = np.datetime64("2024-02-29")


@pytest.fixture
def champion() -> SavedModel:
    return store.load_model(NEWEST, "tiny")


def longer(folder: Path, days: int) -> Panel:
    """Return the data that the champion was trained on, with so many more days of each series."""
    lines = TINY_DATA.read_text().splitlines()
    for shop, level in (("north", 50), ("south", 100)):
        lines += [
            f"{shop},{LAST + day},{level + 10 * np.sin(2 * np.pi * (59 + day) / 7):.1f}" for day in range(1, days + 1)
        ]
    (folder / "tiny.csv").write_text("\n".join(lines) + "\n")
    return read_panel(str(folder / "tiny.csv"), ReadSettings())


def plan_of(panel: Panel, horizon: int = 3) -> Plan:
    settings = ModelSettings(horizon=horizon, lookback=14, segment=7, units=2, layers=1)
    return make_plan(panel, 7, settings, TrainSettings(ensemble=1))


@pytest.fixture(autouse=True)
def without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests themselves say what the new network answers, where a trained network stands otherwise."""
    monkeypatch.setattr(challenge, "answer_held_out", lambda panel, plan, answers: answers)


def trained(panel: Panel, plan: Plan, off: float) -> Any:
    """Return answers to the held-out windows that are the truth, but for `off` in scaled units."""
    ends = plan.held_out.all()
    windows = cut_windows(panel.values, ends, plan.window)
    outputs = cut_targets(panel.values, ends, windows) + off
    return Answers(windows, outputs, np.zeros((len(ends), 0)), np.zeros((len(ends), 0, plan.window.horizon)))


def error_of(champion: SavedModel, panel: Panel, plan: Plan, since: np.datetime64 | None) -> float:
    """Return the champion's mean absolute error on the held-out windows, value by value, in a plain loop."""
    origins = plan.held_out.all()
    ends, series = origins.ends, origins.series
    answers = ask_model(champion, Signals(panel.values), origins)
    forecasts = restore(answers.outputs, answers.windows)
    means = []
    for n, end in enumerate(ends):
        stamps = panel.starts[series[n]] + (np.arange(3) + end - panel.offsets[series[n]]).astype("m8[D]")
        errors = [abs(forecasts[n, h] - panel.values[end + h]) for h in range(3) if since is None or stamps[h] > since]
        means += [np.mean(errors)] if errors else []
    return float(np.mean(means))


@pytest.mark.parametrize(("off", "better"), [(0.0, True), (5.0, False)])
def test_the_better_one_wins(champion: SavedModel, tmp_path: Path, off: float, better: bool) -> None:
    panel = longer(tmp_path, 10)
    verdict = challenge.compare(champion, panel, plan_of(panel), trained(panel, plan_of(panel), off))
    assert verdict.is_better is better
    assert (verdict.version, verdict.measure) == ("v000001", "mase")
    assert (verdict.challenger < 1e-6) is better


def test_equal_is_not_better(champion: SavedModel) -> None:
    panel = read_panel(str(TINY_DATA), ReadSettings())
    plan = plan_of(panel)
    same: Any = ask_model(champion, Signals(panel.values), plan.held_out.all())
    verdict = challenge.compare(champion, panel, plan, same)
    assert verdict.challenger == pytest.approx(verdict.champion, rel=1e-5)
    assert not replace(verdict, challenger=verdict.champion).is_better


@pytest.mark.parametrize(
    ("days", "since", "seen"), [(0, None, True), (10, None, True), (120, LAST, False), (700, None, False)]
)
def test_what_the_current_version_has_not_seen_decides_where_it_is_enough(
    champion: SavedModel,
    tmp_path: Path,
    days: int,
    since: np.datetime64 | None,
    seen: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "forecaster.scoring.challenge.metrics.seasonal_error", lambda values, starts, *_: np.ones(len(starts))
    )
    panel = longer(tmp_path, days)
    plan = plan_of(panel)
    verdict = challenge.compare(champion, panel, plan, trained(panel, plan, 0.0))
    assert verdict.seen is seen
    assert verdict.champion == pytest.approx(error_of(champion, panel, plan, since))
    assert verdict.windows <= plan.held_out.total


def test_a_version_that_was_not_trained_again_on_all_data_has_seen_nothing(champion: SavedModel) -> None:
    panel = read_panel(str(TINY_DATA), ReadSettings())
    plan, facts = plan_of(panel), champion.manifest
    once = replace(champion, manifest=replace(facts, fit=replace(facts.fit, refit=False)))
    assert not challenge.compare(once, panel, plan, trained(panel, plan, 0.0)).seen
    old = replace(champion, manifest=replace(facts, data=replace(facts.data, last_stamp=None)))
    assert challenge.compare(old, panel, plan, trained(panel, plan, 0.0)).seen


def test_another_horizon_is_compared_as_far_as_both_go(champion: SavedModel, tmp_path: Path) -> None:
    panel = longer(tmp_path, 10)
    for horizon in (2, 5):
        plan = plan_of(panel, horizon)
        assert challenge.compare(champion, panel, plan, trained(panel, plan, 0.0)).is_better


def test_series_without_a_scale_are_compared_by_their_error(champion: SavedModel, tmp_path: Path) -> None:
    (tmp_path / "flat.csv").write_text("day,y\n" + "".join(f"{LAST + day},7\n" for day in range(60)))
    panel = read_panel(str(tmp_path / "flat.csv"), ReadSettings())
    plan = plan_of(panel)
    verdict = challenge.compare(champion, panel, plan, trained(panel, plan, 1.0))
    assert (verdict.measure, verdict.is_better) == ("mae", False)


def test_another_frequency_cannot_be_compared(champion: SavedModel, tmp_path: Path) -> None:
    months = (np.datetime64("2010-01") + np.arange(60)).astype("M8[D]")
    (tmp_path / "sales.csv").write_text("month,y\n" + "".join(f"{month},{i}\n" for i, month in enumerate(months)))
    with pytest.raises(ModelError, match=r"tiny v000001 is for D data, and .*sales.csv is MS"):
        challenge.check_rules(champion, read_panel(str(tmp_path / "sales.csv"), ReadSettings()))

"""What is searched, and what a study keeps."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from forecaster.base.errors import ModelError, StorageError, UsageError
from forecaster.config import Cell, FitSettings, Loss, ModelSettings, TrainSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan
from forecaster.scoring import search
from forecaster.scoring.search import Axis, apply, find_axes, in_whole_segments, is_behind, open_study

ALL = "lookback,segment,units,layers,dropout,learning-rate,cell,loss"
AXES = (
    Axis(name="units", choices=(8, 16, 32), default=16),
    Axis(name="learning_rate", low=1e-3, high=1e-1, default=1e-2),
)


def plan_of(model: ModelSettings | None = None) -> Plan:
    steps = np.arange(240)
    panel = panel_from_arrays([100 + 10 * np.sin(2 * np.pi * steps / 12) + steps], freq="MS")
    return make_plan(panel, 12, model or ModelSettings(horizon=6), TrainSettings())


def axes_of(text: str = ALL, model: ModelSettings | None = None, fit: FitSettings | None = None) -> dict[str, Axis]:
    model = model or ModelSettings(horizon=6)
    return {axis.name: axis for axis in find_axes(text, model, fit or FitSettings(), plan_of(model), 100)}


def test_choices_are_those_of_the_knobs() -> None:
    axes = axes_of()
    assert set(axes["loss"].choices) == set(get_args(Loss))
    assert set(axes["cell"].choices) == set(get_args(Cell))
    assert axes["units"].default in axes["units"].choices


def test_every_axis_holds_its_default() -> None:
    plan, axes = plan_of(), axes_of()
    assert {"lookback", "segment", "units", "layers", "dropout", "learning_rate", "cell", "loss"} == set(axes)
    assert (axes["lookback"].default, axes["segment"].default) == (plan.window.lookback, plan.window.segment)
    for axis in axes.values():
        assert axis.default in axis.choices or axis.low <= axis.default <= axis.high


def test_windows_fit_the_data() -> None:
    axes, plan = axes_of(), plan_of()
    assert all(max((2, *plan.window.base)) <= steps <= 100 for steps in axes["lookback"].choices)
    assert all(plan.window.lookback % steps == 0 for steps in axes["segment"].choices)


def test_what_a_flag_sets_is_left_alone() -> None:
    axes = axes_of(model=ModelSettings(horizon=6, units=64, lookback=48), fit=FitSettings(loss="huber"))
    assert not {"units", "lookback", "loss"} & set(axes)
    assert all(48 % steps == 0 for steps in axes["segment"].choices)


def test_a_part_can_be_searched() -> None:
    assert list(axes_of("loss, learning_rate")) == ["learning_rate", "loss"]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("unit", "unknown setting 'unit'", "Did you mean units?"),
        ("learning", "unknown setting", "Did you mean learning-rate?"),
        ("zzz", "unknown setting 'zzz'", "Known: lookback, segment"),
        ("", "nothing to search", "Leave some"),
    ],
)
def test_unknown_settings_are_refused(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        axes_of(text)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("values", "segment", "lookback"),
    [({"lookback": 25, "segment": 12}, None, 36), ({"lookback": 25}, 6, 30), ({"lookback": 25}, None, 25)],
)
def test_a_lookback_has_whole_segments(values: dict[str, Any], segment: int | None, lookback: int) -> None:
    assert in_whole_segments(values, segment)["lookback"] == lookback
    model, _ = apply(values, ModelSettings(segment=segment), FitSettings())
    assert model.lookback == lookback


def test_values_are_put_where_they_belong() -> None:
    model, fit = apply({"units": 8, "loss": "mae"}, ModelSettings(horizon=3), FitSettings(seed=4))
    assert (model, fit) == (ModelSettings(horizon=3, units=8), FitSettings(seed=4, loss="mae"))


# ---------------------------------------------------------------------------------------------------- the study


def run_some(path: Path, count: int, *, resume: bool, last_first: bool = False) -> list[dict[str, Any]]:
    tried = []
    with open_study(path, "s", AXES, 1, resume=resume) as study:
        while len(tried) < count:
            limits, asked = study.limits(), study.ask(min(4, count - len(tried)))
            tried += [attempt.values for attempt in asked]
            for attempt in reversed(asked) if last_first else asked:
                errors = [attempt.values["units"] * attempt.values["learning_rate"]]
                attempt.end("pruned" if is_behind(errors, limits) else "complete", errors)
    return tried


def test_a_search_begins_with_the_defaults_and_finds_better(tmp_path: Path) -> None:
    tried = run_some(tmp_path / "s.db", 15, resume=False)
    assert tried[0] == {"units": 16, "learning_rate": 1e-2}
    with open_study(tmp_path / "s.db", "s", AXES, 1, resume=True) as study:
        assert study.tried == 15
        assert study.best is not None
        assert study.best[1] == min(each["units"] * each["learning_rate"] for each in tried)


def test_the_same_seed_tries_the_same(tmp_path: Path) -> None:
    assert run_some(tmp_path / "a.db", 5, resume=False) == run_some(tmp_path / "b.db", 5, resume=False)


def test_a_search_is_gone_on_with_or_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    first = run_some(path, 4, resume=False)
    assert run_some(path, 1, resume=True)[0] not in first
    assert run_some(path, 1, resume=False)[0] == first[0]
    with open_study(path, "s", AXES, 1, resume=True) as study:
        assert study.tried == 1


def test_a_trial_of_a_killed_process_counts_as_failed(tmp_path: Path) -> None:
    with open_study(tmp_path / "s.db", "s", AXES, 1, resume=False) as study:
        study.ask(1)
    with open_study(tmp_path / "s.db", "s", AXES, 1, resume=True) as study:
        assert (study.tried, study.best) == (0, None)


def test_what_is_behind_is_given_up(tmp_path: Path) -> None:
    with open_study(tmp_path / "s.db", "s", AXES, 1, resume=False) as study:
        for number, attempt in enumerate(study.ask(search.FIRST)):
            assert study.limits() == ()
            attempt.end("complete", [number + 1.0, float(number)])
        limits = study.limits()
    assert limits == (2.0, 1.0)
    assert not is_behind([9.0], ())
    assert (is_behind([2.0], limits), is_behind([2.1], limits)) == (False, True)
    assert (is_behind([0.9, 5.0], limits), is_behind([1.5, 1.2], limits)) == (False, True)
    assert not is_behind([9.0, 9.0, 9.0], limits)


def test_it_does_not_matter_which_trial_ends_first(tmp_path: Path) -> None:
    one = run_some(tmp_path / "a.db", 14, resume=False)
    assert run_some(tmp_path / "b.db", 14, resume=False, last_first=True) == one


@pytest.mark.parametrize("content", [b"month,sales\n", b"\x00" * 64])
def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.db").write_bytes(content)
    with (
        pytest.raises(ModelError, match="not an SQLite file"),
        open_study(tmp_path / "s.db", "s", AXES, 1, resume=True),
    ):
        pass
    assert (tmp_path / "s.db").read_bytes() == content


def test_a_damaged_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_bytes(search.SQLITE + b"\x01" * 5000)
    with (
        pytest.raises(StorageError, match="cannot be stored"),
        open_study(tmp_path / "s.db", "s", AXES, 1, resume=True),
    ):
        pass


def test_without_optuna_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as refused, open_study(tmp_path / "s.db", "s", AXES, 1, resume=True):
        pass
    assert "forecast-lstm[tune]" in refused.value.hint

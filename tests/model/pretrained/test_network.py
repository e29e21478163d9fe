"""The built-in network as it is shipped: what it answers, how it refuses, what it costs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forecaster.model.pretrained import LEVELS, Builtin, BuiltinCorruptError, open_builtin
from forecaster.model.pretrained.network import CARD, HERE, NETWORK, WEIGHTS, open_weights

MEDIAN = LEVELS.index(0.5)


@pytest.fixture(scope="module")
def builtin() -> Builtin:
    return open_builtin()


def wave(length: int, season: int = 12) -> np.ndarray:
    """A rising season with noise, always above zero."""
    rng = np.random.default_rng(length)
    step = np.arange(length)
    return 50 + 0.1 * step + 5 * np.sin(2 * np.pi * step / season) + rng.normal(0, 0.5, length)


def test_levels_make_the_intervals_of_50_80_95_and_99_percent(builtin: Builtin) -> None:
    assert builtin.levels == (0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995)


def test_files_together_take_at_most_ten_megabytes() -> None:
    assert sum((HERE / name).stat().st_size for name in (CARD, NETWORK, WEIGHTS)) <= 10_000_000


@pytest.mark.parametrize(
    ("seasons", "length", "horizon"),
    [
        ((), 1, 1),
        ((1,), 2, 6),
        ((1,), 40, 100),
        ((2,), 9, 5),
        ((3,), 30, 7),
        ((4,), 5, 8),
        ((12,), 70, 18),
        ((7,), 3, 56),
        ((7, 365), 900, 60),
        ((24, 168), 2_500, 48),
        ((52,), 200, 250),
        ((365,), 500, 30),
        ((366,), 2_048, 3),
    ],
    ids=str,
)
def test_any_season_length_and_horizon_is_answered(
    builtin: Builtin, seasons: tuple[int, ...], length: int, horizon: int
) -> None:
    [answer] = builtin.forecast([wave(length)], seasons, horizon)
    assert answer.shape == (horizon, len(LEVELS))
    assert answer.dtype == np.float64
    assert np.isfinite(answer).all()
    assert (np.diff(answer, axis=1) >= 0).all()


def test_a_season_is_continued(builtin: Builtin) -> None:
    whole = wave(132)
    [answer] = builtin.forecast([whole[:120]], (12,), 12)
    plain = np.abs(whole[120:] - whole[108:120]).mean()
    assert np.abs(answer[:, MEDIAN] - whole[120:]).mean() < 1.2 * plain


def test_answers_depend_neither_on_the_batch_nor_on_its_order(builtin: Builtin) -> None:
    rng = np.random.default_rng(3)
    contexts = [wave(int(length)) for length in rng.integers(1, 300, 40)]
    together = builtin.forecast(contexts, (12,), 130)
    alone = np.concatenate([builtin.forecast([context], (12,), 130) for context in contexts])
    backwards = builtin.forecast(contexts[::-1], (12,), 130)[::-1]
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(together, backwards, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_answers_stretch_with_the_data(builtin: Builtin, factor: float) -> None:
    context = wave(60)
    once = builtin.forecast([context], (12,), 24)
    np.testing.assert_allclose(builtin.forecast([context * factor], (12,), 24) / factor, once, rtol=1e-4)


def test_answers_move_with_the_data(builtin: Builtin) -> None:
    context = wave(60) + 1e4
    once = builtin.forecast([context], (12,), 24)
    np.testing.assert_allclose(builtin.forecast([context - 5e4], (12,), 24) + 5e4, once, rtol=1e-6)


def test_what_was_never_negative_is_never_forecast_negative(builtin: Builtin) -> None:
    rng = np.random.default_rng(5)
    rare = [rng.poisson(rate, 60).astype(float) for rate in (0.05, 0.3, 2.0)]
    assert (builtin.forecast(rare, (12,), 30) >= 0).all()
    assert (builtin.forecast([np.linspace(9, 0, 10)], (1,), 12) >= 0).all()


@pytest.mark.parametrize("value", [0.0, 7.0, -3.5, 1e12])
@pytest.mark.parametrize("length", [1, 2, 50])
def test_a_constant_goes_on(builtin: Builtin, value: float, length: int) -> None:
    [answer] = builtin.forecast([np.full(length, value)], (12,), 30)
    np.testing.assert_allclose(answer[:, MEDIAN], value)
    assert np.isfinite(answer).all()


def test_missing_values_are_skipped_and_a_series_of_them_is_answered_with_nan(builtin: Builtin) -> None:
    holes = wave(80)
    holes[[3, 40, 41, 79]] = np.nan
    holes[60] = np.inf
    answer = builtin.forecast([holes, np.full(9, np.nan), wave(80)], (12,), 12)
    assert np.isfinite(answer[[0, 2]]).all()
    assert np.isnan(answer[1]).all()


@pytest.mark.parametrize("name", [NETWORK, WEIGHTS])
def test_a_changed_file_is_refused_before_it_is_parsed(tmp_path: Path, name: str) -> None:
    for file in (CARD, NETWORK, WEIGHTS):
        shutil.copy(HERE / file, tmp_path / file)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BuiltinCorruptError, match=name):
        open_builtin(tmp_path) if name == NETWORK else open_weights(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuiltinCorruptError):
        open_builtin(tmp_path)


def test_the_weights_to_go_on_training_from_are_those_of_the_network() -> None:
    from pretraining.export import graph

    assert graph(open_weights()).SerializeToString() == (HERE / NETWORK).read_bytes()


def test_the_card_says_what_a_user_must_know(builtin: Builtin) -> None:
    for key in ("name", "parameters", "data", "licences", "training", "validation", "limits", "files"):
        assert builtin.card[key], key
    assert json.loads((HERE / CARD).read_text()) == builtin.card


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from forecaster.model.pretrained import open_builtin; open_builtin();"
        "print(sorted({'tensorflow', 'keras', 'pandas', 'onnx'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"

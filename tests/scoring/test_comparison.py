"""Kinds side by side: the same windows, nothing known after a cutoff, and a tie called a tie."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, head, panel_from_arrays
from forecaster.scoring import comparison
from forecaster.scoring.backtest import rolling_origin
from forecaster.scoring.comparison import Comparison, difference_interval
from forecaster.scoring.kinds import Answer, Task
from tests.conftest import panel_csv


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five daily series of 60 days with a weekly season."""
    return panel_csv(tmp_path / "shops.csv")


def test_no_kind_sees_what_comes_after_its_cutoff(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Panel]] = []

    def keep(name: str, panel: Panel, task: Task) -> Answer:
        seen.append((name, panel))
        intervals = tuple((level, *np.zeros((2, panel.n_series, 7))) for level in task.levels)
        return Answer(values=np.zeros((panel.n_series, 7)), intervals=intervals, replaced=np.zeros(5, bool))

    monkeypatch.setattr(comparison, "forecast_kind", keep)
    panel = read_panel(data)
    task = Task(season=7, horizon=7, levels=(80.0,))
    shares: list[float] = []
    blocks = list(
        Comparison(panel, rolling_origin(panel, 3, 4, 7), 4, task).run(("a", "b"), lambda: 0.0, shares.append)
    )
    assert [kind for kind, _ in blocks] == ["a", "b"] * 3
    assert [level for level, *_ in blocks[0][1].block.intervals] == [80.0]
    for (_, known), steps in zip(seen[::2], (45, 49, 53), strict=True):
        assert known.lengths.tolist() == [steps] * 5
        for s in range(5):
            np.testing.assert_array_equal(known.series(s), panel.series(s)[:steps])
    assert shares[-1] == pytest.approx(1)
    assert shares == sorted(shares)


# ---------------------------------------------------------------------------------------------------- differences


@pytest.mark.parametrize(
    ("shape", "block", "judged"),
    [
        ((4, 4), 1, False),
        ((5, 1), 1, False),
        ((5, 5), 1, True),
        ((1, 5), 1, True),
        ((1, 9), 2, False),
        ((1, 10), 2, True),
    ],
)
def test_too_few_windows_are_not_judged(shape: tuple[int, int], block: int, judged: bool) -> None:
    assert (difference_interval(np.random.default_rng(0).normal(size=shape), block) is not None) is judged


@pytest.mark.parametrize("shape", [(30, 5), (30, 8), (1, 40)])
def test_a_difference_is_seen_and_a_tie_is_too(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).normal(size=shape)
    low, high = difference_interval(noise - noise.mean(), 1) or (0.0, 0.0)
    assert low < 0 < high
    low, high = difference_interval(noise - noise.mean() + 1.5, 1) or (0.0, 0.0)
    assert 0 < low < 1.5 < high


def test_windows_of_one_series_resemble_each_other() -> None:
    """An effect of the series is not averaged away by more cutoffs."""
    rng = np.random.default_rng(0)
    effects = rng.normal(size=(30, 1))
    widths = []
    for cutoffs in (5, 20):
        low, high = difference_interval(effects + np.zeros((1, cutoffs)), 1) or (0.0, 0.0)
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_missing_windows_are_left_out() -> None:
    differences = np.random.default_rng(0).normal(size=(20, 6)) + 3
    differences[::2, 1] = np.nan
    differences[5] = np.nan
    low, high = difference_interval(differences, 1) or (0.0, 0.0)
    assert low < np.nanmean(differences) < high


def test_coverage_of_the_interval() -> None:
    rng, inside = np.random.default_rng(0), 0
    for _ in range(60):
        low, high = difference_interval(rng.normal(size=(12, 5)), 1) or (0.0, 0.0)
        inside += low <= 0 <= high
    assert inside >= 52


# ---------------------------------------------------------------------------------------------------- earlier panels


def test_an_earlier_panel_is_that_of_a_file_that_ended_there(tmp_path: Path) -> None:
    data = panel_csv(tmp_path / "all.csv")
    lines = data.read_text().splitlines()
    lines[61 + 20] = lines[61 + 20].rsplit(",", 1)[0] + ",9999"
    steps = [30, 60, 25, 0, 59]
    kept = [line for s, n in enumerate(steps) for line in lines[1 + 60 * s : 1 + 60 * s + n]]
    settings = ReadSettings(on_outlier="clip")
    panels = []
    for name, body in (("whole.csv", lines[1:]), ("part.csv", kept)):
        path = tmp_path / name
        path.write_text("\n".join([lines[0], *body]) + "\n")
        panels.append(read_panel(path, settings))
    earlier = head(panels[0], np.array(steps))
    assert earlier.ids == panels[1].ids
    np.testing.assert_array_equal(earlier.values, panels[1].values)
    np.testing.assert_array_equal(earlier.outliers.at, panels[1].outliers.at)
    np.testing.assert_array_equal(earlier.starts, panels[1].starts)


def test_the_whole_panel_is_its_own_head() -> None:
    panel = panel_from_arrays([[1.0, 2.0, 3.0], [4.0, 5.0]])
    assert head(panel, panel.lengths).values.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    for steps in itertools.product(range(4), range(3)):
        if any(steps):
            assert head(panel, np.array(steps)).lengths.tolist() == [n for n in steps if n]

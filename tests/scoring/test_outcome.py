"""Issued forecasts beside what came: as counted by hand, of what was observed alone; an alarm only with a cause."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster import jobs
from forecaster.base.errors import DataError, GateError, MissingError, StorageError, UsageError
from forecaster.config import PredictSettings, ScoreSettings, StoreSettings, TrainSettings, parse_limit
from forecaster.data.grid import read_panel
from forecaster.data.panel import panel_from_arrays
from forecaster.model import ledger
from forecaster.model.ledger import Issue
from forecaster.model.version import read_manifest
from forecaster.scoring.outcome import score_issues
from tests.conftest import monthly_csv
from tests.jobs.test_jobs import SMALL
from tests.model.test_ledger import issue_of
from tests.saved import NEWEST, version_of

WriteCsv = Callable[..., Path]


def panel_of(*series: list[float], start: int = 0) -> Any:
    return panel_from_arrays({f"s{i}": values for i, values in enumerate(series)}, start=start)


def issued(cutoff: int, values: list[list[float]], **changes: Any) -> Issue:
    """Return forecasts of s0, s1, … from one cutoff on an integer index; intervals are ± 1 and ± 2."""
    count, horizon = len(values), len(values[0])
    stamps = np.full((count, 1), cutoff) + np.arange(1, horizon + 1)
    return issue_of(values, cutoffs=np.full(count, cutoff), stamps=stamps, **changes)


def test_by_hand() -> None:
    panel = panel_of([10.0, 11.0, 12.0, 13.0], [0.0, 5.0, 0.0, 5.0])
    found = score_issues([issued(0, [[11.5, 12.0], [5.0, 4.0]]), issued(1, [[11.0, 16.0], [0.0, 5.0]])], panel)
    errors = np.array([0.5, 0.0, 0.0, 4.0, -1.0, 3.0, 0.0, 0.0])  # s0 from 0, s1 from 0, s0 from 1, s1 from 1
    assert (found.values, found.pending, found.issues) == (8, 0, 2)
    assert found.overall is not None
    assert found.overall["mae"] == pytest.approx(np.abs(errors).mean())
    assert found.overall["bias"] == pytest.approx(errors.mean())
    assert found.overall["mse"] == pytest.approx((errors**2).mean())
    assert found.overall["mase"] == pytest.approx(np.abs(errors).mean() / 0.5)
    assert found.overall["coverage-80"] == pytest.approx((np.abs(errors) <= 1).mean())
    assert found.overall["coverage-97.5"] == pytest.approx((np.abs(errors) <= 2).mean())
    assert "rmsse" not in found.overall
    assert found.by_lead["bias"] == pytest.approx([errors[::2].mean(), errors[1::2].mean()])
    assert found.by_series["mae"] == pytest.approx(
        [np.abs(errors[[0, 1, 4, 5]]).mean(), np.abs(errors[[2, 3, 6, 7]]).mean()]
    )
    assert found.counts.tolist() == [4, 4]


def test_a_zero_that_came_gives_null_never_infinity() -> None:
    found = score_issues([issued(0, [[1.0, 2.0]])], panel_of([3.0, 0.0, 0.0]))
    assert found.overall is not None
    assert (found.overall["mape"], found.overall["mae"]) == (None, 1.5)
    assert found.by_lead["mape"] == [None, None]


def test_a_series_without_a_scale_has_no_mase() -> None:
    found = score_issues([issued(0, [[1.0], [1.0]], scale=np.array([np.nan, 0.5]))], panel_of([3.0, 2.0], [3.0, 1.5]))
    assert found.overall is not None
    assert found.overall["mase"] == 1.0
    assert found.by_series["mase"] == [None, 1.0]
    assert (found.counts.tolist(), found.scaled.tolist()) == ([2], [1])


def test_what_has_not_come_is_pending() -> None:
    found = score_issues([issued(1, [[1.0, 2.0, 3.0]]), issued(3, [[4.0, 5.0]])], panel_of([0.0, 0.0, 1.0]))
    assert (found.values, found.pending, found.counts.tolist()) == (1, 4, [1, 0, 0])
    nothing = score_issues([issued(2, [[4.0, 5.0]])], panel_of([0.0, 0.0, 1.0]))
    assert (nothing.values, nothing.pending, nothing.overall) == (0, 2, None)


def test_what_was_filled_in_is_no_observation(write_csv: WriteCsv) -> None:
    path = write_csv("id,t,y\ns0,0,1\ns0,1,2\ns0,2,\ns0,4,5\n")
    found = score_issues([issued(1, [[3.0, 4.0, 5.5]])], read_panel(path))
    assert found.counts.tolist() == [0, 0, 1]
    assert found.overall is not None
    assert found.overall["bias"] == 0.5


def test_the_last_forecast_from_a_cutoff_counts() -> None:
    panel = panel_of([0.0, 0.0, 0.0, 0.0])
    old = issued(1, [[1.0, 1.0]], issued="2026-01-01T00:00:00+00:00")
    new = issued(1, [[2.0]], version="v000002", issued="2026-01-02T00:00:00+00:00")
    other = issued(0, [[4.0, 4.0]], issued="2026-01-03T00:00:00+00:00")
    for order in ([old, new, other], [other, new, old]):
        found = score_issues(order, panel)
        assert found.by_lead["bias"] == [3.0, 4.0]
        assert found.counts.tolist() == [2, 1]


def test_levels_that_all_have_are_scored() -> None:
    grid = np.array([[0.0]])
    other = issued(0, [[0.0]], intervals=((90.0, grid, grid), (97.5, grid - 9, grid + 9)), issued="2027")
    assert score_issues([issued(0, [[0.0]]), other], panel_of([0.0, 0.0])).levels == (97.5,)
    assert score_issues([issued(0, [[0.0]], intervals=())], panel_of([0.0, 0.0])).levels == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ids": ("other",)}, "forecast was 'other', the data has 's0'"),
        ({"stamps": np.array([[-5]])}, "no value at the stamps"),
    ],
)
def test_data_that_no_forecast_meets(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        score_issues([replace(issued(0, [[1.0]]), **changes)], panel_of([0.0, 0.0]))


def test_only_some_series_came() -> None:
    found = score_issues([issued(0, [[1.0], [2.0]], ids=("s0", "gone"))], panel_of([0.0, 0.0]))
    assert found.values == 1


@given(st.data())
def test_as_a_plain_loop_would(data: st.DataObject) -> None:
    length, horizon = data.draw(st.integers(2, 8)), data.draw(st.integers(1, 4))
    actual = [data.draw(st.lists(st.integers(-3, 3).map(float), min_size=length, max_size=length)) for _ in range(2)]
    cutoffs = data.draw(st.lists(st.integers(0, length), min_size=1, max_size=5, unique=True))
    issues = [issued(c, [[float(c), *[1.0] * (horizon - 1)], [2.0] * horizon]) for c in cutoffs]
    errors: dict[int, list[float]] = {h: [] for h in range(horizon)}
    for issue in issues:
        for s in range(2):
            for h in range(horizon):
                if issue.stamps[s, h] < length:
                    errors[h].append(issue.values[s, h] - actual[s][issue.stamps[s, h]])
    found = score_issues(issues, panel_of(*actual))
    assert found.counts.tolist() == [len(errors[h]) for h in range(horizon)]
    for h in range(horizon):
        expected = np.mean(errors[h]) if errors[h] else None
        assert found.by_lead["bias"][h] == (None if expected is None else pytest.approx(expected))


# ------------------------------------------------------------------------------------------------------- the alarm


def test_training_is_compared_at_the_same_lead_times() -> None:
    found = score_issues([issued(0, [[1.0, 2.0]]), issued(1, [[1.0, 2.0]])], panel_of([0.0, 0.0, 0.0]))
    assert found.counts.tolist() == [2, 1]
    measured = read_manifest(version_of(NEWEST)).metrics
    training = replace(measured, by_lead={"mase": [1.0, 4.0], "coverage-80": [0.5, None], "coverage-97.5": [1.0, 1.0]})
    assert found.compared(training, "mase") == pytest.approx(((2 * 2 + 1 * 4) / 3, (2 * 1 + 1 * 4) / 3))
    assert found.compared(training, "coverage-80") == (1.0, 0.5)
    assert found.compared(training, "mae") is None
    assert found.compared(replace(measured, by_lead={}), "mase") is None


@pytest.mark.parametrize(
    ("text", "limit"), [("0.9", (0.9, False)), ("1.5x", (1.5, True)), (" 2X ", (2.0, True)), (".5", (0.5, False))]
)
def test_limits(text: str, limit: tuple[float, bool]) -> None:
    assert parse_limit(text, "--max-mase") == limit


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "1e3", "1.5 times", "80%", "1,5"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-mase: expected a number, or a multiple such as 1\.5x, received"):
        parse_limit(text, "--max-mase")


def test_a_coverage_is_a_share() -> None:
    assert parse_limit("1", "--min-coverage", 1.0) == (1.0, False)
    assert parse_limit("1.05x", "--min-coverage", 1.0) == (1.05, True)
    with pytest.raises(UsageError, match="expected a number from 0 to 1"):
        parse_limit("80", "--min-coverage", 1.0)


class Live:
    """A model of a stationary series, trained on its first part, that forecasts the second day by day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(3)
        self.values = 100 + rng.normal(size=400)
        self.write("past.csv", self.values[:300])
        store = StoreSettings(models_dir=folder / "models", name="m", from_="none")
        training = TrainSettings(preset="fast", steps=60, ensemble=1)
        jobs.train(
            jobs.TrainJob(
                data=str(folder / "past.csv"), model=replace(SMALL, horizon=5), training=training, store=store
            )
        )

    def write(self, name: str, values: np.ndarray) -> Path:
        days = np.datetime64("2025-01-01") + np.arange(len(values))
        path = self.folder / name
        path.write_text("day,y\n" + "".join(f"{day},{value:.4f}\n" for day, value in zip(days, values, strict=True)))
        return path

    @cached_property
    def issued(self) -> Path:
        """The ledger of forecasts from every fifth day, which tests take copies of."""
        book = self.folder / "book"
        for end in range(300, 395, 5):
            data = self.write("now.csv", self.values[:end])
            settings = PredictSettings(output="-", ledger=str(book))
            jobs.predict(jobs.PredictJob(data=str(data), settings=settings, models_dir=self.folder / "models"))
        return book

    def forecast(self, book: Path) -> None:
        """Have a ledger of forecasts from every fifth day."""
        shutil.copytree(self.issued, book)

    def score(self, values: np.ndarray, book: Path, **limits: str) -> jobs.ScoreResult:
        settings = ScoreSettings(ledger=str(book), **limits)
        actuals = self.write("actuals.csv", values)
        return jobs.score(jobs.ScoreJob(actuals=str(actuals), settings=settings, models_dir=self.folder / "models"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    return Live(tmp_path_factory.mktemp("live"))


BAND = {"max_mase": "1.5x", "min_coverage": "0.8x"}


def test_no_alarm_while_nothing_changes(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    result = live.score(live.values, tmp_path / "book", **BAND)
    assert result.outcome.values == 95
    assert result.outcome.counts.tolist() == [19] * 5
    overall = result.outcome.overall
    assert overall is not None
    assert overall["coverage-80"] == pytest.approx(0.8, abs=0.15)
    assert live.score(live.values, tmp_path / "book", max_mase="2", min_coverage="0.7").outcome.values == 95


def test_an_alarm_when_the_level_shifts_after_the_forecast(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    shifted = np.append(live.values[:300], live.values[300:] + 3 * live.values[:300].std())
    with pytest.raises(GateError) as caught:
        live.score(shifted, tmp_path / "book", **BAND)
    assert "the live MASE is " in caught.value.message
    assert "above --max-mase 1.5x of training's " in caught.value.message
    assert "the live coverage of the 95 % interval is " in caught.value.message
    assert "(95 values)" in caught.value.message
    with pytest.raises(GateError, match=r"below --min-coverage 0\.7 "):
        live.score(shifted, tmp_path / "book", min_coverage="0.7")


def test_zeros_that_came_break_no_score(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    zeros = np.append(live.values[:300], np.zeros(100))
    summary = live.score(zeros, tmp_path / "book").summary()
    assert summary["overall"]["mape"] is None
    assert summary["overall"]["mae"] > 90


def test_an_alarm_that_cannot_be_judged_is_one(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    for part in list(ledger.read_ledger(tmp_path / "book")):
        assert isinstance(part, Issue)
        (tmp_path / "book" / part.part_name()).unlink()
        ledger.enter(tmp_path / "book", replace(part, scale=part.scale * np.nan))
    with pytest.raises(GateError, match=r"the live MASE is undefined, above --max-mase 2 "):
        live.score(live.values, tmp_path / "book", max_mase="2")
    with pytest.raises(GateError, match="the live MASE is undefined, above --max-mase 2x"):
        live.score(live.values, tmp_path / "book", max_mase="2x")


def test_nothing_has_come_and_nothing_is_refused(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    result = live.score(live.values[:300], tmp_path / "book", **BAND)
    assert (result.outcome.values, result.outcome.pending) == (0, 95)
    assert result.summary()["overall"] is None


def test_what_cannot_be_scored(live: Live, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no forecast of m is in the ledger") as caught:
        live.score(live.values, tmp_path / "none")
    assert caught.value.hint == "Run: forecast predict --model m"
    live.forecast(tmp_path / "book")
    with pytest.raises(MissingError, match="no version 'v000009'"):
        live.score(live.values, tmp_path / "book", model="m@v000009")
    for part in (tmp_path / "book").iterdir():
        part.write_bytes(b"")
    with pytest.raises(StorageError, match="no part of the ledger can be read"):
        live.score(live.values, tmp_path / "book")


def test_the_forecasts_of_one_version(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    ledger.enter(tmp_path / "book", issued(1, [[1.0]], model="other"))
    ledger.enter(tmp_path / "book", issued(1, [[1.0]], model="m", version="v000007"))
    assert live.score(live.values, tmp_path / "book", model="m").versions == ("v000001", "v000007")
    assert live.score(live.values, tmp_path / "book", model="m@v000001").versions == ("v000001",)


def test_a_single_day_of_actual_values_is_enough(live: Live, tmp_path: Path) -> None:
    live.forecast(tmp_path / "book")
    day = np.datetime64("2025-01-01") + 300
    (tmp_path / "day.csv").write_text(f"day,y\n{day},100\n")
    settings = ScoreSettings(ledger=str(tmp_path / "book"))
    job = jobs.ScoreJob(actuals=str(tmp_path / "day.csv"), settings=settings, models_dir=live.folder / "models")
    assert jobs.score(job).outcome.values == 1


def test_issue_wait_score(tmp_path: Path) -> None:
    """The whole way by the default ledger: what predict wrote to its file is what score compares."""
    data = monthly_csv(tmp_path / "sales.csv")
    lines = data.read_text().splitlines()
    data.write_text("\n".join(lines[:-3]) + "\n")
    models = tmp_path / "models"
    training = TrainSettings(steps=4, ensemble=1, preset="fast")
    store = StoreSettings(models_dir=models, from_="none")
    jobs.train(jobs.TrainJob(data=str(data), model=SMALL, training=training, store=store))
    now = datetime(2020, 1, 1, tzinfo=UTC)
    forecast = jobs.predict(jobs.PredictJob(settings=PredictSettings(output="-"), models_dir=models, now=now)).forecast
    data.write_text("\n".join(lines) + "\n")
    result = jobs.score(jobs.ScoreJob(actuals=str(data), models_dir=models))
    actual = np.array([float(line.split(",")[1]) for line in lines[-3:]])
    assert result.outcome.overall is not None
    assert result.outcome.overall["mae"] == pytest.approx(np.abs(forecast.values[0, :3] - actual).mean())
    assert [row["lead"] for row in result.by_lead()] == [1, 2, 3]
    assert [row["bias"] for row in result.by_lead()] == pytest.approx((forecast.values[0, :3] - actual).tolist())
    assert (result.versions, result.version) == (("v000001",), "v000001")

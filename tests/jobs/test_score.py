"""Live scores: what was issued is compared with what came."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import GateError, MissingError, StorageError
from forecaster.config import PredictSettings, ScoreSettings, StoreSettings, TrainSettings
from forecaster.model import ledger
from forecaster.model.ledger import Issue
from tests.jobs.test_train import SMALL
from tests.model.test_ledger import issue_of
from tests.saved import TINY_DATA, copy_tiny


def issued(cutoff: int, values: list[list[float]], **changes: Any) -> Issue:
    """Return forecasts of s0, s1, … from one cutoff on an integer index; intervals are ± 1 and ± 2."""
    count, horizon = len(values), len(values[0])
    stamps = np.full((count, 1), cutoff) + np.arange(1, horizon + 1)
    return issue_of(values, cutoffs=np.full(count, cutoff), stamps=stamps, **changes)


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
    models, data = copy_tiny(tmp_path / "models"), tmp_path / "sales.csv"
    lines = [line for line in TINY_DATA.read_text().splitlines() if not line.startswith("south,")]
    data.write_text("\n".join(lines[:-3]) + "\n")
    now, settings = datetime(2020, 1, 1, tzinfo=UTC), PredictSettings(output="-", model="tiny")
    job = jobs.PredictJob(data=str(data), settings=settings, models_dir=models, now=now)
    forecast = jobs.predict(job).forecast
    data.write_text("\n".join(lines) + "\n")
    result = jobs.score(jobs.ScoreJob(actuals=str(data), models_dir=models))
    actual = np.array([float(line.split(",")[2]) for line in lines[-3:]])
    assert result.outcome.overall is not None
    assert result.outcome.overall["mae"] == pytest.approx(np.abs(forecast.values[0, :3] - actual).mean())
    assert [row["lead"] for row in result.by_lead()] == [1, 2, 3]
    assert [row["bias"] for row in result.by_lead()] == pytest.approx((forecast.values[0, :3] - actual).tolist())
    assert (result.versions, result.version) == (("v000001",), "v000001")

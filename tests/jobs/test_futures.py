"""Paths and totals as files: what they hold, that they follow the forecast file, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from forecaster import jobs
from forecaster.base.errors import ForecastError, UsageError
from forecaster.config import BacktestSettings, EvaluateSettings, PredictSettings
from tests.saved import TINY_DATA, copy_tiny


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with the frozen model: three steps ahead of two shops."""
    return copy_tiny(tmp_path / "models")


def predict(models: Path, data: Path = TINY_DATA, **settings: object) -> jobs.PredictResult:
    """Forecast with it."""
    chosen = PredictSettings(**{"output": "-", "ledger": "none", "digits": 17, **settings})
    return jobs.predict(jobs.PredictJob(data=str(data), settings=chosen, models_dir=models))


def test_paths_follow_the_intervals(models: Path, tmp_path: Path) -> None:
    """Of every step a tenth of the paths lies below the interval of 80 %, and the file holds all of them in order."""
    path = tmp_path / "p.csv"
    result = predict(models, paths=2000, paths_output=path, levels="80")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert list(rows[0]) == ["shop", "day", "path", "value"]
    assert len(rows) == 2 * 2000 * 3
    values = np.array([float(row["value"]) for row in rows]).reshape(2, 2000, 3)
    np.testing.assert_array_equal(values, result.futures.paths.all())
    (_, low, high) = result.forecast.intervals[0]
    assert np.abs((values < low[:, None]).mean(axis=1) - 0.1).max() < 0.03
    assert np.abs((values > high[:, None]).mean(axis=1) - 0.1).max() < 0.03
    assert [rows[k]["path"] for k in (0, 2, 3, -1)] == ["1", "1", "2", "2000"]
    assert {row["day"] for row in rows} == {"2024-03-01", "2024-03-02", "2024-03-03"}


def test_means_are_those_of_the_paths(models: Path, tmp_path: Path) -> None:
    """A column of their own, of a trained model as well, beyond its horizon too, and in Parquet."""
    paths = predict(models, paths=4000, paths_output=tmp_path / "p.csv", mean=True)
    assert paths.forecast.means is not None
    drawn = paths.futures.paths.all()
    assert np.abs(drawn.mean(axis=1) - paths.forecast.means).max() < 4 * drawn.std(axis=1).max() / np.sqrt(4000)
    assert [level for level, *_ in paths.forecast.intervals] == [80.0, 95.0]
    assert next(iter(csv.DictReader(paths.text.splitlines()))).keys() >= {"forecast-mean", "method"}
    far = predict(models, output=str(tmp_path / "f.parquet"), mean=True, recursive=True, horizon=5)
    means = pq.read_table(tmp_path / "f.parquet")["forecast-mean"].to_numpy().reshape(2, 5)
    assert far.forecast.means is not None
    np.testing.assert_array_equal(means, far.forecast.means)
    np.testing.assert_allclose(means[:, :3], paths.forecast.means)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes(models: Path, tmp_path: Path, suffix: str) -> None:
    written = []
    for run, seed in enumerate((5, 5, 6)):
        path = tmp_path / f"{run}.{suffix}"
        predict(models, paths=20, paths_output=path, seed=seed)
        written.append(path.read_bytes())
    assert written[0] == written[1] != written[2]


def test_stamps_have_a_type_in_parquet(models: Path, tmp_path: Path) -> None:
    predict(models, paths=4, paths_output=tmp_path / "p.parquet", totals="2", totals_output=tmp_path / "t.parquet")
    assert str(pq.read_schema(tmp_path / "p.parquet").field("day").type) == "timestamp[ns]"
    assert str(pq.read_schema(tmp_path / "t.parquet").field("until").type) == "timestamp[ns]"


def test_totals_are_sums_of_paths(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    result = predict(models, paths=500, totals="3,1,2", totals_output=path, levels="80,95", quantiles="0.9")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert list(rows[0]) == [
        "shop",
        "steps",
        "from",
        "until",
        "forecast",
        "mean",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-lo-95",
        "forecast-hi-95",
        "forecast-q-90",
    ]
    assert [(row["shop"], row["steps"], row["until"][-2:]) for row in rows[:4]] == [
        ("north", "1", "01"),
        ("north", "2", "02"),
        ("north", "3", "03"),
        ("south", "1", "01"),
    ]
    sums = result.futures.paths.all().cumsum(axis=-1)
    assert float(rows[2]["mean"]) == pytest.approx(sums[0, :, 2].mean())
    assert float(rows[2]["forecast-hi-80"]) == pytest.approx(np.quantile(sums[0, :, 2], 0.9))
    assert float(rows[2]["forecast"]) == pytest.approx(result.forecast.values[0].sum())
    assert result.futures.totals.to_frame()["mean"].tolist() == [float(row["mean"]) for row in rows]
    assert result.summary()["totals"][0]["steps"] == 1
    # A total is less uncertain than steps that all err alike, and more than none of them.
    whole = result.forecast.intervals[0]
    assert float(rows[2]["forecast-hi-80"]) - float(rows[2]["forecast-lo-80"]) < (whole[2] - whole[1])[0].sum()


def test_what_is_asked_for_does_not_change_the_forecast(models: Path, tmp_path: Path) -> None:
    plain = predict(models).text
    assert predict(models, paths=5, paths_output=tmp_path / "p.csv", totals="3").text == plain


def test_coverage_of_totals_beside_that_of_steps(models: Path) -> None:
    job = jobs.EvaluateJob(
        data=str(TINY_DATA),
        settings=EvaluateSettings(totals="2,3", quantiles="0.9"),
        backtest=BacktestSettings(windows=12, step=1),
        models_dir=models,
    )
    result = jobs.evaluate(job)
    rows = result.summary()["totals"]
    assert [(row["steps"], row["windows"]) for row in rows] == [(2, 24), (3, 24)]
    assert all(0.5 < row["coverage-80"] <= row["coverage-95"] <= 1 for row in rows)
    assert rows[1]["width-80"] > rows[0]["width-80"]
    assert {"crps", "mae", "below-q-90", "pinball-q-90"} <= rows[0].keys()
    assert not result.warnings


def test_too_short_a_history_is_said(models: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    lines = TINY_DATA.read_text().splitlines()
    short.write_text("\n".join([lines[0], *(line for line in lines if "-01-0" in line)]) + "\n")
    result = predict(models, short, totals="3")
    assert any("too little history" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"paths_output": Path("p.csv")}, "--paths-output needs --paths"),
        ({"totals_output": Path("t.csv")}, "--totals-output needs --totals"),
        ({"totals": "4"}, "--totals: expected numbers of steps from 1 to 3, received '4'"),
        ({"totals": "a"}, "--totals: expected numbers of steps"),
        ({"paths": 5, "paths_output": Path("p.xls")}, r"expected a name that ends in \.csv or \.parquet"),
        ({"paths": 5, "paths_output": Path("x.csv"), "output": "x.csv"}, "two outputs have the same name"),
        ({"totals": "5", "recursive": True, "horizon": 6}, "not of --recursive ones"),
        ({"paths": 5, "paths_output": TINY_DATA}, "is the data file itself"),
    ],
)
def test_what_does_not_fit_is_refused(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises((UsageError, ForecastError), match=said):
        predict(models, **settings)
    assert sorted(tmp_path.iterdir()) == before


def test_digits_of_every_file_that_is_written(models: Path, tmp_path: Path) -> None:
    files = {"output": str(tmp_path / "f.csv"), "paths_output": tmp_path / "p.csv", "totals_output": tmp_path / "t.csv"}
    asked = {"paths": 3, "totals": "2", "quantiles": "0.9"}

    def longest(path: Path) -> int:
        rows = list(csv.DictReader(path.read_text().splitlines()))
        cells = [cell for row in rows for name, cell in row.items() if name.startswith(("forecast", "value", "mean"))]
        return max(len(cell.partition(".")[2]) for cell in cells)

    for digits, most in ((0, 0), (1, 1), (None, 3)):
        predict(models, **files, **asked, digits=digits)
        assert [longest(Path(path)) for path in files.values()] == [most] * 3, digits
    parquet = tmp_path / "p.parquet"
    predict(models, output=files["output"], paths=3, paths_output=parquet, digits=None)
    values = pq.read_table(parquet)["value"].to_numpy()
    assert (np.round(values, 3) != values).any()
    predict(models, output=files["output"], paths=3, paths_output=parquet, digits=0)
    assert pq.read_table(parquet)["value"].to_numpy().tolist() == np.round(values).tolist()

"""`jobs.report`: from a saved model and known data to a page, or to a word on what is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base.errors import AccessError, DataError, ForecastError, MissingError, OutputError, UsageError
from forecaster.config import ReportSettings
from tests.conftest import Trained, names
from tests.model.test_features import panel_csv as featured_csv
from tests.model.test_recursion import train_on

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def job_of(trained: Trained, output: Path, data: Path | None = None, **settings: object) -> jobs.ReportJob:
    asked = ReportSettings(output=output, **settings)
    return jobs.ReportJob(
        data=None if data is None else str(data), settings=asked, models_dir=trained.models_dir, now=NOW
    )


def test_a_page_and_what_is_said_of_it(trained: Trained, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    states: list[str] = []
    result = jobs.report(job_of(trained, output), jobs.Events(on_state=states.append))
    summary = result.summary()
    json.dumps(summary, allow_nan=False)
    assert (summary["model"], summary["bytes"], summary["series"]) == ("shops", output.stat().st_size, 5)
    assert summary["windows_seen_in_training"] == summary["windows"]
    assert summary["headline"].endswith("windows held out in training.")
    assert "2026-01-02 03:04 UTC" in output.read_text("utf-8")
    assert states == [f"{output} is the old file or the new one, whole"]


def test_the_same_twice_is_the_same_page(trained: Trained, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        jobs.report(job_of(trained, tmp_path / name))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"output": "none/report.html"}, OutputError, "does not exist"),
        ({"output": "shops.csv"}, UsageError, "is the data file itself"),
        ({"horizon": 99}, UsageError, "was trained for 14 steps"),
        ({"levels": "abc"}, UsageError, "--levels"),
        ({"model": "other"}, MissingError, "no model 'other'"),
        ({"rows": 5}, DataError, "one cutoff with 14 steps after it needs at least 16"),
        ({"double": True}, DataError, "lines 2 and 302 have the same time stamp"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    trained: Trained, tmp_path: Path, change: dict[str, object], error: type[ForecastError], said: str
) -> None:
    lines = trained.data.read_text().splitlines()
    lines = lines[: 1 + int(str(change.pop("rows", 300)))] + ([lines[1]] if change.pop("double", False) else [])
    data = tmp_path / "shops.csv"
    data.write_text("\n".join(lines) + "\n")
    output = tmp_path / str(change.pop("output", "report.html"))
    with pytest.raises(error, match=said):
        jobs.report(job_of(trained, output, data, **change))
    assert names(tmp_path) == ["shops.csv"]
    assert data.read_text().splitlines() == lines


def test_no_model_yet(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no model in") as caught:
        jobs.report(jobs.ReportJob(models_dir=tmp_path / "models"))
    assert caught.value.hint == "Run: forecast train DATA, or name a data file for the built-in network"


def test_a_part_of_the_model_is_never_written_over(trained: Trained) -> None:
    manifest = trained.models_dir / "shops" / "versions" / "v000001" / "manifest.json"
    before = manifest.read_bytes()
    with pytest.raises((UsageError, AccessError), match="is a part of the model"):
        jobs.report(job_of(trained, manifest))
    assert manifest.read_bytes() == before


def test_a_category_that_was_never_seen_is_told_here_too(tmp_path: Path) -> None:
    data = featured_csv(tmp_path / "a.csv")
    model = train_on(tmp_path / "models", data, static_covariates="region")
    data.write_text(data.read_text().replace(",r1", ",r9"))
    asked = ReportSettings(output=tmp_path / "r.html", model=model.name)
    result = jobs.report(jobs.ReportJob(data=str(data), settings=asked, models_dir=tmp_path / "models", now=NOW))
    told = [finding["message"] for finding in result.summary()["findings"]]
    assert any("covariate 'region': 'r9' did not occur in training" in message for message in told)

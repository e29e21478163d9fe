"""`forecast export`: what it tells the job, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from forecaster import jobs
from forecaster.config import ExportSettings
from forecaster.jobs.export import Cost
from forecaster.model.features import Encoding
from tests.cli.conftest import Run, Seen

COST = Cost(mase=(0.5, 0.51), apart=(0.01, 0.27), size=(1000, 250), seconds=(2e-4, 1e-4))


def result_of(cost: Cost | None = None) -> jobs.ExportResult:
    model: Any = SimpleNamespace(
        name="m",
        companion=None,
        version="v000001",
        window=SimpleNamespace(lookback=36, horizon=12),
        encodings=(Encoding(name="promo", source="future"), Encoding(name="region", source="static")),
    )
    return jobs.ExportResult(
        model=model, settings=ExportSettings(), output=Path("m.onnx"), windows=20, drift=2.5e-7, size=1000, cost=cost
    )


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[jobs.ExportResult], None]:
    return lambda result: monkeypatch.setattr(jobs, "export", lambda job, events: result)


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "export", lambda job, events: told.append(job))
    run(*"export x.csv --model m --format litert --output o --quantize dynamic --max-loss 0.1 --models-dir d".split())
    settings = ExportSettings(model="m", format="litert", output=Path("o"), quantize="dynamic", max_loss=0.1)
    assert told == [jobs.ExportJob(data="x.csv", settings=settings, models_dir=Path("d"))]


def test_what_a_person_sees(see: Callable[..., Seen], answer: Callable[..., None]) -> None:
    answer(result_of(COST))
    shown = " ".join(see("export").stdout.split())
    for text in (
        "m.onnx, 1,000 bytes",
        "the last 36 values of each series",
        "features promo static region",
        "12 forecasts",
        "2.5e-07 of a window's scale",
        "MASE 0.5000 0.5100 +2.0 %",
        "moved, of a scale 1 % 27 % mean, most",
        "bytes 1,000 250 -75.0 %",
        "ms a window 0.200 0.100 -50.0 %",
    ):
        assert text in shown


def test_without_quantising_there_is_no_cost(see: Callable[..., Seen], answer: Callable[..., None]) -> None:
    answer(result_of())
    assert "quantised" not in see("export").stdout


def test_off_a_terminal_only_the_log_tells(run: Run, answer: Callable[..., None], tmp_path: Path) -> None:
    answer(result_of(COST))
    done = run("export", "--log-file", tmp_path / "log")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "quantising moves single forecasts by up to 27 % of a window's scale, and by 1 % on average" in done.stderr
    events = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert next(event for event in events if event["event"] == "exported")["cost"]["loss"] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ((), 66, "no model in models. Run: forecast train DATA"),
        (("--model", "m"), 66, "no model 'm'"),
        (("--format", "pickle"), 2, "'pickle' is not one of"),
        (("--quantize", "int4"), 2, "'int4' is not one of"),
        (("--quantize", "int8", "--format", "litert"), 2, "Use --quantize dynamic"),
        (("--max-loss", "-1"), 2, "--max-loss must be at least 0"),
    ],
)
def test_wrong_input(run: Run, flags: tuple[str, ...], code: int, said: str) -> None:
    done = run("export", *flags)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr

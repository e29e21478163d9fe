"""Real training on real data, as a user starts it: slow, run by `make test-slow`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import run_forecast

SAMPLES = Path(__file__).parent.parent / "sample_data"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("sample", "least"), [("co2_monthly", 0.5), ("nyc_departures_hourly", 0.2)])
def test_the_fast_preset_learns_what_there_is_to_learn(tmp_path: Path, sample: str, least: float) -> None:
    command = ["train", SAMPLES / f"{sample}.csv", "--preset", "fast", "--models-dir", tmp_path, "--format", "json"]
    done = run_forecast(*command)
    assert done.returncode == 0, done.stderr
    assert all("missing values" in line for line in done.stderr.splitlines())
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["skill"] > least
    assert 0.65 < metrics["model"]["coverage-80"] < 0.95

"""The sample file of the first example: it ships with the package, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base.errors import OutputError

ROOT = Path(__file__).parent.parent.parent


def test_the_sample_is_written_once_and_used_again(tmp_path: Path) -> None:
    names = jobs.prepare_demo(tmp_path)
    assert names.data.read_bytes() == (ROOT / "sample_data" / "co2_monthly.csv").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["co2_monthly.csv"]
    written = names.data.stat().st_mtime_ns
    assert jobs.prepare_demo(tmp_path) == names
    assert names.data.stat().st_mtime_ns == written


@pytest.mark.parametrize("name", ["co2_monthly.csv", "co2_forecasts.csv", "co2_forecasts.svg"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(OutputError, match=f"{name} exists, and the demonstration overwrites nothing"):
        jobs.prepare_demo(tmp_path)
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [(name, "mine")]

"""`forecast scenario` as it is typed; what it calculates is tested in `tests/jobs/test_scenario.py`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run
from tests.conftest import Trained


def test_one_future_is_nothing_to_compare(run: Run, trained: Trained, tmp_path: Path) -> None:
    future = tmp_path / "plan.csv"
    future.write_text("shop,day\n")
    done = run("scenario", trained.data, "--future", future, "--models-dir", trained.models_dir)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "expected two futures or more" in done.stderr
    assert "--future a.csv --future b.csv" in done.stderr


def test_a_model_without_covariates_has_no_futures(run: Run, trained: Trained, tmp_path: Path) -> None:
    futures = [tmp_path / name for name in ("plan.csv", "discount.csv")]
    for future in futures:
        future.write_text("shop,day\nshop-0,2024-03-01\n")
    options = [part for future in futures for part in ("--future", future)]
    done = run("scenario", trained.data, *options, "--models-dir", trained.models_dir, "--output", tmp_path / "out.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no covariate that is known ahead" in done.stderr
    assert not (tmp_path / "out.csv").exists()

"""`forecast explain-code`: every exit code has a meaning and an advice."""

from __future__ import annotations

import json
from collections.abc import Callable

from forecaster.base import errors
from forecaster.cli.explain_code import ADVICE
from tests.cli.conftest import Run, Seen


def test_every_code_has_an_advice() -> None:
    assert set(ADVICE) == set(errors.MEANINGS)
    assert {error.exit_code for error in errors.ForecastError.__subclasses__()} <= set(errors.MEANINGS)


def test_a_code_is_explained(run: Run, see: Callable[..., Seen]) -> None:
    found = json.loads(run("explain-code", 65).stdout)
    assert found["code"] == 65
    assert found["meaning"] == "The input is wrong, and will be wrong again."
    assert "forecast check DATA" in found["advice"]
    assert "what to do" in see("explain-code", "75").stdout


def test_another_number_is_refused(run: Run) -> None:
    done = run("explain-code", 99)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "99 is no exit code of forecast. There are 0, 1, 2, 3, 4, 65" in done.stderr

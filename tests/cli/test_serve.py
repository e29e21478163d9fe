"""`forecast serve`: the token, and what keeps it from starting. Answers are tested in `tests/service`."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster.base import extras
from forecaster.base.errors import MissingError, UsageError
from forecaster.cli.serve import token_of
from forecaster.config import ServeSettings
from tests.cli.conftest import Run

TOKEN = "0123456789abcdef"  # noqa: S105


def test_the_token_of_the_environment_and_of_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FORECAST_TOKEN", raising=False)
    assert token_of(ServeSettings()) is None
    monkeypatch.setenv("FORECAST_TOKEN", f" {TOKEN}\n")
    assert token_of(ServeSettings()) == TOKEN
    (tmp_path / "token").write_text(TOKEN[::-1])
    assert token_of(ServeSettings(token_file=tmp_path / "token")) == TOKEN[::-1]


@pytest.mark.parametrize("token", [TOKEN[1:], "ä" * 20])
def test_a_token_that_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("FORECAST_TOKEN", token)
    with pytest.raises(UsageError, match="shorter than 16 characters") as caught:
        token_of(ServeSettings())
    assert token not in caught.value.line()


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="No such file"):
        token_of(ServeSettings(token_file=tmp_path / "none"))


def test_without_its_packages_it_says_how_to_get_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    done = run("serve")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "[serve]" in done.stderr

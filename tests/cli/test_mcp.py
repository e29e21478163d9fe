"""`forecast mcp`: what keeps it from starting. Its tools are tested in `tests/service`."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster.base import extras
from tests.cli.conftest import Run


def test_without_its_packages_it_says_how_to_get_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    done = run("mcp")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "[mcp]" in done.stderr


@pytest.mark.slow
def test_a_folder_that_does_not_exist_is_refused(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    done = run("mcp", "--folder", tmp_path / "none")
    assert done.exit_code == 66
    assert done.stdout == ""
    assert str(tmp_path / "none") in done.stderr

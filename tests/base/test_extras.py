"""Packages that not everybody needs: what is missing is named, with the command that brings it."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from forecaster.base.errors import UsageError
from forecaster.base.extras import EXTRAS, check_extra


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=f"this needs {' and '.join(EXTRAS[extra])}, which (is|are) not inst"
    ) as caught:
        check_extra(extra, "this")
    assert caught.value.hint.endswith(f"pip install 'forecast-lstm[{extra}]'")


def test_what_is_there_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    check_extra("tune", "this")


def test_every_extra_is_one_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for extra, packages in EXTRAS.items():
        brought = [re.split(r"[\[>]", wanted)[0] for wanted in project["optional-dependencies"][extra]]
        assert set(packages) <= {name.replace("-", "_") for name in brought}

"""Case C106: modules in the folder."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    for name in ("keras", "random", "sitecustomize", "numpy", "typer", "forecaster"):
        write(f"{name}.py", "import os; os.mkdir('canary')")

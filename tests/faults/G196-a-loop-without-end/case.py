"""Case G196: a loop without end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import tests


def make() -> None:
    fixtures = Path(tests.__path__[0]) / "fixtures"
    shutil.copytree(fixtures / "good" / "format-2" / "tiny", "models/tiny")
    os.chmod("models/tiny/versions/v000001", 0o755)
    for file in (fixtures / "broken" / "graph-without-end").iterdir():
        target = Path("models/tiny/versions/v000001") / file.name
        target.unlink(missing_ok=True)
        target.write_bytes(file.read_bytes())

"""What the tests of reading share: small files, and functions that read them and look at what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.schema import Schema

Read = Callable[..., Panel]
Bad = dict[str, tuple[str | bytes, str]]
"""Files that are refused by name: the content, and a pattern of the message."""

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

DAILY = "date,sales\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n"
LONG = "unique_id,ds,y\nNA,2024-01-01,1\n007,2024-01-01,5\nNA,2024-02-01,2\n007,2024-02-01,6\nNA,2024-03-01,3\n"


def written(path: Path, content: str | bytes) -> Path:
    """Write content to a file, text in UTF-8 and with its line ends as they are, and return its path."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that writes content to a file and reads it as a panel."""

    def read(content: str | bytes, name: str = "data.csv", schema: Schema | None = None, **flags: object) -> Panel:
        return read_panel(written(tmp_path / name, content), ReadSettings(**flags), schema)  # type: ignore[arg-type]

    return read


def codes(panel: Panel) -> list[str]:
    """Return the codes of the findings of a panel, in their order."""
    return [finding.code for finding in panel.findings]


def refuse(read: Read, case: tuple[str | bytes, str], **flags: object) -> None:
    """Check that content is refused as data that cannot be used, with a message that matches."""
    content, message = case
    with pytest.raises(DataError, match=message) as caught:
        read(content, **flags)
    assert caught.value.exit_code == 65

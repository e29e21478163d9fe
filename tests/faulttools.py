"""What the cases of the fault catalogue make their inputs with, and look at outputs by."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def write(name: str, content: str | bytes) -> None:
    """Write a file."""
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)


def days(count: int = 40, start: str = "2024-01-01") -> list[str]:
    """Return so many days, one after the other."""
    return [str(np.datetime64(start) + k) for k in range(count)]


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with Path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))

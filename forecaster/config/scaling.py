"""Settings of data that is larger than memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from forecaster.base.errors import UsageError
from forecaster.base.words import split_names
from forecaster.config.knob import knob

LEAST_MEMORY = 256 << 20
"""Bytes below which nothing of this program runs well."""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_size(text: str, flag: str) -> int:
    """Parse an amount of memory, a number and its unit (`512MB`, `4GB`, `1.5GiB`), in bytes; units are binary.

    Raises:
        UsageError: Something else, or too little to run in.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([KMGT]?)(?:I?B)?", text.strip().upper())
    size = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if match is None:
        raise UsageError(f"{flag}: expected an amount such as 512MB or 4GB, received {text[:40]!r}", hint=f"{flag} 4GB")
    if size < LEAST_MEMORY:
        least = f"{LEAST_MEMORY >> 20}MB"
        raise UsageError(f"{flag}: expected at least {least}, received {text[:40]!r}", hint=f"Such as {flag} {least}")
    return size


@dataclass(frozen=True, kw_only=True)
class MemorySettings:
    """How much memory a training may take."""

    max_memory: str | None = knob(
        None,
        "Most memory to use, such as 4GB: a folder or glob of parts with whole series is read one part after the "
        "other; if not all series fit, as many as fit are drawn evenly.",
        panel="Data",
        metavar="SIZE",
    )

    @property
    def limit(self) -> int | None:
        """`max_memory` in bytes; None where there is no limit.

        Raises:
            UsageError: It is no amount of memory.
        """
        return None if self.max_memory is None else parse_size(self.max_memory, "--max-memory")


@dataclass(frozen=True, kw_only=True)
class PartitionSettings:
    """How a data file becomes a folder of parts, each with whole series."""

    by: str = knob(
        "",
        "Column that says which series a row belongs to; several, such as region,store, name it together.",
        panel="Parts",
        metavar="COLUMN",
    )
    parts: int = knob(16, "Parts to write.", panel="Parts", bounds=(1, 10_000))
    output: Path | None = knob(None, "Folder to write the parts to; it must not exist.", panel="Parts", metavar="DIR")
    max_memory: str = knob("1GB", "Most memory to use, however large the data is.", panel="Parts", metavar="SIZE")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that name a series.

        Raises:
            UsageError: There is none.
        """
        names = split_names(self.by)
        if not names:
            raise UsageError("--by: which column says which series a row belongs to?", hint="Such as --by unique_id")
        return names

    @property
    def memory(self) -> int:
        """`max_memory` in bytes.

        Raises:
            UsageError: It is no amount of memory.
        """
        return parse_size(self.max_memory, "--max-memory")

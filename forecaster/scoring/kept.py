"""What a long backtest has finished, stored in a folder until the whole is done: one that was stopped can go on.

Each part is a file of arrays, named by the hash of all that decides what is in it, and written whole or not at all: it
is found again by the same question only. What took less than `WORTH` seconds is not stored, but done again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from forecaster._version import __version__
from forecaster.base import files
from forecaster.base.arrays import Arrays, pack, read_forms, unpack
from forecaster.base.errors import ForecastError
from forecaster.base.records import to_json
from forecaster.data.panel import Panel
from forecaster.model.forecast import Block
from forecaster.model.origins import Origins

WORTH = 1.0
"""Seconds of work from which a part is stored."""

LARGEST = 2**33


@dataclass(eq=False)
class Kept:
    """The finished parts.

    Attributes:
        folder: Where they are; None keeps nothing.
        resume: Whether parts of an earlier run are used.
        within: How many folders above it were made for it, and go with it where they are empty.
        found: How many were.
        written: How many this run stored.
    """

    folder: Path | None = None
    resume: bool = False
    within: int = 0
    found: int = 0
    written: int = 0

    @property
    def where(self) -> str:
        """What a person is shown of it: nothing where nothing is stored."""
        count = self.found + self.written
        return f" and {count} stored in {self.folder}; to continue, run it again with --resume" if count else ""

    def find(self, key: str) -> Arrays | None:
        """Return a part of an earlier run; None where there is none, or it is damaged."""
        if self.folder is None or not self.resume:
            return None
        path = self.folder / key
        with suppress(ForecastError):
            if path.is_file():
                digest, _, data = files.read_own(path, LARGEST).partition(b"\n")
                if digest == files.sha256(data).encode():
                    arrays = unpack(data, path, read_forms(data, path))
                    self.found += 1
                    return arrays
        return None

    def keep(self, key: str, arrays: Arrays, seconds: float) -> None:
        """Store a part that took so many seconds; where that fails, nothing more is stored, and the work goes on."""
        if self.folder is None or seconds < WORTH or not all(np.isfinite(array).all() for array in arrays.values()):
            return
        data = pack(arrays)
        try:
            files.make_folder(self.folder)
            files.write_file(self.folder / key, files.sha256(data).encode() + b"\n" + data, root=self.folder.parent)
            self.written += 1
        except ForecastError:
            self.folder = None

    def remove(self) -> None:
        """Remove all parts: the whole is done."""
        if self.folder is None or not self.folder.is_dir():
            return
        with suppress(ForecastError, OSError):
            files.remove_folder(self.folder)
            for above in [*self.folder.parents][: self.within]:
                above.rmdir()


def key_of_part(kind: str, panel: Panel, origins: Origins, asked: Mapping[str, Any]) -> str:
    """Return the name of a part: a hash of the version, the panel, the origins and all that was asked for."""
    return _key(kind, digest_of(panel), origins, asked)


def _key(kind: str, digest: str, origins: Origins, asked: Mapping[str, Any]) -> str:
    facts: dict[str, Any] = {"forecast": __version__, "kind": kind, "asked": asked, "data": digest}
    facts["origins"] = files.sha256(origins.series.tobytes() + origins.ends.tobytes())
    return files.sha256(to_json(facts))[:32]


def digest_of(panel: Panel) -> str:
    """Return the hash of all values of a panel, its covariates among them."""
    arrays = [panel.values, panel.filled, panel.offsets, panel.starts.astype(np.int64)]
    known = panel.covariates
    if known is not None:
        arrays += [known.starts, known.lengths, *(column.values for column in known.columns)]
    named = [panel.schema.frequency, panel.schema.season_length, [c.name for c in known.columns] if known else []]
    return files.sha256(json.dumps(named).encode() + b"".join(array.tobytes() for array in arrays))


def pack_block(block: Block) -> Arrays:
    """Return a block of forecasts as arrays, without its origins."""
    methods, codes = np.unique(block.methods.astype(str), return_inverse=True)
    arrays: Arrays = {"values": block.values, "codes": codes.astype(np.int32)}
    arrays["methods"] = np.frombuffer("\n".join(methods.tolist()).encode(), np.uint8)
    for number, (_, low, high) in enumerate(block.intervals):
        arrays |= {f"low-{number}": low, f"high-{number}": high}
    return arrays


def unpack_block(arrays: Arrays, origins: Origins, levels: Iterable[float]) -> Block:
    """Return the block of forecasts from these origins, with intervals of these levels."""
    methods = np.array(arrays["methods"].tobytes().decode().split("\n"), object)
    return Block(
        origins=origins,
        values=arrays["values"],
        intervals=tuple(
            (level, arrays[f"low-{number}"], arrays[f"high-{number}"]) for number, level in enumerate(levels)
        ),
        methods=methods[arrays["codes"]],
    )


class KeptBlocks:
    """Blocks of forecasts of one backtest, each a part."""

    def __init__(self, kept: Kept, panel: Panel, asked: Mapping[str, Any], levels: Sequence[float]) -> None:
        """Args: asked: All that decides what is forecast besides panel and origins; levels: of the intervals."""
        self._kept, self._panel, self._levels = kept, panel, tuple(levels)
        self._asked = {**asked, "levels": self._levels}
        self._found: set[str] = set()

    def done(self, origins: Origins) -> Block | None:
        """Return the forecasts from these origins where an earlier run made them."""
        if self._kept.folder is None or not self._kept.resume:
            return None
        key = self._key(origins)
        arrays = self._kept.find(key)
        if arrays is None:
            return None
        self._found.add(key)
        return unpack_block(arrays, origins, self._levels)

    def watch(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Yield blocks as they come, and keep those that are new."""
        began = time.monotonic()
        for block in blocks:
            if self._kept.folder is not None and (key := self._key(block.origins)) not in self._found:
                self._kept.keep(key, pack_block(block), time.monotonic() - began)
            yield block
            began = time.monotonic()

    @cached_property
    def _digest(self) -> str:
        """Of the panel, which is the same for all blocks and may be large."""
        return digest_of(self._panel)

    def _key(self, origins: Origins) -> str:
        return _key("block", self._digest, origins, self._asked)

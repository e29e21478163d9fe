"""A folder or a glob → its parts in their order, and whether each series stands in one part alone."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from glob import has_magic
from hashlib import blake2b
from itertools import pairwise, takewhile
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from forecaster.base.errors import UsageError
from forecaster.data.folders import Part, parts_at, parts_of
from forecaster.data.remote import root_of, without_password
from forecaster.data.source import Data, Source

Hashes = npt.NDArray[np.uint64]

AT_ONCE = 1 << 23
"""Names of series that are compared at a time: what keeps memory flat, however many there are."""

MOST_NAMED = 5
"""Series that stand in two parts of which the parts are named."""

_PACKED = re.compile(r"\.(gz|bz2|xz|zst|zip)$", re.IGNORECASE)
_PARQUET = (".parquet", ".pq", ".parq")


@dataclass(frozen=True)
class Parts:
    """The parts of a folder or a glob.

    Attributes:
        source: As the user gave it.
        paths: The files, sorted by path.
        names: The path of each below the folder, or below the folder that the glob begins in.
    """

    source: str
    paths: tuple[Part, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, data: Data) -> Parts | None:
        """Return the parts of DATA; None where it is neither a folder nor a glob.

        Raises:
            MissingError: There are none.
        """
        if isinstance(data, Source):
            return None
        found: Sequence[Path | str] | None = parts_of(data) or parts_at(data)
        if found is None:
            return None
        if "://" in str(data):
            root = root_of(str(data)) + "/"
            names = [str(path).removeprefix(root) for path in found]
        else:
            folder = _root(str(data))
            names = [PurePosixPath(os.path.relpath(path, folder)).as_posix() for path in found]
        return cls(without_password(str(data)), tuple(Part(path) for path in found), tuple(names))

    def outputs(self) -> tuple[str, ...]:
        """Return what the file of each part is called in a folder of results: Parquet for Parquet, else CSV.

        Raises:
            UsageError: Two parts would have one file.
        """
        names = [output_name(name) for name in self.names]
        known: dict[str, str] = {}
        for part, name in zip(self.names, names, strict=True):
            if name in known:
                raise UsageError(
                    f"{self.source}: the results of {known[name]} and {part} would both be {name}",
                    hint="Rename one of them",
                )
            known[name] = part
        return tuple(names)


def output_name(name: str) -> str:
    """Return what the results of a part are called: its own name, and .csv where it is no Parquet."""
    plain = _PACKED.sub("", name)
    stem, end = os.path.splitext(plain)  # noqa: PTH122 - of a name, not a file
    if end.lower() not in _PARQUET:
        return f"{stem}.csv"
    return name if plain == name and end.lower() != ".parq" else f"{stem}.parquet"


def _root(source: str) -> Path:
    """Return the folder that all parts are below."""
    if Path(source).is_dir():
        return Path(source)
    plain = list(takewhile(lambda part: not has_magic(part), Path(source).parts[:-1]))
    return Path(*plain)


def hash_names(names: Sequence[str]) -> Hashes:
    """Return a hash of each name, ascending."""
    digests = b"".join(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names)
    return np.sort(np.frombuffer(digests, "<u8"))


@dataclass(frozen=True)
class Twice:
    """A name that stands in two parts: its hash, and the index of both."""

    name: int
    first: int
    second: int


def find_twice(parts: Sequence[Hashes]) -> list[Twice]:
    """Return the names that stand in more than one part, each once for each pair of neighbours; [] for none.

    Args:
        parts: The hashes of each part, ascending, which may lie in files.
    """
    total = sum(len(part) for part in parts)
    pieces = max(1, -(-total // AT_ONCE))
    bounds = [(k << 64) // pieces for k in range(pieces + 1)]
    found = []
    for low, high in pairwise(bounds):
        cut = [(_at(part, low), _at(part, high)) for part in parts]
        names = np.concatenate([np.asarray(part[a:b]) for part, (a, b) in zip(parts, cut, strict=True)])
        owner = np.repeat(np.arange(len(parts)), [b - a for a, b in cut])
        order = np.argsort(names, kind="stable")
        names, owner = names[order], owner[order]
        same = np.flatnonzero((names[1:] == names[:-1]) & (owner[1:] != owner[:-1]))
        found += [Twice(int(names[at]), int(owner[at]), int(owner[at + 1])) for at in same.tolist()]
    return found


def _at(part: Hashes, bound: int) -> int:
    return len(part) if bound >= 1 << 64 else int(np.searchsorted(part, np.uint64(bound)))

"""A folder or a glob, of files or of addresses → its parts."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path, PurePath, PurePosixPath

from forecaster.base.errors import MissingError, UsageError
from forecaster.data.remote import is_folder_address, list_files, root_of, without_password
from forecaster.data.source import Data, Source

DATA_ENDS = tuple(
    f".{end}{packed}"
    for end in ("csv", "tsv", "txt", "parquet", "pq", "parq", "json", "jsonl", "ndjson", "feather", "arrow", "xlsx")
    for packed in ("", ".gz", ".bz2", ".xz", ".zst", ".zip")
)
"""How the names of files end that are parts of a folder; the others there are left alone."""


LEDGER = "LEDGER"
"""The folder below a model's that holds what was forecast with it."""


class Part(str):
    """The path of one part of a folder or glob, to be read alone, as it is read with the others: the folders above it
    may be named `key=value`, and give it columns."""

    __slots__ = ()


def parts_of(path: Data) -> list[Path] | None:
    """Return the files of a folder or a glob, sorted by name; None where DATA is neither.

    Raises:
        MissingError: There are none.
        UsageError: The name is empty.
    """
    if isinstance(path, Source) or str(path) == "-" or "://" in str(path):
        return None
    if not str(path):  # as a path it would be the working folder
        raise UsageError("the name of the data is empty", hint="Name a file, a folder, or . for the working folder")
    try:
        folder = Path(path)
        if folder.is_dir():
            found = [
                Path(name)
                for name in sorted(map(str, folder.rglob("*")))
                if may_be_part(Path(name), folder) and Path(name).is_file()
            ]
        elif has_magic(str(path)) and not folder.exists():
            names = glob(str(path), recursive=True)  # noqa: PTH207 - a glob of its own may begin anywhere
            found = [Path(name) for name in sorted(names) if Path(name).is_file()]
        else:
            return None
    except (OSError, ValueError):
        return None
    if not found:
        if Path(path).is_dir():
            raise MissingError(
                f"{path} is a folder without data files", hint="Files end in .csv, .parquet and the like"
            )
        raise MissingError(f"{path}: no such file, and no file that it matches", hint="Such as 'parts/*.csv'")
    return found


def parts_at(path: Data) -> list[str] | None:
    """Return the addresses of the parts of a folder or a glob that lies elsewhere, sorted; None where DATA is neither.

    Raises:
        MissingError: There are none.
        ForecastError: They cannot be listed.
    """
    if isinstance(path, Source) or not is_folder_address(str(path)):
        return None
    root = root_of(str(path))
    found = [each for each in list_files(str(path)) if may_be_part(PurePosixPath(each), PurePosixPath(root))]
    if not found:
        fault = f"{without_password(str(path))}: no data files found"
        raise MissingError(fault, hint="Files end in .csv, .parquet and the like")
    return found


def path_of(part: Part) -> Path | str:
    """Return a part as it is opened: the path of a file, or an address."""
    return str(part) if "://" in part else Path(part)


def may_be_part(path: PurePath, folder: PurePath) -> bool:
    """Return whether a file of this name below a folder would be read as one of its parts.

    Hidden files are not, nor those that begin with `_`, nor what a ledger of forecasts holds.
    """
    parts = path.relative_to(folder).parts
    hidden = any(part.startswith((".", "_")) or part == LEDGER for part in parts)
    return not hidden and path.name.lower().endswith(DATA_ENDS)

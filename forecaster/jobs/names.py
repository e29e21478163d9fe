"""Which model is meant: its folder, and its name; and which data."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from glob import has_magic
from pathlib import Path

from forecaster.base.errors import ForecastError, MissingError, UsageError
from forecaster.base.identity import check_apart
from forecaster.config import KeepSettings
from forecaster.data.database import sqlite_path
from forecaster.data.folders import LEDGER
from forecaster.data.recipe import PLAIN
from forecaster.data.remote import scheme_of, without_password
from forecaster.data.source import Data, Source
from forecaster.model import builtin, store
from forecaster.scoring.kept import Kept

NONE = "none"
"""What `--from` says where a training is to begin with nothing."""

TOP = 64 * 1024
"""Bytes at the top of a file in which names of columns are looked for."""


def models_folder(given: Path | None) -> Path:
    """Return the folder of all models: the given one, else `$FORECAST_MODELS`, else `./models`."""
    return given or Path(os.environ.get("FORECAST_MODELS") or "models")


def name_of(data: Data) -> str:
    """Return the default name of a model: the data file's stem, with what a name may not hold replaced by `-`."""
    path = Path(without_password(str(data)))
    name = path.parent.name if has_magic(path.name) and "://" not in str(data) else path.name
    stem = re.sub(r"\.(gz|bz2|xz|zst|zip)$", "", name)
    stem = "stdin" if str(data) == "-" else stem.rsplit(".", 1)[0] if "." in stem[1:] else stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"


def name_to_save(given: str | None, data: Data) -> str:
    """Return the name under which a training saves its model: the given one, else the data file's.

    Raises:
        UsageError: It may not be a folder's, or is that of the built-in network, which no saved model answers for.
    """
    name = store.check_name(name_of(data) if given is None else given, f"Pass --name {name_of(data)}")
    if name == builtin.NAME:
        whose = "" if given else f", which {data} would give the model"
        raise UsageError(
            f"the name {name!r}{whose} is that of the network that comes with the package, which --model {name} means",
            hint=f"Give another: --name {name}-2",
        )
    return name


def is_named(data: Data | None) -> bool:
    """Return whether data has a name by which a later run can mean it: data in memory has none."""
    return isinstance(data, str | Path)


def keep_in(settings: KeepSettings, home: Path, *, resume: bool) -> Kept:
    """Return what keeps the finished parts of a long measurement: in the folder that is named, else in `home`."""
    return Kept(settings.storage, resume) if settings.storage else Kept(home, resume, within=2)


def choose_model(root: Path, data: Data | None, *, attended: bool = False) -> str:
    """Return the model to use when none was named.

    It is the one that has the data file's name, or was trained on that file; else the only one, unless the file has
    hardly any of its columns; where there is no model at all, the built-in network.

    Args:
        root: Folder of all models.
        data: The data file; None where none is named.
        attended: Whether somebody watches: then the built-in network also answers where all models are for other files.

    Raises:
        MissingError: There is no model and no data file, or there are models and none is for this file.
        UsageError: There are several, and no data file.
    """
    names = store.list_models(root)
    if not names:
        if data is None:
            hint = "Run: forecast train DATA, or name a data file for the built-in network"
            raise MissingError(f"no model in {root}", hint=hint)
        return builtin.NAME
    if data is not None and name_of(data) in names:
        return name_of(data)
    source = "-" if data is None else recorded(data)
    if source != "-" and len(own := _trained_on(root, names, source)) == 1:
        return own[0]
    if len(names) == 1 and (source == "-" or _may_be_for(root, names[0], Path(source))):
        return names[0]
    if data is None:
        raise UsageError(f"several models in {root}: {', '.join(names)}", hint=f"Choose one: --model {names[0]}")
    if attended:
        return builtin.NAME
    raise MissingError(
        f"no model in {root} is for {data} (models: {', '.join(names)})",
        hint=f"Choose one: --model {names[0]}, or the built-in network: --model {builtin.NAME}",
    )


def _trained_on(root: Path, names: Sequence[str], source: str) -> list[str]:
    """Return the models whose current version was trained on a file; one that cannot be read is none of them."""
    found = []
    for name in names:
        with suppress(ForecastError):
            if store.read_manifest(store.find_version(root, name)[0]).data.source == source:
                found.append(name)
    return found


def _may_be_for(root: Path, name: str, path: Path) -> bool:
    """Return whether a file may be one for a model: it has most of its columns, as far as that is seen at once.

    What is no plain text, or cannot be read here, may be: reading it tells more.
    """
    try:
        schema = store.read_manifest(store.find_version(root, name)[0]).schema
        with path.open("rb") as file:
            top = file.read(TOP).decode("utf-8", "ignore")
    except (ForecastError, OSError):
        return True
    dialect = schema.dialect
    header = next(iter(top.splitlines()[dialect.skip_rows :]), "") if dialect else ""
    if not header or not dialect or not dialect.header or "\0" in top or path.suffix != ".csv":
        return True
    if schema.recipe != PLAIN:  # its columns stand in the file in another way
        return True
    wanted = [column for column in (schema.time, schema.id, schema.target) if column]
    return 2 * sum(column.lower() in header.lower() for column in wanted) > len(wanted)


def load_asked(root: Path, asked: str | None, data: Data | None) -> store.SavedModel:
    """Load the saved model that was asked for as NAME or NAME@VERSION; where none was, the one of `choose_model`.

    Raises:
        MissingError: There is none, or the built-in network was meant, which is none.
        UsageError: There are several, and none has the data file's name.
        ModelError: It is corrupt, or of a newer format.
    """
    name = choose_model(root, data) if asked is None else asked
    if builtin.is_builtin(name):
        raise MissingError(
            f"no model in {root}, and the built-in network needs a saved one for this"
            if asked is None
            else "the built-in network is no saved model",
            hint="Run: forecast train DATA",
        )
    return store.load_model(root, name)


def source_of(model: store.SavedModel, data: Data | None) -> Data:
    """Return the data file to read: the given one, else the one that the model was trained on.

    Raises:
        UsageError: The model was not trained on a file and none is given.
    """
    source = data or model.manifest.data.source
    if source == "-" and data is None:
        raise UsageError(f"model {model.name!r} was trained on stdin or a DataFrame", hint="Name a data file")
    return source


def ledger_of(root: Path, model: str, data: Data | None) -> Path:
    """Return the folder of a model's ledger; the built-in network, which answers any file, has one for each name."""
    folder = root / model / LEDGER
    return folder / name_of(data) if model == builtin.NAME and data is not None else folder


def recorded(data: Data) -> str:
    """Return the data file as a manifest names it: an absolute path; `-` where it cannot be read again."""
    return "-" if isinstance(data, Source) or str(data) == "-" else _address(str(data))


def _address(data: str) -> str:
    """Return a path from the root; an address without its password, and that of a SQLite file from the root too."""
    scheme = scheme_of(data)
    if scheme == "sqlite":
        return f"sqlite:///{os.path.realpath(sqlite_path(data))}"
    return without_password(data) if scheme else os.path.realpath(data)


FILE_DATABASES = ("sqlite", "duckdb")
"""Databases that are a file."""


def _files_of(data: str | Path) -> list[str | Path]:
    """Return the files that DATA consists of: the parts of a folder or a glob, the file of a database, itself."""
    if scheme_of(str(data)) in FILE_DATABASES:
        return [re.sub(r"^\w+:/{0,3}", "", str(data))]
    from forecaster.data.folders import parts_of

    parts = None
    with suppress(MissingError):
        parts = parts_of(data)
    return [data] if parts is None else list[str | Path](parts)


def _would_be_part(path: Path, data: str) -> bool:
    """Return whether a file that is written would be one of the parts of DATA."""
    from forecaster.data.folders import may_be_part

    if "://" in data or data == "-":
        return False
    try:
        where, is_folder = Path(os.path.realpath(path)), Path(data).is_dir()
    except OSError:  # a name that is too long: whoever opens it says so
        return False
    if is_folder:
        return where.is_relative_to(os.path.realpath(data)) and may_be_part(where, Path(os.path.realpath(data)))
    return has_magic(data) and not Path(data).exists() and fnmatch(str(where), str(Path.cwd() / data))


def check_outputs(outputs: Mapping[str, Path | str | None], *inputs: Data | None) -> None:
    """Refuse to write over what is read, over one file twice, or over what any model consists of.

    Args:
        outputs: What is written, by the flag that names it; None and `-` are no files.
        inputs: Data files and files of future rows; None and data in memory are no files.

    Raises:
        UsageError: Two of these are one file, by whatever name or link, or an output is a part of a model.
    """
    named = [data for data in inputs if data is not None and not isinstance(data, Source)]
    check_apart(outputs, [("the data file", file) for data in named for file in _files_of(data)])
    for flag, path in outputs.items():
        for data in named:
            if path is not None and str(path) != "-" and _would_be_part(Path(path), str(data)):
                fault = f"{flag} {path} would be a part of the data {data}: the next run would read it"
                raise UsageError(fault, hint=f"Name a file outside with {flag}")
        if path is not None and str(path) != "-" and (home := store.home_of(Path(path), flag)) is not None:
            raise UsageError(
                f"{flag} {path} is a part of the model {home.name!r}", hint=f"Name another file with {flag}"
            )

"""Which model is meant: its folder, and its name; and which data."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from forecaster.base.errors import MissingError, UsageError
from forecaster.base.identity import check_apart
from forecaster.data.source import Data, Source
from forecaster.model import store


def models_folder(given: Path | None) -> Path:
    """Return the folder of all models: the given one, else `$FORECAST_MODELS`, else `./models`."""
    return given or Path(os.environ.get("FORECAST_MODELS") or "models")


def name_of(data: Data) -> str:
    """Return the default name of a model: the data file's stem, with what a name may not hold replaced by `-`."""
    stem = Path(str(data)).name.removesuffix(".gz")
    stem = "stdin" if str(data) == "-" else stem.rsplit(".", 1)[0] if "." in stem[1:] else stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"


def choose_model(root: Path, data: Data | None) -> str:
    """Return the model to use when none was named: the data file's, or the only one.

    Raises:
        MissingError: There is none.
        UsageError: There are several, and none has the data file's name.
    """
    names = store.list_models(root)
    if not names:
        raise MissingError(f"no model in {root}", hint="Run: forecast train DATA")
    if data is not None and name_of(data) in names:
        return name_of(data)
    if len(names) == 1:
        return names[0]
    raise UsageError(f"several models in {root}: {', '.join(names)}", hint=f"Choose one: --model {names[0]}")


def load_asked(root: Path, asked: str | None, data: Data | None) -> store.SavedModel:
    """Load the model that was asked for as NAME or NAME@VERSION; where none was, the one of `choose_model`.

    Raises:
        MissingError: There is none.
        UsageError: There are several, and none has the data file's name.
        ModelError: It is corrupt, or of a newer format.
    """
    return store.load_model(root, choose_model(root, data) if asked is None else asked)


def source_of(model: store.SavedModel, data: Data | None) -> Data:
    """Return the data file to read: the given one, else the one that the model was trained on.

    Raises:
        UsageError: The model was not trained on a file and none is given.
    """
    source = data or model.manifest.data.source
    if source == "-" and data is None:
        raise UsageError(f"model {model.name!r} was trained on stdin or a DataFrame", hint="Name a data file")
    return source


def recorded(data: Data) -> str:
    """Return the data file as a manifest names it: an absolute path; `-` where it is not there to be read again."""
    return "-" if isinstance(data, Source) or str(data) == "-" else os.path.realpath(data)


def check_outputs(outputs: Mapping[str, Path | str | None], *inputs: Data | None) -> None:
    """Refuse to write over what is read, over one file twice, or over what any model consists of.

    Args:
        outputs: What is written, by the flag that names it; None and `-` are no files.
        inputs: Data files and files of future rows; None and data in memory are no files.

    Raises:
        UsageError: Two of these are one file, by whatever name or link, or an output is a part of a model.
    """
    read = [("the data file", data) for data in inputs if data is not None and not isinstance(data, Source)]
    check_apart(outputs, read)
    for flag, path in outputs.items():
        if path is not None and str(path) != "-" and (home := store.home_of(Path(path), flag)) is not None:
            raise UsageError(
                f"{flag} {path} is a part of the model {home.name!r}", hint=f"Name another file with {flag}"
            )

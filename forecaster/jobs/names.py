"""Which model is meant: its folder, and its name; and which data."""

from __future__ import annotations

import os
import re
from pathlib import Path

from forecaster.base.errors import MissingError, UsageError
from forecaster.data.source import Data, Source, is_same_file
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


def source_of(model: store.SavedModel, data: Data | None, output: Path | None) -> Data:
    """Return the data file to read: the given one, else the one that the model was trained on.

    Raises:
        UsageError: The model was not trained on a file and none is given, or the output would overwrite what is read.
    """
    source = data or model.manifest.data.source
    if output is not None:
        check_harmless(output, source, model)
    if source == "-" and data is None:
        raise UsageError(f"model {model.name!r} was trained on stdin or a DataFrame", hint="Name a data file")
    return source


def recorded(data: Data) -> str:
    """Return the data file as a manifest names it: an absolute path; `-` where it is not there to be read again."""
    return "-" if isinstance(data, Source) or str(data) == "-" else str(Path(data).resolve())


def check_harmless(output: Path, source: Data, model: store.SavedModel) -> None:
    """Refuse to write over the data file, or over what the model consists of.

    Raises:
        UsageError: The output is one of them, by whatever name or link.
    """
    home, real = model.folder.parent.parent.resolve(), output.resolve()
    check_not_data(output, source)
    if real.is_relative_to(home / "versions") or real in (home / "CURRENT", home / "LOCK"):
        raise UsageError(f"{output} is a part of the model", hint="Name another file")


def check_not_data(output: Path, source: Data) -> None:
    """Refuse to write over the data file.

    Raises:
        UsageError: The output is that file, by whatever name or link.
    """
    if is_same_file(source, output):
        raise UsageError(f"{output} is the data file itself: it would be overwritten", hint="Name another file")

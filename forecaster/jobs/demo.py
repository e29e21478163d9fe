"""A sample file, so that the first example works anywhere: from the installed package alone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

from forecaster.base import files
from forecaster.base.errors import OutputError

SAMPLE = "co2_monthly.csv"
"""The sample's name in the user's folder: carbon dioxide at Mauna Loa, monthly, public domain (see sample_data/)."""


@dataclass(frozen=True, kw_only=True)
class DemoFiles:
    """The files of a demonstration.

    Attributes:
        data: The sample.
        forecasts: Where its forecasts are written.
        picture: Where they are drawn.
    """

    data: Path
    forecasts: Path
    picture: Path


def prepare_demo(folder: Path = Path()) -> DemoFiles:
    """Write the sample file into a folder. Nothing that exists is overwritten; the same sample is used as it stands.

    Raises:
        OutputError: A file of one of the names exists.
        AccessError, StorageError: The folder cannot be written to.
    """
    sample = package_files("forecaster.jobs").joinpath("demo.csv").read_bytes()
    names = DemoFiles(
        data=folder / SAMPLE, forecasts=folder / "co2_forecasts.csv", picture=folder / "co2_forecasts.svg"
    )
    differs = names.data.exists() and not (names.data.is_file() and names.data.read_bytes() == sample)
    taken = [path for path in (names.forecasts, names.picture) if path.exists()]
    for path in [names.data] * differs + taken:
        raise OutputError(
            f"{path} exists, and the demonstration overwrites nothing",
            hint="Run it in an empty folder: mkdir demo && cd demo && forecast demo",
        )
    if not names.data.exists():
        files.write_file(names.data, sample)
    return names

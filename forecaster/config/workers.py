"""Settings of who does the work."""

from __future__ import annotations

from dataclasses import dataclass

from forecaster.config.knob import knob


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """Who does the work."""

    workers: int = knob(
        1,
        "Worker processes of this machine (pip install 'forecast-lstm[cluster]'); results are the same, byte for byte.",
        panel="Workers",
        bounds=(1, 1024),
    )
    cluster: str | None = knob(
        None,
        "Dask scheduler whose workers do the work, such as tcp://host:8786; local starts one with a dashboard.",
        panel="Workers",
        metavar="ADDRESS",
    )


HERE_ALONE = WorkerSettings()
"""This process does all the work."""

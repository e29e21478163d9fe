"""From two versions of a model to how they differ: settings, measures, and what became of a forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.base.errors import DataError, ModelError, UsageError
from forecaster.base.records import dump, flatten
from forecaster.config import SuccessionSettings
from forecaster.data.panel import Panel
from forecaster.data.source import Data, read_source
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import models_folder, source_of
from forecaster.jobs.opening import read_for
from forecaster.model import store
from forecaster.scoring.difference import Difference, align, forecast_stage

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = ("season", "window", "network", "fit", "schema")
"""What of a manifest decides what a version does; besides it, it says what it was made from."""

SAID_BY_OTHERS = ("data.ends",)
"""What of a manifest another entry says in words: the last stamp."""

MEASURES = ("mase", "rmsse", "mae", "rmse", "smape", "bias")


@dataclass(frozen=True, kw_only=True)
class SuccessionJob:
    """All inputs of `models compare`.

    Attributes:
        old: NAME or NAME@VERSION.
        new: The same, of what took its place.
        data: Path of the new data, `-` for stdin, data in memory, or None for the file that `new` was trained on.
        models_dir: Folder of all models, or None for the default.
    """

    old: str
    new: str
    data: Data | None = None
    settings: SuccessionSettings = field(default_factory=SuccessionSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class SuccessionResult:
    """How two versions differ.

    Attributes:
        old: The one that was.
        new: The one that is.
        panel: The new data.
        cutoff: The last stamp of the old data, as it is written.
        separated: Whether the old data was given: else what was revised in it cannot be known.
        difference: Their forecasts, step by step.
    """

    old: store.SavedModel
    new: store.SavedModel
    panel: Panel
    cutoff: str
    separated: bool
    difference: Difference

    __repr__ = brief

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(id, reason) of series of the new data that are not compared."""
        known = set(self.difference.ids)
        left = [name for name in self.panel.ids if name not in known]
        return [*self.panel.skipped, *((name, "not forecast by both versions from both data") for name in left)]

    def settings(self) -> list[dict[str, Any]]:
        """Return the settings that differ, one a row: `setting`, `old`, `new`."""
        shares = [side.manifest.companion for side in (self.old, self.new)]
        old, new = ("the networks trained here alone" if share is None else share.describe() for share in shares)
        mix = [] if old == new else [{"setting": "forecast", "old": old, "new": new}]
        return [*mix, *_differing(self.old, self.new, SETTINGS)]

    def made_from(self) -> list[dict[str, Any]]:
        """Return what else differs of what the versions were made from: data and packages."""
        return list(_differing(self.old, self.new, ("data", "packages", "device")))

    def metrics(self) -> list[dict[str, Any]]:
        """Return what training measured, one measure a row, each version on windows held out from itself."""
        old, new = self.old.manifest.metrics, self.new.manifest.metrics
        names = [*MEASURES, *(f"coverage-{level:g}" for level in new.levels)]
        return [
            {"measure": "windows", "old": old.windows, "new": new.windows},
            {"measure": "skill", "old": old.skill, "new": new.skill},
            *({"measure": name, "old": old.model.get(name), "new": new.model.get(name)} for name in names),
        ]

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "old": f"{self.old.name}@{self.old.version}",
            "new": f"{self.new.name}@{self.new.version}",
            "settings": self.settings(),
            "made_from": self.made_from(),
            "metrics": self.metrics(),
            "data": self.panel.source,
            "old_data_ends": self.cutoff,
            "revision_separated": self.separated,
            "forecast": {
                "series": len(self.difference.ids),
                "horizon": self.difference.values.shape[2],
                "overall": self.difference.overall(),
                "mean_size": self.difference.size(),
                "by_series": self.difference.by_series(),
            },
            "skipped": [{"series": name, "reason": reason} for name, reason in self.skipped],
        }

    def records(self) -> list[dict[str, Any]]:
        """Return one row a series and step: old and new forecast, and the parts of their difference."""
        return self.difference.records()

    def to_frame(self) -> pd.DataFrame:
        """Return the same as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.records())


def compare_versions(job: SuccessionJob, events: Events = Events()) -> SuccessionResult:
    """Compare two versions: settings, measures, and the difference of their forecasts by where it comes from.

    Raises:
        MissingError: There is no such version, or no such file.
        ModelError: They forecast different things, or one is corrupt.
        DataError: The data is wrong, or no series is forecast by both.
    """
    root = models_folder(job.models_dir)
    old, new = store.load_model(root, job.old), store.load_model(root, job.new)
    check_alike(old, new)
    source = read_source(source_of(new, job.data))
    panel = _read(new, source)
    events.on_panel(panel)
    before = None if job.settings.old_data is None else _read(old, job.settings.old_data)
    cutoff = _last_of(old) if before is None else str(before.write(before.ends.max()))
    revised = _read(old, source, cutoff)
    stages = [forecast_stage(old, revised), forecast_stage(old, _read(old, source)), forecast_stage(new, panel)]
    stages.insert(0, stages[0] if before is None else forecast_stage(old, before))
    difference = align(stages, panel)
    if not difference.ids:
        raise DataError(
            f"{source}: both versions forecast no series in common, at {cutoff} and at the end",
            hint="Pass data that continues the old version's",
        )
    return SuccessionResult(
        old=old, new=new, panel=panel, cutoff=cutoff, separated=before is not None, difference=difference
    )


def check_alike(old: store.SavedModel, new: store.SavedModel) -> None:
    """Refuse versions whose forecasts cannot be compared. Horizons may differ: the shorter counts.

    Raises:
        ModelError: They are of different frequencies, or forecast different columns.
    """
    for what, name in (("frequency", "frequency"), ("target", "target"), ("id column", "id"), ("shape", "shape")):
        one, other = getattr(old.schema, name), getattr(new.schema, name)
        if one != other:
            raise ModelError(
                f"{old.name} {old.version} and {new.name} {new.version} do not fit each other: the {what} of one is "
                f"{one}, of the other {other}",
                hint="Compare versions that were trained on the same kind of data",
            )


def _read(model: store.SavedModel, source: Data, as_of: str | None = None) -> Panel:
    return read_for(model, source, as_of=as_of)


def _last_of(model: store.SavedModel) -> str:
    """Return the last stamp of the data that a version was trained on."""
    last = model.manifest.data.last
    if last is None:
        hint = "Give the data that it was trained on: --old-data FILE"
        raise UsageError(f"{model.name} {model.version} does not say where its data ended", hint=hint)
    return last


def _differing(old: store.SavedModel, new: store.SavedModel, keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield what differs in some parts of the manifests."""
    one, other = (dict(flatten({key: dump(getattr(model.manifest, key)) for key in keys})) for model in (old, new))
    for name in {**one, **other}:
        if one.get(name) != other.get(name) and name not in SAID_BY_OTHERS:
            yield {"setting": name, "old": one.get(name), "new": other.get(name)}

"""Which model answers, and data read for it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from forecaster.base.errors import UsageError, shown
from forecaster.config import ModelChoice, ReadSettings, key_of
from forecaster.data.grid import read_panel
from forecaster.data.novelty import novelties
from forecaster.data.observations import Observations, observe
from forecaster.data.panel import Panel
from forecaster.data.rows import Finding
from forecaster.data.schema import Schema
from forecaster.data.source import Data
from forecaster.data.stamps import check_zone
from forecaster.data.zones import is_offset, offset_at
from forecaster.jobs.names import choose_model, models_folder, name_of, recorded, source_of
from forecaster.model import builtin, store
from forecaster.model.features import check_ahead
from forecaster.model.predictor import UsedModel, check_horizon, leave_out_unreadable
from forecaster.model.store import SavedModel


@dataclass(frozen=True, kw_only=True)
class PartOf:
    """The facts of the folder that data is a part of.

    Attributes:
        whole: The folder or glob, as the user gave it.
        models_dir: Folder of all models, where the ledger stands next to them.
        schema: How the built-in network reads each part, as was detected in the first.
        season: m in steps, from there too.
    """

    whole: str
    models_dir: Path
    schema: Schema | None = None
    season: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelJob:
    """The inputs of a command that forecasts a data file with a model.

    Attributes:
        data: Path of the data file, `-` for stdin, data in memory, or None for the file that the model was trained
            on, read afresh.
        settings: Those of the command; which model is used is one of them.
        reading: How the data is read where the built-in network answers.
        models_dir: Folder of all models, or None for the default.
        attended: Whether somebody watches; then the built-in network answers where no model is for the data.
        part_of: The folder that the data is a part of; None where it is all there is.
    """

    data: Data | None = None
    settings: ModelChoice
    reading: ReadSettings = field(default_factory=ReadSettings)
    models_dir: Path | None = None
    attended: bool = False
    part_of: PartOf | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The model that is meant, before the data is read.

    Attributes:
        saved: The saved model; None for the built-in network, which is made ready by the data itself.
        reading: How the data is read for the built-in network; a saved model knows.
        reason: Why the built-in network answers though nobody named it.
        stranger: What is odd about a saved model that nobody named; empty for nothing.
        part_of: The folder that the data is a part of.
    """

    saved: SavedModel | None
    reading: ReadSettings
    reason: str = ""
    stranger: str = ""
    part_of: PartOf | None = None

    @property
    def schema(self) -> Schema | None:
        """How data is read, as a saved model or other parts of a folder say; None where that is detected.

        A model that was trained on a bare offset from UTC follows the zone that the user names.
        """
        if self.saved is None:
            return self.part_of.schema if self.part_of else None
        known, tz = self.saved.schema, self.reading.tz
        return replace(known, tz=tz or known.tz, tz_chosen=tz is not None or known.tz_chosen)

    def check_horizon(self, horizon: int | None) -> None:
        """Refuse a horizon that a saved model does not reach; the built-in network goes as far as is asked.

        Raises:
            UsageError: It is longer than that of its training.
        """
        if self.saved is not None:
            check_horizon(self.saved, horizon)

    def source(self, data: Data | None) -> Data:
        """Return the data to read: the given one, else what the model was trained on.

        Raises:
            UsageError: There is none.
        """
        if self.saved is not None:
            return source_of(self.saved, data)
        if data is None:
            raise UsageError("the built-in network was trained on none of your files", hint="Name a data file")
        return data

    def observe(self, source: Data, future: Data | None = None, as_of: str | None = None) -> Observations:
        """Read data up to its observations, as the model reads it."""
        return observe(source, self.reading, self.schema, as_of, future)

    def read(self, source: Data, *, as_of: str | None = None, future: Data | None = None) -> Panel:
        """Return the data as the model reads it.

        Raises:
            DataError: The content is wrong or ambiguous.
            ModelError: It is no data for this model.
        """
        return read_panel(source, self.reading, self.schema, as_of, future)

    def bind(self, panel: Panel, horizon: int | None) -> UsedModel:
        """Return what forecasts the panel; the built-in network so many steps, or as many as a training would."""
        if self.saved is not None:
            return self.saved
        season = self.part_of.season if self.part_of else self.reading.season
        return builtin.bind(panel, season, horizon, self.reason)

    def open(
        self, source: Data, *, as_of: str | None = None, future: Data | None = None, horizon: int | None = None
    ) -> tuple[UsedModel, Panel]:
        """Read data to forecast after its end, without series that the model cannot read.

        Args:
            source: The data.
            as_of: The last stamp that counts.
            future: A file of future rows.
            horizon: How many steps ahead will be forecast; None is all that the model can.

        Raises:
            DataError: The content is wrong, or something that should be known ahead is missing.
            ModelError: It is no data for this model.
        """
        return self.ready(self.read(source, as_of=as_of, future=future), horizon)

    def ready(self, panel: Panel, horizon: int | None) -> tuple[UsedModel, Panel]:
        """Return what forecasts a panel, and the panel without series that the model cannot read.

        Raises:
            DataError: Something that should be known ahead is missing.
            ModelError: It is no data for this model.
        """
        model = self.bind(panel, horizon)
        panel = leave_out_unreadable(model, panel, model.window.lookback)
        if self.stranger:
            hint = f"Pass --model {model.name}, or --model {builtin.NAME}"
            found = Finding("model", "warning", self.stranger, hint=hint)
            panel = replace(panel, findings=(*panel.findings, found))
        return model, note_covariates(model, panel, horizon or model.window.horizon)


def asked_by(job: ModelJob) -> Asked:
    """Return the model that a job names, or that its data chooses.

    Raises:
        MissingError, UsageError, ModelError: As `ask_for`.
    """
    root, settings = models_folder(job.models_dir), job.settings
    return replace(ask_for(root, settings.model, job.data, job.reading, attended=job.attended), part_of=job.part_of)


def ask_for(root: Path, name: str | None, data: Data | None, reading: ReadSettings, *, attended: bool = False) -> Asked:
    """Return the model that is meant by NAME or NAME@VERSION, or by the data where none is named.

    Raises:
        MissingError: There is none.
        UsageError: There are several; or it is a saved model, which reads as in its training, and flags say otherwise.
        ModelError: It is corrupt, or of a newer format.
    """
    chosen = choose_model(root, data, attended=attended) if name is None else name
    if builtin.is_builtin(chosen):
        others = store.list_models(root) if name is None else []
        reason = f"{root} has {', '.join(others)} for other files" if others else f"no model in {root}"
        return Asked(saved=None, reading=reading, reason="" if name else reason)
    if reading != ReadSettings(tz=reading.tz):  # a zone may say which offset it was
        check_unread(chosen, reading)
    saved = store.load_model(root, chosen)
    if reading.tz is not None:
        check_follows(saved, reading.tz)
    return Asked(saved=saved, reading=reading, stranger="" if name else _stranger(saved, data))


def _stranger(model: SavedModel, data: Data | None) -> str:
    """Return that a model was taken only since it is the only one; empty where the data says that it is meant."""
    source = model.manifest.data.source
    if data is None or name_of(data).startswith(model.name) or recorded(data) in ("-", source):
        return ""
    return f"no model was named, and {model.name!r}, the only one, was trained on {shown(Path(source).name)}"


def check_unread(name: str, reading: ReadSettings) -> None:
    """Refuse settings of reading where a saved model reads as in its training.

    Raises:
        UsageError: One is not at its default.
    """
    given = [f"--{key_of(f.name)}" for f in fields(reading) if getattr(reading, f.name) != f.default]
    if given:
        raise UsageError(
            f"model {name!r} reads data as in its training, so {', '.join(given)} has no place",
            hint=f"Leave it out, or take the built-in network: --model {builtin.NAME}",
        )


def check_follows(model: SavedModel, tz: str) -> None:
    """Refuse to read data in another zone than a model was trained in, unless the zone only says which offset it was.

    Raises:
        UsageError: The model has a zone, or none; or the named one had another offset at the end of the training.
    """
    check_zone(tz)
    known, last = model.schema.tz, model.manifest.data.last_stamp
    if known == tz:
        return
    hint = f"Leave it out, or train again with --tz {tz}"
    if not is_offset(known):
        fault = f"reads stamps {f'in {known}' if known else 'without a zone'}, as in its training"
    elif last is not None and (then := offset_at(tz, last)) != known:
        fault = f"was trained on {known}, and {tz} was at {then} when that data ended"
    else:
        return
    raise UsageError(f"--tz {tz}: model {model.name!r} {fault}", hint=hint)


def read_for(model: SavedModel, source: Data, *, as_of: str | None = None) -> Panel:
    """Return data as a saved model reads it, without series that it cannot read.

    Raises:
        DataError: The content is wrong, or something that should be known ahead is missing.
        ModelError: It is no data for this model.
    """
    return Asked(saved=model, reading=ReadSettings()).open(source, as_of=as_of)[1]


def note_covariates(model: UsedModel, panel: Panel, steps: int) -> Panel:
    """Return a panel whose findings say what is odd in its covariates, for a model that will forecast so many steps.

    Raises:
        DataError: Something that should be known ahead is missing.
    """
    odd = list(check_ahead(panel, model.encodings, steps))
    named = {said.split(":")[0] for said in odd}
    read = {encoding.name for encoding in model.encodings if encoding.source == "future"}
    far = (each for each in novelties(panel) if each.is_far and each.name in read)
    odd += [each.message for each in far if f"covariate {each.name!r}" not in named]
    if isinstance(model, builtin.BuiltinModel) and panel.schema.covariates:
        odd.append(f"the built-in network reads the target alone, not {', '.join(panel.schema.covariates)}")
    return replace(panel, findings=(*panel.findings, *(Finding("covariate", "warning", message) for message in odd)))

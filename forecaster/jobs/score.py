"""From the ledger and actual values to live scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.base.errors import DataError, ForecastError, GateError, MissingError, StorageError
from forecaster.base.words import listed
from forecaster.config import ReadSettings, ScoreSettings, parse_limit
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.schema import Schema
from forecaster.data.source import Data
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import choose_model, ledger_of, models_folder
from forecaster.model import ledger, store
from forecaster.model.builtin import NAME, is_builtin, open_network, version_of_card
from forecaster.model.ledger import Issue, Unreadable
from forecaster.model.manifest import Metrics
from forecaster.scoring.metrics import Columns, Row
from forecaster.scoring.outcome import Outcome, score_issues

if TYPE_CHECKING:
    import pandas as pd

Limit = tuple[float, bool]

NOT_TRAINED = Metrics(
    windows=0, season_length=1, levels=[], baseline_name="", skill=None, model={}, baseline={}, by_lead={}
)
"""What training measured of the built-in network on the user's data: nothing."""


@dataclass(frozen=True, kw_only=True)
class ScoreJob:
    """All inputs of `score`.

    Attributes:
        actuals: Path of a data file with the actual values, `-` for stdin, or data in memory.
        reading: How the data is read for the built-in network.
        models_dir: Folder of all models, or None for the default.
    """

    actuals: Data
    settings: ScoreSettings = field(default_factory=ScoreSettings)
    reading: ReadSettings = field(default_factory=ReadSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ScoredModel:
    """The model whose forecasts are scored.

    Attributes:
        name: Its name.
        version: The version whose training live scores are compared with.
        only: The version whose forecasts alone count; None for all.
        training: Metrics of that version.
        schema: How its data is read; None for the built-in network, which has none.
    """

    name: str
    version: str
    only: str | None
    training: Metrics
    schema: Schema | None

    @classmethod
    def of(cls, root: Path, reference: str) -> ScoredModel:
        """Return the model that is meant by NAME or NAME@VERSION.

        Raises:
            MissingError, ModelError: There is none, or it is corrupt.
        """
        if is_builtin(reference):
            version = version_of_card(open_network().card)
            only = version if "@" in reference else None
            return cls(name=NAME, version=version, only=only, training=NOT_TRAINED, schema=None)
        folder, name, version = store.find_version(root, reference)
        manifest = store.read_manifest(folder)
        only, schema = version if "@" in reference else None, _schema_for_actuals(manifest.schema)
        return cls(name=name, version=version, only=only, training=manifest.metrics, schema=schema)

    def reading(self, given: ReadSettings) -> ReadSettings:
        """Return how actual values are read: holes do no harm."""
        return given if self.schema else replace(given, on_gap="interpolate", max_missing=1.0)

    def issued(self, part: Issue) -> bool:
        """Return whether it issued a part of the ledger."""
        return part.model == self.name and self.only in (None, part.version)


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveScores:
    """Live scores of a model, against those that training measured.

    Attributes:
        model: Its name.
        version: The version whose training they are compared with.
        versions: Those whose forecasts were scored.
        folder: Of the ledger.
        hindsight: Predictions left out: their model had seen the actual values.
        others: What predictions that were left out are of: other values than the actual ones, each once.
        unreadable: Parts of the ledger left out.
        training: Metrics of that version.
    """

    model: str
    version: str
    versions: tuple[str, ...]
    folder: Path
    outcome: Outcome
    hindsight: int
    others: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    training: Metrics

    def compared(self) -> dict[str, dict[str, float | None]]:
        """Return the measures that training knows too, live and then, at the same lead times."""
        names = ["mase", *(f"coverage-{level:g}" for level in self.outcome.levels)]
        both = {name: self.outcome.compared(self.training, name) for name in names}
        return {name: {"live": pair and pair[0], "training": pair and pair[1]} for name, pair in both.items()}

    def by_lead(self) -> list[dict[str, Any]]:
        """Return the measures at each lead time that a value came for, with the number of values."""
        rows, counts = rows_of(self.outcome.by_lead), self.outcome.counts.tolist()
        return [{"lead": h + 1, "values": counts[h], **row} for h, row in enumerate(rows) if counts[h]]

    def facts(self) -> dict[str, Any]:
        """Return the scores over all series as JSON-safe data."""
        outcome = self.outcome
        return {
            "issues": outcome.issues,
            "values": outcome.values,
            "pending": outcome.pending,
            "hindsight": self.hindsight,
            "others": list(self.others),
            "levels": list(outcome.levels),
            "overall": outcome.overall,
            "compared": {"version": self.version, **self.compared()},
            "by_lead": self.by_lead(),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreResult(LiveScores):
    """The same with those of each series."""

    panel: Panel

    __repr__ = brief

    def by_series(self) -> list[dict[str, Any]]:
        """Return the measures of each series that was scored, with the number of values, the worst MASE first."""
        rows = zip(self.panel.ids, self.outcome.of_series.tolist(), rows_of(self.outcome.by_series), strict=True)
        named = [{"series": name, "values": count, **row} for name, count, row in rows if count]
        return sorted(named, key=lambda row: -1.0 if row["mase"] is None else row["mase"], reverse=True)

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model,
            "versions": list(self.versions),
            "ledger": str(self.folder),
            "actuals": self.panel.source,
            **self.facts(),
            "by_series": self.by_series(),
            "unreadable": [{"part": str(part.path), "reason": part.reason} for part in self.unreadable],
        }

    def records(self) -> list[dict[str, Any]]:
        """Return the measures as rows: over all, then by lead time, then by series."""
        if self.outcome.overall is None:
            return []
        blank = {"lead": None, "series": None, "values": None}
        return [
            {"scope": "overall", **blank, "values": self.outcome.values, **self.outcome.overall},
            *({"scope": "lead", **blank, **row} for row in self.by_lead()),
            *({"scope": "series", **blank, **row} for row in self.by_series()),
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the measures as a DataFrame: over all, then by lead time, then by series."""
        import pandas as pd

        return pd.DataFrame(self.records())


def rows_of(columns: Columns) -> list[Row]:
    """Return one row for each entry of columns of measures."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def score(job: ScoreJob, events: Events = Events()) -> ScoreResult:
    """Compare what was issued with the actual values.

    Raises:
        ForecastError: Of the kind that says what went wrong.
        GateError: Live quality is out of the limits that were set.
    """
    settings = job.settings
    limits = limits_in(settings)
    root = models_folder(job.models_dir)
    reference = choose_model(root, None) if settings.model is None else settings.model
    known = ScoredModel.of(root, reference)
    folder = Path(settings.ledger) if settings.ledger else ledger_of(root, known.name, job.actuals)
    issues, hindsight, unreadable = _issued(folder, known)
    try:
        panel = read_panel(job.actuals, known.reading(job.reading), known.schema)
    except DataError as error:  # a command that it names has what the user said, not what is added here
        error.respell(lambda text: text.replace(" --max-missing 1.0", ""))
        raise
    events.on_panel(panel)
    alike, others = part_alike(issues, panel)
    if not alike:
        raise _only_others(known, panel, others)
    result = ScoreResult(
        model=known.name,
        version=known.version,
        versions=tuple(sorted({issue.version for issue in alike})),
        folder=folder,
        panel=panel,
        outcome=score_issues(alike, panel),
        hindsight=hindsight,
        others=others,
        unreadable=unreadable,
        training=known.training,
    )
    if result.outcome.values:
        check_limits(result, *limits)
    return result


def limits_in(settings: ScoreSettings) -> tuple[Limit | None, Limit | None]:
    """Return the limits of MASE and of coverage that were set.

    Raises:
        UsageError: One is no limit.
    """
    most, least = settings.max_mase, settings.min_coverage
    return (
        None if most is None else parse_limit(most, "--max-mase"),
        None if least is None else parse_limit(least, "--min-coverage", 1.0),
    )


def _schema_for_actuals(schema: Schema) -> Schema:
    """Return how actual values are read for a model: holes do no harm, and covariates are not needed."""
    schema = replace(schema, on_gap="interpolate", max_missing=1.0)
    if schema.shape != "wide":  # there a covariate is only known as one by its name
        schema = replace(schema, past_covariates=(), future_covariates=(), static_covariates=())
    return schema


def _issued(folder: Path, known: ScoredModel) -> tuple[list[Issue], int, tuple[Unreadable, ...]]:
    """Return what a model, or one version of it, issued; how many predictions in hindsight; and what is unreadable."""
    parts = list(ledger.read_ledger(folder))
    unreadable = tuple(part for part in parts if isinstance(part, Unreadable))
    ours = [part for part in parts if isinstance(part, Issue) and known.issued(part)]
    issued = [issue for issue in ours if not issue.hindsight]
    if not issued:
        raise nothing_issued(folder, known, () if ours else unreadable)
    return issued, len(ours) - len(issued), unreadable


def part_alike(issues: Sequence[Issue], panel: Panel) -> tuple[list[Issue], tuple[str, ...]]:
    """Return those that forecast the values of a panel, and what the others are of: one file has several targets."""
    alike = [issue for issue in issues if issue.is_of(panel)]
    return alike, tuple(sorted({issue.measured for issue in issues} - {issue.measured for issue in alike}))


def _only_others(known: ScoredModel, panel: Panel, others: Sequence[str]) -> ForecastError:
    ours, theirs = panel.schema.measured, listed([repr(name) for name in others], 3)
    return MissingError(
        f"no forecast of {ours!r} by {known.name} is in the ledger, but of {theirs}",
        hint="Pass the flags that these forecasts were made with, such as --target or --aggregate and --freq",
    )


def nothing_issued(folder: Path, known: ScoredModel, unreadable: Sequence[Unreadable]) -> ForecastError:
    """Return what is wrong with a ledger in which a model has no forecast."""
    if unreadable:
        return StorageError(f"no part of the ledger can be read: {unreadable[0].path}: {unreadable[0].reason}")
    what = f"{known.name}@{known.only}" if known.only else known.name
    hint = f"Run: forecast predict --model {known.name}"
    return MissingError(f"no forecast of {what} is in the ledger {folder}", hint=hint)


def check_limits(result: LiveScores, max_mase: Limit | None, min_coverage: Limit | None) -> None:
    """Refuse live quality outside the limits: absolute ones, or multiples of what training measured.

    Raises:
        GateError: MASE is above, or the coverage of the widest interval below its limit, or undefined.
    """
    overall, levels = result.outcome.overall or {}, result.outcome.levels
    asked = [("mase", "MASE", "above", "--max-mase", max_mase)]
    if levels:
        name = f"coverage-{levels[-1]:g}"
        asked.append((name, f"coverage of the {levels[-1]:g} % interval", "below", "--min-coverage", min_coverage))
    failed = []
    for name, what, side, flag, limit in asked:
        if limit is None:
            continue
        value, bound, allowed = overall.get(name), limit[0], f"{limit[0]:g}"
        if limit[1]:
            pair = result.outcome.compared(result.training, name)
            value, bound = (pair[0], limit[0] * pair[1]) if pair else (None, 0.0)
            allowed = f"{limit[0]:g}x of training's {pair[1]:.3f} at the same lead times" if pair else f"{limit[0]:g}x"
        if value is None or (value > bound if side == "above" else value < bound):
            failed.append(
                f"the live {what} is {'undefined' if value is None else f'{value:.3f}'}, {side} {flag} {allowed}"
            )
    if failed:
        raise GateError(
            f"{'; '.join(failed)} ({result.outcome.values:,} values)",
            hint=f"Train {result.model} again, or see the scores without the limit",
        )

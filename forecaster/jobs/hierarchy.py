"""From series and their groups to forecasts of all of them that add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecaster.base.errors import DataError, ModelError, UsageError
from forecaster.base.extras import check_extra
from forecaster.config import HierarchySettings, Reconcile
from forecaster.data.checks import check_duplicates
from forecaster.data.grid import lay_out
from forecaster.data.hierarchy import (
    Hierarchy,
    ending_together,
    hierarchy_of_columns,
    hierarchy_of_file,
    with_sums,
)
from forecaster.data.observations import Observations
from forecaster.data.panel import Panel
from forecaster.jobs.opening import Asked
from forecaster.model.builtin import BuiltinModel
from forecaster.model.copula import Dependence
from forecaster.model.forecast import TIER, Forecast
from forecaster.model.predictor import UsedModel, leave_out_unreadable
from forecaster.model.reconciliation import Reconciler, fit_reconciler
from forecaster.model.samples import look_at_past
from forecaster.model.trials import Trial, best_of, try_methods
from forecaster.model.windows import Ints

NO_PAST = "too little history to learn how large errors are: sums are weighed by how many series they have"

ALL_ALIKE = "too little history to learn how errors go together: steps are taken to err all alike, series on their own"


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What past forecasts tell of those to come.

    Attributes:
        reconciler: How forecasts are made to add up.
        dependence: How errors go together.
        trials: How each way did on past cutoffs, where none was asked for and there were enough.
    """

    reconciler: Reconciler
    dependence: Dependence
    trials: tuple[Trial, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not as well known as it should be."""
        alike = () if self.dependence.is_known else (ALL_ALIKE,)
        return alike if self.reconciler.is_learned else (*alike, NO_PAST)

    def summary(self) -> dict[str, Any]:
        """Return how forecasts were made to add up, and what was tried, as JSON-safe data."""
        tried = {"tried": {trial.method: round(trial.error, 4) for trial in self.trials}} if self.trials else {}
        return {"reconcile": self.reconciler.method, **tried}


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """A model and the series and sums that it forecasts.

    Attributes:
        model: Ready to forecast `base`.
        panel: The S series.
        whole: The A sums, level by level, and after them the series.
        hierarchy: What adds up to what.
        methods: How forecasts are made to add up: one way, or those of which past forecasts choose, the usual first.
    """

    model: UsedModel
    panel: Panel
    whole: Panel
    hierarchy: Hierarchy
    methods: tuple[Reconcile, ...]

    @property
    def base(self) -> Panel:
        """What the model forecasts: all nodes, or the series alone where no more is needed."""
        return self.panel if self.methods == ("bottom-up",) else self.whole

    @property
    def series(self) -> slice:
        """Where the series stand among the nodes."""
        return slice(self.hierarchy.n_sums, None)

    @property
    def nonnegative(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which series never were below zero [S]."""
        return np.minimum.reduceat(self.panel.values, self.panel.offsets[:-1]) >= 0

    @property
    def tiers(self) -> np.ndarray[Any, Any]:
        """The level of each node [A + S], by name."""
        return np.array(self.hierarchy.levels, object)[self.hierarchy.level_of]

    def learn(self, horizon: int, held_out: int = 0) -> Learned:
        """Learn from past forecasts how they are made to add up, and which way is best where several may be taken.

        Args:
            horizon: H in steps.
            held_out: How many steps at the end are not to be seen.

        Raises:
            ModelError: The network's answer is not finite.
        """
        base = self.base
        known = np.maximum(base.lengths - held_out, 1) if held_out else None
        past = look_at_past(self.model, base, horizon, known)
        several = len(self.methods) > 1
        trials = try_methods(self.hierarchy, past, self.methods, self.nonnegative) if several else ()
        reconciler = fit_reconciler(self.hierarchy, best_of(trials) or self.methods[0], past.errors, past.spacing)
        return Learned(reconciler=reconciler, dependence=past.dependence, trials=trials)

    def made_by(self, base: Forecast, learned: Learned) -> np.ndarray[Any, Any]:
        """Return what made the forecast of each node [A + S]: the model, or `bottom_up` where it makes no sums."""
        sums, methods = self.hierarchy.n_sums, base.methods
        if learned.reconciler.method != "bottom-up":
            return methods
        return np.concatenate((np.full(sums, "bottom_up", object), methods[-len(self.hierarchy.ids) :]))

    def planned(self) -> str:
        """Return in one line the levels, and how their forecasts will be made to add up."""
        counts = np.bincount(self.hierarchy.level_of)
        levels = ", ".join(f"{n:,} {name}" for name, n in zip(self.hierarchy.levels, counts.tolist(), strict=True))
        way = self.methods[0] if len(self.methods) == 1 else f"the best on past windows of {', '.join(self.methods)}"
        return f"{levels}; made to add up by {way}"

    def summary(self, learned: Learned) -> dict[str, Any]:
        """Return the hierarchy as JSON-safe data."""
        counts = np.bincount(self.hierarchy.level_of)
        levels = [{"level": name, "series": int(n)} for name, n in zip(self.hierarchy.levels, counts, strict=True)]
        return {**learned.summary(), "levels": levels}


def check_hierarchy(settings: HierarchySettings) -> None:
    """Refuse settings that do not go together, before any work is done.

    Raises:
        UsageError: Both ways to name groups, a way to reconcile without groups, or a package is missing.
    """
    if not settings.is_hierarchical:
        if settings.reconcile is not None:
            raise UsageError(
                f"--reconcile {settings.reconcile} needs groups of series",
                hint="Name their columns: --hierarchy region,store, or a file of them: --hierarchy-file FILE",
            )
        return
    if settings.hierarchy is not None and settings.hierarchy_file is not None:
        raise UsageError("--hierarchy and --hierarchy-file both name the groups", hint="Leave one of them out")
    columns_of(settings)
    if settings.reconcile in (None, "wls", "mint"):
        check_extra("hierarchy", f"--reconcile {settings.reconcile or 'wls'}")


def named_by_groups(asked: Asked, settings: HierarchySettings) -> Asked:
    """Return the model that is meant, which reads the groups as the names of the series where nothing else is said."""
    names = columns_of(settings)
    if asked.saved is None and len(names) > 1 and asked.reading.id is None:
        return replace(asked, reading=replace(asked.reading, id=",".join(names)))
    return asked


@contextmanager
def reading_groups(asked: Asked, settings: HierarchySettings) -> Iterator[None]:
    """Read data in which the groups name the series: faults of their columns name the setting that the user gave.

    Raises:
        DataError: Whatever it is that is wrong.
    """
    try:
        yield
    except DataError as error:
        if settings.hierarchy is not None and asked.reading.id == ",".join(columns_of(settings)):
            error.respell(lambda text: text.replace("--id", "--hierarchy"))
        raise


def columns_of(settings: HierarchySettings) -> tuple[str, ...]:
    """Return the columns that `--hierarchy` names.

    Raises:
        UsageError: There is none, or one twice.
    """
    names = tuple(part.strip() for part in (settings.hierarchy or "").split(",") if part.strip())
    if settings.hierarchy is not None and (not names or len({*names}) < len(names)):
        raise UsageError(
            f"--hierarchy: expected names of columns, each once, separated by commas, received {settings.hierarchy!r}",
            hint="Such as --hierarchy region,store",
        )
    return names


def grow(
    settings: HierarchySettings,
    read: Observations,
    bind: Callable[[Panel], tuple[UsedModel, Panel]],
) -> Tree:
    """Lay out what was read, and find what adds up to what.

    Args:
        settings: Which groups, and how forecasts are made to add up.
        read: The data file.
        bind: Makes a panel ready for the model, and the model for the panel.

    Raises:
        DataError: Groups are missing or ambiguous, or fewer than two series are left.
        ModelError: The model cannot forecast sums, and that is asked for.
    """
    check_duplicates(read.rows, read.table, read.clock)
    model, panel = bind(ending_together(lay_out(read)))
    if settings.hierarchy_file is not None:
        hierarchy = hierarchy_of_file(str(settings.hierarchy_file), panel.ids)
    else:
        hierarchy = hierarchy_of_columns(read.table, read.columns, columns_of(settings), panel.ids)
    for name in (panel.id_column, panel.schema.time):
        if name == TIER:
            raise UsageError(f"column {name!r} of the data is also one of a forecast with levels", hint="Rename it")
    whole = with_sums(panel, hierarchy)
    ways = ways_to_add_up(settings.reconcile, model, panel, whole)
    if ways != ("bottom-up",):
        model = bind(whole)[0]
    return Tree(model=model, panel=panel, whole=whole, hierarchy=hierarchy, methods=ways)


def ways_to_add_up(asked: Reconcile | None, model: UsedModel, panel: Panel, whole: Panel) -> tuple[Reconcile, ...]:
    """Return the way that is asked for; or those of which past forecasts choose, the usual one first.

    Raises:
        DataError: Values below zero cannot be shared out from the top.
        ModelError: The model cannot forecast sums, and that is asked for.
    """
    if asked == "bottom-up":
        return ("bottom-up",)
    reason = why_not_sums(model)
    if not reason and leave_out_unreadable(model, whole, model.window.lookback).n_series < whole.n_series:
        reason = "it takes logarithms, and a sum of series is not positive"
    negative = bool(panel.values.min() < 0)
    if asked is None:
        return ("bottom-up",) if reason else ("wls", "mint", "bottom-up", *(() if negative else ("top-down",)))
    if reason:
        raise ModelError(
            f"model {model.name!r} cannot forecast sums, which --reconcile {asked} needs: {reason}",
            hint="Add up the forecasts of the series: --reconcile bottom-up",
        )
    if asked == "top-down" and negative:
        raise DataError(
            f"{panel.source}: has values below zero, and a total cannot be shared out by negative shares",
            hint="Take --reconcile wls",
        )
    return (asked,)


def why_not_sums(model: UsedModel) -> str:
    """Return why a model cannot forecast sums of the series that it knows; empty where it can."""
    columns = [encoding.name for encoding in model.encodings if encoding.is_column]
    if columns:
        return f"it reads {', '.join(columns[:3])}, which sums do not have"
    if model.window.high is not None and not isinstance(model, BuiltinModel):
        return f"it knows no values above {model.window.high:g}"
    return ""


def cutoffs_of(tree: Tree, windows: int, step: int, horizon: int) -> Ints:
    """Return how many steps before the end each of the last cutoffs is that all series have, oldest first.

    Raises:
        DataError: A series is too short for one.
    """
    shortest = int(np.argmin(tree.panel.lengths))
    room = int(tree.panel.lengths[shortest]) - 2 - horizon
    if room < 0:
        raise DataError(
            f"{tree.panel.source}: series {tree.panel.ids[shortest]!r} has {room + 2 + horizon:,} steps; one cutoff of "
            f"all series together with {horizon:,} steps after it needs at least {2 + horizon:,}",
            hint="Leave the series out of the data, or give a smaller --horizon",
        )
    return horizon + step * np.arange(min(windows, room // step + 1))[::-1]

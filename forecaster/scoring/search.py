"""Settings that are worth trying, and a study of them that survives the process.

The axes are made from the knobs of `config`: a setting with choices is searched over all of them, a number over a range
inside its bounds, the lookback and the segment over whole parts of the plan's season. So a new cell or loss is searched
as soon as it is one. The search is that of Optuna: tree-structured Parzen estimators (Bergstra et al., Algorithms for
hyper-parameter optimization, NeurIPS 2011), and trials that are behind the median of the others are given up. They are
asked for a few at a time: then it does not matter which of them ends first, or where it runs.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal, get_args, get_origin, get_type_hints

from forecaster.base.errors import ModelError, StorageError, UsageError
from forecaster.base.extras import check_extra
from forecaster.config import FitSettings, ModelSettings, key_of
from forecaster.model.plan import Plan

Values = dict[str, Any]
"""Field of `ModelSettings` or `FitSettings` → value."""

NUMBERS: Mapping[str, tuple[float, ...]] = {
    "units": (32, 64, 128, 256),
    "layers": (1, 2, 3),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4),
    "batch_size": (32, 64, 128, 256),
}
"""Numbers that are tried."""

RANGES: Mapping[str, tuple[float, float]] = {"learning_rate": (5e-4, 2e-2)}
"""Numbers that are tried in between, by their logarithm."""

WINDOW = ("lookback", "segment")
LOOKBACKS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Lookbacks that are tried, in multiples of the default one."""

MOST_STEPS = 128
"""LSTM steps in a window at most: more of them are slow, and seldom better."""

AT_ONCE = 4
"""Trials that are asked for together, however many of them run at a time."""

FIRST = 3
"""Trials that are never given up, so that there is a median."""

State = Literal["complete", "pruned", "failed"]
SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One setting that is searched.

    Attributes:
        name: Its field.
        choices: Values to choose from; empty for a range.
        low, high: Ends of the range, inclusive; it is searched by the logarithm.
        default: Where the search begins.
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    default: Any


def find_axes(search: str, model: ModelSettings, fit: FitSettings, plan: Plan, longest: int) -> tuple[Axis, ...]:
    """Return the axes of a search; a setting that a flag sets is none.

    Args:
        search: Keys separated by commas, spelled as flags.
        model: What the user said of the window and the network.
        fit: What the user said of the training.
        plan: What would be chosen by default.
        longest: Steps that a lookback may have.

    Raises:
        UsageError: An unknown key, with the nearest that is known; or nothing is left to search.
    """
    hints = {name: hint for owner in (ModelSettings, FitSettings) for name, hint in get_type_hints(owner).items()}
    choices = {name: get_args(kind) for name, hint in hints.items() if (kind := _literal(hint))}
    known = [name for name in hints if name in (*WINDOW, *NUMBERS, *RANGES, "cell", "loss", "optimizer")]
    wanted = [key.strip().replace("-", "_") for key in search.split(",") if key.strip()]
    for name in wanted:
        if name not in known:
            shown = [key_of(each) for each in known]
            near = difflib.get_close_matches(key_of(name), shown, 1, 0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(shown)}"
            raise UsageError(f"--search: unknown setting {name[:80]!r}", hint=hint)
    free = [name for name in known if name in wanted and not _is_given(name, model, fit)]
    found = [_axis(name, choices, _default_of(name, model, fit, plan), (plan, longest)) for name in free]
    axes = tuple(axis for axis in found if axis is not None)
    if not axes:
        raise UsageError("nothing to search: flags set all of --search", hint="Leave some of them out")
    return axes


def apply(values: Values, model: ModelSettings, fit: FitSettings) -> tuple[ModelSettings, FitSettings]:
    """Return the settings with some values put in; a lookback is lengthened to whole segments."""
    values = in_whole_segments(values, model.segment)
    ours = {f.name for f in fields(ModelSettings)}
    return (
        replace(model, **{name: value for name, value in values.items() if name in ours}),
        replace(fit, **{name: value for name, value in values.items() if name not in ours}),
    )


def in_whole_segments(values: Values, segment: int | None = None) -> Values:
    """Return values whose lookback is lengthened to whole segments; `segment` is theirs where they have none."""
    length = values.get("segment", segment)
    if not length or "lookback" not in values:
        return dict(values)
    return {**values, "lookback": math.ceil(values["lookback"] / length) * length}


def _literal(hint: Any) -> Any:
    """Return the choices in a type, with or without `None`, as a `Literal`; None where there are none."""
    return next((kind for kind in (hint, *get_args(hint)) if get_origin(kind) is Literal), None)


def _is_given(name: str, model: ModelSettings, fit: FitSettings) -> bool:
    owner = model if hasattr(model, name) else fit
    return bool(getattr(owner, name) != getattr(type(owner), name))


def _default_of(name: str, model: ModelSettings, fit: FitSettings, plan: Plan) -> Any:
    """Return where the search begins: the default of the setting, else what the plan chose."""
    value = getattr(model if hasattr(model, name) else fit, name)
    return value if value is not None else getattr(plan.window if name in WINDOW else plan.fit, name)


def _axis(name: str, choices: Mapping[str, tuple[Any, ...]], default: Any, data: tuple[Plan, int]) -> Axis | None:
    """Return the axis of a setting; None where there is only one value to try."""
    plan, longest = data
    if name in RANGES:
        low, high = RANGES[name]
        return Axis(name=name, low=min(low, default), high=max(high, default), default=default)
    found: set[Any] = set(choices.get(name, ()))
    if name in NUMBERS:
        found = {type(default)(number) for number in NUMBERS[name]}
    elif name == "lookback":
        found = {round(times * default) for times in LOOKBACKS}
        found = {steps for steps in found if max((2, *plan.window.base)) <= steps <= longest}
    elif name == "segment":
        season = plan.season if plan.season > 1 else plan.window.lookback
        found = {p for p in range(1, min(season, 48) + 1) if season % p == plan.window.lookback % p == 0}
        found = {p for p in found if plan.window.lookback <= MOST_STEPS * p}
    ordered = tuple(sorted(found | {default}))
    return Axis(name=name, choices=ordered, default=default) if len(ordered) > 1 else None


# ---------------------------------------------------------------------------------------------------- the study


class Attempt:
    """One trial: the values to try, and what is said of them."""

    def __init__(self, study: Any, trial: Any, axes: tuple[Axis, ...]) -> None:
        self._study, self._trial = study, trial
        self.number: int = trial.number + 1
        tried = {
            axis.name: trial.suggest_categorical(axis.name, axis.choices)
            if axis.choices
            else trial.suggest_float(axis.name, axis.low, axis.high, log=True)
            for axis in axes
        }
        self.values: Values = in_whole_segments(tried)

    def end(self, state: State, errors: Sequence[float] = ()) -> None:
        """Close the trial; `errors` are those after each round, the last one counts where it is complete."""
        from optuna.trial import TrialState

        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        for round_, error in enumerate(errors):
            self._trial.report(error, round_)
        self._study.tell(self._trial, errors[-1] if state == "complete" else None, state=states[state])


def is_behind(errors: Sequence[float], limits: Sequence[float]) -> bool:
    """Return whether a trial is to be given up after its last round: its best error is above the limit of that round.

    Args:
        errors: Its errors after each round so far.
        limits: Of each round, from `Study.limits`; rounds without one have none.
    """
    return len(errors) <= len(limits) and min(errors) > limits[len(errors) - 1]


class Study:
    """A search in an SQLite file: each trial is in it, whole, as soon as it has ended."""

    def __init__(self, study: Any, axes: tuple[Axis, ...]) -> None:
        self._study, self.axes = study, axes

    @property
    def tried(self) -> int:
        """How many trials have ended well, or were given up."""
        return sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in self._study.get_trials(deepcopy=False))

    @property
    def best(self) -> tuple[Values, float] | None:
        """The values with the smallest error and that error; None before the first trial has ended."""
        done = [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
        best = min(done, key=lambda trial: trial.value, default=None)
        return None if best is None else (in_whole_segments(best.params), float(best.value))

    def ask(self, count: int) -> list[Attempt]:
        """Return so many new trials, none of which knows what comes of the others."""
        return [Attempt(self._study, self._study.ask(), self.axes) for _ in range(count)]

    def limits(self) -> tuple[float, ...]:
        """Return the error after each round above which a trial is given up: the median of the complete ones.

        There is none as long as fewer than `FIRST` are complete.
        """
        done = [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
        if len(done) < FIRST:
            return ()
        rounds = max(len(trial.intermediate_values) for trial in done)
        said = [[t.intermediate_values[k] for t in done if k in t.intermediate_values] for k in range(rounds)]
        return tuple(median(errors) for errors in said)


@contextmanager
def open_study(path: Path, name: str, axes: tuple[Axis, ...], seed: int, *, resume: bool) -> Iterator[Study]:
    """Give the study of this name in a file: with `resume` the one that exists, else a new one in its place.

    A new one begins with the defaults, so that what is found is at least as good.

    Raises:
        UsageError: Optuna is not installed.
        ModelError: The file is something else.
        StorageError: It cannot be read or written.
    """
    check_extra("tune", "forecast tune")
    import optuna
    from sqlalchemy.engine import URL
    from sqlalchemy.exc import SQLAlchemyError

    check_storage(path)
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        storage = optuna.storages.RDBStorage(URL.create("sqlite", database=str(path)).render_as_string())
        exists = name in optuna.study.get_all_study_names(storage)
        if exists and not resume:
            optuna.delete_study(study_name=name, storage=storage)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            load_if_exists=True,
            pruner=optuna.pruners.NopPruner(),  # `limits` says who is behind, wherever a trial runs
        )
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # of a process that was killed
        study.sampler = optuna.samplers.TPESampler(
            seed=seed + len(study.get_trials(deepcopy=False)), multivariate=True, n_startup_trials=8, constant_liar=True
        )
        if not exists or not resume:
            study.enqueue_trial({axis.name: axis.default for axis in axes})
        yield Study(study, axes)
    except (SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise StorageError(f"{path}: the search cannot be stored: {str(error).splitlines()[0][:200]}") from error


def check_storage(path: Path) -> None:
    """Refuse to keep a search in a file that is something else.

    Raises:
        ModelError: It is not an SQLite file.
        StorageError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    if head and head != SQLITE:
        raise ModelError(f"{path} holds no search: it is not an SQLite file", hint="Name another one with --storage")

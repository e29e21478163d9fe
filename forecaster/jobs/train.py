"""From a data file to a published model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base.arrow import return_memory
from forecaster.base.errors import DataError, ForecastError, GateError, TryAgainError, UsageError
from forecaster.base.machine import version_of
from forecaster.base.meter import working
from forecaster.base.records import Json
from forecaster.base.runtime import prepare_keras
from forecaster.base.tasks import TRAINING, alone, check_wanted
from forecaster.base.workers import open_executor
from forecaster.config import (
    HERE_ALONE,
    FreshSettings,
    MemorySettings,
    ModelSettings,
    ReadSettings,
    StoreSettings,
    TrainSettings,
    WorkerSettings,
)
from forecaster.data.age import Age, age_of, limits_of
from forecaster.data.caps import advice, find_cap
from forecaster.data.drawing import Room, draw_panel
from forecaster.data.folders import parts_of
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.size import check_size
from forecaster.data.source import Data
from forecaster.jobs.brief import brief
from forecaster.jobs.elsewhere import do_all, found_elsewhere, is_shared_out
from forecaster.jobs.events import Events
from forecaster.jobs.names import NONE, models_folder, name_to_save, recorded
from forecaster.jobs.notices import MOST_NAMED, twin_of_training
from forecaster.jobs.parts import MODELS, pack_model
from forecaster.model import store
from forecaster.model.calibration import Intervals
from forecaster.model.features import check_ahead, signals_of
from forecaster.model.manifest import DataFacts, Metrics, TrainingFacts
from forecaster.model.origins import Origins
from forecaster.model.plan import Plan
from forecaster.model.planner import choose_season, make_plan
from forecaster.model.predictor import leave_out_unreadable
from forecaster.model.shaping import whole_lag
from forecaster.model.transfer import check_fit, plan_from, plan_learning, seen_windows
from forecaster.model.windows import cut_windows
from forecaster.scoring.backtest import measure
from forecaster.scoring.challenge import ChallengeResult, check_rules, compare
from forecaster.scoring.mixing import choose_companion
from forecaster.training.checkpoint import Checkpoint, TrainedMember, identify

if TYPE_CHECKING:
    from forecaster.training.fit import Trained

PACKAGES = ("forecast-lstm", "tensorflow", "keras", "numpy", "pandas", "onnxruntime", "tf2onnx")


OWN_MEMORY, SMALLEST_DATA = 1000 << 20, 24 << 20
"""Bytes that TensorFlow and the training of the largest preset take without data, and that data takes at least."""

BYTES_A_STEP = 40
"""Bytes that a step of a series takes in training: as read, as float32, and four times that for what is made of it."""

READER = 128 << 20
"""Bytes that the process takes before it reads."""


@dataclass(frozen=True, kw_only=True)
class TrainJob:
    """All inputs of `train`.

    Attributes:
        data: Path of the data file, `-` for stdin, or data in memory.
        created: When it was started, ISO 8601 in UTC; only recorded.
        now: The same, as an aware time; without it the age of the data is not known.
    """

    data: Data
    reading: ReadSettings = field(default_factory=ReadSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    training: TrainSettings = field(default_factory=TrainSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    fresh: FreshSettings = field(default_factory=FreshSettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
    created: str = ""
    now: datetime | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainResult:
    """A published model, and what it was made from.

    Attributes:
        verdict: How it did against the version before it, where that was asked.
        seen: Held-out windows in the time that the version was trained on which the training began with.
        twin: What to say where it forecasts as a naive method does.
        unread: Longer seasons in steps that the user named and that no trained network has in its base path.
    """

    model: store.SavedModel
    panel: Panel
    plan: Plan
    metrics: dict[str, Any]
    seconds: float
    verdict: ChallengeResult | None = None
    age: Age | None = None
    seen: int = 0
    twin: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()

    __repr__ = brief

    @property
    def wants_future(self) -> bool:
        """Whether a forecast needs values that are known ahead and that the data has no rows for."""
        try:
            check_ahead(self.panel, self.model.encodings, self.model.window.horizon)
        except DataError:
            return True
        return False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to warn of, though the model is published: stale data, costly settings, measures that flatter it."""
        device = self.model.manifest.device
        aged = self.age.warnings(self.panel.source) if self.age else ()
        warnings = (*aged, *self.plan.warnings(device), *self.twin)
        if (drawn := self.panel.drawn) is not None and drawn.kept < drawn.series:
            warnings = (*warnings, f"trained on {drawn.describe()}")
        cap = find_cap(self.panel)
        if cap and self.plan.window.high is None:
            warnings = (*warnings, f"{advice(cap)}: to keep them inside, give --bounds 0,{cap:g}")
        if self.unread:
            warnings = (*warnings, self._unread())
        if not self.seen:
            return warnings
        windows = f"{self.seen:,} of {self.metrics['windows']:,} held-out windows"
        origin = self.model.manifest.parent or self.model.manifest.teacher
        flattered = f"{windows} lie in the time that {origin} was trained on"
        return (*warnings, f"{flattered}: scores and intervals may flatter it")

    def _unread(self) -> str:
        seasons = " and ".join(f"{season:,}" for season in self.unread)
        who = "the pretrained network alone reads" if self.model.manifest.companion else "no network reads"
        why = "the base path without it is nearer, or series hold it less than twice"
        return f"{who} the longer season of {seasons} steps: {why}"

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "folder": str(self.model.folder),
            "data": self.panel.source,
            **(self.age.summary() if self.age else {}),
            "series": self.panel.n_series,
            "frequency": self.panel.frequency.alias,
            "plan": dict(self.plan.choices()),
            **({"drawn": asdict(self.panel.drawn)} if self.panel.drawn else {}),
            "pretrained": asdict(share) if (share := self.model.manifest.companion) else None,
            "metrics": self.metrics,
            "against_current": None if self.verdict is None else asdict(self.verdict),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
            "seconds": round(self.seconds, 3),
        }


def train(job: TrainJob, events: Events = Events(), workers: WorkerSettings = HERE_ALONE) -> TrainResult:
    """Read, plan, train, measure on held-out windows against seasonal naive, and publish a new model version.

    The model is locked from the plan to the end. What interrupts the training leaves a checkpoint to go on from. With
    workers each network of the ensemble is trained where one of them is, which reads the data itself.

    Raises:
        GateError: The version is not good enough; what is current stays so.
        ForecastError: Of the kind that says what went wrong; nothing was published, older versions are untouched.
    """
    began = time.monotonic()
    root = models_folder(job.store.models_dir)
    name = name_to_save(job.store.name, job.data)
    limits = limits_of(job.fresh)
    elsewhere = is_shared_out(job.data, workers)
    parent = load_parent(job, root)
    panel = read_data(job, parent)
    events.on_panel(panel)
    check_size(panel)
    age = age_of(panel, job.now)
    events.on_age(age)
    age = limits.judge(age, panel.source)
    plan = plan_of(job, panel, parent)
    events.on_plan(plan)
    if elsewhere:
        check_several(plan)
    panel.frequency.future(panel.ends.max(keepdims=True), plan.window.horizon)  # refused where stamps end
    with store.hold_model(root, name, job.store.lock_wait, "forecast train") as home:
        champion = _find_champion(job, home, panel)
        checkpoint = _open_checkpoint(
            job, home, identify(signals_of(panel, plan.encodings, plan.window.horizon), plan), events
        )
        if elsewhere:
            _train_elsewhere(_member_tasks(job, plan, checkpoint, parent), checkpoint, workers, events)
        trained = _fit(job, panel, plan, checkpoint, events)
        with working("measuring"):
            measured, calibration = measure(panel, plan, trained)
        check_skill(measured, job.store.min_skill)
        verdict = compare(champion, panel, plan, trained) if champion else None
        with working("writing the serving graph"):
            draft = _make_draft(panel, plan, trained, (measured, calibration), _facts(job, panel, trained, parent))
        events.on_state(f"{name} is being published: its old version or the new one is current, whole")
        model = store.publish_model(home, draft, current=verdict is None or verdict.is_better)
        drop(checkpoint)
    if verdict is not None:
        check_verdict(model, verdict)
    return TrainResult(
        model=model,
        panel=panel,
        plan=plan,
        metrics=measured,
        seconds=time.monotonic() - began,
        verdict=verdict,
        age=age,
        seen=seen_windows(parent, panel, plan) if parent else 0,
        twin=twin_of_training(model, panel),
        unread=tuple(m for m in job.reading.seasons[1:] if whole_lag(m, plan.season) not in plan.window.base),
    )


def check_several(plan: Plan) -> None:
    """Refuse to share out one network.

    Raises:
        UsageError: There is one.
    """
    if plan.fit.members == 1:
        hint = "Leave out --workers and --cluster, or give --ensemble 3"
        raise UsageError("one network has nothing to share out", hint=hint)


def _fit(job: TrainJob, panel: Panel, plan: Plan, checkpoint: Checkpoint, events: Events) -> Trained:
    """Train what the checkpoint does not hold already, and weigh the pretrained network against it."""
    return_memory()
    with working("loading TensorFlow"):
        prepare_keras()
        from forecaster.training.fit import train_ensemble

    trained = train_ensemble(panel, plan, job.training.device, events.on_progress, checkpoint)
    if job.store.from_ == NONE or job.store.distill:
        return trained
    with working("weighing the pretrained network"):
        return replace(trained, companion=choose_companion(panel, plan, trained))


@dataclass(frozen=True, kw_only=True)
class MemberTask:
    """One network of an ensemble, to be trained wherever.

    Attributes:
        job: The training, with a path of the data that holds elsewhere.
        begun: As much of the network as is trained.
        fits: What `identify` says of the data and the plan.
        limit: Seconds for it, or None.
        parent: The version to go on from or to learn from, which is sent along; None for none.
    """

    job: TrainJob
    begun: TrainedMember
    fits: Json
    limit: float | None
    parent: str | None


@alone
def learn_member(task: MemberTask, sent: Path | None) -> TrainedMember:
    """Train one network of an ensemble in a process that reads the data itself."""
    job = task.job
    if task.parent is not None and sent is not None:
        job = replace(job, store=replace(job.store, models_dir=sent / MODELS))
    parent = load_parent(job, models_folder(job.store.models_dir))
    panel = read_data(job, parent)
    plan = plan_of(job, panel, parent)
    if identify(signals_of(panel, plan.encodings, plan.window.horizon), plan) != task.fits:
        raise TryAgainError(f"{job.data} changed meanwhile", hint="Run the command again")
    check_wanted()
    prepare_keras()
    from forecaster.training.fit import train_member

    limited = replace(plan, fit=replace(plan.fit, time_limit=task.limit))
    return train_member(panel, limited, job.training.device, check_wanted, task.begun)


def _member_tasks(
    job: TrainJob, plan: Plan, checkpoint: Checkpoint, parent: store.SavedModel | None
) -> list[MemberTask]:
    """Return one task for each network of the ensemble that the checkpoint has not whole."""
    own = replace(job, data=found_elsewhere(job.data), training=replace(job.training, resume=False))
    begun = [TrainedMember.of(checkpoint.state, member) for member in range(plan.fit.members)]
    limit, version = plan.fit.time_limit, parent.reference if parent else None
    left = [one for one in begun if not one.is_done(plan.fit)]
    return [MemberTask(job=own, begun=one, fits=checkpoint.fits, limit=limit, parent=version) for one in left]


def _train_elsewhere(
    tasks: Sequence[MemberTask], checkpoint: Checkpoint, workers: WorkerSettings, events: Events
) -> None:
    """Train networks on workers, and put them into the checkpoint as they are done.

    Raises:
        ForecastError: What one of them failed with; those that are done are in the checkpoint.
    """
    if not tasks:
        return
    sent = pack_model(models_folder(tasks[0].job.store.models_dir), tasks[0].parent)
    with open_executor(workers.workers, workers.cluster, replace(sent, packages=TRAINING)) as doing:
        events.on_place(doing.place)
        turns = -(-len(tasks) // doing.workers)  # networks that one worker trains, one after the other
        limited = [replace(task, limit=task.limit and task.limit / turns) for task in tasks]
        for _, one in do_all(doing, learn_member, limited, events, ("training", "networks")):
            one.put_into(checkpoint.state)
            checkpoint.write()


def drop(checkpoint: Checkpoint) -> None:
    """Remove a checkpoint whose training was published; if that fails, it does no harm."""
    with suppress(ForecastError):
        checkpoint.remove()


def check_verdict(model: store.SavedModel, verdict: ChallengeResult) -> None:
    """Refuse a new version that does not beat the current one; it is saved, and may be promoted by hand.

    Raises:
        GateError: It does not.
    """
    if not verdict.is_better:
        raise GateError(
            f"{model.name} {model.version} was saved, and {verdict.version} stays current: the new "
            f"{verdict.measure.upper()} of {verdict.challenger:.4g} is not below {verdict.champion:.4g} on "
            f"{verdict.windows:,} held-out windows{', which the current one was trained on' if verdict.seen else ''}",
            hint=f"To use it all the same: forecast models promote {model.name}@{model.version}",
        )


def load_parent(job: TrainJob, root: Path) -> store.SavedModel | None:
    """Return the version to go on from, or to learn from, where one was named and the settings fit it."""
    from_ = None if job.store.from_ == NONE else job.store.from_
    if from_ and job.store.distill:
        raise UsageError(
            "--from begins with a version's weights and --distill learns from its forecasts", hint="Give one of them"
        )
    flag, named = ("--distill", job.store.distill) if job.store.distill else ("--from", from_)
    if named is None:
        return None
    parent = store.load_model(root, named)
    check_fit(parent, job.model, job.reading, flag)
    return parent


def plan_of(job: TrainJob, panel: Panel, parent: store.SavedModel | None) -> Plan:
    """Decide everything about the training."""
    if parent is None:
        return make_plan(panel, choose_season(panel, job.reading.season), job.model, job.training)
    return (plan_learning if job.store.distill else plan_from)(parent, panel, job.model, job.training)


def read_data(job: TrainJob, parent: store.SavedModel | None) -> Panel:
    """Return the data; with a version to go on from it is read by its schema, or by flags where there are some."""
    own = parent is None or job.reading != ReadSettings()
    schema = None if own or parent is None else parent.schema
    limit = job.memory.limit
    if limit is None:
        panel = read_panel(job.data, job.reading, schema, job.fresh.as_of)
    else:
        parts = parts_of(job.data)
        if parts is None:
            hint = f"Cut it first: forecast partition {job.data} --by COLUMN --parts 16 --output parts"
            raise UsageError("--max-memory is for a folder or glob of parts, which are read one by one", hint=hint)
        room = room_in(limit, job.training.seed)
        panel = replace(draw_panel(parts, job.reading, schema, job.fresh.as_of, room), source=str(job.data))
    return leave_out_unreadable(parent, panel, int(panel.lengths.max())) if parent else panel


def room_in(limit: int, seed: int) -> Room:
    """Return what there is room for in so many bytes: besides TensorFlow, or while that is not loaded yet.

    Raises:
        UsageError: TensorFlow alone takes as much.
    """
    if limit < OWN_MEMORY + SMALLEST_DATA:
        least = (OWN_MEMORY + SMALLEST_DATA) >> 20
        raise UsageError(f"--max-memory: training alone takes {least:,} MiB", hint=f"Such as --max-memory {least}MB")
    steps = (limit - OWN_MEMORY) // BYTES_A_STEP
    return Room(memory=limit - READER, steps=steps, seed=seed)


def _find_champion(job: TrainJob, home: Path, panel: Panel) -> store.SavedModel | None:
    """Return the current version where the new one is to beat it, and there is one."""
    if not (job.store.promote_if_better and store.list_versions(home)):
        return None
    champion = store.load_model(home.parent, home.name)
    check_rules(champion, panel)
    return champion


def _open_checkpoint(job: TrainJob, home: Path, fits: Json, events: Events) -> Checkpoint:
    """Return the checkpoint to write to, which holds what there is to go on from."""
    checkpoint = Checkpoint(
        path=home / "CHECKPOINT",
        fits=fits,
        every=job.training.checkpoint_every,
        on_write=lambda: events.on_state("nothing was published; to continue, run it again with --resume"),
    )
    events.on_start(checkpoint.read() if job.training.resume else None)
    return checkpoint


def _make_draft(
    panel: Panel, plan: Plan, trained: Trained, measured: tuple[Json, Intervals], facts: TrainingFacts
) -> store.Draft:
    """Return everything that a version is made of."""
    from forecaster.training.network import serving_graph

    metrics, calibration = measured
    return store.Draft(
        schema=replace(panel.schema, season_length=plan.season),
        network=plan.network,
        fit=plan.fit,
        season=plan.season,
        encodings=plan.encodings,
        graph=serving_graph(plan.network, trained.members),
        members=trained.members,
        calibration=calibration,
        probe=make_probe(panel, plan, trained),
        metrics=Metrics(**metrics),
        facts=facts,
        companion=trained.companion,
    )


def check_skill(measured: dict[str, Any], min_skill: float | None) -> None:
    """Refuse a model that is not better than the baseline by as much as was asked.

    Raises:
        GateError: Its skill is lower, or undefined.
    """
    skill = measured["skill"]
    if min_skill is not None and (skill is None or skill < min_skill):
        shown = "undefined" if skill is None else f"{skill:.3f}"
        raise GateError(
            f"nothing was published: the skill over {measured['baseline_name']} is {shown}, below {min_skill:g}",
            hint="Train longer (--preset best), give more data, or lower --min-skill",
        )


def make_probe(panel: Panel, plan: Plan, trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """Return windows at the end of up to 16 series and the trained networks' answers to them."""
    from forecaster.training.fit import ensemble

    chosen = np.unique(np.linspace(0, panel.n_series - 1, min(16, panel.n_series)).astype(int))
    features = signals_of(panel, plan.encodings, plan.window.horizon).features
    windows = cut_windows(panel.values, Origins.at_end(panel, chosen), plan.window, features)
    return windows.inputs, ensemble(plan.network, trained.members)(windows.inputs)


def _facts(job: TrainJob, panel: Panel, trained: Trained, parent: store.SavedModel | None) -> TrainingFacts:
    """Return what the manifest records besides what `predict` needs."""
    learned = parent is not None and job.store.distill is not None
    return TrainingFacts(
        created=job.created,
        data=DataFacts(
            source=recorded(job.data),
            sha256=panel.sha256,
            rows=panel.rows,
            series=panel.n_series,
            frequency=panel.frequency.alias,
            skipped=len(panel.skipped),
            last=str(panel.write(panel.ends.max())),
            last_stamp=int(panel.ends.max().astype(np.int64)),
            findings=[finding.message for finding in panel.findings],
            ids=list(panel.ids) if panel.n_series <= MOST_NAMED else [],
            ends=panel.ends.astype(np.int64).tolist() if panel.n_series <= MOST_NAMED else [],
        ),
        parent=parent.reference if parent and not learned else None,
        teacher=parent.reference if parent and learned else None,
        device=trained.device,
        best_steps=trained.best_steps,
        curve=trained.curve,
        packages={name: version_of(name) for name in PACKAGES},
    )

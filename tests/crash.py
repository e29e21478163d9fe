"""Commands to be disturbed, and what must be so afterwards whatever disturbed them.

Run as a program it does this in a process of its own:

    python -m tests.crash COMMAND FOLDER N    one command, and dies at the N-th file operation
    python -m tests.crash loop FOLDER         publish, predict and prune until somebody kills it
    python -m tests.crash full FOLDER         each command with ever less space left on the disk that FOLDER is
    python -m tests.crash limit FOLDER        each command with ever shorter files allowed
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import numpy as np

from forecaster import jobs
from forecaster.base.errors import StorageError
from forecaster.config import PredictSettings, PruneSettings
from forecaster.jobs.record import read_record
from forecaster.jobs.train import drop
from forecaster.model import store
from forecaster.model.ledger import Unreadable, read_ledger
from forecaster.training.checkpoint import Checkpoint, member_of
from tests.injector import Injector, exit_at_once, injected
from tests.saved import NEWEST, TINY_DATA, copy_tiny, draft_of

VERSIONS = 4


def models_of(folder: Path) -> Path:
    """Return the folder of models inside a scene."""
    return folder / "models"


def set_scene(folder: Path) -> None:
    """Make a folder of models with `VERSIONS` versions of `tiny`, each with other intervals, and an older forecast."""
    copy_tiny(models_of(folder))
    predict(folder)
    for _ in range(VERSIONS - 1):
        publish(folder)
    write_jobs(folder)


def write_jobs(folder: Path) -> None:
    """Write a job file with one forecast in this scene."""
    lines = f"""
        [[jobs]]
        name = "p"
        command = "predict"
        data = "{TINY_DATA}"
        models-dir = "{models_of(folder)}"
        output = "{folder}/forecasts.csv"
    """
    (folder / "jobs.toml").write_text(dedent(lines))


def other_draft(models: Path) -> store.Draft:
    """Return a draft whose forecasts differ from those of all versions that there are: its intervals are wider."""
    newest = int(store.list_versions(models / "tiny")[-1][1:])
    draft = draft_of(store.load_model(NEWEST, "tiny"))
    wider = draft.calibration.half_widths * (1 + newest / 100)
    return replace(draft, calibration=replace(draft.calibration, half_widths=wider))


def publish(folder: Path) -> None:
    """Do what `train` does with the disk: hold the model, leave a checkpoint, publish, remove the checkpoint."""
    models = models_of(folder)
    draft = other_draft(models)
    with store.hold_model(models, "tiny", 0, "forecast train") as home:
        checkpoint = Checkpoint(path=home / "CHECKPOINT", fits={"data": "x"})
        member_of(checkpoint.state.measured, 0).weights = [np.arange(6.0)]
        checkpoint.write()
        store.publish_model(home, draft)
        drop(checkpoint)


def predict(folder: Path) -> None:
    """Forecast into a file that is there already."""
    settings = PredictSettings(output=str(folder / "forecasts.csv"))
    jobs.predict(jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=models_of(folder)))


def predict_with_ledger(folder: Path) -> None:
    """The same, and enter the forecast into a ledger that was asked for: it must work."""
    settings = PredictSettings(output=str(folder / "forecasts.csv"), ledger=str(folder / "ledger"))
    jobs.predict(jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=models_of(folder)))


def run_job(folder: Path) -> None:
    """Do the same as a job of `forecast run`, which writes what it did into run.json."""
    (entry,) = jobs.load_jobs(folder / "jobs.toml")
    run = jobs.Run(
        folder=folder / "runs",
        now=datetime(2024, 3, 1, tzinfo=UTC),
        argv=("run", "jobs.toml"),
        force=False,
        explain=lambda error: (74, "STORAGE", str(error)),
    )
    jobs.run_entry(entry, run)


def prune(folder: Path) -> None:
    """Remove all versions but two."""
    jobs.prune_versions("tiny", PruneSettings(keep=2), models_of(folder), 0)


def roll_back(folder: Path) -> None:
    """Go back to the version before."""
    jobs.roll_back("tiny", models_of(folder), 0)


def promote(folder: Path) -> None:
    """Make the oldest version current."""
    jobs.promote_version("tiny@v000001", models_of(folder), 0)


COMMANDS: dict[str, Callable[[Path], None]] = {
    "publish": publish,
    "predict": predict,
    "ledger": predict_with_ledger,
    "run": run_job,
    "prune": prune,
    "rollback": roll_back,
    "promote": promote,
}


@dataclass(frozen=True)
class Witness:
    """Remembers what a scene was, and tells whether all that was good is still good.

    Attributes:
        current: The version that was used.
        files: The content of every file of every version.
        output: The last forecast.
        next_output: What the current version forecasts.
    """

    current: str
    files: dict[str, bytes]
    output: str
    next_output: str

    @classmethod
    def of(cls, folder: Path) -> Witness:
        """Look at a scene."""
        settings = PredictSettings(output="-", ledger="none")
        job = jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=models_of(folder))
        home = models_of(folder) / "tiny"
        return cls(
            current=store.current_version(home),
            files=files_of(home / "versions"),
            output=(folder / "forecasts.csv").read_text(),
            next_output=jobs.predict(job).text,
        )

    def check(self, folder: Path, command: str, *, tidy: bool) -> None:
        """Assert the invariants I1, I2 and, where the process could tidy up, I5 of the catalogue of faults.

        Args:
            folder: The scene after it was disturbed.
            command: What was disturbed.
            tidy: Whether nothing temporary may be left.
        """
        home = models_of(folder) / "tiny"
        there, before = store.list_versions(home), sorted({name.partition("/")[0] for name in self.files})
        assert self.current in there
        assert len(there) >= 2
        assert command == "prune" or set(before) <= set(there)
        for name, data in files_of(home / "versions").items():
            assert name.startswith(".tmp-") or self.files.get(name, data) == data
        for version in set(there) - set(before):  # a new version is whole
            assert sorted(files_of(home / "versions" / version)) == sorted(files_of(home / "versions" / self.current))
            store.load_model(home.parent, f"tiny@{version}")
        new = {"publish": there[-1], "rollback": before[-2], "promote": before[0]}
        assert store.load_model(home.parent, "tiny").version in {self.current, new.get(command)}
        assert (folder / "forecasts.csv").read_text() in {self.output, self.next_output}
        for ledger in (home / "LEDGER", folder / "ledger"):
            assert not [part for part in read_ledger(ledger) if isinstance(part, Unreadable)]
        left = [path.name for path in folder.rglob(".tmp-*")]
        assert not tidy or not left, left

    def is_done(self, folder: Path, command: str) -> bool:
        """Return whether the command did all that it does undisturbed."""
        home = models_of(folder) / "tiny"
        there, now = store.list_versions(home), store.current_version(home)
        forecast = (folder / "forecasts.csv").read_text() == self.next_output
        done = {
            "publish": now == there[-1] > self.current,
            "predict": forecast,
            "ledger": forecast and len(list(read_ledger(folder / "ledger"))) == 1,
            "run": forecast and read_record(folder / "runs" / "p").get("exit_code") == 0,
            "prune": there == ["v000003", "v000004"],
            "rollback": now == "v000003",
            "promote": now == "v000001",
        }
        return done[command]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copy_scene(scene: Path, folder: Path) -> Path:
    """Copy a scene, so that it can be disturbed."""
    shutil.copytree(scene, folder)
    write_jobs(folder)
    return folder


def check_afterwards(folder: Path) -> None:
    """Assert what must be so at any moment of the loop: one whole version is used, and one whole forecast is there."""
    models = models_of(folder)
    for version in store.list_versions(models / "tiny"):
        store.load_model(models, f"tiny@{version}")
    store.load_model(models, "tiny")
    rows = (folder / "forecasts.csv").read_text().split("\n")
    assert (len(rows), rows[-1], {row.count(",") for row in rows[:-1]}) == (8, "", {7})
    with store.hold_model(models, "tiny", 0, "test") as home:  # the lock is free, and what was left half done is swept
        swept = [path for path in home.rglob(".tmp-*") if path.parent.name != "LEDGER"]
        assert not [path for path in swept if "CHECKPOINT" not in path.name]
    predict(folder)
    assert not [path for path in folder.rglob(".tmp-*") if "CHECKPOINT" not in path.name]


def loop(folder: Path) -> None:
    """Publish, predict and prune until somebody kills it."""
    print("ready", flush=True)
    while True:
        publish(folder)
        predict(folder)
        jobs.prune_versions("tiny", PruneSettings(keep=3), models_of(folder), 0)


def run_out(folder: Path, squeeze: Callable[[Path, int], Callable[[], None]]) -> None:
    """Do each command with ever less room, until it fails for want of it and then until it cannot get worse.

    Args:
        folder: An empty folder.
        squeeze: Takes a scene and how many bytes there are to be, and returns what gives the room back.
    """
    for command, work in COMMANDS.items():
        codes = []
        for room in range(0, 80_000, 4_000):
            set_scene(here := folder / "scene")
            witness, release = Witness.of(here), squeeze(here, room)
            try:
                work(here)
                codes.append(0)
            except StorageError as error:
                codes.append(error.exit_code)
            finally:
                release()
            assert codes[-1] or witness.is_done(here, command)
            witness.check(here, command, tidy=True)
            if codes[-1] and command != "rollback":
                work(here)
                assert witness.is_done(here, command)
            shutil.rmtree(here)
        # With enough room it succeeds, and from there on always; but the ledger may take what the forecast lacks then.
        assert codes == sorted(codes, reverse=True) or command in ("predict", "run"), codes
        assert not any(codes[-2:]), codes
        assert codes[0] == 74 or command == "prune"  # which needs no room, and so makes some
        print(f"{command}: {codes.count(74)} of {len(codes)} without enough room", flush=True)


def fill_disk(folder: Path, room: int) -> Callable[[], None]:
    """Fill the disk that a folder is on, but for so many bytes."""
    filler = folder / "filler"
    free = os.statvfs(folder)
    filler.write_bytes(b"x" * max(free.f_bavail * free.f_frsize - room, 0))
    return filler.unlink


def limit_files(folder: Path, room: int) -> Callable[[], None]:
    """Let no file be longer than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room // 4, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def main(arguments: Sequence[str]) -> int:
    """Do what the module's docstring says."""
    command, folder = arguments[0], Path(arguments[1])
    if command == "loop":
        loop(folder)
    if command in ("full", "limit"):
        run_out(folder, fill_disk if command == "full" else limit_files)
        return 0
    with injected(Injector(int(arguments[2]), exit_at_once)):
        COMMANDS[command](folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Commands to be disturbed, and what must be so afterwards whatever disturbed them.

Run as a program, `python -m tests.crash COMMAND FOLDER N`, it does one command in a process of its own, which dies at
the N-th file operation. (N = 0: it does not.)
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forecaster import jobs, store
from forecaster.checkpoint import Checkpoint
from forecaster.config import PredictSettings, PruneSettings
from forecaster.errors import ForecastError
from forecaster.jobs.training import drop
from tests.injector import Injector, exit_at_once, injected
from tests.saved import TINY_DATA, copy_tiny, draft_of

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


def other_draft(models: Path) -> store.Draft:
    """Return a draft whose forecasts differ from those of the newest version: its intervals are wider."""
    newest = store.list_versions(models / "tiny")[-1]
    draft = draft_of(store.load_model(models, f"tiny@{newest}"))
    return replace(draft, calibration=replace(draft.calibration, half_widths=draft.calibration.half_widths * 1.25))


def publish(folder: Path) -> None:
    """Do what `train` does with the disk: hold the model, leave a checkpoint, publish, remove the checkpoint."""
    models = models_of(folder)
    draft = other_draft(models)
    with store.hold_model(models, "tiny", 0, "forecast train") as home:
        checkpoint = Checkpoint(path=home / "CHECKPOINT", fits={"data": "x"})
        checkpoint.part("measure-0")["weights"] = [np.arange(6.0)]
        checkpoint.write()
        store.publish_model(home, draft)
        drop(checkpoint)


def predict(folder: Path) -> None:
    """Forecast into a file that is there already."""
    settings = PredictSettings(output=str(folder / "forecasts.csv"))
    jobs.predict(jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=models_of(folder)))


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
    "publish": publish, "predict": predict, "prune": prune, "rollback": roll_back, "promote": promote,
}  # fmt: skip


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
        settings = PredictSettings(output="-")
        job = jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=models_of(folder))
        home = models_of(folder) / "tiny"
        return cls(
            current=store.current_version(home), files=files_of(home / "versions"),
            output=(folder / "forecasts.csv").read_text(), next_output=jobs.predict(job).text,
        )  # fmt: skip

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
        left = [path.name for path in folder.rglob(".tmp-*")]
        assert not tidy or not left, left

    def is_done(self, folder: Path, command: str) -> bool:
        """Return whether the command did all that it does undisturbed."""
        home = models_of(folder) / "tiny"
        there, now = store.list_versions(home), store.current_version(home)
        done = {
            "publish": now == there[-1] > self.current,
            "predict": (folder / "forecasts.csv").read_text() == self.next_output,
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
    return folder


def main(arguments: Sequence[str]) -> int:
    """Do one command, and die at its n-th file operation."""
    command, folder, at = arguments
    with injected(Injector(int(at), exit_at_once)):
        try:
            COMMANDS[command](Path(folder))
        except ForecastError as error:
            print(error.line(), file=sys.stderr)
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

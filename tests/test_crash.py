"""What was good stays good: a fault, a full disk or the end of the process at every single file operation."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecaster.errors import AccessError, OutputError, StorageError
from tests.crash import COMMANDS, Witness, copy_scene, set_scene
from tests.injector import Injector, Killed, PowerCut, die, disk_error, disk_full, failing, injected

MOST_OPERATIONS = 400


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene") / "scene"
    set_scene(folder)
    return folder


@pytest.fixture(scope="module")
def witness(scene: Path) -> Witness:
    return Witness.of(scene)


def scenes(scene: Path, folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield n and a fresh copy of the scene, for n = 1, 2, …"""
    for n in range(1, MOST_OPERATIONS):
        here = copy_scene(scene, folder / f"{n}")
        yield n, here
        shutil.rmtree(here)
    pytest.fail("the command never succeeded")


def disturb(command: str, scene: Path, witness: Witness, folder: Path, fault: Callable[[int], Injector]) -> int:
    """Do a command with a fault at its n-th file operation, for every n until none is reached; return how many.

    After each: what was good is good, the fault has the right exit code, and the same command succeeds.
    """
    for n, here in scenes(scene, folder):
        injector, code = fault(n), 0
        with injected(injector):
            try:
                COMMANDS[command](here)
            except (StorageError, OutputError, AccessError) as error:
                code = error.exit_code
            except Killed:
                code = 137
        if isinstance(injector, PowerCut):
            injector.lose(renames=n % 2 == 0)
        assert witness.is_done(here, command) if code == 0 else injector.fired
        witness.check(here, command, tidy=not injector.forever)
        if not injector.fired:
            return n - 1
        if (
            code and command != "rollback"
        ):  # which goes back twice, when the first time was not known to be safe on disk
            COMMANDS[command](here)
            assert witness.is_done(here, command)
            witness.check(here, command, tidy=True)
    return 0


FAULTS: dict[str, Callable[[int], Injector]] = {
    "EIO once": lambda n: Injector(n, disk_error),
    "EIO for ever": lambda n: Injector(n, disk_error, forever=True),
    "ENOSPC once": lambda n: Injector(n, disk_full),
    "ENOSPC for ever": lambda n: Injector(n, disk_full, forever=True),
    "EROFS for ever": lambda n: Injector(n, failing(errno.EROFS), forever=True),
    "killed": lambda n: Injector(n, die, forever=True),
    "power cut": PowerCut,
}
FAST = {("publish", "EIO once"), ("publish", "killed"), ("predict", "ENOSPC once"), ("prune", "power cut")}
CASES = [
    pytest.param(command, fault, marks=[] if (command, fault) in FAST else pytest.mark.slow)
    for command in COMMANDS
    for fault in FAULTS
]


@pytest.mark.parametrize(("command", "fault"), CASES)
def test_a_fault_at_every_file_operation(
    scene: Path, witness: Witness, tmp_path: Path, command: str, fault: str
) -> None:
    operations = disturb(command, scene, witness, tmp_path, FAULTS[fault])
    assert operations > 5
    print(f"{command}, {fault}: {operations} operations")

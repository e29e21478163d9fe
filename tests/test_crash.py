"""What was good stays good: a fault, a full disk or the end of the process at every single file operation."""

from __future__ import annotations

import errno
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base import files
from forecaster.base.errors import AccessError, OutputError, StorageError
from forecaster.config import PredictSettings
from forecaster.model import store
from tests.crash import COMMANDS, Witness, check_afterwards, copy_scene, set_scene
from tests.injector import Injector, Killed, PowerCut, die, disk_error, disk_full, failing, injected
from tests.saved import TINY_DATA

ROOT = Path(__file__).parents[1]
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
        if code and command != "rollback":  # which would go back twice: the first time is only not known to be safe
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
FAST = {
    ("publish", "EIO once"),
    ("promote", "killed"),
    ("predict", "ENOSPC once"),
    ("prune", "power cut"),
    ("ledger", "EIO once"),
    ("run", "ENOSPC once"),
}
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


def test_a_forecast_to_stdout_changes_nothing_on_disk(scene: Path) -> None:
    settings = PredictSettings(output="-", ledger="none")
    with injected(Injector(0, disk_error)) as watched:
        jobs.predict(jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=scene / "models"))
    assert {name for name, _ in watched.calls} == {"open"}  # of the model's files, to be read


def program(*arguments: object) -> list[str]:
    """Return the command line of `tests.crash` as a program."""
    return [sys.executable, "-m", "tests.crash", *map(str, arguments)]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_process_killed_at_every_file_operation(
    scene: Path, witness: Witness, tmp_path: Path, command: str
) -> None:
    for n, here in scenes(scene, tmp_path):
        code = subprocess.run(program(command, here, n), cwd=ROOT, check=False).returncode
        assert code in (0, 137)
        witness.check(here, command, tidy=code == 0)
        if code == 0:
            assert witness.is_done(here, command)
            print(f"{command}: killed {n - 1} times")
            return
        if command != "rollback":
            COMMANDS[command](here)
            assert witness.is_done(here, command)
            assert not list(here.rglob(".tmp-*"))


def kill_at_random(folder: Path, times: int) -> None:
    """Kill a loop of publishing, forecasting and pruning again and again; each time all must be well."""
    moments, newest = random.Random(4), 0  # noqa: S311 - not a secret
    for _ in range(times):
        with subprocess.Popen(program("loop", folder), cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0, 0.4))
            process.kill()
        check_afterwards(folder)
        current = int(store.current_version(folder / "models" / "tiny")[1:])
        assert current >= newest
        newest = current


def test_killed_at_a_few_random_moments(scene: Path, tmp_path: Path) -> None:
    kill_at_random(copy_scene(scene, tmp_path / "scene"), 3)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_200_random_moments(scene: Path, tmp_path: Path) -> None:
    kill_at_random(copy_scene(scene, tmp_path / "scene"), 200)


def forecast_while_publishing(folder: Path, times: int) -> None:
    """Forecast while another process publishes and prunes: each forecast is of one whole version, and none fails."""
    seen = []
    settings = PredictSettings(output=str(folder / "other.csv"))
    job = jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=folder / "models")
    with subprocess.Popen(program("loop", folder), cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            while len(seen) < times or len(set(seen)) < 3:
                result = jobs.predict(job)
                assert (folder / "other.csv").read_text() == result.text
                seen.append(result.model.version)
            assert process.poll() is None
        finally:
            process.kill()
    assert seen == sorted(seen)


def test_forecasts_while_another_process_publishes(scene: Path, tmp_path: Path) -> None:
    forecast_while_publishing(copy_scene(scene, tmp_path / "scene"), 40)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_1000_forecasts_while_another_process_publishes(scene: Path, tmp_path: Path) -> None:
    forecast_while_publishing(copy_scene(scene, tmp_path / "scene"), 1000)


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, texts = tmp_path / "forecasts.csv", (b"a" * 100_000, b"b" * 50_000)
    files.write_file(path, texts[0])
    read = threading.Event()

    def replace_it() -> None:
        for n in count():
            if n > 200 and read.is_set():
                return
            files.write_file(path, texts[n % 2])

    writer = threading.Thread(target=replace_it, daemon=True)
    writer.start()
    reads = 0
    while writer.is_alive():
        assert path.read_bytes() in texts
        reads += 1
        if reads > 100:
            read.set()
    assert reads > 100


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_file_may_be_longer(tmp_path: Path) -> None:
    done = subprocess.run(program("limit", tmp_path), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a file system of 512 KB in memory, which is gone with the process."""
    mount = f"mount -t tmpfs -o size=512k tmpfs {tmp_path}"
    private = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    try:
        tried = subprocess.run([*private, mount], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if tried.returncode:
        pytest.skip(f"mounting is not allowed here: {tried.stderr.strip()}; see test_no_file_may_be_longer")
    script = f"{mount} && exec {' '.join(program('full', tmp_path))}"
    done = subprocess.run([*private, script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)

"""What many tests share: a small data file, and one small model trained by the command itself."""

from __future__ import annotations

import fcntl
import functools
import gc
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer.testing
from hypothesis import settings
from typer.testing import CliRunner, Result

import forecaster
from forecaster.cli.app import app

# A signal that whoever runs the tests ignores (a shell for background jobs, nohup) would be ignored by every child
# process too. One with a handler is at its default there.
signal.signal(signal.SIGINT, signal.default_int_handler)
for ignored in (signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, lambda number, frame: None)

fsync = os.fsync


def flush_streams(file: int) -> None:
    """Flush what is no file and no folder: what tests write need not outlive a power cut, and disks take their time."""
    mode = os.fstat(file).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        fsync(file)


os.fsync = flush_streams

typer.testing._get_command = functools.cache(typer.testing._get_command)  # type: ignore[attr-defined]
"""All flags of all commands are made once, not for each command line: 0.1 s of it."""

settings.register_profile("here", deadline=None, derandomize=True)  # a busy machine is no fault of ours, nor is luck
settings.register_profile("search", deadline=None)
settings.load_profile("here")

TINY = ["--steps", "4", "--units", "4", "--layers", "1", "--ensemble", "1", "--preset", "fast", "--from", "none"]
"""Options that make a training take as good as no time, and leave its networks to themselves."""

WHOLE = [*TINY, "--ensemble", "2", "--preset", "default"]
"""The same for two networks that are trained a second time, on all data."""

BUILTIN = Path(forecaster.__file__).parent / "model" / "pretrained" / "network.onnx"


@dataclass(frozen=True)
class Trained:
    """A model that the command line trained, and its data."""

    models_dir: Path
    data: Path
    name: str


def names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted."""
    return sorted(entry.name for entry in folder.iterdir())


def monthly_csv(path: Path, length: int = 120) -> Path:
    """Write a monthly series with trend, season and noise: columns `month` and `sales`."""
    steps = np.arange(length)
    noise = np.random.default_rng(0).normal(size=length)
    values = 100 + steps + 20 * np.sin(2 * np.pi * steps / 12) + noise
    months = np.datetime64("2010-01") + steps.astype("m8[M]")
    path.write_text("month,sales\n" + "".join(f"{m}-01,{v:.3f}\n" for m, v in zip(months, values, strict=True)))
    return path


def panel_csv(path: Path, series: int = 5, length: int = 60) -> Path:
    """Write a daily panel: columns `shop`, `day` and `sales`."""
    rng = np.random.default_rng(1)
    days = np.datetime64("2024-01-01") + np.arange(length).astype("m8[D]")
    rows = ["shop,day,sales"]
    for s in range(series):
        values = 50 * (s + 1) + 10 * np.sin(2 * np.pi * np.arange(length) / 7) + rng.normal(size=length)
        rows += [f"shop-{s},{day},{value:.2f}" for day, value in zip(days, values, strict=True)]
    path.write_text("\n".join(rows) + "\n")
    return path


def run_forecast(*args: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does: a process of its own, without a terminal."""
    command = [sys.executable, "-m", "forecaster", *map(str, args)]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=300,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with files that train, and end with those of many short tests: two processes end at the same time then.

    With `--no-loadscope-reorder`; else files of most tests go first.
    """
    rooms = "training . jobs model scoring pretraining cli service report base data config".split()
    order = {name: place for place, name in enumerate(rooms)}
    tests = Path(__file__).parent
    items.sort(key=lambda item: order.get(item.path.relative_to(tests).parts[0], 1))


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of every later search for garbage: each cost a quarter of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file of the given text or bytes and returns its path."""

    def write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def call_forecast(*args: str | Path) -> Result:
    """Run the command in this process: training takes a third of the time, since TensorFlow is loaded already."""
    return CliRunner().invoke(app, [str(argument) for argument in args])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train one small model, and leave it as it is.

    Processes that run tests side by side train it once: the first does, the others wait for it and take a copy.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "trained-once"
    data, models, ready = folder / "shops.csv", folder / "models", folder / "READY"
    with (shared / "trained-once.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            folder.mkdir()
            done = call_forecast("train", panel_csv(data), "--models-dir", models, *WHOLE)
            assert done.exit_code == 0, done.stderr
            ready.touch()
    own = tmp_path_factory.mktemp("own") / "models"
    shutil.copytree(models, own)
    return Trained(models_dir=own, data=data, name="shops")


@pytest.fixture(scope="module")
def dask_cluster() -> Iterator[str]:
    """Start a Dask scheduler with two worker processes, and return its address; idle, it takes a tenth of a core."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=logging.CRITICAL
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a model folder of its own, no colour and a fixed width."""
    monkeypatch.setenv("FORECAST_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")

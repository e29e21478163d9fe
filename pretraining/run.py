"""The run: as many seconds as one has, from where the last one stopped.

The learning rate rises, stays, and falls only when asked to (warm-up, stable, decay): the checkpoint of the stable part
can always go on, and the decayed one is what is shipped.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pretraining import validate
from pretraining.export import named
from pretraining.feed import Feed, ahead, take
from pretraining.mixture import Batch
from pretraining.net import Forecaster, Shape, build, loss

Groups = dict[str, list[Batch]]
Say = Callable[[str], None]

WARM = 400  # steps until the learning rate is full


@dataclass(frozen=True)
class Plan:
    """What one call of `run` does.

    Attributes:
        folder: Where checkpoints and the learning curve are.
        seconds: How long, the decay included.
        decay: Seconds at the end in which the learning rate falls to nothing.
        rate: The learning rate.
        every: Seconds between checkpoints and validations.
        seed: Of weights and data; the data of a later chunk differs by the steps already done.
    """

    folder: Path
    seconds: float
    decay: float = 0.0
    rate: float = 1.5e-3
    every: float = 180.0
    seed: int = 1


@dataclass
class Progress:
    """What is stored with the weights: steps and windows so far, seconds of training."""

    steps: int = 0
    windows: int = 0
    seconds: float = 0.0


def run(plan: Plan, shape: Shape, feed: Feed, held: Groups, say: Say = print) -> Forecaster:
    """Train, or go on training, for `plan.seconds`."""
    import keras

    keras.utils.set_random_seed(plan.seed)
    network = build(shape)
    network.compile(optimizer=keras.optimizers.Adam(plan.rate, clipnorm=1.0), loss=loss, jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    plan.folder.mkdir(parents=True, exist_ok=True)
    progress = restore(network, plan.folder / "stable.npz")
    process, queue = ahead(Feed(feed.rows, feed.pool, feed.seed + 7 * progress.steps, feed.real))
    say(f"{network.count_params():,} parameters, from step {progress.steps}")
    take(process, queue)
    try:
        _train(plan, network, progress, (lambda: take(process, queue), held, say))
    finally:
        process.terminate()
        process.join()
    return network


def _train(plan: Plan, network: Forecaster, progress: Progress, around: tuple[Callable[[], Any], Groups, Say]) -> None:
    following, held, say = around
    start, before, losses, next_check, waited = time.monotonic(), progress.seconds, [], plan.every, 0.0
    saved = plan.decay == 0
    while True:
        spent = time.monotonic() - start
        left = plan.seconds - spent
        if not saved and left <= plan.decay:
            store(network, progress, plan.folder / "stable.npz")
            saved = True
        if spent >= next_check or left <= 0:
            fallen = left <= plan.decay and plan.decay > 0
            store(network, progress, plan.folder / ("decayed.npz" if fallen else "stable.npz"))
            note(plan.folder / "curve.csv", network, progress, (float(np.mean(losses[-500:])), held, say))
            say(f"waited for batches {waited / max(spent, 1):.1%} of the time")
            next_check += plan.every
        if left <= 0:
            return
        fall = min(1.0, max(left, 0.0) / plan.decay) if plan.decay else 1.0
        network.optimizer.learning_rate = plan.rate * min(1.0, (progress.steps + 1) / WARM) * max(fall, 0.005)
        asked = time.monotonic()
        _, read, target = following()
        waited += time.monotonic() - asked
        losses.append(float(network.train_on_batch(read, target)))
        if not np.isfinite(losses[-1]):
            raise RuntimeError(f"the loss is {losses[-1]} at step {progress.steps}")
        progress.steps += 1
        progress.windows += len(target)
        progress.seconds = before + time.monotonic() - start


def note(path: Path, network: Forecaster, progress: Progress, around: tuple[float, Groups, Say]) -> None:
    """Validate and add a line to the learning curve."""
    loss_now, held, say = around
    scores = validate.score(network.predict_on_batch, held)
    row = {
        "steps": progress.steps,
        "windows": progress.windows,
        "seconds": round(progress.seconds),
        "parameters": network.count_params(),
        "loss": round(loss_now, 4),
        "all": round(validate.overall(scores), 4),
        "made_up": round(validate.overall(scores, "made"), 4),
        "real": round(validate.overall(scores, "real"), 4),
        **{name: round(one.relative, 4) for name, one in scores.items()},
    }
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [*row])
        if fresh:
            writer.writeheader()
        writer.writerow(row)
    say(f"{row['seconds']} s, {row['windows']:,} windows: {row}")


def store(network: Forecaster, progress: Progress, path: Path) -> None:
    """Write weights, the optimizer's state and the progress; a broken write leaves the last one."""
    arrays = {f"weight_{i:03d}": value for i, value in enumerate(network.get_weights())}
    arrays |= {f"optimizer_{i:03d}": np.asarray(variable) for i, variable in enumerate(network.optimizer.variables)}
    arrays["names"] = np.array([*named(network)])
    arrays |= {f"progress_{name}": np.asarray(value) for name, value in asdict(progress).items()}
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def restore(network: Forecaster, path: Path) -> Progress:
    """Read what `store` wrote into the network; nothing where there is no such file."""
    if not path.exists():
        return Progress()
    with np.load(path) as held:
        network.set_weights([held[name] for name in sorted(held.files) if name.startswith("weight_")])
        if network.optimizer is not None:
            kept = [held[name] for name in sorted(held.files) if name.startswith("optimizer_")]
            for variable, value in zip(network.optimizer.variables, kept, strict=True):
                variable.assign(value)
        return Progress(int(held["progress_steps"]), int(held["progress_windows"]), float(held["progress_seconds"]))

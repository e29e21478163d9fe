"""Networks of several sizes and kinds, each trained on the same windows in the same order: error against parameters.

Every variant takes a step on a batch before the next batch is made, so that making batches is paid for once, and what
differs in the end is the variant alone. The learning rate falls to nothing over the last third.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pretraining import validate
from pretraining.feed import Feed, ahead, take
from pretraining.mixture import Batch
from pretraining.net import Forecaster, Shape, build, loss

RATE = 1.5e-3
WARM = 100  # steps until the learning rate is full
FALL = 1 / 3  # share of the steps in which it falls

Groups = dict[str, list[Batch]]


@dataclass(frozen=True)
class Variant:
    """One network of a trial.

    Attributes:
        name: In the table.
        shape: Its sizes.
        seasons: Shortest and longest season, both included, that it is trained on; None is all.
    """

    name: str
    shape: Shape
    seasons: tuple[int, int] | None = None

    def learns(self, season: int) -> bool:
        """Whether batches of this season are for it."""
        return self.seasons is None or self.seasons[0] <= season <= self.seasons[1]


VARIANTS = (
    Variant("2 × 32", Shape(32, 2)),
    Variant("2 × 64", Shape(64, 2)),
    Variant("1 × 128", Shape(128, 1)),
    Variant("2 × 128, as shipped", Shape(128, 2)),
    Variant("2 × 192", Shape(192, 2)),
    Variant("2 × 128, sLSTM", Shape(128, 2, cell="slstm")),
    Variant("2 × 128, seasons up to 4 alone", Shape(128, 2), (1, 4)),
    Variant("2 × 128, seasons beyond 4 alone", Shape(128, 2), (5, 10_000)),
)


@dataclass
class Runner:
    """A variant in training, with the seconds that it took."""

    variant: Variant
    network: Forecaster
    windows: int = 0
    seconds: float = 0.0

    def learn(self, read: Any, target: Any, share: float) -> None:
        """One step, `share` of the way to the end."""
        start = time.monotonic()
        steps = int(self.network.optimizer.iterations.numpy()) + 1
        fall = min(1.0, (1.0 - share) / FALL)
        self.network.optimizer.learning_rate = RATE * min(1.0, steps / WARM) * max(fall, 0.005)
        self.network.train_on_batch(read, target)
        self.windows += len(target)
        self.seconds += time.monotonic() - start


def begin(variant: Variant, seed: int) -> Runner:
    """A network with fresh weights."""
    import keras

    keras.utils.set_random_seed(seed)
    network = build(variant.shape)
    network.compile(optimizer=keras.optimizers.Adam(RATE, clipnorm=1.0), loss=loss, jit_compile=False)
    return Runner(variant, network)


def run(
    variants: tuple[Variant, ...], feed: Feed, windows: int, held: Groups, say: Callable[[str], None]
) -> list[Runner]:
    """Train every variant on the same `windows` and say each one's scores at each doubling from 25,000 on."""
    runners = [begin(variant, feed.seed) for variant in variants]
    process, queue = ahead(feed)
    seen, following = 0, 25_000
    try:
        while seen < windows:
            season, read, target = take(process, queue)
            for runner in runners:
                if runner.variant.learns(season):
                    runner.learn(read, target, seen / windows)
            seen += len(target)
            if seen >= min(following, windows):
                following *= 2
                say(f"after {seen:,} windows\n{table(runners, held)}")
    finally:
        process.terminate()
        process.join()
    return runners


def table(runners: list[Runner], held: Groups) -> str:
    """Scores of each as Markdown: relative MASE, and by group."""
    lines = []
    for runner in runners:
        scores = validate.score(runner.network.predict_on_batch, held)
        if not lines:
            names = ["network", "parameters", "windows", "seconds", "all", "made up", "real", *scores]
            lines += ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
        figures = [validate.overall(scores), validate.overall(scores, "made"), validate.overall(scores, "real")]
        figures += [one.relative for one in scores.values()]
        said = [
            runner.variant.name,
            f"{runner.network.count_params():,}",
            f"{runner.windows:,}",
            f"{runner.seconds:.0f}",
        ]
        lines.append("| " + " | ".join([*said, *(f"{figure:.4f}" for figure in figures)]) + " |")
    return "\n".join(lines)

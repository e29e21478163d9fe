"""Batches made ahead of the training in a process of their own, from pools that are made anew bit by bit."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np

from pretraining import corpus
from pretraining.families import made_up
from pretraining.mixture import SHARES, Batch, batch, boost, draw_size, pool


@dataclass(frozen=True)
class Feed:
    """How batches are made.

    Attributes:
        rows: Windows a batch.
        pool: Made-up series of each rhythm that are held.
        seed: Of everything drawn.
        real: File of real series, see `corpus.save`; none without.
    """

    rows: int = 512
    pool: int = 5_000
    seed: int = 1
    real: Path | None = None


def batches(feed: Feed) -> Iterator[Batch]:
    """Batches without end."""
    rng = np.random.default_rng(feed.seed)
    real = corpus.by_season(corpus.load(feed.real)) if feed.real else {}
    shares = np.array([*SHARES.values()])
    keys = [*SHARES]
    pools = {key: [pool(rng, key, feed.pool, real) for _ in range(3 if key == (0,) else 1)] for key in keys}
    count = 0
    while True:
        key = keys[rng.choice(len(keys), p=shares / shares.sum())]
        source = pools[key][rng.integers(len(pools[key]))]
        yield batch(rng, source, feed.rows, draw_size(rng))
        count += 1
        if count % 6:
            continue
        key = keys[rng.choice(len(keys), p=shares / shares.sum())]
        if key == (0,):
            pools[key][rng.integers(len(pools[key]))] = pool(rng, key, max(500, feed.pool // 4), real)
            continue
        source = pools[key][0]
        fresh = made_up(rng, max(1, min(500, feed.pool // 4)), source.made.shape[1], key, boost(key))
        source.made[rng.choice(len(source.made), len(fresh), replace=False)] = fresh


def _work(feed: Feed, queue: Any) -> None:
    for made in batches(feed):
        queue.put((made.season, made.read.arrays(), made.target))


def take(process: Any, queue: Any) -> Any:
    """The next of the process's batches.

    Raises:
        RuntimeError: The process has ended.
    """
    while True:
        try:
            return queue.get(timeout=10)
        except Empty:
            if not process.is_alive():
                raise RuntimeError(f"the process that makes batches ended with {process.exitcode}") from None


def ahead(feed: Feed, held: int = 8) -> tuple[Any, Any]:
    """Start the process; its queue gives (season, inputs by name, target). End it with `terminate`."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(held)
    process = context.Process(target=_work, args=(feed, queue), daemon=True)
    process.start()
    return process, queue

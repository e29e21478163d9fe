"""The ledger: what is entered is read back, nothing is lost, doubled or changed, and what is broken is named."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forecaster import jobs
from forecaster.base import files
from forecaster.base.errors import OutputError, StorageError
from forecaster.config import FreshSettings, PredictSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.model.ledger import Issue, Unreadable, enter, read_ledger, series_scales
from forecaster.model.origins import Origins
from forecaster.scoring import metrics
from tests.conftest import TINY, Trained, names, panel_csv, run_forecast

NOW = datetime(2024, 3, 1, 4, tzinfo=UTC)


def issue_of(values: Any = ((1.0, 2.0), (3.0, 4.0)), **changes: Any) -> Issue:
    grid = np.array(values, float)
    count, horizon = grid.shape
    cutoffs = np.arange(count, dtype=np.int64)
    plain = Issue(
        model="m",
        version="v000001",
        issued="2026-01-01T00:00:00+00:00",
        hindsight=False,
        ids=tuple(f"s{i}" for i in range(count)),
        cutoffs=cutoffs,
        stamps=cutoffs[:, None] + np.arange(1, horizon + 1),
        values=grid,
        intervals=((80.0, grid - 1, grid + 1), (97.5, grid - 2, grid + 2)),
        methods=("lstm",) * count,
        scale=np.full(count, 0.5),
        rms_scale=np.full(count, np.nan),
    )
    return replace(plain, **changes)


def same(one: Issue, two: Issue) -> bool:
    fields = "model version issued hindsight ids methods measured".split()
    grids = "cutoffs stamps values scale rms_scale".split()
    ends = [
        np.array_equal(a, b)
        for ours, theirs in zip(one.intervals, two.intervals, strict=True)
        for a, b in zip(ours, theirs, strict=True)
    ]
    return (
        all(getattr(one, name) == getattr(two, name) for name in fields)
        and all(
            np.array_equal(getattr(one, name), getattr(two, name), equal_nan=name.endswith("scale")) for name in grids
        )
        and all(ends)
    )


FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    grid=arrays.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=FINITE),
    names=st.lists(NAMES, min_size=4, max_size=4, unique=True),
    hindsight=st.booleans(),
)
def test_what_is_entered_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, grid: Any, names: list[str], hindsight: bool
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    issue = issue_of(grid, ids=tuple(names[: len(grid)]), hindsight=hindsight)
    assert enter(folder, issue)
    (found,) = read_ledger(folder)
    assert isinstance(found, Issue)
    assert same(found, issue)


def test_the_same_forecast_again_is_the_same_part(tmp_path: Path) -> None:
    folder = tmp_path / "LEDGER"
    assert enter(folder, issue_of())
    before = [(path.name, path.stat().st_mtime_ns) for path in folder.iterdir()]
    assert not enter(folder, issue_of(issued="2027-01-01T00:00:00+00:00"))
    assert [(path.name, path.stat().st_mtime_ns) for path in folder.iterdir()] == before


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "v000002"},
        {"model": "n"},
        {"ids": ("s0", "s2")},
        {"methods": ("lstm", "constant")},
        {"cutoffs": np.array([0, 2])},
        {"stamps": np.array([[1, 2], [2, 9]])},
        {"scale": np.array([0.5, 0.25])},
        {"hindsight": True},
        {"measured": "y, sum of each MS"},
        {"intervals": {}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_anything_else_is_another_part(tmp_path: Path, changes: dict[str, Any]) -> None:
    enter(tmp_path, issue_of())
    assert enter(tmp_path, issue_of(**changes))
    assert sum(isinstance(part, Issue) for part in read_ledger(tmp_path)) == 2


def test_names_begin_with_the_last_cutoff() -> None:
    day = np.array(["2026-01-31T05:00", "2025-01-01"], "M8[ns]").astype(np.int64)
    assert issue_of(cutoffs=day).part_name().startswith("2026-01-31-")
    assert issue_of(cutoffs=np.array([7, 5])).part_name().startswith("7-")


def test_a_write_that_fails_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(tmp_path, issue_of())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        enter(tmp_path, issue_of(version="v000002"))
    assert len(names(tmp_path)) == 1


def test_no_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert list(read_ledger(tmp_path / "none")) == []


def change_a_byte(path: Path) -> None:
    data = path.read_bytes()
    at = data.index(np.float64(3.0).tobytes())
    path.write_bytes(data[:at] + np.float64(3.5).tobytes() + data[at + 8 :])


def say_newer(path: Path) -> None:
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"forecast"]) | {"format": 2}
    pq.write_table(table.replace_schema_metadata({b"forecast": json.dumps(facts).encode()}), path)


def change_a_column(path: Path) -> None:
    table = pq.read_table(path)
    texts = pa.array(["x"] * len(table))
    pq.write_table(table.set_column(table.column_names.index("stamp"), "stamp", texts), path)


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BREAKS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "garbage": lambda path: path.write_bytes(b"PAR1" + bytes(range(256)) * 4 + b"PAR1"),
    "a byte changed": change_a_byte,
    "another's content": lambda path: path.write_bytes((path.parent / issue_of().part_name()).read_bytes()),
    "no facts": lambda path: pq.write_table(pq.read_table(path).replace_schema_metadata(None), path),
    "a newer format": say_newer,
    "a column is missing": lambda path: pq.write_table(pq.read_table(path).drop_columns(["scale"]), path),
    "a column of another kind": change_a_column,
    "a row is missing": lambda path: pq.write_table(pq.read_table(path).slice(1), path),
    "a folder": make_a_folder,
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_part_is_named_and_stops_no_other(tmp_path: Path, name: str) -> None:
    enter(tmp_path, issue_of())
    enter(tmp_path, issue_of(version="v000002"))
    bad = tmp_path / issue_of(version="v000002").part_name()
    BREAKS[name](bad)
    parts = list(read_ledger(tmp_path))
    (fault,) = [part for part in parts if isinstance(part, Unreadable)]
    assert fault.path == bad
    assert fault.reason
    assert fault.reason.isprintable()
    assert [part.version for part in parts if isinstance(part, Issue)] == ["v000001"]


def test_other_files_are_no_parts(tmp_path: Path) -> None:
    enter(tmp_path, issue_of())
    (tmp_path / f"{files.TEMPORARY}x.parquet").write_bytes(b"PAR1")
    (tmp_path / "notes.txt").write_text("x")
    assert len(list(read_ledger(tmp_path))) == 1


VALUES = st.sampled_from([0.0, 1.0, -2.5, 1e3, 7.25])


@given(
    series=st.lists(arrays.arrays(float, st.integers(1, 12), elements=VALUES), min_size=1, max_size=5),
    m=st.integers(1, 8),
)
def test_scales_are_those_of_the_measures(series: list[Any], m: int) -> None:
    panel = panel_from_arrays(series)
    ends = Origins.at_end(panel)
    scale, rms_scale = series_scales(panel, m)
    np.testing.assert_allclose(scale, metrics.seasonal_error(panel.values, ends, m), rtol=1e-12)
    np.testing.assert_allclose(rms_scale, metrics.seasonal_rms_error(panel.values, ends, m), rtol=1e-12)


# ------------------------------------------------------------------------------------------------------- predictions


@pytest.fixture
def site(tmp_path: Path, trained: Trained) -> Trained:
    """A copy of the model and its data."""
    shutil.copytree(trained.models_dir, tmp_path / "models", ignore=shutil.ignore_patterns("LEDGER"))
    shutil.copy(trained.data, tmp_path / "shops.csv")
    return Trained(models_dir=tmp_path / "models", data=tmp_path / "shops.csv", name=trained.name)


def predict(site: Trained, as_of: str | None = None, **settings: Any) -> jobs.PredictResult:
    chosen = PredictSettings(**{"output": "-", **settings})
    fresh = FreshSettings(as_of=as_of)
    job = jobs.PredictJob(data=str(site.data), settings=chosen, fresh=fresh, models_dir=site.models_dir, now=NOW)
    return jobs.predict(job)


def parts(folder: Path) -> list[Issue]:
    found = list(read_ledger(folder))
    assert all(isinstance(part, Issue) for part in found)
    return [part for part in found if isinstance(part, Issue)]


def test_every_prediction_is_entered(site: Trained) -> None:
    folder = site.models_dir / "shops" / "LEDGER"
    result = predict(site)
    (issue,) = parts(folder)
    assert (issue.model, issue.version, issue.issued) == ("shops", "v000001", "2024-03-01T04:00:00+00:00")
    assert (issue.ids, set(issue.methods), issue.hindsight) == (result.panel.ids, {"lstm"}, False)
    np.testing.assert_array_equal(issue.values, result.forecast.values)
    assert issue.levels == [80.0, 95.0]
    for ours, theirs in zip(issue.intervals, result.forecast.intervals, strict=True):
        np.testing.assert_array_equal(ours[1:], theirs[1:])
    assert str(issue.cutoffs.astype("M8[ns]")[0])[:10] == "2024-02-29"
    assert str(issue.stamps.astype("M8[ns]")[0, 0])[:10] == "2024-03-01"
    predict(site)
    assert len(parts(folder)) == 1
    predict(site, horizon=3)
    assert len(parts(folder)) == 2


def test_a_forecast_of_what_the_model_has_seen_is_marked(site: Trained) -> None:
    predict(site, as_of="2024-02-10")
    predict(site, as_of="2024-03-10")
    assert sorted(issue.hindsight for issue in parts(site.models_dir / "shops" / "LEDGER")) == [False, True]


def test_another_ledger_or_none(site: Trained, tmp_path: Path) -> None:
    predict(site, ledger=str(tmp_path / "mine" / "of it"))
    assert len(parts(tmp_path / "mine" / "of it")) == 1
    predict(site, ledger="none")
    assert not (site.models_dir / "shops" / "LEDGER").exists()


def test_without_its_own_ledger_a_forecast_is_made_with_a_warning(site: Trained, tmp_path: Path) -> None:
    (site.models_dir / "shops" / "LEDGER").write_text("in the way")
    result = predict(site, output=str(tmp_path / "f.csv"))
    (warning,) = result.warnings
    assert warning.startswith("this forecast is not in the ledger: cannot write ")
    assert (tmp_path / "f.csv").exists()
    with pytest.raises(OutputError):
        predict(site, ledger=str(tmp_path / "shops.csv" / "x"), output=str(tmp_path / "g.csv"))
    assert not (tmp_path / "g.csv").exists()


def test_the_ledger_knows_before_the_file_is_there(
    site: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []
    original = files.write_file
    monkeypatch.setattr(
        files, "write_file", lambda path, data, **more: (writes.append(path), original(path, data, **more))
    )
    predict(site, output=str(tmp_path / "f.csv"))
    assert [path.suffix for path in writes] == [".parquet", ".csv"]


def test_a_ledger_is_no_reason_to_load_pandas(site: Trained, tmp_path: Path) -> None:
    line = ["-X", "importtime", "-m", "forecaster", "predict", str(site.data), "--models-dir", str(site.models_dir)]
    done = subprocess.run(
        [sys.executable, *line, "--output", str(tmp_path / "f.csv")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"FORECAST_DEBUG": "1"},  # stderr stays where it is
    )
    assert "pyarrow.parquet" in done.stderr
    assert " pandas" not in done.stderr
    assert len(parts(site.models_dir / "shops" / "LEDGER")) == 1


def test_many_series(tmp_path: Path) -> None:
    count, horizon = 100_000, 14
    values = np.random.default_rng(0).normal(size=(count, horizon))
    began = time.process_time()
    enter(tmp_path, issue_of(values))
    (issue,) = read_ledger(tmp_path)
    assert time.process_time() - began < 30
    assert isinstance(issue, Issue)
    np.testing.assert_array_equal(issue.values, values)


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Each published forecast is in the ledger, once; a repeated command brings what a killed one did not."""
    data = panel_csv(tmp_path / "shops.csv")
    assert run_forecast("train", data, "--models-dir", tmp_path / "models", *TINY).returncode == 0
    models, rng = tmp_path / "models", np.random.default_rng(0)
    days = [str(np.datetime64("2024-01-20") + k) for k in range(40)]
    for day in days:
        output = tmp_path / f"{day}.csv"
        line = ["predict", str(data), "--models-dir", str(models), "--as-of", day, "--output", str(output)]
        process = subprocess.Popen([sys.executable, "-m", "forecaster", *line])
        time.sleep(rng.uniform(0.3, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        entered = list((models / "shops" / "LEDGER").glob(f"{day}-*.parquet"))
        assert len(entered) == 1 or (not entered and not output.exists())
        assert run_forecast(*line).returncode == 0
        assert output.exists()
        assert len(list((models / "shops" / "LEDGER").glob(f"{day}-*.parquet"))) == 1
    assert len(parts(models / "shops" / "LEDGER")) == len(days)


@pytest.mark.parametrize("entered", [False, True])
def test_what_died_while_it_was_written_is_swept_and_nothing_else(tmp_path: Path, entered: bool) -> None:
    """The folder is the user's: what only looks temporary may be somebody's."""
    issue, other = issue_of(), issue_of(((5.0, 6.0),))
    if entered:
        enter(tmp_path, issue)
    orphan = files.temporary_name(tmp_path / other.part_name())
    orphan.write_bytes(b"half a part")
    (tmp_path / ".tmp-notes").write_text("mine")
    (tmp_path / ".tmp-forecasts.csv-0badcafe").write_text("mine too")
    assert enter(tmp_path, issue) != entered
    assert names(tmp_path) == sorted([".tmp-notes", ".tmp-forecasts.csv-0badcafe", issue.part_name()])


def test_a_part_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    with files.replacing(tmp_path / issue_of(((5.0, 6.0),)).part_name()) as stream:
        stream.write(b"half a part")
        enter(tmp_path, issue_of())
        assert len(names(tmp_path)) == 2
    assert len(names(tmp_path)) == 2

"""`partition`: rows in are rows out, series are whole, and memory, order and the input are left as they were."""

from __future__ import annotations

import gzip
import importlib
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecaster.base.errors import DataError, OutputError, UsageError
from forecaster.config import PartitionSettings, ReadSettings
from forecaster.data.grid import read_panel
from forecaster.jobs.partition import PartitionJob, PartitionResult, partition


def write(path: Path, series: int = 40, steps: int = 30, *, by_time: bool = False, mark: str = ".") -> Path:
    rows = [(t, s) for t in range(steps) for s in range(series)]
    rows = rows if by_time else sorted(rows, key=lambda row: row[1])
    lines = [f"{s:03d};2024-01-{t + 1:02d};{s + t / 4:.2f};{'x' if t else ''}".replace(".", mark) for t, s in rows]
    path.write_text("item;day;sales;note\n" + "\n".join(lines) + "\n")
    return path


def run(data: Path | str, output: Path, parts: int = 5, by: str = "item", **reading: object) -> PartitionResult:
    settings = PartitionSettings(by=by, parts=parts, output=output)
    return partition(PartitionJob(data=data, settings=settings, reading=ReadSettings(**reading)))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    room = importlib.import_module("forecaster.jobs.partition")
    monkeypatch.setattr(room, "LARGEST_BLOCK", 2_000)
    monkeypatch.setattr(room, "HELD", 1 << 15)


@pytest.mark.parametrize("by_time", [False, True])
@pytest.mark.parametrize("mark", [".", ","])
def test_series_are_whole_and_their_rows_in_order(tmp_path: Path, by_time: bool, mark: str) -> None:
    data = write(tmp_path / "a.csv", by_time=by_time, mark=mark)
    result = run(data, tmp_path / "parts")
    assert (result.rows, sum(result.parts.values()), result.series) == (1200, 1200, 40)
    seen: set[str] = set()
    for name, rows in result.parts.items():
        table = pq.read_table(tmp_path / "parts" / name)
        assert table.num_rows == rows
        own = set(table["item"].to_pylist())
        assert not own & seen
        seen |= own
        for item in own:
            mine = [day for i, day in zip(*(table[c].to_pylist() for c in ("item", "day")), strict=True) if i == item]
            assert mine == [f"2024-01-{t + 1:02d}" for t in range(30)]
    assert seen == {f"{s:03d}" for s in range(40)}
    asked = ReadSettings(id="item")
    whole, again = read_panel(data, asked), read_panel(tmp_path / "parts", asked)
    order = [again.ids.index(name) for name in whole.ids]
    assert np.array_equal(whole.values, np.concatenate([again.series(s) for s in order]))
    assert again.frequency == whole.frequency


def test_where_a_series_goes_follows_from_its_name_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    (tmp_path / "many").mkdir()
    text = (tmp_path / "a.csv").read_text().splitlines()
    for k in range(4):
        lines = "\n".join([text[0], *text[1 + 300 * k : 301 + 300 * k]])
        (tmp_path / "many" / f"{k}.csv.gz").write_bytes(gzip.compress(lines.encode() + b"\n"))
    one, many = run(tmp_path / "a.csv", tmp_path / "one"), run(tmp_path / "many", tmp_path / "two")
    assert one.parts == many.parts
    for name in one.parts:
        assert pq.read_table(tmp_path / "one" / name).equals(pq.read_table(tmp_path / "two" / name))


def test_typed_columns_stay_as_they_are_and_ids_may_be_several(tmp_path: Path) -> None:
    table = pa.table(
        {"shop": [1, 1, 2, 2] * 50, "item": ["a", "b"] * 100, "t": list(range(200)), "y": [1.5] * 200, "n": [7] * 200}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    result = run(tmp_path / "a.parquet", tmp_path / "parts", by="shop,item", time="t", target="y")
    assert (result.series, result.rows) == (4, 200)
    assert pq.read_table(tmp_path / "parts" / next(iter(result.parts))).schema.equals(table.schema)


def test_a_column_of_numbers_in_which_a_text_turns_up_is_text(tmp_path: Path) -> None:
    lines = [f"{k % 3},{2000 + k},{k},{k if k < 900 else 'new'}" for k in range(1000)]
    (tmp_path / "a.csv").write_text("id,year,y,code\n" + "\n".join(lines) + "\n")
    run(tmp_path / "a.csv", tmp_path / "parts", by="id", time="year", target="y")
    table = pq.read_table(tmp_path / "parts")
    assert [str(kind) for kind in table.schema.types] == ["string", "string", "double", "string"]
    assert "new" in table["code"].to_pylist()


def test_a_target_that_is_no_number_is_refused_with_its_line(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open("a") as file:
        file.write("039;2024-02-01;many;\n")
    with pytest.raises(DataError, match=r"line 1202, column 'sales': 'many' is not a number"):
        run(tmp_path / "a.csv", tmp_path / "parts")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_run_again_it_does_nothing_and_other_data_is_refused(tmp_path: Path) -> None:
    data, output = write(tmp_path / "a.csv"), tmp_path / "parts"
    first = run(data, output)
    before = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    again = run(data, output)
    assert (first.is_new, again.is_new, again.parts) == (True, False, first.parts)
    assert {path.name: path.stat().st_mtime_ns for path in output.iterdir()} == before
    with pytest.raises(OutputError, match="other data or in another way"):
        run(data, output, parts=6)
    os.utime(data, ns=(1, 1))
    with pytest.raises(OutputError, match="other data or in another way"):
        run(data, output)
    os.utime(data, ns=(before["_partition.json"], before["_partition.json"]))
    next(output.glob("part-*")).unlink()
    with pytest.raises(OutputError, match="exists"):
        run(data, output)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    data = write(tmp_path / "in" / "a.csv") if (tmp_path / "in").mkdir() is None else tmp_path
    for output, fault in [
        (data, "it would be overwritten"),
        (tmp_path / "in", "holds what is read"),
        (tmp_path / "in" / "parts", "lies inside"),
    ]:
        source = data.parent if "inside" in fault else data
        with pytest.raises(UsageError, match=fault):
            run(source, output)
    (tmp_path / "other").mkdir()
    with pytest.raises(OutputError, match="other exists"):
        run(data, tmp_path / "other")
    with pytest.raises(OutputError, match="there is no folder"):
        run(data, tmp_path / "no" / "parts")


def test_what_is_asked_wrongly_is_said(tmp_path: Path) -> None:
    data = write(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="--by"):
        run(data, tmp_path / "parts", by="")
    with pytest.raises(DataError, match="shop"):
        run(data, tmp_path / "parts", by="shop")
    with pytest.raises(UsageError, match="--id does not go with partition"):
        run(data, tmp_path / "parts", id="item")
    settings = PartitionSettings(by="item", parts=2, output=tmp_path / "parts", max_memory="a lot")
    with pytest.raises(UsageError, match="expected an amount such as 512MB"):
        partition(PartitionJob(data=data, settings=settings))
    with pytest.raises(UsageError, match="--output"):
        partition(PartitionJob(data=data, settings=PartitionSettings(by="item")))
    with pytest.raises(UsageError, match="open files"):
        run(data, tmp_path / "parts", parts=10_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]

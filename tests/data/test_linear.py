"""Files of very many columns or series are read in a time that grows with their number, not with its square."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.observations import observe
from forecaster.reporting.verdict import judge

Write = Callable[..., Path]


def columns(count: int) -> str:
    head = "ds," + ",".join(f"c{k}" for k in range(count))
    return "\n".join([head, *(f"2024-01-{d:02d}," + ",".join(["7"] * count) for d in range(1, 13))]) + "\n"


def single_rows(count: int) -> str:
    return "id,ds,y\n" + "".join(f"s{k},2024-01-01,{k % 97}\n" for k in range(count))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "count", "flags"),
    [(columns, 10_000, {"wide": True}), (single_rows, 50_000, {"freq": "D"})],
)
def test_four_times_as_many_take_about_four_times_as_long(
    make: Callable[[int], str], count: int, flags: dict[str, object], write_csv: Write
) -> None:
    spent = []
    for factor in (1, 4):
        path = write_csv(make(factor * count), f"{factor}.csv")
        began = time.process_time()
        read_panel(path, ReadSettings(**flags))  # type: ignore[arg-type]
        judge(observe(path, ReadSettings(**flags)))  # type: ignore[arg-type]
        spent.append(time.process_time() - began)
    assert spent[1] < 8 * spent[0] + 0.5, spent

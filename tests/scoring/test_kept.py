"""Finished parts: found again by the same question only, whole or not at all, and gone when all is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.forecast import Block
from forecaster.model.origins import Origins
from forecaster.scoring.kept import Kept, KeptBlocks, digest_of, key_of_part, pack_block, unpack_block
from tests.conftest import names

ARRAYS = {"values": np.arange(6.0).reshape(2, 3)}


@pytest.fixture
def panel() -> Panel:
    return panel_from_arrays([np.arange(9.0), np.arange(7.0) ** 2], freq="D")


ORIGINS = Origins(series=np.array([0, 1]), starts=np.array([0, 9]), ends=np.array([6, 14]))


def test_kept_by_one_run_and_found_by_the_next(tmp_path: Path) -> None:
    first = Kept(tmp_path / "shop" / "COMPARING")
    first.keep("a", ARRAYS, 5.0)
    first.keep("b", ARRAYS, 0.01)  # sooner done again than read
    assert names(first.folder) == ["a"]
    assert "1 stored in" in first.where
    assert first.find("a") is None, "nothing is used unless --resume asks for it"
    second = Kept(first.folder, resume=True, within=1)
    np.testing.assert_array_equal(second.find("a")["values"], ARRAYS["values"])
    assert second.find("b") is None
    assert (second.found, second.written) == (1, 0)
    second.remove()
    assert names(tmp_path) == []


def test_folders_of_others_stay(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "models" / "COMPARING", within=2)
    kept.keep("a", ARRAYS, 5.0)
    (tmp_path / "models" / "CURRENT").write_text("v000001\n")
    kept.remove()
    assert names(tmp_path / "models") == ["CURRENT"]
    Kept().remove()


@pytest.mark.parametrize("damage", [b"", b"0" * 64 + b"\n", b"nonsense"])
def test_a_damaged_part_is_done_again(tmp_path: Path, damage: bytes) -> None:
    Kept(tmp_path / "k").keep("a", ARRAYS, 5.0)
    (tmp_path / "k" / "a").write_bytes(damage)
    assert Kept(tmp_path / "k", resume=True).find("a") is None


def test_where_nothing_can_be_kept_the_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Kept(tmp_path / "file" / "k")
    kept.keep("a", ARRAYS, 5.0)
    assert (kept.folder, kept.where) == (None, "")
    odd = Kept(tmp_path / "k")
    odd.keep("a", {"values": np.array([np.nan])}, 5.0)
    assert not (tmp_path / "k").exists()


def test_all_that_decides_is_in_the_key(panel: Panel) -> None:
    asked = {"horizon": 3}
    key = key_of_part("ets", panel, ORIGINS, asked)
    other = replace(panel, values=panel.values + 1e-9)
    assert key == key_of_part("ets", replace(panel), replace(ORIGINS), asked)
    assert digest_of(panel) != digest_of(other)
    others = {
        key_of_part("theta", panel, ORIGINS, asked),
        key_of_part("ets", other, ORIGINS, asked),
        key_of_part("ets", panel, ORIGINS[:1], asked),
        key_of_part("ets", panel, ORIGINS, {"horizon": 4}),
    }
    assert len(others | {key}) == 5


def block_of(origins: Origins) -> Block:
    values = np.full((len(origins), 2), 1.5) + origins.ends[:, None]
    methods = np.array(["lstm", "seasonal_naive"][: len(origins)], object)
    return Block(origins=origins, values=values, intervals=((80.0, values - 1, values + 1),), methods=methods)


def test_a_block_is_the_same_afterwards() -> None:
    block = block_of(ORIGINS)
    again = unpack_block(pack_block(block), ORIGINS, (80.0,))
    np.testing.assert_array_equal(again.values, block.values)
    np.testing.assert_array_equal(again.intervals[0][2], block.intervals[0][2])
    assert (again.methods.tolist(), again.intervals[0][0]) == (block.methods.tolist(), 80.0)


def test_blocks_that_are_done_are_not_forecast_again(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecaster.scoring.kept.WORTH", 0.0)
    worked: list[int] = []

    def run(kept: Kept, most: int) -> list[float]:
        blocks = KeptBlocks(kept, panel, {"model": "m"}, (80.0,))
        origins = replace(ORIGINS, done=blocks.done)

        def forecast() -> object:
            for n in range(most):
                part = origins[n : n + 1]
                known = part.known()
                if known is None:
                    worked.append(n)
                yield block_of(part) if known is None else known

        return [float(block.values[0, 0]) for block in blocks.watch(forecast())]

    assert run(Kept(tmp_path / "k"), 1) == [7.5]
    assert run(Kept(tmp_path / "k", resume=True), 2) == [7.5, 15.5]
    assert worked == [0, 1]

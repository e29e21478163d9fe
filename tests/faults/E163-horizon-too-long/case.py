"""Case E163: horizon too long."""

from __future__ import annotations


def check_2(out: str) -> None:
    rows = [line.split(",") for line in out.splitlines()[1:16]]
    assert [row[-1] for row in rows] == ["lstm"] * 14 + ["lstm_recursive"]

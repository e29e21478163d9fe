"""Case P409: parts."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import days, write


def rows(name: str, step: int = 1) -> str:
    return "".join(f"{name},{day},{k % 7 + 1}\n" for k, day in enumerate(days(140)[::step][:40]))


def many(second: str) -> None:
    Path("many").mkdir()
    write("many/1.csv", "id,ds,y\n" + rows("a"))
    write("many/2.csv", "id,ds,y\n" + second)


def make_1() -> None:
    write("data.csv", "id,ds,y\n" + rows("a") + "b,2024-01-01,many\n")


def make_2() -> None:
    write("data.csv", "id,ds,y\n" + rows("a"))
    Path("parts").mkdir()


def make_3() -> None:
    many(rows("b"))


def make_4() -> None:
    many(rows("a"))


def make_5() -> None:
    many(rows("b", 7))


def make_6() -> None:
    many(rows("b"))

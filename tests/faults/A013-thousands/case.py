"""Case A013: thousands."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", 'ds,y\n2024-01-01,1\n2024-01-02,"1,234.50"\n')


def make_2() -> None:
    write("data.csv", "ds;y\n2024-01-01;1\n2024-01-02;1.234,50\n")


def make_3() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,1\u00a0234\n")


def make_4() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,1'234\n")


def make_5() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,1'234\n2024-01-03,1 234\n")


def make_6() -> None:
    write("data.csv", 'ds,y\n2024-01-01,1\n2024-01-02,"1,234.50"\n')


def make_7() -> None:
    write("data.csv", "ds;y\n2024-01-01;1\n2024-01-02;1.234,50\n")


def make_8() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,1\u202f234\n")


def make_9() -> None:
    write("data.csv", 'ds,y\n2024-01-01,1\n2024-01-02,"1,23"\n')


def make_10() -> None:
    write("data.csv", "ds;y\n2024-01-01;1.234\n2024-01-02;2.500\n")

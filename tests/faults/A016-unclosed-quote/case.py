"""Case A016: unclosed quote."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", 'id,ds,y\na,2024-01-01,1\n"a,2024-01-02,2\n' + "a,2024-01-03,3\n" * 200_000)


def make_2() -> None:
    write("data.csv", 'id,ds,y\n"a,2024-01-01,1\nb,2024-01-01,2\n"a,2024-01-02,2\na,2024-01-03,3\n')


def make_3() -> None:
    write("data.csv", 'id,ds,y\n"a"b,2024-01-01,1\na,2024-01-02,2\n')


def make_4() -> None:
    write("data.csv", '"id,ds,y\na,2024-01-01,1\na,2024-01-02,2\n')

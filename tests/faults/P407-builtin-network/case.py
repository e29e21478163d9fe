"""Case P407: builtin network."""

from __future__ import annotations

from tests.faulttools import days, write


def make_2() -> None:
    write("data.csv", "day,a,b\n" + "".join(f"{day},{n},{n}\n" for n, day in enumerate(days(30))))


def make_3() -> None:
    write("data.csv", "")


def make_8() -> None:
    write("other.csv", "month,visits\n" + "".join(f"2020-{m:02d}-01,{m}\n" for m in range(1, 13)))


def make_10() -> None:
    rows = [f"{day},{100 + 40 * (n % 13 < 5) + n % 3}\n" for n, day in enumerate(days(200))]
    write("other.csv", "day,visits\n" + "".join(rows))


def make_11() -> None:
    write(
        "other.csv", "day,balance\n" + "".join(f"{day},{100 - 2 * n + n % 3 / 4}\n" for n, day in enumerate(days(50)))
    )

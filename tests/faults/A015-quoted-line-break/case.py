"""Case A015: quoted line break."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_1() -> None:
    text = Path("data.csv").read_text().replace("abc", "4")
    write("data.csv", text)


def make_3() -> None:
    write("data.csv", Path("data.csv").read_text().replace("\nb", "\n\nb").replace("\n", "\r\n"))


def make_4() -> None:
    write("data.csv", Path("data.csv").read_text().replace("abc", "4,5"))

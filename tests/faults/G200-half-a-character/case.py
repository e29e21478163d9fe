"""Case G200: half a character."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.json", '{"ds": "2024-01-01", "id": "a", "y": 1}\n{"ds": "2024-01-02", "id": "\\ud800", "y": 2}\n')


def make_2() -> None:
    write("data.json", '{"ds": "2024-01-01", "v\\ud800": 1}\n{"ds": "2024-01-02", "v\\ud800": 2}\n')

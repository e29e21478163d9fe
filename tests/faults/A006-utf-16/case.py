"""Case A006: utf 16."""

from __future__ import annotations

from forecaster.data.panel import Panel
from tests.faulttools import write


def make_1() -> None:
    text = "id,ds,y\nΕλλάδα,2024-01-01,1\nΕλλάδα,2024-01-02,2\n日本,2024-01-01,3\n日本,2024-01-02,4\n"
    write("data.csv", text.encode("utf-16"))


def check_1(panel: Panel) -> None:
    assert "utf-16" in panel.findings[0].message


def make_2() -> None:
    text = "id,ds,y\nΕλλάδα,2024-01-01,1\nΕλλάδα,2024-01-02,2\n日本,2024-01-01,3\n日本,2024-01-02,4\n"
    write("data.csv", b"\xfe\xff" + text.encode("utf-16-be"))

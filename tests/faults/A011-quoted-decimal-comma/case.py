"""Case A011: quoted decimal comma."""

from __future__ import annotations

from forecaster.data.panel import Panel
from tests.faulttools import write


def check_1(panel: Panel) -> None:
    assert (panel.schema.dialect.separator, panel.schema.dialect.decimal) == (",", ",")


def make_2() -> None:
    write("data.csv", 'ds,y\n2024-01-01,1\n2024-01-02,"1,234"\n2024-01-03,"2,500"\n')


def make_3() -> None:
    write("data.csv", 'ds,y\n2024-01-01,"1,5"\n2024-01-02,3\n2024-01-03,2.5\n')

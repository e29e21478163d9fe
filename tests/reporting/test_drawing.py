"""Pictures by Matplotlib: whole files, the same each time, that say nothing of their maker and run nothing."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from forecaster.reporting.drawing import KINDS, Kind, short, to_file, to_inline
from forecaster.reporting.figure import Figure, Line, draw_autocorrelation, draw_histogram, draw_outlook
from tests.reporting.test_figure import OUTLOOK, RESIDUALS

MAGIC = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
ODD = r"a $\frac$ <script>alert(1)</script> & 売上 _^"


def figure(name: str = "outlook") -> Figure:
    return draw_outlook(OUTLOOK, None, ODD, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 4, 12])
def test_a_file_of_each_kind(kind: Kind, count: int) -> None:
    data = to_file([figure()] * count, kind)
    assert data.startswith(MAGIC[kind])
    assert data == to_file([figure()] * count, kind)  # neither time nor chance is in it


def test_names_are_texts_and_never_markup() -> None:
    tree = ET.parse(io.BytesIO(to_file([figure()], "svg")))  # noqa: S314 - our own
    texts = ["".join(node.itertext()).strip() for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert ODD in texts
    assert not list(tree.iter("{http://www.w3.org/2000/svg}script"))


def test_inline_pictures_have_the_colours_and_the_size_of_the_page() -> None:
    svg = to_inline(figure("one"))
    assert svg.startswith("<svg")
    assert "http" not in svg
    assert "var(--model)" in svg
    assert "var(--history)" in svg
    assert ' width="' not in svg.split(">", 1)[0]
    ids = {part.split('"')[0] for part in svg.split(' id="')[1:]}
    assert ids
    assert all(name.startswith("one-") for name in ids)
    assert not ids & {part.split('"')[0] for part in to_inline(figure("two")).split(' id="')[1:]}


@pytest.mark.parametrize("seconds", [50 * 30.5 * 86_400, 150 * 86_400, 100 * 3_600, 280 * 60, 280])
def test_four_to_five_years_or_months_or_days_have_ticks(seconds: float) -> None:
    x = np.datetime64("2020-01-01", "ns") + np.linspace(0, seconds * 1e9, 10).astype("m8[ns]")
    drawn = Figure(name="x", title="x", marks=(Line("a", x, np.arange(10.0), "model"),), is_time=True)
    assert "<path" in to_inline(drawn)  # Matplotlib's warning that it has no interval would be an error here


def test_bars_and_a_single_point_are_drawn() -> None:
    correlation = draw_autocorrelation(RESIDUALS)
    assert correlation is not None
    assert "<path" in to_inline(correlation)
    assert "<path" in to_inline(draw_histogram(RESIDUALS))
    single = replace(OUTLOOK, past=(), history=OUTLOOK.history[:1], stamps=OUTLOOK.stamps[:1])
    assert "<use" in to_inline(draw_outlook(single, None, "one value"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (12_000.0, "12,000"),
        (250_000.0, "250,000"),
        (3.5e6, "3.5M"),
        (2e9, "2B"),
        (1e20, "1e+20"),
    ],
)
def test_numbers_on_an_axis_are_short(value: float, said: str) -> None:
    assert short(value) == said

"""The page in a real browser: nothing fails, every figure is drawn, nothing sticks out, tables sort and filter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import MARKS, open_chromium
from tests.conftest import Trained
from tests.reporting.test_page import FIGURES, report_of

pytestmark = MARKS

WIDTHS = (380, 1280)

INK = """
    const canvas = arguments[0].querySelector("canvas");
    const wanted = getComputedStyle(document.documentElement).getPropertyValue("--model").trim();
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(wanted.slice(at, at + 2), 16));
    let found = 0;
    for (let at = 0; at < pixels.length; at += 4) {
        const alike = Math.abs(pixels[at] - red) + Math.abs(pixels[at + 1] - green) + Math.abs(pixels[at + 2] - blue);
        found += alike < 12 && pixels[at + 3] > 200;
    }
    return found;
"""
"""How many pixels of a canvas have the colour of the model, which no axis has."""


@pytest.fixture(scope="module")
def page(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("browser") / "report.html"
    report_of(trained, output)
    return output


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as driver:
        yield driver


@pytest.fixture(params=WIDTHS)
def opened(browser: Any, page: Path, request: pytest.FixtureRequest) -> Any:
    """The page in a window of a given width, its log empty before."""
    metrics = {"width": request.param, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("browser")
    browser.get(page.as_uri())
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    return browser


def test_nothing_fails_and_nothing_is_loaded(opened: Any) -> None:
    assert opened.get_log("browser") == []
    assert opened.execute_script("return performance.getEntriesByType('resource').map(e => e.name)") == []


def test_every_figure_is_drawn_and_fits(opened: Any) -> None:
    figures = opened.find_elements("css selector", "[data-figure]")
    assert [figure.get_attribute("data-figure") for figure in figures] == FIGURES
    for figure in figures:
        assert opened.execute_script(INK, figure) > 20, figure.get_attribute("data-figure")
        box = opened.execute_script("return arguments[0].querySelector('canvas').getBoundingClientRect()", figure)
        assert box["width"] > 250
        assert box["right"] <= opened.execute_script("return innerWidth")


def test_nothing_sticks_out(opened: Any) -> None:
    wide, window = opened.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window


def test_the_table_sorts_and_filters(opened: Any) -> None:
    names = "return [...document.querySelectorAll('#table tbody tr:not([hidden]) th')].map(cell => cell.textContent)"
    click = "document.querySelectorAll('#table thead button')[arguments[0]].click()"
    before = opened.execute_script(names)
    opened.execute_script(click, 1)  # MASE, largest first already
    assert opened.execute_script(names) == before[::-1]
    opened.execute_script(click, 0)
    assert opened.execute_script(names) == sorted(before)
    opened.execute_script(
        "const box = document.getElementById('filter'); box.value = 'P-3'; box.dispatchEvent(new Event('input'))"
    )
    assert opened.execute_script(names) == ["shop-3"]
    assert opened.execute_script("return document.getElementById('count').textContent") == "1 of 5"


def test_the_legend_tells_what_stands_at_the_cursor(opened: Any) -> None:
    said = opened.execute_script("""
        const figure = document.querySelector('[data-figure="outlook-best"]'), over = figure.querySelector('.u-over');
        over.scrollIntoView({ block: "center", behavior: "instant" });
        const box = over.getBoundingClientRect();
        const place = { clientX: box.right - 0.5, clientY: box.top + 9, bubbles: true };
        over.dispatchEvent(new MouseEvent("mouseenter", place));
        over.dispatchEvent(new MouseEvent("mousemove", place));
        return [...figure.querySelectorAll(".legend output")].map(output => output.textContent);
    """)
    interval, *_, forecast, stamp = said
    assert " – " in interval
    assert float(forecast.replace(",", ""))
    assert stamp == "2024-03-14"  # fourteen days after the end of the data


def test_print_shows_the_drawings_in_place_of_the_canvases(opened: Any) -> None:
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll(arguments[0])].filter(box => box.getClientRects().length).length"
    try:
        assert [opened.execute_script(shown, kind) for kind in (".drawn", ".live")] == [len(FIGURES), 0]
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert [opened.execute_script(shown, kind) for kind in (".drawn", ".live")] == [0, len(FIGURES)]

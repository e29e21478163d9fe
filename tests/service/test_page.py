"""The page of the service in a real browser: a file is chosen, the chart drawn, the forecast saved."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import MARKS, open_chromium
from tests.saved import TINY_DATA, copy_tiny
from tests.service.server import Running, serving

pytestmark = MARKS


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(copy_tiny(tmp_path_factory.mktemp("paged") / "models")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(downloads: Path) -> Iterator[Any]:
    with open_chromium(downloads) as driver:
        yield driver


@pytest.fixture
def page(browser: Any, service: Running) -> Any:
    """The page, fresh, with an empty log."""
    browser.get(service.address + "/")
    browser.get_log("browser")
    return browser


def until(page: Any, script: str) -> Any:
    """Wait for something on the page, and return it."""
    deadline = time.monotonic() + 60
    while not (found := page.execute_script(f"return {script}")):
        assert time.monotonic() < deadline, page.find_element("id", "said").text
        time.sleep(0.05)
    return found


def choose(page: Any, path: Path) -> None:
    page.find_element("id", "file").send_keys(str(path))


def test_a_file_is_forecast_drawn_and_saved(page: Any, downloads: Path) -> None:
    page.find_element("id", "model").send_keys("tiny")
    page.find_element("id", "horizon").send_keys("2")
    choose(page, TINY_DATA)
    until(page, "!document.getElementById('save').hidden")
    assert page.find_element("id", "said").text.startswith("2 series, 2 steps, by tiny")
    shapes = page.execute_script("return [...document.querySelectorAll('#chart *')].map(e => e.tagName)")
    assert {"polygon", "polyline", "text"} <= set(shapes)
    assert shapes.count("polyline") == 2  # what was observed, and the forecast
    drawn = page.find_element("id", "chart").text
    assert "80 % interval" in drawn
    assert "2024-03-02" in drawn
    assert drawn.startswith("north")
    page.execute_script(
        "const s = document.getElementById('series'); s.value = 'south'; s.dispatchEvent(new Event('change'));"
    )
    assert page.find_element("id", "chart").text.startswith("south")
    names = page.execute_script("return [...document.querySelectorAll('#models option')].map(o => o.value)")
    assert names == ["tiny", "builtin"]
    assert not page.find_element("id", "token").is_displayed()
    assert page.execute_script("return document.querySelectorAll('#rows tr').length") == 3
    page.find_element("id", "save").click()
    deadline = time.monotonic() + 30
    while not (saved := downloads / "forecasts.csv").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    rows = list(csv.DictReader(saved.read_text().splitlines()))
    assert [row["shop"] for row in rows] == ["north", "north", "south", "south"]
    assert float(rows[0]["forecast-lo-80"]) <= float(rows[0]["forecast"]) <= float(rows[0]["forecast-hi-80"])
    assert page.get_log("browser") == []


def test_a_file_that_is_dropped_is_forecast_too(page: Any) -> None:
    page.execute_script(
        """
        const moved = new DataTransfer();
        moved.items.add(new File([arguments[0]], 'dropped.csv', {type: 'text/csv'}));
        document.getElementById('model').value = 'builtin';
        document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: moved, bubbles: true}));
        """,
        TINY_DATA.read_text(),
    )
    until(page, "!document.getElementById('save').hidden")
    assert "by builtin" in page.find_element("id", "said").text


def test_a_wrong_file_says_what_is_wrong_and_what_to_do(page: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("day,a,b\n2024-01-01,1,2\n2024-01-02,1,2\n2024-01-03,2,2\n")
    page.find_element("id", "model").send_keys("builtin")
    choose(page, wrong)
    until(page, "document.getElementById('said').className === 'wrong'")
    assert "several columns of numbers: a, b" in page.find_element("id", "said").text
    assert page.execute_script("return document.getElementById('save').hidden")


def test_nothing_is_wider_than_a_small_screen(page: Any) -> None:
    metrics = {"width": 380, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.find_element("id", "model").send_keys("tiny")
    choose(page, TINY_DATA)
    until(page, "!document.getElementById('save').hidden")
    assert page.execute_script("return document.documentElement.scrollWidth") <= 380
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

"""A real Chromium, where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROME = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = [
    what
    for what, there in (
        ("no Chromium", CHROME),
        ("no chromedriver", DRIVER),
        ("no selenium", importlib.util.find_spec("selenium")),
    )
    if not there
]
REQUIRED = os.environ.get("FORECAST_TEST_BROWSER") == "required"
"""Set by .ci/run: there these tests fail where a browser is missing, and are never skipped."""

MARKS = [
    pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=", ".join(MISSING)),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""What every test in a browser is marked with."""


@contextmanager
def open_chromium(downloads: Path | None = None) -> Iterator[Any]:
    """Open a browser without a window, whose log is kept; files that are saved go to a folder."""
    assert not MISSING, MISSING
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(CHROME)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    if downloads is not None:
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    yield driver
    driver.quit()

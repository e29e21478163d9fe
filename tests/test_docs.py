"""README.md and docs/ say what is so: their commands run, their tables are the code's, every command has help."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from forecaster.jobs import prepare_demo
from tests.readme import DOCS, PARTS, README, ROOT, commands_page, model_card, renew, settings_table, subcommands

SAMPLES = sorted((ROOT / "sample_data").glob("*.csv"))
TINY = "--steps 2 --units 4 --layers 1 --ensemble 1"  # training is shown by the README, and tested elsewhere
LESS = {"tune": " --trials 2", "compare": " --windows 2"}


class Line(NamedTuple):
    """A command of the README: its line number, what to run, and the exit code that a comment `# exits N` announces."""

    number: int
    command: str
    code: int


def commands_in(text: str) -> Iterator[Line]:
    """Yield the lines `forecast …`, `$ forecast …` and `head … | forecast …` of the fenced console and sh blocks.

    Those whose output is shown are run by `tests/test_shown.py`.
    """
    for block in re.finditer(r"(?<!<!-- shown -->\n)^```(?:console|sh)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        joined = re.sub(r"\\\n\s*", lambda _: "\0", block[1])  # a continued line is one command
        number = text.count("\n", 0, block.start(1)) + 1
        for raw in joined.split("\n"):
            line = raw.removeprefix("$ ").replace("\0", "")
            if re.match(r"((cat|head) [^|]*\| )?forecast ", line):
                code = re.search(r"# exits (\d+)\s*$", line)
                yield Line(number, line, int(code[1]) if code else 0)
            number += 1 + raw.count("\0")


def made_tiny(command: str) -> str:
    """Append the settings of a two-step training to each command that trains, before a pipe, redirection or comment."""

    def more(found: re.Match[str]) -> str:
        once = "--preset" in found[1] or re.search(r"--from (?!none\b)", found[1])  # not trained twice
        preset = "" if once else " --preset fast"
        return f"{found[1]} {TINY}{preset}{LESS.get(found[2], '')}"

    return re.sub(r"(forecast (train|compare|tune)\b[^#|>&;]*[^#|>&;\s])", more, command)


PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in [README, *sorted(DOCS.rglob("*.md"))]}
LINES = [(page, line) for page, text in PAGES.items() for line in commands_in(text)]
READ_FIRST = ("README.md", "docs/builtin.md")
"""Pages that are tried each time. Of the others, those that train, try the machine or reconcile many sums are tried
with the slow tests."""
BEFORE = re.compile(r"^<!-- before: (.*) -->$", re.MULTILINE)
"""A command that a page builds on, and that stands on another page: it is run before those of the page."""
PYTHON = re.compile(r"(?<!<!-- shown -->\n)(?<!<!-- not run -->\n)^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""What needs a Kubernetes or SLURM cluster."""


def run_on(page: str) -> list[str]:
    """Return all that is run for a page: what it builds on, its commands, and its Python."""
    return [
        *BEFORE.findall(PAGES[page]),
        *(line.command for at, line in LINES if at == page),
        *PYTHON.findall(PAGES[page]),
    ]


def when(page: str, command: str = "") -> list[pytest.MarkDecorator]:
    """Return the mark of the slow tests for a page whose commands take long, unless it is one of those read first.

    `forecast demo` trains for real; tests/cli/test_demo.py lets it train for two steps.
    """
    if command == "forecast demo":
        return [pytest.mark.slow]
    long = re.search(r"\b((train|compare|tune)[ (]|forecast (demo|doctor)|--hierarchy-file)", "\n".join(run_on(page)))
    return [pytest.mark.slow] if long and page not in READ_FIRST else []


def sh(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line of a page in a folder, as a user would."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FORECAST_")} | {"PATH": path}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", made_tiny(command)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Run a command that pages build on in a folder of its own, once for all of them."""

    @functools.cache
    def prepare(command: str) -> Path:
        folder = tmp_path_factory.mktemp("before")
        shutil.copytree(ROOT / "sample_data", folder / "sample_data")
        done = sh(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return folder

    return prepare


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, prepared: Callable[[str], Path]) -> Callable[[str], Path]:
    """A folder a page, in which its commands run one after the other; the README's has no sample_data/."""

    @functools.cache
    def open_workshop(page: str) -> Path:
        folder = tmp_path_factory.mktemp(re.sub(r"\W", "_", page))
        if page not in ("README.md", "docs/index.md"):
            shutil.copytree(ROOT / "sample_data", folder / "sample_data")
        if page == "README.md":
            prepare_demo(folder)  # what `forecast demo` leaves for the lines after it
        for command in BEFORE.findall(PAGES[page]):
            shutil.copytree(prepared(command) / "models", folder / "models", dirs_exist_ok=True)
        return folder

    return open_workshop


@pytest.mark.parametrize(
    ("page", "line"),
    [pytest.param(page, line, marks=when(page, line.command), id=f"{page}:{line.number}") for page, line in LINES],
)
def test_commands_of_the_docs_run(page: str, line: Line, workshop: Callable[[str], Path]) -> None:
    done = sh(line.command, workshop(page))
    assert done.returncode == line.code, f"{line.command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [pytest.param(page, marks=when(page)) for page in PAGES if PYTHON.search(PAGES[page])])
def test_python_of_the_docs_runs(page: str, workshop: Callable[[str], Path]) -> None:
    code = "\n".join(PYTHON.findall(PAGES[page]))
    code = re.sub(r"(\btrain\([^()]*)\)", r"\1, steps=2, units=4, layers=1, ensemble=1)", code)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workshop(page),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [page for page in PAGES if NOT_RUN.search(PAGES[page])])
def test_python_of_the_docs_that_needs_a_cluster_is_python(page: str) -> None:
    for code in NOT_RUN.findall(PAGES[page]):
        compile(code, page, "exec")


def test_readme_shows_the_essentials() -> None:
    text = README.read_text("utf-8")
    for needed in ("make demo", "make test", "forecast train ", "forecast predict"):
        assert needed in text, needed
    assert text.count("\n") <= 250
    shown = [line.command for page, line in LINES if page == "README.md"]
    assert [command for command in shown if command.startswith("forecast train ")]
    assert [command for command in shown if command.startswith("forecast predict")]


@pytest.mark.parametrize("part", PARTS)
def test_generated_parts_are_up_to_date(part: str) -> None:
    text = (DOCS / PARTS[part][0]).read_text("utf-8")
    assert renew(text, part) == text, "run `make docs`"


def test_every_command_is_on_the_generated_page() -> None:
    text = commands_page()
    assert not [name for name, *_ in subcommands() if f"\n## forecast {name}\n" not in text]
    assert "--past-covariates" in text


def test_the_model_card_is_a_page_where_there_is_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = tmp_path / "card.json"
    monkeypatch.setattr("tests.readme.CARD", card)
    assert model_card() is None
    card.write_text('{"name": "builtin", "scores": [{"data": "a", "mase": 0.5}], "files": {"x_y": 1234}}', "utf-8")
    text = model_card() or ""
    for shown in ("| name | builtin |", "## scores", "| data | mase |", "| a | 0.5 |", "## files", "| x y | 1,234 |"):
        assert shown in text, shown


def test_links_of_the_readme_lead_to_files() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        links = re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / name).read_text("utf-8"))
        assert not [link for link in links if not (ROOT / link).exists()], name


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("mkdocs"), reason="the extra docs")
def test_the_site_is_built_and_a_broken_link_fails(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "site"))
    shutil.copy(ROOT / "docs" / ".nav.yml", tmp_path / "copy" / "docs")
    recipe = re.search(r"-m (mkdocs build .*)", (ROOT / "Makefile").read_text("utf-8"))
    assert recipe
    build = [sys.executable, "-m", *recipe[1].split()]
    page = tmp_path / "copy" / "docs" / "new.md"
    page.write_text("# A new page\n", "utf-8")
    done = subprocess.run(build, cwd=tmp_path / "copy", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'href="new.html"' in (tmp_path / "copy" / "site" / "index.html").read_text("utf-8")
    page.write_text("# A new page\n\n[nowhere](nowhere.md)\n", "utf-8")
    done = subprocess.run(build, cwd=tmp_path / "copy", capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "'nowhere.md'" in done.stderr


def test_every_command_has_help_with_an_example() -> None:
    found = {name: command for name, command, _ in subcommands()}
    assert {"train", "predict", "models list", "models show"} <= set(found)
    assert not [name for name, command in found.items() if f"forecast {name}" not in (command.help or "")]


def test_every_command_stands_in_the_readme() -> None:
    text = README.read_text("utf-8")
    assert not [name for name, *_ in subcommands() if f"forecast {name}" not in text]


def test_every_sample_is_described_and_small() -> None:
    text = (ROOT / "sample_data" / "README.md").read_text("utf-8")
    assert len(SAMPLES) >= 5
    for path in SAMPLES:
        rows = path.read_bytes().count(b"\n") - 1
        assert re.search(rf"^\| `{path.name}` .*\| {rows:,} \|", text, re.MULTILINE), f"{path.name} has {rows:,} rows"
        assert path.stat().st_size < 300_000


def test_the_job_file_shown_is_the_one_that_is_run() -> None:
    text = PAGES["docs/tutorials/cron.md"]
    block = re.search(r"^```toml\n# sample_data/jobs.toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block
    assert block[1] == (ROOT / "sample_data" / "jobs.toml").read_text("utf-8")


README_EXAMPLE = """\
```console
$ forecast train a.csv --name a
trained
$ forecast train b.csv \\
      --horizon 3 | head -1
$ forecast predict nothing.csv  # exits 66
```

```python
forecast = 1
```

```sh
pip install .
forecast train a.csv > x.json  # why
```
"""


def test_commands_are_found_with_line_and_code() -> None:
    assert list(commands_in(README_EXAMPLE)) == [
        Line(2, "forecast train a.csv --name a", 0),
        Line(4, "forecast train b.csv --horizon 3 | head -1", 0),
        Line(6, "forecast predict nothing.csv  # exits 66", 66),
        Line(15, "forecast train a.csv > x.json  # why", 0),
    ]


def test_training_is_made_tiny() -> None:
    assert [made_tiny(line.command) for line in commands_in(README_EXAMPLE)] == [
        f"forecast train a.csv --name a {TINY} --preset fast",
        f"forecast train b.csv --horizon 3 {TINY} --preset fast | head -1",
        "forecast predict nothing.csv  # exits 66",
        f"forecast train a.csv {TINY} --preset fast > x.json  # why",
    ]


def test_the_settings_table_has_a_row_a_setting() -> None:
    rows = settings_table().splitlines()
    assert rows[0] == "| about | flag | default | values | meaning |"
    assert any("| `--season-length` | – |" in row for row in rows)
    assert any("| `--on-gap` | `interpolate` | `interpolate`, `ffill`, `zero`, `error` |" in row for row in rows)
    assert any("| `--wide` | off |  |" in row for row in rows)


def test_no_file_has_the_marks_of_a_merge() -> None:
    files = subprocess.run(
        ["git", "ls-files", "*.md", "*.py", "*.toml"], check=True, cwd=ROOT, capture_output=True, text=True
    ).stdout
    marks = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
    assert not [name for name in files.split() if marks.search((ROOT / name).read_text("utf-8"))]


def test_where_to_change_what_names_files_that_there_are() -> None:
    rows = (DOCS / "contributing" / "where-to-change-what.md").read_text("utf-8").splitlines()
    missing = []
    for row in rows:
        folder = ROOT  # a name without a folder is of the folder named before it
        for name in re.findall(r"`([\w/]+\.py)`", row):
            places = [ROOT / name, ROOT / "forecaster" / name, folder / name]
            found = next((place for place in places if place.exists()), None)
            if found is None and "NAME" not in name and name != "case.py":
                missing.append(name)
            folder = (found or ROOT / name).parent
    assert not missing

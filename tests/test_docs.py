"""README.md says what is so: its commands run, its tables are those of the code, every command has help."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from tests.readme import README, renew, settings_table

ROOT = README.parent
SAMPLES = sorted((ROOT / "sample_data").glob("*.csv"))
TINY = "--steps 2 --units 4 --layers 1 --ensemble 1"  # training is shown by the README, and tested elsewhere
LESS = {"tune": " --trials 2", "compare": " --windows 2"}


class Line(NamedTuple):
    """A command of the README: its line number, what to run, and the exit code that a comment `# exits N` announces."""

    number: int
    command: str
    code: int


def commands_in(text: str) -> Iterator[Line]:
    """Yield the lines `forecast …`, `$ forecast …` and `head … | forecast …` of the fenced console and sh blocks."""
    for block in re.finditer(r"^```(?:console|sh)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
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
        preset = "" if "--preset" in found[1] or "--from" in found[1] else " --preset fast"  # trains once, not twice
        return f"{found[1]} {TINY}{preset}{LESS.get(found[2], '')}"

    return re.sub(r"(forecast (train|compare|tune)\b[^#|>&;]*[^#|>&;\s])", more, command)


LINES = list(commands_in(README.read_text("utf-8"))) if README.exists() else []


def subcommands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name: `train`, …, `models list`, …."""
    from forecaster.cli.app import app

    def walk(node: Any, path: list[str], parent: typer.Context | None) -> Iterator[tuple[str, Any]]:
        context = typer.Context(node, info_name=node.name, parent=parent)
        if not hasattr(node, "list_commands"):
            yield " ".join(path), node
            return
        for name in node.list_commands(context):
            yield from walk(node.get_command(context, name), [*path, name], context)

    return walk(typer.main.get_command(app), [], None)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of sample_data/, in which the commands of the README run one after the other."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    return folder


@pytest.mark.parametrize("line", LINES, ids=[f"line {line.number}" for line in LINES])
def test_commands_of_the_readme_run(line: Line, workshop: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FORECAST_")} | {"PATH": path}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", made_tiny(line.command)],
        cwd=workshop,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == line.code, f"{line.command}\n{done.stdout}\n{done.stderr}"


def test_python_of_the_readme_runs(workshop: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    code = re.sub(r"(\btrain\([^()]*)\)", r"\1, steps=2, units=4, layers=1, ensemble=1)", "\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workshop,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_readme_shows_the_essentials() -> None:
    text = README.read_text("utf-8")
    for shown in ("make demo", "make test", "forecast train ", "forecast predict"):
        assert shown in text, shown
    assert any(line.command.startswith("forecast train ") for line in LINES)
    assert any(line.command.startswith("forecast predict") for line in LINES)


def test_generated_parts_of_the_readme_are_up_to_date() -> None:
    text = README.read_text("utf-8")
    assert renew(text) == text, "run `make docs`"


def test_every_command_has_help_with_an_example() -> None:
    found = dict(subcommands())
    assert {"train", "predict", "models list", "models show"} <= set(found)
    assert not [name for name, command in found.items() if f"forecast {name}" not in (command.help or "")]


def test_every_command_stands_in_the_readme() -> None:
    text = README.read_text("utf-8")
    assert not [name for name, _ in subcommands() if f"forecast {name}" not in text]


def test_every_sample_is_described_and_small() -> None:
    text = (ROOT / "sample_data" / "README.md").read_text("utf-8")
    assert len(SAMPLES) >= 5
    for path in SAMPLES:
        rows = path.read_bytes().count(b"\n") - 1
        assert re.search(rf"^\| `{path.name}` .*\| {rows:,} \|", text, re.MULTILINE), f"{path.name} has {rows:,} rows"
        assert path.stat().st_size < 300_000


def test_the_job_file_shown_is_the_one_that_is_run() -> None:
    block = re.search(
        r"^```toml\n# sample_data/jobs.toml\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
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
    assert any("| `--season-length` | – | at least 1 |" in row for row in rows)
    assert any("| `--on-gap` | `interpolate` | `interpolate`, `ffill`, `zero`, `error` |" in row for row in rows)
    assert any("| `--wide` | off |  |" in row for row in rows)


def test_no_file_has_the_marks_of_a_merge() -> None:
    files = subprocess.run(
        ["git", "ls-files", "*.md", "*.py", "*.toml"], check=True, cwd=ROOT, capture_output=True, text=True
    ).stdout
    marks = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
    assert not [name for name in files.split() if marks.search((ROOT / name).read_text("utf-8"))]

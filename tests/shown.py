"""Examples of the docs whose output stands in the page: `python -m tests.shown --write` runs them and writes it anew.

A block below `<!-- shown -->` is run, and what it prints is compared with what the page shows. A console block holds
commands behind `$ ` with their output below each; what a python block prints stands in a text block behind it. Numbers
may differ by two in a hundred: another processor adds up in another order. All blocks of a page are run in one folder,
which holds `sample_data/`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
MARK = "<!-- shown -->\n"
BLOCK = re.compile(rf"^{MARK}```(console|python)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[-+]?\d+)?")
APART = 0.02


@dataclass(frozen=True)
class Step:
    """Something that is run.

    Attributes:
        code: A command of a shell, or Python.
        is_python: Which of the two.
        output: What it is to print.
    """

    code: str
    is_python: bool
    output: str


def steps_in(text: str) -> Iterator[Step]:
    """Yield what the shown blocks of a page run, and what it is to print."""
    for kind, body, printed in BLOCK.findall(text):
        if kind == "python":
            yield Step(body, is_python=True, output=printed)
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command = re.match(r"(?:.*\\\n)*.*\n", part)
            assert command is not None
            yield Step(command[0].rstrip("\n"), is_python=False, output=part[command.end() :])


def run(step: Step, folder: Path) -> str:
    """Run a step in a folder and return what it prints on stdout.

    Raises:
        AssertionError: It failed.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FORECAST_")} | {"PATH": path}
    argv = [sys.executable, "-c", step.code] if step.is_python else ["bash", "-c", step.code]
    done = subprocess.run(
        argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{step.code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_page(text: str) -> list[tuple[Step, str]]:
    """Run all shown blocks of a page, one after the other, and return what each printed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "sample_data", folder / "sample_data")
        return [(step, run(step, folder)) for step in steps_in(text)]


def differences(shown: str, printed: str) -> list[str]:
    """Return how an output differs from the one that is shown; numbers may be a little apart."""
    if NUMBER.sub("#", shown) != NUMBER.sub("#", printed):
        return [f"shown:\n{shown}\nprinted:\n{printed}"]
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return [f"shown {ours}, printed {theirs}" for ours, theirs in pairs if not _alike(ours, theirs)]


def _alike(shown: str, printed: str) -> bool:
    ours, theirs = (float(text.replace(",", "")) for text in (shown, printed))
    digits = 0 if "e" in shown else len(shown.partition(".")[2])
    return abs(ours - theirs) <= APART * abs(ours) + 1.01 * 10.0**-digits * bool(digits)


def renewed(text: str) -> str:
    """Return a page with the output of its shown blocks as it is now."""
    printed = iter(run_page(text))

    def write(block: re.Match[str]) -> str:
        kind, body = block[1], block[2]
        if kind == "python":
            _, output = next(printed)
            return f"{MARK}```python\n{body}```\n" + (f"\n```text\n{output}```\n" if output else "")
        lines = []
        for _ in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            step, output = next(printed)
            lines.append(f"$ {step.code}\n{output}")
        return f"{MARK}```console\n{''.join(lines)}```\n"

    return BLOCK.sub(write, text)


def main() -> None:
    """Write the output of all pages, or of those that are named."""
    named = [Path(name) for name in sys.argv[1:] if name != "--write"]
    for page in named or sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        if MARK in text and (new := renewed(text)) != text:
            page.write_text(new, "utf-8")
            print(page)


if __name__ == "__main__":
    main()

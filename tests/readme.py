"""The parts of README.md that are generated: `python -m tests.readme --write` (or `make docs`) writes them anew.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`; `tests/test_docs.py` fails when one is out of date.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from forecaster import config
from forecaster.base import errors

README = Path(__file__).parent.parent / "README.md"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; a `|` inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def knobs() -> Iterator[tuple[dataclasses.Field[Any], Any]]:
    """Yield each setting of config.py with its type, in the order in which they are written.

    A flag of several commands comes once, or once for each default that it has.
    """
    seen = set()
    for owner in vars(config).values():
        if not (isinstance(owner, type) and dataclasses.is_dataclass(owner)):
            continue
        hints = get_type_hints(owner)
        for f in dataclasses.fields(owner):
            if "panel" in f.metadata and (f.name, f.default) not in seen:
                seen.add((f.name, f.default))
                yield f, hints[f.name]


def values_of(f: dataclasses.Field[Any], kind: Any) -> str:
    """Return the values that a setting takes: choices, bounds, or an empty cell for free text and switches."""
    literal = next((k for k in (kind, *get_args(kind)) if get_origin(k) is Literal), None)
    if literal:
        return ", ".join(f"`{choice}`" for choice in get_args(literal))
    low, high = f.metadata.get("min"), f.metadata.get("max")
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def default_of(f: dataclasses.Field[Any]) -> str:
    """Return the default as one would type it."""
    default = f.default_factory() if callable(f.default_factory) else f.default
    if default is None:
        return "–"
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, tuple | list):
        return "`" + ",".join(map(str, default)) + "`" if default else "none"
    return f"`{default}`"


def settings_table() -> str:
    """Return one row a setting of config.py."""
    rows = [
        [f.metadata["panel"], f"`--{config.key_of(f.name)}`", default_of(f), values_of(f, kind), f.metadata["help"]]
        for f, kind in knobs()
    ]
    return table(["about", "flag", "default", "values", "meaning"], rows)


def exit_codes_table() -> str:
    """Return one row an exit code: those of errors.py, and the signals."""
    rows = {
        errors.OK: "Everything that was asked for is done and, where a file was written, published.",
        errors.BUG: "A bug in `forecast`; the traceback is in the log.",
        errors.PARTIAL: "Published, but some series were skipped; they are named.",
        129: "Stopped by a hang-up; nothing was published.",
        130: "Stopped by Ctrl-C; nothing was published.",
        143: "Stopped by a termination request; nothing was published.",
    }
    rows |= {e.exit_code: (e.__doc__ or "").splitlines()[0] for e in errors.ForecastError.__subclasses__()}
    return table(["code", "meaning"], [[f"`{code}`", rows[code]] for code in sorted(rows)])


GROUPS = {
    "A": "reading a file",
    "B": "time and values",
    "C": "the model's folder",
    "D": "process and system",
    "E": "data that does not fit the model",
    "F": "output and privacy",
    "P": "what planners do with a forecast",
}


def faults_table() -> str:
    """Return how many cases of the fault catalogue are run by `tests/test_faults.py`, group by group."""
    folders = sorted((README.parent / "tests" / "faults").glob("*/case.toml"))
    elsewhere = re.findall(
        r"^\| ([A-FP])\d{3} \|", (README.parent / "tests/faults/README.md").read_text("utf-8"), re.MULTILINE
    )
    rows = []
    for group, name in GROUPS.items():
        cases = [tomllib.loads(path.read_text("utf-8")) for path in folders if path.parent.name.startswith(group)]
        runs = [{**case, **run} for case in cases for run in case.get("run", [{}])]
        commands = sum(run.get("times", 1) for run in runs)
        rows.append([f"{group}: {name}", str(len(cases)), str(commands), str(elsewhere.count(group))])
    totals = [str(sum(int(row[k]) for row in rows)) for k in (1, 2, 3)]
    return table(["group", "cases run", "commands in them", "elsewhere, or not"], [*rows, ["all", *totals]])


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "exit-codes": exit_codes_table,
    "faults": faults_table,
}


def renew(text: str) -> str:
    """Return a README with each generated part written anew.

    Raises:
        ValueError: A part's markers are missing, or stand there more than once.
    """
    for name, generate in PARTS.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"README.md must hold {begin} and {end} once each")
        body = f"{begin}\n{generate()}\n{end}"
        text = re.sub(f"{re.escape(begin)}.*{re.escape(end)}", lambda _, body=body: body, text, flags=re.DOTALL)
    return text


def main() -> int:
    """Write README.md anew with `--write`; without it, return 1 when it is out of date."""
    old = README.read_text("utf-8")
    new = renew(old)
    if "--write" in sys.argv[1:]:
        README.write_text(new, "utf-8")
        return 0
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())

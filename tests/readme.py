"""The parts of the docs that are generated: `python -m tests.readme --write` (or `make docs`) writes them anew.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->` in its page; `tests/test_docs.py` fails when one is late.
`docs/hooks.py` takes further pages from here while the site is built.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer

from forecaster import config
from forecaster.base import errors

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
CARD = ROOT / "forecaster" / "model" / "pretrained" / "card.json"


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
    return table(["code", "meaning"], [[f"`{code}`", meaning] for code, meaning in errors.MEANINGS.items()])


GROUPS = {
    "A": "reading a file",
    "B": "time and values",
    "C": "the model's folder",
    "D": "process and system",
    "E": "data that does not fit the model",
    "F": "output and privacy",
    "G": "a hostile hand, and what was wrong in silence",
    "P": "what planners do with a forecast",
}


def faults_table() -> str:
    """Return how many cases of the fault catalogue are run by `tests/test_faults.py`, group by group."""
    folders = sorted((ROOT / "tests" / "faults").glob("*/case.toml"))
    elsewhere = re.findall(r"^\| ([A-FP])\d{3} \|", (ROOT / "tests/faults/README.md").read_text("utf-8"), re.MULTILINE)
    rows = []
    for group, name in GROUPS.items():
        cases = [tomllib.loads(path.read_text("utf-8")) for path in folders if path.parent.name.startswith(group)]
        runs = [{**case, **run} for case in cases for run in case.get("run", [{}])]
        commands = sum(run.get("times", 1) for run in runs)
        rows.append([f"{group}: {name}", str(len(cases)), str(commands), str(elsewhere.count(group))])
    totals = [str(sum(int(row[k]) for row in rows)) for k in (1, 2, 3)]
    return table(["group", "cases run", "commands in them", "elsewhere, or not"], [*rows, ["all", *totals]])


def subcommands() -> Iterator[tuple[str, Any, Any]]:
    """Yield every command with its full name (`train`, …, `models list`, …) and its context."""
    from forecaster.cli.app import app

    def walk(node: Any, path: list[str], parent: Any) -> Iterator[tuple[str, Any, Any]]:
        context = typer.Context(node, info_name=node.name if path else "forecast", parent=parent)
        if not hasattr(node, "list_commands"):
            yield " ".join(path), node, context
            return
        for name in node.list_commands(context):
            yield from walk(node.get_command(context, name), [*path, name], context)

    return walk(typer.main.get_command(app), [], None)


def commands_page() -> str:
    """Return the page of all commands: what each does, its usage, an example, its flags under their headings."""
    lines = [
        "# Commands",
        "",
        "Generated from the commands themselves; `forecast COMMAND --help` says the same. All flags in one table, with",
        "defaults and bounds: [settings](settings.md).",
    ]
    for name, command, context in subcommands():
        about, _, example = (command.help or "").partition("Example:")
        usage = " ".join(["forecast", name, *command.collect_usage_pieces(context)])
        lines += ["", f"## forecast {name}", "", escaped(about.strip()), "", "```", usage, "```"]
        if example:
            lines += ["", "Example:", "", "```", " ".join(example.split()), "```"]
        rows = [record for p in command.get_params(context) if (record := p.get_help_record(context))]
        lines += ["", table(["flag", "meaning"], [[f"`{flag}`", escaped(text)] for flag, text in rows])]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows it as it stands."""
    return re.sub(r"([<>*_\[\]])", r"\\\1", text)


def model_card() -> str | None:
    """Return the page of the built-in network, from the card in the package; None where there is none."""
    if not CARD.exists():
        return None
    card = json.loads(CARD.read_text("utf-8"))
    head = ["# Model card", "", "The network that comes with the package, as its card in the package says.", ""]
    return "\n".join([*head, *card_lines(card, 2)]) + "\n"


def card_lines(card: dict[str, Any], depth: int) -> Iterator[str]:
    """Yield a mapping as Markdown: plain values as one table, lists of records as tables, mappings as sections."""
    plain = [(key, value) for key, value in card.items() if not is_nested(value)]
    if plain:
        yield table(["what", "value"], [[titled(key), cell_of(value)] for key, value in plain])
    for key, value in card.items():
        if not is_nested(value):
            continue
        yield from ("", f"{'#' * min(depth, 6)} {titled(key)}", "")
        if isinstance(value, dict):
            yield from card_lines(value, depth + 1)
        else:
            header = [*dict.fromkeys(name for row in value for name in row)]
            yield table([*map(titled, header)], [[cell_of(row.get(name)) for name in header] for row in value])


def is_nested(value: Any) -> bool:
    """Return whether a value of the card gets a section: a mapping, or a list of mappings."""
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
    )


def titled(key: str) -> str:
    """Return a key of the card as a person reads it."""
    return key.replace("_", " ")


def cell_of(value: Any) -> str:
    """Return a plain value of the card as a cell."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(cell_of, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escaped(str(value))


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("reference/settings.md", settings_table),
    "exit-codes": ("reference/exit-codes.md", exit_codes_table),
    "faults": ("explanation/promises.md", faults_table),
}
"""Name of a part → the page of docs/ that it stands in, and what makes it."""


def renew(text: str, part: str) -> str:
    """Return a page with one generated part written anew.

    Raises:
        ValueError: The part's markers are missing, or stand there more than once.
    """
    begin, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    page, generate = PARTS[part]
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"docs/{page} must hold {begin} and {end} once each")
    body = f"{begin}\n{generate()}\n{end}"
    return re.sub(f"{re.escape(begin)}.*{re.escape(end)}", lambda _: body, text, flags=re.DOTALL)


def main() -> int:
    """Write the generated parts anew with `--write`; without it, return 1 when one is out of date."""
    late = 0
    for part, (page, _) in PARTS.items():
        old = (DOCS / page).read_text("utf-8")
        new = renew(old, part)
        if "--write" in sys.argv[1:]:
            (DOCS / page).write_text(new, "utf-8")
        else:
            late |= old != new
    return int(late)


if __name__ == "__main__":
    sys.exit(main())

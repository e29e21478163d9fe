"""The rooms, their order and their budgets, as the docstring of `forecaster` lists them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import forecaster

PACKAGE = Path(forecaster.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = set(
    "jinja2 keras matplotlib numpy onnx onnxruntime optuna pandas pyarrow rich statsforecast tensorflow tf2onnx "
    "typer".split()
)
# Inside a function numpy, pandas and pyarrow may be loaded anywhere; these only where their noun lives.
OWNERS = {
    "jinja2": {"report"},
    "keras": {"cells", "network", "optimizers", "stopwatch", "training"},
    "matplotlib": {"drawing", "pictures"},
    "tensorflow": {"lite", "losses", "network", "stopwatch", "training"},
    "tf2onnx": {"network", "training"},
    "onnx": {"graph", "network", "training"},
    "onnxruntime": {"graph", "serving"},
    "optuna": {"search"},
    "rich": {"cli"},
    "statsforecast": {"kinds"},
    "typer": {"cli"},
}
ENTRANCES = {"__init__": "api", "__main__": "cli"}  # of the package itself: no rooms, and the one that each opens


class Import(NamedTuple):
    """One imported module: its dotted name, its line, and whether importing the file itself loads it."""

    module: str
    line: int
    on_import: bool


def listed_rooms(text: str) -> dict[str, set[str]]:
    """Read room → the heavy packages that it may import at module level, from the indented list, in its order."""
    rooms = {}
    for name, rest in re.findall(r"^ {4}(\w+) {2,}(\S.*)$", text, re.MULTILINE):
        words = rest.split()
        while words and words[-1] in HEAVY:
            words.pop()
        rooms[name] = set(rest.split()[len(words) :])
    return rooms


ROOMS = listed_rooms(forecaster.__doc__ or "")
ORDER = list(ROOMS)


def room_of(path: Path) -> str:
    """Return the first part of the path inside the package: `cli/train.py` and `cli/__init__.py` are both in cli."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports_of(node: ast.AST, on_import: bool = True) -> Iterator[Import]:
    """Yield every import below a node; what stands in a function or under TYPE_CHECKING is not loaded on import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, on_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            # `from forecaster import store` imports a room; elsewhere the module alone says enough.
            inside = child.module == "forecaster"
            names = [f"forecaster.{alias.name}" for alias in child.names] if inside else [child.module or ""]
            yield from (Import(name, child.lineno, on_import) for name in names)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(child):
            yield from imports_of(child, on_import=False)
        else:
            yield from imports_of(child, on_import)


def check_import(room: str, found: Import) -> str | None:
    """Return what is wrong with an import in a room, or None."""
    top, _, inner = found.module.partition(".")
    if top == "click":
        return "Typer carries its own Click: import from typer"
    if top == "forecaster":
        target = inner.partition(".")[0]
        if target not in ORDER:  # `from forecaster import __version__`
            return None
        if room in ENTRANCES:
            return None if target == ENTRANCES[room] else f"{room} may import only {ENTRANCES[room]}, not {target}"
        if room not in ORDER:
            return f"{room} is not in the list, so it may import no room"
        return (
            f"{room} stands above {target} and may not import it" if ORDER.index(target) > ORDER.index(room) else None
        )
    if top not in HEAVY:
        return None
    if found.on_import:
        return None if top in ROOMS.get(room, set()) else f"{room} may not import {top} at module level"
    return None if room in OWNERS.get(top, {room}) else f"{room} may not import {top}, not even inside a function"


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in FILES:
        yield path.relative_to(PACKAGE.parent), ast.parse(path.read_text("utf-8"))


def functions() -> Iterator[tuple[str, Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path}:{node.lineno} {node.name}", path, node


def undocumented(body: list[ast.stmt], where: str) -> Iterator[str]:
    """Yield the public functions, classes and methods in a body that have no docstring."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if ast.get_docstring(node) is None:
                yield f"{where}:{node.lineno} {node.name}"
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node.body, where)


def test_the_list_is_read() -> None:
    assert ORDER[0] == "errors"
    assert ORDER[-1] == "cli"
    assert len(ORDER) > 10
    assert ROOMS["errors"] == ROOMS["files"] == ROOMS["config"] == set()
    assert ROOMS["training"] == {"keras", "numpy", "tensorflow"}


def test_every_listed_room_exists_and_no_other() -> None:
    on_disk = {room_of(path) for path in FILES} - set(ENTRANCES)
    assert on_disk == set(ORDER)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{found.line} {problem}"
        for path in FILES
        for found in imports_of(ast.parse(path.read_text("utf-8")))
        if (problem := check_import(room_of(path), found))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("errors", "import forecaster.files"),
        ("errors", "def f():\n    from forecaster.files import lock"),
        ("windows", "from forecaster import jobs"),
        ("metrics", "from forecaster.cli.output import show"),
        ("__main__", "from forecaster.jobs import train"),
        ("__init__", "from forecaster.jobs import train"),
        ("config", "import numpy as np"),
        ("store", "if True:\n    import pandas"),
        ("store", "def f():\n    import keras"),
        ("jobs", "def f():\n    from tensorflow import data"),
        ("jobs", "def f():\n    import rich.table"),
        ("cli", "import rich"),
        ("cli", "import numpy.linalg"),
        ("cli", "import click"),
    ],
)
def test_a_wrong_import_is_seen(room: str, source: str) -> None:
    assert [check_import(room, found) for found in imports_of(ast.parse(source))] != [None]


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("files", "from forecaster.errors import StorageError"),
        ("windows", "from forecaster import __version__"),
        ("training", "import keras"),
        ("table", "import pyarrow.csv as csv"),
        ("files", "def f():\n    import numpy"),
        ("files", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy"),
        ("cli", "import typer\ndef f():\n    from rich.table import Table"),
        ("__main__", "from forecaster.cli.app import main"),
    ],
)
def test_a_right_import_passes(room: str, source: str) -> None:
    assert {check_import(room, found) for found in imports_of(ast.parse(source))} == {None}


def test_modules_are_at_most_400_lines() -> None:
    assert not {
        str(path.relative_to(PACKAGE)): lines
        for path in FILES
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }


def test_functions_are_at_most_60_lines() -> None:
    assert not {name: lines for name, _, f in functions() if (lines := (f.end_lineno or f.lineno) - f.lineno + 1) > 60}


def count_parameters(f: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [a for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs) if a.arg not in {"self", "cls"}]
    return len(named) + (f.args.vararg is not None) + (f.args.kwarg is not None)


def test_functions_outside_the_command_line_have_at_most_5_parameters() -> None:
    assert not {
        name: count for name, path, f in functions() if path.parts[1] != "cli" and (count := count_parameters(f)) > 5
    }


def test_public_names_have_docstrings() -> None:
    missing = [name for path, tree in trees() for name in undocumented(tree.body, str(path))]
    missing += [str(path) for path, tree in trees() if tree.body and ast.get_docstring(tree) is None]
    assert not missing, "\n".join(missing)


def test_only_the_command_line_prints() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if path.parts[1] != "cli" and isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "input"}
    ]
    assert not found, "\n".join(found)

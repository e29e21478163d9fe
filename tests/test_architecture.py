"""The rooms and their files, their order and their budgets, as the docstrings of the packages list them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import forecaster

PACKAGE = Path(forecaster.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = set(
    "dask distributed fastapi jinja2 keras matplotlib mcp numpy onnx onnxruntime optuna pandas pyarrow pydantic rich "
    "scipy "
    "statsforecast tensorflow tf2onnx typer".split()
)
# Inside a function numpy, pandas and pyarrow may be loaded anywhere; these only where their noun lives.
OWNERS = {
    "dask": {"base.cluster"},
    "distributed": {"base.cluster"},
    "fastapi": {"service.web"},
    "jinja2": {"reporting.page"},
    "mcp": {"service.tools"},
    "keras": {"training"},
    "matplotlib": {"reporting.drawing", "reporting.pictures"},
    "tensorflow": {"training"},
    "tf2onnx": {"training"},
    "onnx": {"model.graph", "model.recorded", "training"},
    "onnxruntime": {"model.graph", "model.recorded", "model.serving", "model.pretrained"},
    "optuna": {"scoring.search"},
    "rich": {"cli"},
    "scipy": {"model.reconciliation"},
    "statsforecast": {"scoring.kinds"},
    "typer": {"cli"},
}
ENTRANCES = {"__init__": "api", "__main__": "cli"}  # of the package itself: no rooms, and the one that each opens
MOST_LINES, LONGEST_FUNCTION, MOST_PARAMETERS = 500, 60, 5


class Import(NamedTuple):
    """One imported module: its dotted name, its line, and whether importing the file itself loads it."""

    module: str
    line: int
    on_import: bool


def listed(text: str | None) -> dict[str, set[str]]:
    """Read name → the heavy packages that it may import at module level, from an indented list, in its order."""
    found = {}
    for name, rest in re.findall(r"^ {4}(\w+) +(\S.*)$", text or "", re.MULTILINE):
        words = rest.split()
        while words and words[-1] in HEAVY:
            words.pop()
        found[name] = set(rest.split()[len(words) :])
    return found


def docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text("utf-8")))


ROOMS = list(listed(docstring(PACKAGE / "__init__.py")))
FOLDERS = [room for room in ROOMS if (PACKAGE / room).is_dir()]
LISTS = {room: listed(docstring(PACKAGE / room / "__init__.py")) for room in FOLDERS}


def place_of(path: Path) -> tuple[str, str]:
    """Return room and file of a path: ("cli", "train") of cli/train.py, ("cli", "") of cli/__init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0], "" if len(parts) == 1 or parts[1] == "__init__" else parts[1]


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports_of(node: ast.AST, on_import: bool = True) -> Iterator[Import]:
    """Yield every import below a node; what stands in a function or under TYPE_CHECKING is not loaded on import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, on_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            module = child.module or ""
            inside = is_package(module)  # `from forecaster.base import files` imports a file
            names = [f"{module}.{alias.name}" for alias in child.names] if inside else [module]
            yield from (Import(name, child.lineno, on_import) for name in names)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(child):
            yield from imports_of(child, on_import=False)
        else:
            yield from imports_of(child, on_import)


def is_package(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "forecaster" and (PACKAGE.parent / Path(*module.split("."))).is_dir()


def split(module: str) -> tuple[str, str]:
    """Return room and file of a dotted name below forecaster; the file is empty where the room itself is meant."""
    parts = [*module.split("."), "", ""]
    room, file = parts[1], parts[2]
    return room, file if file in LISTS.get(room, {}) else ""


def check_import(room: str, file: str, found: Import) -> str | None:
    """Return what is wrong with an import in a file of a room, or None."""
    top, _, inner = found.module.partition(".")
    if top == "click":
        return "Typer carries its own Click: import from typer"
    if top == "forecaster":
        return check_own(room, file, found.module) if inner.partition(".")[0] in ROOMS else None
    if top not in HEAVY:
        return None
    here = f"{room}.{file}" if file else room
    if found.on_import:
        allowed = LISTS.get(room, {}).get(file, set())
        return None if top in allowed else f"{here} may not import {top} at module level"
    return None if {room, here} & OWNERS.get(top, {room}) else f"{here} may not import {top}, not even in a function"


def check_own(room: str, file: str, module: str) -> str | None:
    """Return what is wrong with an import of our own, or None."""
    other, target = split(module)
    if room in ENTRANCES:
        return None if other == ENTRANCES[room] else f"{room} may import only {ENTRANCES[room]}, not {other}"
    if room not in ROOMS:
        return f"{room} is not in the list, so it may import no room"
    if other != room:
        return f"{room} stands below {other} and may not import it" if ROOMS.index(other) > ROOMS.index(room) else None
    order = list(LISTS.get(room, {}))
    if not file or not target:  # of the room itself: what its __init__ gathers, and what is gathered there
        return None
    return f"{file} stands above {target} in {room}" if order.index(target) > order.index(file) else None


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


def test_the_lists_are_read() -> None:
    assert "base config data model training scoring reporting jobs api service cli".split() == ROOMS
    assert LISTS["base"]["errors"] == LISTS["base"]["files"] == set()
    assert LISTS["training"]["fit"] == {"keras", "numpy", "tensorflow"}
    assert all(LISTS.values())


@pytest.mark.parametrize("room", FOLDERS)
def test_every_listed_file_exists_and_no_other(room: str) -> None:
    assert {file for path in FILES if (place := place_of(path))[0] == room and (file := place[1])} == set(LISTS[room])


UNMIRRORED = {
    "config": {"commands", "measuring", "planning", "reading", "training", "workers"},  # settings alone
    # what is done part by part, and by workers, is tested as users run it: tests/cli/test_parts.py
    "jobs": {
        "elsewhere",
        "evaluate_parts",
        "part_records",
        "part_tasks",
        "parts",
        "predict_parts",
        "rehearse_parts",
        "score_parts",
    },
    "scoring": {"sums", "tiers"},  # tests/jobs/test_evaluate.py and tests/jobs/test_hierarchy.py
}
"""Files without a test file of their own, and why; all others have one."""


def test_every_file_has_its_test_file() -> None:
    tests = Path(__file__).parent
    missing: dict[str, set[str]] = {}
    for path in FILES:
        inner = path.relative_to(PACKAGE)
        mirror = tests / inner.parent / f"test_{inner.name}"
        if len(inner.parts) > 1 and inner.stem != "__init__" and not mirror.is_file():
            missing.setdefault(inner.parts[0], set()).add(inner.stem)
    assert not {room: left for room, files in missing.items() if (left := files - UNMIRRORED.get(room, set()))}


def test_every_room_is_listed() -> None:
    assert {place_of(path)[0] for path in FILES} - {*ENTRANCES, "_version"} == set(ROOMS)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{found.line} {problem}"
        for path in FILES
        for found in imports_of(ast.parse(path.read_text("utf-8")))
        if (problem := check_import(*place_of(path), found))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("room", "file", "source"),
    [
        ("base", "errors", "import forecaster.base.files"),
        ("base", "errors", "def f():\n    from forecaster.base.files import lock"),
        (
            "base",
            "errors",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from forecaster.base import files",
        ),
        ("model", "windows", "from forecaster import jobs"),
        ("model", "windows", "from forecaster.training.fit import Progress"),
        ("model", "windows", "from forecaster.model import store"),
        ("scoring", "metrics", "from forecaster.cli.output import show"),
        ("__main__", "", "from forecaster.jobs import train"),
        ("__init__", "", "from forecaster.jobs import train"),
        ("config", "knob", "import numpy as np"),
        ("model", "store", "if True:\n    import pandas"),
        ("model", "store", "def f():\n    import keras"),
        ("jobs", "train", "def f():\n    from tensorflow import data"),
        ("jobs", "train", "def f():\n    import rich.table"),
        ("cli", "app", "import rich"),
        ("cli", "app", "import numpy.linalg"),
        ("cli", "app", "import click"),
        ("cli", "run", "def f():\n    from forecaster.cli.app import app"),
    ],
)
def test_a_wrong_import_is_seen(room: str, file: str, source: str) -> None:
    assert [check_import(room, file, found) for found in imports_of(ast.parse(source))] != [None]


@pytest.mark.parametrize(
    ("room", "file", "source"),
    [
        ("base", "files", "from forecaster.base.errors import StorageError"),
        ("model", "windows", "from forecaster._version import __version__"),
        ("training", "fit", "import keras"),
        ("data", "table", "import pyarrow.csv as csv"),
        ("base", "files", "def f():\n    import numpy"),
        ("base", "files", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy"),
        ("cli", "app", "import typer\ndef f():\n    from rich.table import Table"),
        ("__main__", "", "from forecaster.cli.app import main"),
    ],
)
def test_a_right_import_passes(room: str, file: str, source: str) -> None:
    assert {check_import(room, file, found) for found in imports_of(ast.parse(source))} == {None}


def test_no_class_name_stands_twice() -> None:
    count = Counter(node.name for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert not {name for name, times in count.items() if times > 1} - SHARED_CLASS_NAMES


SHARED_CLASS_NAMES: set[str] = set()


def test_modules_have_at_most_500_lines() -> None:
    assert not {
        str(path.relative_to(PACKAGE)): lines
        for path in FILES
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }


def test_functions_have_at_most_60_lines() -> None:
    assert not {
        name: lines
        for name, _, f in functions()
        if (lines := (f.end_lineno or f.lineno) - f.lineno + 1) > LONGEST_FUNCTION
    }


def count_parameters(f: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [a for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs) if a.arg not in {"self", "cls"}]
    return len(named) + (f.args.vararg is not None) + (f.args.kwarg is not None)


def test_functions_outside_the_command_line_have_at_most_5_parameters() -> None:
    assert not {
        name: count
        for name, path, f in functions()
        if path.parts[1] != "cli" and (count := count_parameters(f)) > MOST_PARAMETERS
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

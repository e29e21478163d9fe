"""Words: what users and readers of the code see is in the field's plain words, and one word means one thing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ODD = re.compile(
    r"\b(?:told\b(?! apart)|[Bb]eside\b|what is known of|what came\b(?! (?:of|before|after|later))|There: )|\(there:"
)
"""Words that say too little to who learned English from papers: passed, next to, stored, actual values say more."""

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each text in a module, with its line: docstrings, messages, helps; of a composed one each piece."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("folder", ["forecaster", "pretraining"])
def test_texts_of_the_code_are_in_plain_words(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {odd[0]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in texts_of(path)
        if (odd := ODD.search(text))
    ]
    assert not found


def test_pages_are_in_plain_words() -> None:
    lines = ((path, n, line) for path in PAGES for n, line in enumerate(path.read_text("utf-8").splitlines(), 1))
    assert not [f"{path.relative_to(ROOT)}:{n}: {odd[0]}" for path, n, line in lines if (odd := ODD.search(line))]

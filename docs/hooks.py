"""Pages of the site that are generated while it is built: commands, model card, and files of the project's root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from tests import readme

ROOT = Path(__file__).parent.parent

TAKEN_OVER = {
    "changelog.md": "CHANGELOG.md",
    "contributing/index.md": "CONTRIBUTING.md",
    "benchmarks.md": "benchmarks/README.md",
    "sample-data.md": "sample_data/README.md",
    "contributing/faults.md": "tests/faults/README.md",
}
"""Page of the site → the file of the project that it shows."""


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages to those of docs/."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Yield path and Markdown of every generated page."""
    for path, source in TAKEN_OVER.items():
        yield path, without_links((ROOT / source).read_text("utf-8"))
    yield "reference/commands.md", readme.commands_page()
    card = readme.model_card()
    if card is not None:
        yield "model-card.md", card


def without_links(text: str) -> str:
    """Return Markdown whose links into the project's folders are plain text: these are no pages of the site."""
    return re.sub(r"\[([^]]*)\]\((?!https?://|#)[^)]*\)", r"\1", text)

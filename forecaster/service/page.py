"""The page at /, and the policy that lets it load nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

_FOLDER = files("forecaster.service") / "static"
_STYLE, _SCRIPT, _PAGE = ((_FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js", "page.html"))

PAGE = _PAGE.replace("/*style*/", _STYLE).replace("/*script*/", _SCRIPT)
"""One file: style and script stand in it."""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; script-src 'sha256-{_hash(_SCRIPT)}'; style-src 'sha256-{_hash(_STYLE)}'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the page runs its own script and style, and speaks to this service alone."""

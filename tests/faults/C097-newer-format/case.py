"""Case C097: newer format."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path


def make() -> None:
    path = Path("models/shops/versions/v000001/manifest.json")
    text = re.sub('"format": [0-9]+', '"format": 99', path.read_text(), count=1)
    body, mark, _ = text.partition(',\n "sha256": "')
    path.write_text(f'{body}{mark}{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n' if mark else text)

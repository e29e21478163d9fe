"""Case A033: truncated gzip."""

from __future__ import annotations

import gzip

from tests.faulttools import days, write


def make(k: int) -> None:
    text = "ds,y\n" + "".join(f"{day},{n * n % 97}\n" for n, day in enumerate(days(500)))
    packed = gzip.compress(text.encode(), mtime=0)
    write("data.csv.gz", packed[: [5, len(packed) // 2, len(packed) - 8, len(packed) - 1][k]])

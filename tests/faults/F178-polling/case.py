"""Case F178: polling."""

from __future__ import annotations

import threading
from pathlib import Path

from forecaster.base import files
from tests.faulttools import write


def make() -> None:
    content, sizes, over = [b"a" * 10, b"b" * 1_000_000], set(), threading.Event()

    def poll():
        while not over.is_set():
            seen = Path("polled.csv").read_bytes()
            sizes.add((len(seen), seen[:1], seen.count(seen[:1])))

    write("polled.csv", content[0])
    thread = threading.Thread(target=poll)
    thread.start()
    n = 0
    while n < 60 or len(sizes) < 2:
        files.write_file(Path("polled.csv"), content[n % 2])
        n += 1
    over.set()
    thread.join()
    assert sizes <= {(10, b"a", 10), (1_000_000, b"b", 1_000_000)}
    assert len(sizes) == 2

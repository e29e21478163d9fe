"""Case A035: gzip bomb."""

from __future__ import annotations

import gzip
import resource

from tests.faulttools import write


def make() -> None:
    write("data.csv.gz", gzip.compress(bytes(1 << 24), mtime=0) * 32)


def check() -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 << 20

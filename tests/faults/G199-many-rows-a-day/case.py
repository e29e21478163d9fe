"""Case G199: many rows a day."""

from __future__ import annotations

import datetime as dt

from tests.faulttools import write


def make() -> None:
    first = dt.datetime(2025, 1, 1)  # noqa: DTZ001 - a file without a zone
    stamps = [first + dt.timedelta(seconds=9871 * k + (k * k * 7919) % 3001) for k in range(500)]
    write("log.csv", "at,ms\n" + "".join(f"{stamp},{20 + k % 50}\n" for k, stamp in enumerate(stamps)))

"""Case G195: the hour twice ahead."""

from __future__ import annotations

import numpy as np

from tests.faulttools import table, write


def make() -> None:
    moments = np.datetime64("2024-10-01T00:00") + np.arange(24 * 26 - 1).astype("m8[h]")
    write("data.csv", "ds,y\n" + "".join(f"{str(m).replace('T', ' ')},{k % 24}\n" for k, m in enumerate(moments)))


def check() -> None:
    stamps = [row["ds"] for row in table("o.csv")]
    assert len(set(stamps)) == 8
    assert {"2024-10-27 02:00+02:00", "2024-10-27 02:00+01:00"} <= set(stamps)

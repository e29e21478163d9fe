"""Case E156: another frequency."""

from __future__ import annotations

import numpy as np

from tests.faulttools import days, write


def make(k: int) -> None:
    stamps = [
        [day for day in days(100) if np.is_busday(day)],
        days(300)[::7],
        [f"2024-{month:02d}-01" for month in range(1, 13)],
    ][k]
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{day},{n % 7 + 1}\n" for n, day in enumerate(stamps)))

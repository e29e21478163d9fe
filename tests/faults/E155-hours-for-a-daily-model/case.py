"""Case E155: hours for a daily model."""

from __future__ import annotations

import numpy as np

from tests.faulttools import write


def make() -> None:
    hours = [str(np.datetime64("2024-01-01T00:00") + 60 * k).replace("T", " ") for k in range(100)]
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{hour},{k % 7 + 1}\n" for k, hour in enumerate(hours)))

"""Values that have a natural cap: shares and rates, which can never be above 1 or 100."""

from __future__ import annotations

import re

import numpy as np

from forecaster.data.panel import Panel

CAPS = (1.0, 100.0)

SHARE = re.compile(
    r"%|percent|pct|prozent|share|rate(?![a-z])|ratio|utili[sz]ation|occupancy|humidity|uptime|availability|coverage",
    re.IGNORECASE,
)
"""What a column of shares is called."""

NEAR, NEAREST, CROWD = 0.9, 0.97, 0.05
"""Values that end a little below a cap (the largest within 3 %) and crowd there (5 % of them within 10 %) have it."""


def find_cap(panel: Panel) -> float | None:
    """Return the cap that the values seem to have, or None.

    They are never negative, and their name says that they are shares, or some of them are at the cap, or they crowd
    right below it.
    """
    least, most = float(panel.values.min()), float(panel.values.max())
    cap = next((cap for cap in CAPS if most <= cap), None)
    if cap is None or least < 0 or least == most or (cap == CAPS[0] and np.all(panel.values == np.rint(panel.values))):
        return None
    is_named = bool(SHARE.search(panel.schema.target or "")) and most > cap / 3
    is_reached = np.count_nonzero(panel.values == cap) >= 3
    crowds = most >= NEAREST * cap and np.mean(panel.values >= NEAR * cap) >= CROWD
    return cap if is_named or is_reached or crowds else None


def advice(cap: float) -> str:
    """Return what to say of values that have a cap."""
    return f"the values look like shares or rates between 0 and {cap:g}, and forecasts may leave that range"

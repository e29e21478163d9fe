"""What the values say against the season that is taken: it is longer than they are, or another one explains them."""

from __future__ import annotations

from forecaster.config import ReadSettings
from forecaster.data.panel import Panel
from forecaster.data.rows import Finding
from forecaster.data.seasonality import find_season, seasonal_strength

WEAK, NEARLY_ALL = 0.2, 0.8
"""Strength of the usual season up to which it explains next to nothing, and from which another one nearly all."""

CYCLES, FEWEST = 6, 24
"""Cycles that a series must hold for a season to be found in it, and steps."""


def doubt_season(panel: Panel, settings: ReadSettings) -> tuple[Finding, ...]:
    """Return a finding where the season given is longer than every series, or the usual one is plainly another.

    Args:
        panel: S series, read without a saved model.
        settings: How they were read.
    """
    if settings.seasons:
        return _unheld(panel, settings.seasons)
    return _other(panel)


def _unheld(panel: Panel, seasons: tuple[int, ...]) -> tuple[Finding, ...]:
    longest = int(panel.lengths.max())
    beyond = [season for season in seasons if season > longest]
    if not beyond:
        return ()
    named = " and ".join(f"{season:,}" for season in beyond)
    message = f"no series holds a season of {named} steps once: the longest has {longest:,}"
    hint = "Correct --season-length, or leave it out for the usual one"
    return (Finding("season", "warning", message, count=len(beyond), hint=hint),)


def _other(panel: Panel) -> tuple[Finding, ...]:
    usual = panel.season_length
    if panel.frequency.is_integer or panel.lengths.max() < FEWEST:
        return ()
    strength = seasonal_strength(panel.values, panel.offsets, usual) if usual > 1 else 0.0
    if strength is None or strength >= WEAK:
        return ()
    found = find_season(panel.values, panel.offsets)
    known = (1, usual, *panel.more_seasons)
    if any(abs(found - season) <= season // 100 for season in known) or panel.lengths.max() < CYCLES * found:
        return ()
    if (seasonal_strength(panel.values, panel.offsets, found) or 0.0) < NEARLY_ALL:
        return ()
    taken = f"the usual season of {usual:,} steps explains next to nothing" if usual > 1 else "no season is usual"
    message = f"{taken}, and one of {found:,} steps nearly all of the variation around the trend"
    return (Finding("season", "warning", message, hint=f"Pass --season-length {found}"),)

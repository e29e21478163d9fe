"""Pictures of an explanation and of the gates of a network, with matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.model.windows import Floats
from forecaster.reporting.drawing import PALETTE, kind_of, save, style
from forecaster.reporting.explanation import Explanation
from forecaster.reporting.recurrence import GATES, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = PALETTE["model"], PALETTE["baseline"], PALETTE["faint"]
STATES = ("cell", "hidden", "candidate")
MOST_TICKS = 8
MOST_LAGS = 120
"""Bars of lags; beyond, they are too thin to be seen."""


def render(draw: Callable[[], Figure], path: Path) -> bytes:
    """Return what `draw` draws, as the kind of picture that the name's end asks for."""
    with style():
        return save(draw(), kind_of(path))


# ---------------------------------------------------------------------------------------------------- explanations


def draw_lags(found: Explanation, title: str) -> Figure:
    """Draw which lags move the forecasts of several series: their shares, and their weights lead by lead."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.5), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(2, 3))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    _draw_shares(above, found, found.shares.mean(axis=0))
    _draw_weights(below, found, found.weights.mean(axis=0))
    return figure


def draw_series(found: Explanation, title: str, stamps: list[str]) -> Figure:
    """Draw one series: its window and forecasts, what each value contributes to their mean, and shares of lags.

    Args:
        found: The explanation of one series.
        title: What stands above.
        stamps: First and last stamp of the window, and the last of those forecast.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained")
    above, middle, below = figure.subplots(3, 1, height_ratios=(3, 2, 2))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    steps = -np.arange(found.values.shape[1])
    above.plot(steps, found.values[0], color=GREY, linewidth=1.2, label="the window")
    above.plot(found.leads, found.forecasts[0], color=BLUE, marker="o", markersize=3, label="forecast")
    above.plot(found.leads, found.flat[0], color=BLUE, linestyle=":", label="forecast of a flat window")
    above.legend(frameon=False, fontsize=8, loc="upper left", ncols=3)
    parts = found.contributions[0].mean(axis=0)
    middle.bar(steps, parts, width=0.85, color=np.where(parts >= 0, BLUE, ORANGE))
    middle.set_ylabel("contribution", fontsize=9)
    middle.axhline(0, color=GREY, linewidth=0.6)
    for axes in (above, middle):
        axes.set_xlim(steps[-1] - 1, int(found.leads[-1]) + 1)
        axes.set_xticks([steps[-1], 0, int(found.leads[-1])], stamps)
        axes.axvline(0.5, color=GREY, linewidth=0.8, linestyle="--")
        _plain(axes)
    _draw_shares(below, found, found.shares[0])
    return figure


def _draw_shares(axes: Axes, found: Explanation, shares: Floats) -> None:
    """Draw the share of each lag, those of the same step of earlier seasons in a colour of their own."""
    shown = slice(0, MOST_LAGS) if len(found.lags) <= MOST_LAGS else slice(0, _reach(shares))
    lags, seasonal = found.lags[shown], found.season > 1
    same = (lags % found.season == 0) & seasonal
    axes.bar(lags[~same], 100 * shares[shown][~same], width=0.85, color=GREY, label="other lags" if seasonal else None)
    if seasonal:
        label = f"same step of earlier seasons (every {found.season})"
        axes.bar(lags[same], 100 * shares[shown][same], width=0.85, color=BLUE, label=label)
        axes.legend(frameon=False, fontsize=8)
        axes.set_xticks(np.arange(0, lags[-1] + 1, found.season * -(-len(lags) // (found.season * MOST_TICKS))))
    axes.set_xlim(lags[0] - 1, lags[-1] + 1)
    axes.set_xlabel("lag, steps before the one that is forecast", fontsize=9)
    axes.set_ylabel("share of the effect, %", fontsize=9)
    _plain(axes)


def _reach(shares: Floats) -> int:
    """Return how many lags hold 99 % of the effect."""
    return int(np.searchsorted(np.cumsum(shares), 0.99 * shares.sum())) + 1


def _draw_weights(axes: Axes, found: Explanation, weights: Floats) -> None:
    """Draw the weight of each value at each lead as a map: what a value that is 1 higher adds."""
    most = max(float(np.abs(weights).max()), 1e-12)
    first, last = int(found.leads[0]), int(found.leads[-1])
    grid = np.full((last - first + 1, weights.shape[1]), np.nan)
    grid[found.leads - first] = weights
    image = axes.imshow(
        grid[:, ::-1],
        aspect="auto",
        cmap="RdBu",
        vmin=-most,
        vmax=most,
        interpolation="nearest",
        extent=(-weights.shape[1] + 0.5, 0.5, last + 0.5, first - 0.5),
    )
    axes.set_xlabel("value, steps before the end of the data", fontsize=9)
    axes.set_ylabel("lead", fontsize=9)
    axes.set_yticks(np.unique(np.linspace(first, last, min(MOST_TICKS, last - first + 1)).astype(int)))
    axes.tick_params(labelsize=8)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.01)
    bar.set_label("weight: what 1 more adds", fontsize=9)
    bar.ax.tick_params(labelsize=8)


# ---------------------------------------------------------------------------------------------------- gates


def draw_gates(traced: Trace, cell: str, window: Floats, title: str, stamps: list[str]) -> Figure:
    """Draw the gates and states of one network over one window: a row for each layer, a map of units for each gate.

    Units are in the order of their mean gate (the first: forget, or update), so that those that keep stand above those
    that let go.

    Args:
        traced: What the network did with one window.
        cell: `lstm` or `gru`.
        window: [L] the scaled window that it read.
        title: What stands above.
        stamps: First stamp of each segment [K].
    """
    from matplotlib.figure import Figure

    names, count = GATES[cell], len(traced.layers)
    figure = Figure(figsize=(2.7 * len(names) + 0.8, 1.9 + 2.5 * count), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    grid = figure.add_gridspec(1 + count, len(names), height_ratios=(1.3, *[2] * count))
    top = figure.add_subplot(grid[0, :])
    segment = len(window) // len(stamps)
    top.plot(np.arange(len(window)) / segment - 0.5, window, color=BLUE, linewidth=1)
    top.set_xlim(-0.5, len(stamps) - 0.5)
    top.set_ylabel("scaled window", fontsize=9)
    _mark_segments(top, stamps, MOST_TICKS, shift=-0.5)  # a stamp is that of the segment's first step
    _plain(top)
    for row, layer in enumerate(traced.layers):
        order = np.argsort(-layer["forget" if cell == "lstm" else "update"][0].mean(axis=0))
        for column, name in enumerate(names):
            axes = figure.add_subplot(grid[1 + row, column])
            _draw_units(axes, layer[name][0][:, order].T, name)
            axes.set_title(f"{name} {'state' if name in STATES[:2] else '' if name in STATES else 'gate'}", fontsize=9)
            if column == 0:
                axes.set_ylabel(f"layer {row + 1}, units", fontsize=9)
            _mark_segments(axes, stamps, 2)
    return figure


def _draw_units(axes: Axes, seen: Floats, name: str) -> None:
    """Draw the values of units [U, K]: gates from 0 to 1, states around 0."""
    most = max(float(np.abs(seen).max()), 1e-12)
    limits: dict[str, Any] = (
        {"cmap": "RdBu", "vmin": -most, "vmax": most} if name in STATES else {"cmap": "viridis", "vmin": 0, "vmax": 1}
    )
    image = axes.imshow(seen, aspect="auto", interpolation="nearest", **limits)
    axes.set_yticks([])
    axes.figure.colorbar(image, ax=axes, pad=0.02).ax.tick_params(labelsize=7)


def _mark_segments(axes: Axes, stamps: list[str], most: int, shift: float = 0.0) -> None:
    """Write the stamps of some segments, evenly spread, the first and the last among them."""
    at = np.unique(np.linspace(0, len(stamps) - 1, min(most, len(stamps))).astype(int))
    axes.set_xticks(at + shift, [stamps[k] for k in at])
    axes.tick_params(labelsize=7)


def _plain(axes: Axes) -> None:
    """Take away what carries no information."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)

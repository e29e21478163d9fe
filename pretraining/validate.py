"""The fixed held-out validation: made-up series of every rhythm and real series that training never sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecaster.model.pretrained.candidates import NAMES
from forecaster.model.pretrained.rhythm import LADDER, LEVELS, LONGEST, Rhythm, rhythm
from pretraining.corpus import Named
from pretraining.draws import Floats
from pretraining.families import intermittent, made_up
from pretraining.mixture import Batch, Pool, batch, framed, span

Answer = Callable[[dict[str, Any]], Any]  # inputs by name → (N, A, WIDTH, 9)

SEED = 20_261_125
MADE = ((1,), (4,), (12,), (7,), (7, 365), (24,), (24, 168), (52,), (30,), (144,))
HORIZONS = {(1,): 6, (4,): 8, (12,): 18, (7,): 28, (7, 365): 28, (52,): 13}
KEPT = 400  # real windows a rhythm, at most
ABSURD = 25.0  # MASE of the seasonal naive forecast beyond which a window says nothing


@dataclass(frozen=True)
class Score:
    """Of one group.

    Attributes:
        mase: Mean absolute error of the median in units of MASE.
        relative: That, by the one of the seasonal naive forecast.
        pinball: Mean quantile loss over the nine levels, in units of MASE.
        cover80: Share of actuals inside the 80 % interval.
        cover95: The same of the 95 % interval.
        windows: How many.
    """

    mase: float
    relative: float
    pinball: float
    cover80: float
    cover95: float
    windows: int


def groups(real: list[Named], size: int = 100) -> dict[str, list[Batch]]:
    """The batches of each group: `size` made-up windows a rhythm and length, and the ends of the real series."""
    found: dict[str, list[Batch]] = {}
    for i, seasons in enumerate(MADE):
        rng = np.random.default_rng(SEED + i)
        source = Pool(seasons, made_up(rng, 3 * size, span(seasons), seasons))
        name = "made up " + "×".join(map(str, seasons))
        found[name] = [batch(rng, source, size, (k, 2), change=False) for k in (4, 8, 32)]
    rng = np.random.default_rng(SEED - 1)
    rare = Pool((12,), intermittent(rng, 3 * size, 400, (12,)))
    found["made up rare demand"] = [batch(rng, rare, size, (k, 2), change=False) for k in (4, 8)]
    for seasons, horizon in HORIZONS.items():
        windows = _ends(real, seasons, horizon)
        if windows:
            found["real " + "×".join(map(str, seasons))] = _framed(windows, rhythm(seasons), horizon)
    return found


def _ends(real: list[Named], seasons: tuple[int, ...], horizon: int) -> list[tuple[Floats, Floats]]:
    """Contexts and the `horizon` steps after them: the ends of the series, and two earlier cutoffs where few stand."""
    series = [values for _, found, values in real if found == seasons]
    cutoffs = (0,) if len(series) > KEPT else (0, horizon, 3 * horizon)
    windows = []
    for values in series:
        for back in cutoffs:
            end = len(values) - horizon - back
            if end >= max(6, seasons[0] + 2) and np.isfinite(values[end : end + horizon]).all():
                windows.append((values[max(0, end - LONGEST) : end], values[end : end + horizon]))
    chosen = np.random.default_rng(SEED).permutation(len(windows))[:KEPT]
    return [windows[i] for i in chosen]


def _framed(windows: list[tuple[Floats, Floats]], shape: Rhythm, horizon: int) -> list[Batch]:
    ahead = -(-horizon // shape.segment)
    made = []
    for segments in LADDER:
        mine = [(past, future) for past, future in windows if shape.bucket(len(past)) == segments]
        if not mine:
            continue
        width = max(len(past) for past, _ in mine)
        past = np.stack([np.concatenate([np.full(width - len(known), np.nan), known]) for known, _ in mine])
        after = np.full((len(mine), ahead * shape.segment), np.nan)
        after[:, :horizon] = [future for _, future in mine]
        made.append(framed(past, after, shape, (segments, ahead)))
    return made


def score(answer: Answer, held: dict[str, list[Batch]]) -> dict[str, Score]:
    """The scores of `answer` on every group."""
    return {name: _score(answer, batches) for name, batches in held.items()}


def _score(answer: Answer, batches: list[Batch]) -> Score:
    ours, naive, pinballs, inside80, inside95 = [], [], [], [], []
    levels = np.array(LEVELS)
    for made in batches:
        found = np.asarray(answer(made.read.arrays()))
        target = made.target
        known = np.isfinite(target)
        steps = known.sum((1, 2))
        simple = made.read.simple[:, :, NAMES.index("seasonal_naive")]
        plain = np.where(known, np.abs(target - simple), 0).sum((1, 2)) / np.maximum(steps, 1)
        use = (steps > 0) & (plain < ABSURD)
        error = np.where(known[..., None], target[..., None] - found, 0)
        pinball = np.maximum(levels * error, (levels - 1) * error).mean(-1).sum((1, 2)) / np.maximum(steps, 1)
        ours.append((np.abs(error[..., LEVELS.index(0.5)]).sum((1, 2)) / np.maximum(steps, 1))[use])
        naive.append(plain[use])
        pinballs.append(pinball[use])
        kept = known & use[:, None, None]
        for low, high, inside in ((0.1, 0.9, inside80), (0.025, 0.975, inside95)):
            under, over = found[..., LEVELS.index(low)], found[..., LEVELS.index(high)]
            inside.append(((target >= under - 1e-6) & (target <= over + 1e-6))[kept])
    mine, base = np.concatenate(ours), np.concatenate(naive)
    return Score(
        mase=float(mine.mean()),
        relative=float(mine.mean() / base.mean()),
        pinball=float(np.concatenate(pinballs).mean()),
        cover80=float(np.concatenate(inside80).mean()),
        cover95=float(np.concatenate(inside95).mean()),
        windows=len(mine),
    )


def overall(scores: dict[str, Score], kind: str = "") -> float:
    """Geometric mean of the relative MASE over the groups of at least 30 windows whose name begins with `kind`."""
    counted = [one.relative for name, one in scores.items() if name.startswith(kind) and one.windows >= 30]
    return float(np.exp(np.mean(np.log(np.maximum(counted, 1e-9))))) if counted else float("nan")


def table(scores: dict[str, Score]) -> str:
    """The scores as lines of text."""
    lines = [f"{'group':22} {'n':>5} {'MASE':>7} {'relat.':>7} {'pinball':>8} {'80 %':>6} {'95 %':>6}"]
    for name, one in scores.items():
        errors = f"{one.windows:5d} {one.mase:7.3f} {one.relative:7.3f} {one.pinball:8.3f}"
        lines.append(f"{name:22} {errors} {one.cover80:6.3f} {one.cover95:6.3f}")
    means = [f"{kind or 'all'} {overall(scores, kind):.4f}" for kind in ("", "made", "real")]
    return "\n".join([*lines, "geometric mean of relative MASE: " + ", ".join(means)])

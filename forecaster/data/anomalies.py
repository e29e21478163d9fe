"""Values that do not fit their series: outliers by robust seasonal residuals, and shifts of the level.

Both are judged from the values alone, with medians, so that what is looked for does not hide itself. As everywhere, all
series lie end to end in one flat array; those of one length are judged together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.data.frequency import Frequency
from forecaster.data.stamps import DAY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AROUND = 2
"""Seasons before a value and seasons after it that say what is to be expected."""

LIMIT = 8.0
"""Upper quartiles of the residuals' size from which a value is an outlier: 6 standard deviations of normal noise."""

EDGE = 1.6
"""What the limit is multiplied by where one side is missing: such residuals are so much larger (normal noise)."""

FAR = 1e3
"""Times the usual size of a series from which a value is an outlier where nearly all others lie exactly as expected."""

FEWEST_CYCLES = 3
"""Seasons from which the phases of a season tell whether zeros come at regular times."""

FEWEST_RETURNS = 3
"""How often demand comes back after zeros, at least, where it is intermittent."""

FEWEST_MARKERS = 3
"""How often an impossible value comes, at least, to be taken for a marker of missing values."""

PIECE = 2**18
"""Values that are judged at once: memory stays flat, and the noise of a long series may change."""

KNOWN_MARKERS = (-99.9, -99.99, -999.9, -999.99, -99.0, -200.0, -999.0, -9999.0, -99999.0, -32768.0)
"""What files of measurements write for a value that is missing; negative, so it stands out among those that are not."""

MOST_BLOCKS = 400
"""Medians of successive steps in which a shift of the level is looked for."""

SEGMENT = 8
"""Blocks on either side of a shift, at least."""

FEWEST_BLOCKS = 40
"""Blocks of a series, at least: in fewer, a trend or a slow wave looks like a shift too often."""


LARGEST = 1e150
"""Beyond which no differences of values are reckoned with: they would not be finite."""

GIANT, FEWEST_SIZES = 1_000.0, 10
"""How many times as large as nine in ten others a value is that no growth explains; and of how many others at least."""

CLEARLY_ABOVE = 5
"""Below which no more than one in twenty others is where -1 means that a value is missing."""


@dataclass(frozen=True, eq=False)
class Outliers:
    """Values that are too far from what the seasons around them let expect.

    Attributes:
        at: [K] index into the values, ascending.
        expected: [K] what the seasons around say.
        limit: [K] how far from that a value may be.
    """

    at: Ints
    expected: Floats
    limit: Floats

    def without(self, filled: NDArray[np.bool_]) -> Outliers:
        """Return those that were observed: a value [T] that has been filled in is no outlier."""
        kept = ~filled[self.at]
        return Outliers(self.at[kept], self.expected[kept], self.limit[kept])

    def clipped(self, values: Floats) -> Floats:
        """Return the outliers [K] moved to the nearest value that is none."""
        return np.clip(values[self.at], self.expected - self.limit, self.expected + self.limit)


@np.errstate(over="ignore", invalid="ignore")
def find_giants(values: Floats, offsets: Ints) -> Ints:
    """Return the places [K] of values more than `GIANT` times as large as nine in ten others of their series.

    Zeros are no size. A series is judged from `FEWEST_SIZES` others on. This is cheap, and so is looked for always:
    one of them among the last values makes a forecast of nothing but noise.

    Args:
        values: [T] finite.
        offsets: [S + 1] where each series begins and ends.
    """
    sizes = np.abs(values)
    lengths = np.diff(offsets)
    filled = lengths > 0
    starts = offsets[:-1][filled]
    largest = np.maximum.reduceat(sizes, starts) if len(starts) else np.empty(0)
    middle = np.add.reduceat(np.sqrt(sizes), starts) / lengths[filled] if len(starts) else np.empty(0)
    found = []
    for k in np.flatnonzero(largest > middle * middle * 10):  # what is giant against the others is so against this too
        first = int(starts[k])
        own = sizes[first : first + int(lengths[filled][k])]
        others = own[own > 0]
        if len(others) > FEWEST_SIZES:
            found.append(first + np.flatnonzero(own > GIANT * np.quantile(others, 0.9)))
    return np.concatenate(found) if found else np.empty(0, np.int64)


@np.errstate(over="ignore", invalid="ignore")  # a difference that no number holds is further than any
def find_marker(values: Floats) -> float | None:
    """Return the value that looks like a marker of missing values, such as -9999 or 4294967295; None where none does.

    It is the largest or the smallest of all, comes three times or more, exactly the same, and is further from the
    middle of the others than 20 times their spread (1st to 99th percentile) and their size. What is known as a marker
    counts where no other value is negative, or from 3 times the spread on. Where nearly all others are 0, as in demand
    that comes now and then, only what is known as one counts. A -1 counts where it is the only negative value, and
    nearly all others are far above.

    Args:
        values: [N] as observed, finite.
    """
    for end in (values.min(), values.max()) if len(values) else ():
        same = values == end
        others = values[~same]
        if same.sum() < FEWEST_MARKERS or not len(others):
            continue
        low, middle, high = np.quantile(others, (0.01, 0.5, 0.99))
        known = end in KNOWN_MARKERS and (others.min() >= 0 or abs(end - middle) > 3 * (high - low))
        known |= end == -1 and others.min() >= 0 and np.quantile(others, 0.05) >= CLEARLY_ABOVE
        spread = max(high - low, 1e-9 * abs(middle))  # 0 where nearly all others are 0: then sales of 5 are no marker
        if known or (spread > 0 and abs(end - middle) > 20 * spread and abs(end) > 20 * abs(middle)):
            return float(end)
    return None


@dataclass(frozen=True, eq=False)
class Shifts:
    """Series whose level changes at once and stays, the largest such change of each.

    Attributes:
        series: [K] which series, ascending.
        steps: [K] the first step after the change, counted from the start of the series.
        before: [K] median before it.
        after: [K] median after it.
    """

    series: Ints
    steps: Ints
    before: Floats
    after: Floats


def seasons_of(frequency: Frequency, season: int) -> tuple[int, ...]:
    """Return the season lengths that outliers are judged by: where a season is a day, a week as well."""
    unit, count, _ = frequency.grid
    return (season, 7 * season) if unit == "fixed" and season * count == DAY else (season,)


def find_intermittent(values: Floats, offsets: Ints, season: int) -> Ints:
    """Return the indices [K] of series of intermittent demand: mostly 0, and at no regular times.

    More than half of the values are 0, none is negative, and demand comes back three times or more: a series that
    begins late or has ended is another thing. And knowing the phase of the season tells little of whether a value is 0
    (it takes less than half of that variance away): a night without sun is 0 as well, but every night is.

    Args:
        values: [T] finite.
        offsets: [S + 1] where each series begins and ends.
        season: m in steps; 1 for none. It counts in series of three of them and more.
    """
    lengths, starts = np.diff(offsets), offsets[:-1]
    zeros = np.concatenate([[0], np.cumsum(values == 0)])
    share = (zeros[offsets[1:]] - zeros[starts]) / np.maximum(lengths, 1)
    found = []
    for s in np.flatnonzero((share > 0.5) & (share < 1.0)).tolist():
        series = values[starts[s] : offsets[s + 1]]
        comes = series > 0
        cycles = len(series) // season if len(series) >= FEWEST_CYCLES * season else 0
        whole = comes[-cycles * season :].reshape(cycles, season) if cycles else comes[:, None]
        phases, plain = whole.mean(axis=0), whole.mean()
        regular = season > 1 and (phases * (1 - phases)).mean() < 0.5 * plain * (1 - plain)
        if series.min() >= 0 and (np.diff(comes.astype(np.int8)) > 0).sum() >= FEWEST_RETURNS and not regular:
            found.append(s)
    return np.array(found, np.int64)


def _judge_demand(found: Outliers, values: Floats, offsets: Ints, series: Ints) -> Outliers:
    """Return the outliers with those of some series of intermittent demand judged by the size of other demand alone."""
    of = np.searchsorted(offsets, found.at, side="right") - 1
    kept = ~np.isin(of, series)
    parts = [(found.at[kept], found.expected[kept], found.limit[kept])]
    for s in series.tolist():
        own = values[offsets[s] : offsets[s + 1]]
        limit = LIMIT * float(np.quantile(own[own > 0], 0.75))
        at = offsets[s] + np.flatnonzero(own > limit)
        parts.append((at, np.zeros(len(at)), np.full(len(at), limit)))
    at, expected, limits = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(at)
    return Outliers(at[order], expected[order], limits[order])


@np.errstate(over="ignore", invalid="ignore")  # next to the largest number nothing stands out
def find_outliers(values: Floats, offsets: Ints, seasons: tuple[int, ...]) -> Outliers:
    """Find values that stand out from the same season of the two cycles before and after them.

    The expected value is the median of five such values, itself among them, after their own trend (the median of their
    four differences) is taken out: a step or a trend is no outlier, a spike is, up to two in a row. The residual is
    compared with the upper quartile of all residuals of the series: Hampel's identifier (The influence curve and its
    role in robust estimation, JASA 1974) with the quartile for the median, since rounded data has many residuals of 0.

    Of several season lengths that one counts by which residuals are smallest: a Saturday is no outlier among weekdays.
    Where all values are positive, a value must stand out among the logarithms as well: nor is a series that has grown.
    Of intermittent demand only what is 8 times the upper quartile of what is not 0 counts.

    Args:
        values: [T] finite.
        offsets: [S + 1] where each series begins and ends.
        seasons: In steps, ascending; (1,) for none. Where a series is shorter than five of them, that length does not
            count; one shorter than five of each is judged with 1, and shorter than 5 steps not at all.
    """
    found = []
    for starts, length in _alike(offsets):
        lags = [m for m in seasons if length >= (2 * AROUND + 1) * m] or [1]
        if length < 2 * AROUND + 1:
            continue
        series = np.clip(values[starts[:, None] + np.arange(length)], -LARGEST, LARGEST)  # (n, length)
        positive = series.min(axis=1, keepdims=True) > 0
        logs = np.log(np.where(positive, series, 1.0))
        for at in np.array_split(np.arange(length), -(-length // PIECE)):
            expected, limit = _closest(series, at, lags)
            wrong = np.abs(series[:, at] - expected) > limit
            if (wrong & positive).any():
                middle, width = _closest(logs, at, lags, farthest=np.log(FAR))
                wrong &= (np.abs(logs[:, at] - middle) > width) | ~positive
            if wrong.any():
                usual = np.broadcast_to(np.quantile(np.abs(series), 0.9, axis=1)[:, None], wrong.shape)
                edge = np.where(limit >= FAR * usual, usual, limit)  # a thousand times the usual is nothing to clip to
                found.append(((starts[:, None] + at)[wrong], expected[wrong], edge[wrong]))
    parts = zip(*found, strict=True) if found else ([np.empty(0, np.int64)], [np.empty(0)], [np.empty(0)])
    at, expected, limit = (np.concatenate(part) for part in parts)
    return _judge_demand(Outliers(at, expected, limit), values, offsets, find_intermittent(values, offsets, seasons[0]))


def _alike(offsets: Ints) -> Iterator[tuple[Ints, int]]:
    """Yield the starts [n] of series of one length, and that length; of so many that they hold at most PIECE values."""
    lengths = np.diff(offsets)
    order = np.argsort(lengths, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        length = int(lengths[group[0]])
        size = max(1, PIECE // length)
        for k in range(0, len(group), size):
            yield offsets[group[k : k + size]], length


def _closest(series: Floats, at: Ints, lags: list[int], farthest: float | None = None) -> tuple[Floats, Floats]:
    """Return `_expected` by the lag that expects most closely, for each series [S, n]."""
    expected, limit = _expected(series, at, lags[0], farthest)
    for m in lags[1:]:
        other, width = _expected(series, at, m, farthest)
        closer = width.mean(axis=1, keepdims=True) < limit.mean(axis=1, keepdims=True)
        expected, limit = np.where(closer, other, expected), np.where(closer, width, limit)
    return expected, limit


def _expected(series: Floats, at: Ints, m: int, farthest: float | None) -> tuple[Floats, Floats]:
    """Return what is expected at some steps [n] of series [S, length], and how far a value may be from it: [S, n].

    Where nearly all values lie exactly as expected, that is so far; None for `FAR` times the usual size of the series.
    """
    before, after = at // m, (series.shape[1] - 1 - at) // m
    aside = np.maximum(AROUND - before, 0) - np.maximum(AROUND - after, 0)  # seasons that the five are shifted by
    cycles = np.arange(-AROUND, AROUND + 1)[:, None]
    around = series[:, at + (aside + cycles) * m]  # (S, 5, n)
    slopes = np.sort(np.diff(around, axis=1), axis=1)
    slope = (slopes[:, AROUND - 1] + slopes[:, AROUND]) / 2
    expected = np.sort(around - cycles * slope[:, None], axis=1)[:, AROUND] - aside * slope
    size = np.abs(series[:, at] - expected)
    upper = np.quantile(size[:, aside == 0] if (aside == 0).any() else size, 0.75, axis=1)
    usual = np.quantile(np.abs(series), 0.9, axis=1)  # not the largest: that may be the very value that is looked for
    floor = 1e-9 * usual  # rounding: a perfectly regular series has residuals of 1e-16
    far = np.where(usual > 0, FAR * usual if farthest is None else farthest, np.inf)
    limit = np.where(upper > floor, LIMIT * upper, far)
    return expected, limit[:, None] * np.where(aside == 0, 1.0, EDGE)


@np.errstate(over="ignore", invalid="ignore")
def find_shifts(values: Floats, offsets: Ints, season: int) -> Shifts:
    """Find series whose level changes at once and stays so, such as after a change of meter or definition.

    The season is taken out by the median of each phase, successive steps are gathered in at most 400 medians, and those
    are split where two means fit best. It is a shift where the means differ by 7 standard errors (those of residuals
    that follow each other, lag 1) and by 1.5 standard deviations, two means fit clearly better than a straight line,
    and the change happens at once: the 8 medians on either side differ by three quarters of it. Of
    simulated trends and autocorrelated noise fewer than 1 series in 100 is taken for one, of random walks 1 in 20, of
    slow waves of 60 steps 1 in 9.

    Args:
        values: [T] finite.
        offsets: [S + 1] where each series begins and ends; those shorter than 40 steps are not judged.
        season: m in steps; 1 for none.
    """
    found = []
    for starts, length in _alike(offsets):
        if length < FEWEST_BLOCKS:
            continue
        series = values[starts[:, None] + np.arange(length)]
        size = -(-length // MOST_BLOCKS)
        count = length // size
        plain = _without_season(series, season)[:, : count * size]
        blocks = np.median(plain.reshape(len(starts), count, size), axis=2)
        shifted, split = _split(blocks)
        for k in np.flatnonzero(shifted).tolist():
            step = int(split[k]) * size
            found.append((starts[k], step, np.median(series[k, :step]), np.median(series[k, step:])))
    columns = np.array(found, np.float64).reshape(-1, 4)
    columns = columns[np.argsort(columns[:, 0])]
    series_index = np.searchsorted(offsets, columns[:, 0].astype(np.int64))
    return Shifts(series_index, columns[:, 1].astype(np.int64), columns[:, 2], columns[:, 3])


def _without_season(series: Floats, m: int) -> Floats:
    """Return series [n, length] without the median of each of the m phases, where there are four cycles of them."""
    count, length = series.shape
    cycles = length // m
    if m == 1 or cycles < 4:
        return series
    phases = np.median(series[:, : cycles * m].reshape(count, cycles, m), axis=1)
    return np.asarray(series - np.tile(phases, (1, cycles + 1))[:, :length])


def _split(blocks: Floats) -> tuple[NDArray[np.bool_], Ints]:
    """Return which rows of blocks [n, K] shift, and the first block after it [n]."""
    count, each = blocks.shape[1], np.arange(len(blocks))
    low, high = np.quantile(blocks, (0.25, 0.75), axis=1)[:, :, None]
    centred = np.clip(blocks, low - 3 * (high - low), high + 3 * (high - low))
    centred = centred - centred.mean(axis=1, keepdims=True)
    sums = np.concatenate([np.zeros((len(blocks), 1)), np.cumsum(centred, axis=1)], axis=1)
    sizes = np.arange(SEGMENT, count - SEGMENT + 1)  # blocks before the split
    size = sizes[np.argmax(sums[:, sizes] ** 2 * (1 / sizes + 1 / (count - sizes)), axis=1)]
    total = sums[each, size]
    before, after = total / size, -total / (count - size)
    jump = after - before
    rest = centred - np.where(np.arange(count) < size[:, None], before[:, None], after[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = (rest**2).sum(axis=1)
        memory = np.clip((rest[:, 1:] * rest[:, :-1]).sum(axis=1) / squares, 0.0, 0.95)
        deviation = np.sqrt(squares / (count - 2))
        error = deviation * np.sqrt((1 + memory) / (1 - memory) * (1 / size + 1 / (count - size)))
        time = np.arange(count) - (count - 1) / 2
        line = (centred**2).sum(axis=1) - (centred @ time) ** 2 / (time @ time)
        local = (sums[each, size + SEGMENT] - 2 * total + sums[each, size - SEGMENT]) / SEGMENT / jump
        shifted = (np.abs(jump) > 7 * error) & (np.abs(jump) > 1.5 * deviation) & (squares < 0.85 * line)
        return np.asarray(shifted & (local > 0.75)), size

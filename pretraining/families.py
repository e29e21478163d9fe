"""Families of made-up series: each `(rng, n, length, seasons) -> (n, length)`, its source in the docstring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pretraining.draws import Floats, Random, along, noise, pattern, season, sizes, smooth, sometimes, unlog

Family = Callable[[Random, int, int, tuple[int, ...]], Floats]


def smoothing(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Exponential smoothing state space: level, damped trend, changing season (Hyndman et al., 2008)."""
    m = seasons[0]
    burn = 20 + min(m, 24)
    size = sizes(rng, 0.004, 0.3, n)
    alpha = rng.beta(1.2, 1.4, n)
    alpha[rng.random(n) < 0.15] = 0
    alpha[rng.random(n) < 0.12] = 1
    beta = sometimes(rng, 0.5, sizes(rng, 0.001, 0.4, n)) * alpha
    phi = np.where(rng.random(n) < 0.3, 1.0, rng.uniform(0.75, 1, n))
    drift = sometimes(rng, 0.65, rng.normal(0, 0.05, n) / (max(m, 4) if m > 1 else 1))
    gamma = sometimes(rng, 0.5, rng.beta(1, 6, n))
    state = pattern(rng, n, m) * sometimes(rng, 0.8, sizes(rng, 0.01, 0.6, n))[:, None]
    error = smooth(noise(rng, n, length + burn) * size[:, None], sometimes(rng, 0.35, rng.uniform(-0.5, 0.9, n)))
    pulse = noise(rng, n, length + burn) * size[:, None] * 0.5 + error * 0.6
    jump = (rng.random((n, length + burn)) < 0.3 / length) * rng.normal(0, 0.4, (n, length + burn))
    level, slope, made = np.zeros(n), drift.copy(), np.empty((n, length + burn))
    for step in range(length + burn):
        phase = step % m
        made[:, step] = level + slope + state[:, phase] + error[:, step]
        level = level + slope + alpha * pulse[:, step] + jump[:, step]
        slope = drift + phi * (slope - drift) + beta * pulse[:, step]
        state[:, phase] += gamma * pulse[:, step]
    longer = season(rng, n, length, seasons[1:]) * sizes(rng, 0.02, 0.4, n)[:, None] if len(seasons) > 1 else 0
    return unlog(rng, made[:, burn:] + longer)


def arima(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Seasonal ARIMA of random orders: (0-2, 0-2, 0-1)(0-1, 0-1, 0-1) (Box and Jenkins, 1970)."""
    m = seasons[0]
    error = noise(rng, n, length)
    error[:, 1:] += sometimes(rng, 0.5, rng.uniform(-0.9, 0.6, n))[:, None] * error[:, :-1].copy()
    made = smooth(
        smooth(error, sometimes(rng, 0.7, rng.uniform(-0.5, 0.95, n))), sometimes(rng, 0.4, rng.uniform(-0.8, 0.8, n))
    )
    if 1 < m < length:
        late = error[:, :-m].copy() * sometimes(rng, 0.6, rng.uniform(-0.9, 0, n))[:, None]
        made[:, m:] += late
        share = np.where(rng.random(n) < 0.5, 1.0, sometimes(rng, 0.6, rng.uniform(0.2, 0.95, n)))
        made[:, :m] += 3 * pattern(rng, n, m) * sizes(rng, 0.3, 4, n)[:, None]
        for step in range(m, length):
            made[:, step] += share * made[:, step - m]
    order = rng.choice(3, n, p=(0.35, 0.5, 0.15))
    once = np.cumsum(made, axis=1)
    made = np.where((order > 0)[:, None], once, made)
    made = np.where((order > 1)[:, None], np.cumsum(once, axis=1), made)
    made = made / (made.std(1, keepdims=True) + 1e-9)
    return made + rng.normal(0, 2, (n, 1)) + sometimes(rng, 0.7, sizes(rng, 1, 30, n))[:, None]


def walk(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Random walk with drift, changing volatility and a season (Makridakis and Hibon, 2000: hard to beat)."""
    volatility = np.exp(smooth(rng.normal(0, 0.15, (n, length)), np.full(n, 0.95)) * (rng.random((n, 1)) < 0.4))
    size = sizes(rng, 0.005, 0.2, n)[:, None]
    steps = noise(rng, n, length) * volatility * size + sometimes(rng, 0.6, rng.normal(0, 0.4, n))[:, None] * size
    fixed = season(rng, n, length, seasons) * sometimes(rng, 0.6, sizes(rng, 0.5, 10, n))[:, None] * size
    return unlog(
        rng,
        np.cumsum(steps, axis=1)
        + fixed
        + sometimes(rng, 0.4, sizes(rng, 0.1, 2, n))[:, None] * size * noise(rng, n, length),
    )


def gaussian(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Sums and products of Gaussian processes: smooth, periodic, linear, noise (KernelSynth, arXiv:2403.07815)."""
    time = np.linspace(0, 1, length)[None]

    def wave() -> Floats:
        speed = sizes(rng, 0.5, 40, n)[:, None]
        made = np.zeros((n, length))
        for _ in range(16):
            made += np.cos(2 * np.pi * rng.normal(size=(n, 1)) * speed * time / 3 + rng.uniform(0, 6.3, (n, 1)))
        return made / 4

    periodic = season(rng, n, length, seasons)
    line = rng.normal(size=(n, 1)) * (time - rng.uniform(0, 1, (n, 1)))
    made = (
        wave() * sometimes(rng, 0.7, sizes(rng, 0.1, 2, n))[:, None]
        + line * sometimes(rng, 0.5, sizes(rng, 0.3, 4, n))[:, None]
    )
    made += periodic * sometimes(rng, 0.8, sizes(rng, 0.1, 2, n))[:, None]
    factor = np.where(rng.random((n, 1)) < 0.3, wave(), np.where(rng.random((n, 1)) < 0.3, 1 + line, 1))
    made = np.where(rng.random((n, 1)) < 0.4, made * factor, made + periodic * factor)
    return made + noise(rng, n, length) * sizes(rng, 0.01, 0.8, n)[:, None]


def intermittent(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Rare demand: occurrence and size apart, rates that wander, seasons, obsolescence (Croston, 1972)."""
    rate = sizes(rng, 0.02, 2.5, n)[:, None]
    log = smooth(rng.normal(0, 0.12, (n, length)), np.full(n, 0.97)) * (rng.random((n, 1)) < 0.5)
    log += season(rng, n, length, seasons) * sometimes(rng, 0.35, sizes(rng, 0.1, 0.8, n))[:, None]
    log += sometimes(rng, 0.4, rng.normal(0, 1.5, n))[:, None] * np.linspace(-0.5, 0.5, length)[None]
    rate = np.clip(rate * np.exp(log), 1e-4, 50)
    lumps = np.where(rng.random((n, 1)) < 0.5, rng.gamma(1 / sizes(rng, 0.2, 4, n)[:, None], size=(n, length)), 0)
    spread = sizes(rng, 0.2, 4, n)[:, None]
    mixed = np.where(rng.random((n, 1)) < 0.5, rate * lumps * spread, rate)
    made = rng.poisson(np.clip(mixed, 0, 1e4)).astype(np.float64)
    size = 1 + rng.poisson(sizes(rng, 0.1, 8, n)[:, None], (n, length))
    made = np.where(rng.random((n, 1)) < 0.3, (made > 0) * size, made)
    packs = rng.choice((1, 1, 1, 2, 6, 10), n)[:, None]
    stopped = (rng.random((n, 1)) < 0.08) & (np.arange(length)[None] > rng.integers(1, length, (n, 1)))
    return np.where(stopped, 0, made * packs)


def counts(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Counts about a moving rate, Poisson or negative binomial (Fokianos, 2012)."""
    rate = (
        np.log(sizes(rng, 1, 400, n))[:, None]
        + np.cumsum(rng.normal(size=(n, length)), 1) * sometimes(rng, 0.6, sizes(rng, 0.002, 0.08, n))[:, None]
    )
    rate += season(rng, n, length, seasons) * sometimes(rng, 0.75, sizes(rng, 0.02, 0.5, n))[:, None]
    rate += rng.normal(0, 0.5, (n, 1)) * np.linspace(-0.5, 0.5, length)[None] * (rng.random((n, 1)) < 0.5)
    mean = np.exp(np.clip(rate, -4, 9))
    shape = sizes(rng, 2, 100, n)[:, None]
    wide = rng.random((n, 1)) < 0.5
    return rng.poisson(np.where(wide, mean * rng.gamma(shape, size=(n, length)) / shape, mean)).astype(np.float64)


def growth(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Growth that saturates: logistic, Gompertz and adoption curves, up or down (Bass, 1969)."""
    width = sizes(rng, 4, max(8, length), n)[:, None]
    middle = rng.uniform(-0.2, 1.2, (n, 1)) * length
    x = np.clip((np.arange(length)[None] - middle) / width * 4, -30, 30)
    logistic, gompertz = 1 / (1 + np.exp(-x)), np.exp(-np.exp(np.clip(-x, -30, 6)))
    curve = np.where(rng.random((n, 1)) < 0.5, logistic, gompertz)
    curve = np.where(rng.random((n, 1)) < 0.3, 1 - curve, curve)
    wander = smooth(noise(rng, n, length), np.where(rng.random(n) < 0.5, 1.0, rng.uniform(0, 0.95, n)))
    log = season(rng, n, length, seasons) * sometimes(rng, 0.6, sizes(rng, 0.01, 0.3, n))[:, None]
    log += wander * sizes(rng, 0.002, 0.08, n)[:, None]
    return (curve + rng.uniform(0, 0.5, (n, 1))) * np.exp(np.clip(log, -3, 3))


def shares(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Rates between 0 and 1 (or 100): a wandering logit (Aitchison, 1986)."""
    logit = rng.normal(0, 2, (n, 1)) + smooth(
        noise(rng, n, length) * sizes(rng, 0.01, 0.4, n)[:, None],
        np.where(rng.random(n) < 0.5, 1.0, rng.uniform(0.3, 0.98, n)),
    )
    logit += season(rng, n, length, seasons) * sometimes(rng, 0.6, sizes(rng, 0.03, 1, n))[:, None]
    logit += rng.normal(0, 1.5, (n, 1)) * np.linspace(0, 1, length)[None] * (rng.random((n, 1)) < 0.5)
    logit += noise(rng, n, length) * sometimes(rng, 0.6, sizes(rng, 0.01, 0.4, n))[:, None]
    made = 1 / (1 + np.exp(-np.clip(logit, -12, 12)))
    return np.where(rng.random((n, 1)) < 0.3, np.round(made * 100, 1), made)


def regimes(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Lines that break and levels that shift, with a season and noise (Hamilton, 1989; Perron, 1989)."""
    often = sizes(rng, 0.5, 8, n)[:, None] / length
    bend = (
        (rng.random((n, length)) < often)
        * rng.normal(0, 1, (n, length))
        * sometimes(rng, 0.7, sizes(rng, 0.002, 0.05, n))[:, None]
    )
    shift = (
        (rng.random((n, length)) < often)
        * rng.normal(0, 1, (n, length))
        * sometimes(rng, 0.7, sizes(rng, 0.05, 1, n))[:, None]
    )
    made = (
        np.cumsum(np.cumsum(bend, 1) * 8 / np.sqrt(length) + shift, 1)
        + rng.normal(0, 0.5, (n, 1)) * np.linspace(0, 1, length)[None]
    )
    made += season(rng, n, length, seasons) * sometimes(rng, 0.75, sizes(rng, 0.03, 0.6, n))[:, None]
    return unlog(rng, made + noise(rng, n, length) * sizes(rng, 0.005, 0.3, n)[:, None])


def calendar(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Trade by day or hour: factors by weekday and time of year, holidays, closures (Taylor and Letham, 2018)."""
    m = seasons[0]
    week = np.exp(rng.normal(0, 1, (n, m)) * sizes(rng, 0.03, 0.7, n)[:, None])
    closed = (rng.random((n, m)) < 0.12) & (rng.random((n, 1)) < 0.25)
    week = np.where(closed, week * rng.uniform(0, 0.1, (n, 1)), week)
    smooth_week = np.exp(pattern(rng, n, m) * sizes(rng, 0.05, 0.8, n)[:, None])
    made = along(np.where(rng.random((n, 1)) < 0.5, week, smooth_week), length, rng.integers(0, m, n))
    for longer in seasons[1:]:
        repeats = max(1, longer // m)
        by_cycle = np.exp(rng.normal(0, 1, (n, repeats)) * sometimes(rng, 0.7, sizes(rng, 0.02, 0.5, n))[:, None])
        if repeats <= 8:
            made *= np.repeat(along(by_cycle, -(-length // m) + 1, rng.integers(0, repeats, n)), m, 1)[:, :length]
        else:
            made *= np.exp(season(rng, n, length, (longer,)) * sometimes(rng, 0.8, sizes(rng, 0.03, 0.4, n))[:, None])
    trend = np.cumsum(rng.normal(size=(n, length)), 1) * sometimes(rng, 0.6, sizes(rng, 0.002, 0.03, n))[:, None]
    trend += rng.normal(0, 0.3, (n, 1)) * np.linspace(0, 1, length)[None]
    holidays = (rng.random((n, length)) < 0.012) & (rng.random((n, 1)) < 0.6)
    made *= np.where(holidays, sizes(rng, 0.02, 2.5, n)[:, None], 1)
    remainder = smooth(noise(rng, n, length), sometimes(rng, 0.6, rng.uniform(0, 0.9, n)))
    return made * np.exp(np.clip(trend + remainder * sizes(rng, 0.02, 0.4, n)[:, None], -5, 5))


def economy(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Growth rates that persist, with crises: industry, national accounts (Nelson and Plosser, 1982)."""
    m = max(seasons[0], 1)
    pace = 1 / max(1, min(m, 12))
    share = rng.uniform(0.2, 0.97, n) ** pace
    mean = rng.normal(0.025, 0.04, n)[:, None] * pace
    size = sizes(rng, 0.003, 0.12, n)[:, None] * pace**0.5
    crises = (rng.random((n, length)) < 0.03 * pace) * rng.normal(-1, 2, (n, length)) * 3
    rate = mean + smooth((noise(rng, n, length) + crises) * size * np.sqrt(1 - share[:, None] ** 2), share)
    log = np.cumsum(rate, 1) + noise(rng, n, length) * sometimes(rng, 0.6, sizes(rng, 0.001, 0.08, n))[:, None]
    log += season(rng, n, length, seasons) * sometimes(rng, 0.7, sizes(rng, 0.01, 0.3, n))[:, None]
    return unlog(rng, log, 0.2)


def cycles(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """Stochastic cycles without a fixed period, and oscillations that fade or grow (Harvey, 1989)."""
    m = max(seasons[0], 2)
    period = sizes(rng, 2.5, 12, n) * np.where(rng.random(n) < 0.5, m, 2)
    damp = np.where(rng.random(n) < 0.3, 1.0, rng.uniform(0.85, 0.998, n))
    cos, sin = damp * np.cos(2 * np.pi / period), damp * np.sin(2 * np.pi / period)
    real, imaginary = rng.normal(0, 3, n), rng.normal(0, 3, n)
    shock = rng.normal(size=(2, n, length)) * sometimes(rng, 0.8, sizes(rng, 0.02, 1, n))[None, :, None]
    made = np.empty((n, length))
    for step in range(length):
        real, imaginary = (
            cos * real + sin * imaginary + shock[0, :, step],
            cos * imaginary - sin * real + shock[1, :, step],
        )
        made[:, step] = real
    made /= made.std(1, keepdims=True) + 1e-9
    made += season(rng, n, length, seasons) * sometimes(rng, 0.6, sizes(rng, 0.1, 3, n))[:, None]
    made += np.linspace(0, 1, length)[None] * sometimes(rng, 0.5, rng.normal(0, 2, n))[:, None]
    made += noise(rng, n, length) * sizes(rng, 0.02, 0.7, n)[:, None]
    return np.where(rng.random((n, 1)) < 0.4, np.exp(np.clip(made * 0.25, -6, 6)), made)


FAMILIES: dict[str, tuple[Family, float]] = {
    "smoothing": (smoothing, 3.0),
    "arima": (arima, 1.5),
    "walk": (walk, 1.2),
    "gaussian": (gaussian, 1.2),
    "intermittent": (intermittent, 1.3),
    "counts": (counts, 0.9),
    "growth": (growth, 0.8),
    "shares": (shares, 0.6),
    "regimes": (regimes, 1.0),
    "calendar": (calendar, 0.8),
    "economy": (economy, 1.5),
    "cycles": (cycles, 0.7),
}


def made_up(
    rng: Random, n: int, length: int, seasons: tuple[int, ...], boost: dict[str, float] | None = None
) -> Floats:
    """About `n` series of all families, weighted, with outliers and missing values, `(≥ n, length)` shuffled."""
    weights = {name: weight * (boost or {}).get(name, 1.0) for name, (_, weight) in FAMILIES.items()}
    total = sum(weights.values())
    parts = []
    for name, (family, _) in FAMILIES.items():
        share = -(-n * weights[name] // total)
        if share >= 1:
            parts.append(family(rng, int(share), length, seasons))
    made = np.concatenate(parts)
    made = np.where(np.isfinite(made), made, 0.0)
    rng.shuffle(made)
    spread = np.abs(np.diff(made, axis=1)).mean(1, keepdims=True)
    odd = (rng.random(made.shape) < 0.004) & (rng.random((len(made), 1)) < 0.4)
    made = made + odd * rng.normal(0, 6, made.shape) * spread
    holes = (rng.random(made.shape) < sizes(rng, 0.003, 0.3, len(made))[:, None]) & (rng.random((len(made), 1)) < 0.08)
    return np.where(holes, np.nan, made)

"""What tests of findings share: made-up series, and `forecast check` of a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from forecaster import jobs
from forecaster.config import ReadSettings
from forecaster.data.rows import Finding
from forecaster.reporting.verdict import Verdict

Write = Callable[..., Path]


def days(count: int, start: str = "2024-01-01") -> list[str]:
    """Dates, one a day."""
    return [str(np.datetime64(start) + day) for day in range(count)]


def series(name: str, values: list[object], start: str = "2024-01-01") -> list[str]:
    """Rows of one daily series: name, date, value."""
    return [f"{name},{day},{value}" for day, value in zip(days(len(values), start), values, strict=True)]


def usual(count: int = 60, seed: int = 0) -> list[object]:
    """A weekly pattern and a little noise."""
    rng = np.random.default_rng(seed)
    return [round(50 + 10 * (i % 7) + rng.normal(), 2) for i in range(count)]


def faulty() -> list[str]:
    """Series with one fault each, and one that has none."""
    spike, shift, zero, negative = usual(), usual(), usual(), usual(seed=3)
    spike[20], spike[40] = 900, 300
    shift[35:] = [value + 400 for value in shift[35:]]
    zero[10:] = [0] * 50
    negative = [value - 80 for value in negative]
    holes = ["", *usual(57), "", ""]
    holes[30] = ""
    return [
        "shop,day,sales",
        *series("fine", usual()),
        *series("spike", spike),
        *series("shift", shift),
        *series("zero", zero),
        *series("negative", negative),
        *series("holes", holes),
        *series("flat", [7] * 60),
        *series("tiny", [1, 2, 3]),
        *series("empty", [""] * 10),
        *(line for i, line in enumerate(series("gaps", usual())) if i not in (5, 6, 40)),
        *series("twice", usual()),
        "twice,2024-01-05,99",
    ]


def check(data: Path | str, **flags: object) -> Verdict:
    """The verdict on a file, which JSON can hold."""
    verdict = jobs.check(jobs.CheckJob(data=str(data), reading=ReadSettings(**flags)))
    json.dumps(verdict.summary(), allow_nan=False)
    return verdict


def finding(verdict: Verdict, code: str) -> Finding:
    """The one finding of this code."""
    [found] = [finding for finding in verdict.findings if finding.code == code]
    return found

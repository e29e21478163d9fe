"""Networks of several kinds on the same windows."""

from __future__ import annotations

import pytest

from pretraining import trial, validate
from pretraining.feed import Feed
from pretraining.net import Shape


def test_a_family_sees_its_own_seasons_alone() -> None:
    every, short = trial.Variant("all", Shape(4, 1)), trial.Variant("short", Shape(4, 1), (1, 4))
    assert [every.learns(season) for season in (1, 4, 7, 168)] == [True] * 4
    assert [short.learns(season) for season in (1, 4, 7, 168)] == [True, True, False, False]


@pytest.mark.slow
def test_every_variant_sees_the_same_windows() -> None:
    said: list[str] = []
    variants = (
        trial.Variant("lstm", Shape(4, 1)),
        trial.Variant("slstm", Shape(4, 1, cell="slstm")),
        trial.Variant("short", Shape(4, 1), (1, 4)),
    )
    runners = trial.run(variants, Feed(32, 60, 1), 640, validate.groups([], 6), said.append)
    lstm, slstm, short = (runner.windows for runner in runners)
    assert lstm == slstm == 640
    assert 0 < short < 640
    assert said[-1].startswith("after 640 windows\n| network | parameters |")
    assert said[-1].count("\n") == 5

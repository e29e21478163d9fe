"""Seasons and segments of the pretrained network."""

from __future__ import annotations

import pytest

from forecaster.model.pretrained.rhythm import LADDER, WIDTH, rhythm, segment


@pytest.mark.parametrize("season", range(1, 367))
def test_every_season_length_has_a_segment_that_fits(season: int) -> None:
    p = segment(season)
    assert 4 <= p <= WIDTH
    shape = rhythm((season,))
    assert shape.bucket(1) == LADDER[0]
    assert shape.bucket(2_048) <= LADDER[-1]


def test_a_longer_season_becomes_a_multiple_of_the_first() -> None:
    assert rhythm((7, 365)).second == 364
    assert rhythm((24, 168)).second == 168
    assert rhythm((12,)).second == 0
    assert rhythm((1,)) == rhythm(())

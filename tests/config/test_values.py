"""Settings that are written as text: what is read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from forecaster.base.errors import UsageError
from forecaster.config import values as v


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (v.parse_bounds, "none", (None, None)),
        (v.parse_bounds, "0,", (0.0, None)),
        (v.parse_bounds, " -1 , 2.5", (-1.0, 2.5)),
        (v.parse_levels, "95,80,80", (80.0, 95.0)),
        (v.parse_levels, "0.001,99.999", (0.001, 99.999)),
        (v.parse_quantiles, "0.9,.1", (0.1, 0.9)),
        (v.parse_quantiles, None, ()),
        (lambda text: v.parse_leads(text, 14), "1-3,14,2", (1, 2, 3, 14)),
        (lambda text: v.parse_leads(text, 3), None, (1, 2, 3)),
        (lambda text: v.parse_totals(text, 14), "14,7,7", (7, 14)),
        (lambda text: v.parse_totals(text, 14), None, ()),
        (lambda text: v.parse_units(text, 2), "64", (64, 64)),
        (lambda text: v.parse_units(text, 2), 8, (8, 8)),
        (lambda text: v.parse_units(text, 2), "64, 32", (64, 32)),
        (v.parse_seasons, "24,168,24", (24, 168)),
        (v.parse_seasons, 12, (12,)),
        (v.parse_seasons, "1,7", (7,)),
        (v.parse_seasons, "1", (1,)),
        (v.parse_seasons, None, ()),
        (lambda text: v.parse_duration(text, "--max-age"), "36h", timedelta(hours=36)),
        (lambda text: v.parse_duration(text, "--max-age"), " 3W", timedelta(weeks=3)),
        (lambda text: v.parse_duration(text, "--max-age"), "1.5 d", timedelta(hours=36)),
        (lambda text: v.parse_limit(text, "--max-mase"), "1.5x", (1.5, True)),
        (lambda text: v.parse_limit(text, "--min-coverage", 1), ".7", (0.7, False)),
    ],
)
def test_what_is_read(parse: Callable[[Any], Any], text: Any, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *[(v.parse_bounds, text) for text in ("", ",", "2,1", "1,1", "a,b", "1", "1,2,3", "nan,1")],
        *[(v.parse_levels, text) for text in ("", "0", "100", "x", "80,nan", "-5", "0.0001")],
        *[(v.parse_quantiles, text) for text in ("", "0", "1", "x", "inf")],
        *[(lambda text: v.parse_leads(text, 14), text) for text in ("0", "15", "3-1", "1-", "x", "")],
        *[(lambda text: v.parse_totals(text, 14), text) for text in ("0", "15", "x", "", "1-3")],
        *[(lambda text: v.parse_units(text, 2), text) for text in ("", "0", "2049", "4,4,4", "4;4", "-4")],
        *[(v.parse_seasons, text) for text in ("", "0", "x", "100001", "7,", "-7")],
        *[(lambda text: v.parse_duration(text, "--max-age"), text) for text in ("", "5", "0d", "5m", "5y", "-5d")],
        *[(lambda text: v.parse_limit(text, "--max-mase", 1), text) for text in ("", "x", "2", "-1", "1xx")],
    ],
)
def test_what_is_refused_says_what_was_received(parse: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(UsageError, match=r"--[a-z-]+") as caught:
        parse(text)
    assert repr(text) in caught.value.message or text in caught.value.message

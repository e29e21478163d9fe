"""One setting: its bounds, and the one spelling of its name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from forecaster.base.errors import UsageError
from forecaster.config.knob import check_bounds, key_of, knob


@dataclass(frozen=True)
class Settings:
    share: float = knob(0.5, "A share.", panel="P", bounds=(0, 1))
    many_steps: int | None = knob(None, "Steps.", panel="P", bounds=(1, None))
    change: float = knob(0.0, "A change.", panel="P")
    name: str = knob("a", "A name.", panel="P", bounds=(0, 1))


@pytest.mark.parametrize(
    "given", [{}, {"share": 0}, {"share": 1.0}, {"many_steps": 10**9}, {"change": -5}, {"name": "z"}]
)
def test_what_is_inside(given: dict[str, object]) -> None:
    check_bounds(Settings(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"share": 1.1}, "--share must be from 0 to 1, received 1.1"),
        ({"many_steps": 0}, "--many-steps must be at least 1, received 0"),
        ({"many_steps": 10**9 + 1}, "--many-steps must be at most 1,000,000,000, received 1000000001"),
        ({"change": -math.inf}, "--change must be at least -1,000,000,000, received -inf"),
        ({"change": math.nan}, "--change must be a number, received nan"),
        ({"many_steps": 10**60}, "(61 digits)"),
    ],
)
def test_what_is_outside(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_bounds(Settings(**given))  # type: ignore[arg-type]
    assert said in caught.value.message


def test_names_as_keys() -> None:
    assert [key_of(name) for name in ("from_", "season_length", "freq")] == ["from", "season-length", "freq"]

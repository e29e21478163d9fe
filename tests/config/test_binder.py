"""Keys and values become the settings of a job, whoever gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from forecaster.base.errors import UsageError
from forecaster.config.binder import bind, keys_of, near, take_value
from forecaster.config.knob import knob


@dataclass(frozen=True, kw_only=True)
class Drink:
    size: int | None = knob(1, "How many.", panel="Drinks", bounds=(1, None))
    kind: Literal["tea", "water"] = knob("tea", "Which.", panel="Drinks")


@dataclass(frozen=True, kw_only=True)
class Order:
    table: str
    drink: Drink = field(default_factory=Drink)
    now: str | None = None


def test_keys_are_the_fields_of_a_job_and_the_knobs_of_its_settings() -> None:
    keys = keys_of(Order)
    assert {name: (key.group, key.kind, key.required) for name, key in keys.items()} == {
        "table": (None, str, True),
        "size": ("drink", int, False),
        "kind": ("drink", Literal["tea", "water"], False),
    }


def test_values_go_to_the_settings_that_they_belong_to() -> None:
    order = bind(Order, keys_of(Order), {"table": "7", "size": 2}, {"now": "noon"})
    assert order == Order(table="7", drink=Drink(size=2), now="noon")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("size", 0, "at least 1"),
        ("size", "two", "size must be a whole number, received 'two'"),
        ("kind", "coffee", "kind must be one of tea, water, received 'coffee'"),
    ],
)
def test_a_value_that_a_setting_does_not_take_is_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        take_value(name, value, keys_of(Order)[name])


def test_paths_and_near_names() -> None:
    @dataclass(frozen=True)
    class Written:
        output: Path | None = None

    assert take_value("output", "a.csv", keys_of(Written)["output"]) == Path("a.csv")
    assert near("siz", keys_of(Order)) == "Did you mean 'size'?"
    assert near("zzz", keys_of(Order)) == ""

"""Numbers and scores as a person reads them."""

from __future__ import annotations

import math

import pytest

from forecaster.base.words import conclude, counted, listed, number, percent, split_names


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (0.4512345, 4, "0.4512"),
        (12345.678, 4, "12,346"),
        (1.5, 3, "1.50"),
        (0.0, 4, "0.000"),
        (-0.0321, 3, "-0.0321"),
        (None, 4, "–"),
        (math.nan, 4, "–"),
        (math.inf, 4, "–"),
    ],
)
def test_numbers(value: float | None, digits: int, said: str) -> None:
    assert number(value, digits) == said


def test_shares_counts_and_lists() -> None:
    assert [percent(0.12345), percent(None)] == ["12.3 %", "–"]
    assert [counted(1, "step"), counted(2000, "step")] == ["1 step", "2,000 steps"]
    assert [listed(["a", "b"], 2), listed(["a", "b", "c"], 1)] == ["a, b", "a and 2 more"]


@pytest.mark.parametrize(
    ("mase", "skill", "said", "good"),
    [
        (0.75, 0.25, "Better than naive: its error (MASE) is 25.0 % lower", True),
        (1.5, -0.5, "Not better than naive: its error (MASE) is 50.0 % higher", False),
        (1.001, -0.001, "As good as naive, to three digits: a MASE of 1", False),
        (1.0, None, "The skill over naive is undefined", False),
    ],
)
def test_one_sentence_says_whether_the_model_is_better(mase: float, skill: float | None, said: str, good: bool) -> None:
    metrics = {"model": {"mase": mase}, "baseline": {"mase": 1.0}, "skill": skill, "baseline_name": "naive"}
    sentence, better = conclude(metrics | {"windows": 1200}, "windows")
    assert sentence.startswith(said)
    assert sentence.endswith("on 1,200 windows.")
    assert better is good


def test_names_that_a_setting_gives() -> None:
    assert split_names(" a, b c ,,d") == ("a", "b c", "d")
    assert split_names(None) == split_names("") == split_names(" , ") == ()

"""How rows become observations: flags that do not go together are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forecaster.base.errors import UsageError
from forecaster.base.records import build, dump
from forecaster.config import ReadSettings
from forecaster.data.recipe import PLAIN, Recipe
from tests.data.test_shaping import lines, panel_of


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"aggregate": "sum"}, "--freq"),
        ({"start": "2020-01"}, "--start is for rows without stamps"),
        ({"time": "none", "start": "01/02/2020", "freq": "D"}, "does not name one stamp"),
        ({"time": "none", "start": "2020-01-15", "freq": "MS"}, ""),
        ({"time": "none", "freq": "MS"}, "needs the stamp of the first row"),
        ({"time": "ds,ds"}, "named twice"),
        ({"categorical": "y"}, "not among the covariates"),
        ({"aggregate": "sum", "freq": "h"}, "finer than the stamps"),
    ],
)
def test_flags_that_do_not_go_together(tmp_path: Path, flags: dict[str, Any], message: str) -> None:
    text = lines("D", "ds,y", lambda t, v: f"{t},{v}")
    if not message:
        assert panel_of(tmp_path, text, {**flags, "target": "y"}).schema.frequency == "MS"
        return
    with pytest.raises(UsageError, match=message):
        panel_of(tmp_path, text, flags)


def test_what_the_user_says_is_in_the_recipe_and_the_rest_is_plain() -> None:
    assert Recipe.of(ReadSettings()) == PLAIN
    said = Recipe.of(ReadSettings(na_values=" x, ,y", aggregate="sum", freq="D", on_ambiguous="later", sheet="one"))
    assert said == Recipe(na_values=("x", "y"), aggregate="sum", on_ambiguous="later", sheet="one")


def test_a_recipe_is_read_back_from_a_model() -> None:
    whole = Recipe(time=("a", "b"), id=("c",), across="%Y", in_order=True, start="2020", units=("€",), sql="SELECT 1")
    assert build(Recipe, dump(whole), "recipe", {}) == whole

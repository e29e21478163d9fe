"""Every setting is a flag, with the help, default, choices and bounds that config.py gives it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from forecaster.base.errors import UsageError
from forecaster.cli.app import app
from forecaster.cli.options import ModelsDir, bounds_of, takes_settings
from forecaster.config import (
    BacktestSettings,
    CheckSettings,
    CompareSettings,
    EvaluateSettings,
    GateSettings,
    LimitSettings,
    LockSettings,
    ModelSettings,
    PredictSettings,
    PruneSettings,
    ReadSettings,
    StoreSettings,
    TrainSettings,
    key_of,
    knob,
)


@dataclass(frozen=True, kw_only=True)
class Cake:
    flour: int = knob(500, "Grams of flour.", panel="Dough", bounds=(1, 2000))
    sugar: float | None = knob(None, "Grams of sugar.", panel="Dough", bounds=(0, None))
    icing: Literal["none", "lemon"] = knob("none", "What is on it.", panel="Top")
    big_tin: bool = knob(False, "Use the big tin.", panel="Top")
    notes: Path | None = knob(None, "Where it is written.", panel="Top", metavar="FILE")


@pytest.fixture
def baked() -> list[Any]:
    return []


@pytest.fixture
def oven(baked: list[Any]) -> typer.Typer:
    def bake(guest: str, cake: Cake, models_dir: ModelsDir = None) -> int:
        """Bake."""
        baked.extend([guest, cake, models_dir])
        return 0

    bake.__annotations__ = {"guest": str, "cake": Cake, "models_dir": ModelsDir, "return": int}
    app = typer.Typer(rich_markup_mode=None)
    app.command()(takes_settings(bake))
    return app


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Ann", Cake()),
        (
            "Ann --flour 1 --sugar 2.5 --icing lemon --big-tin --notes n.txt",
            Cake(flour=1, sugar=2.5, icing="lemon", big_tin=True, notes=Path("n.txt")),
        ),
    ],
)
def test_flags_become_settings(oven: typer.Typer, baked: list[Any], line: str, expected: Cake) -> None:
    result = CliRunner().invoke(oven, line.split())
    assert result.exit_code == 0, result.output
    assert baked == ["Ann", expected, None]


def test_bounds_are_checked(oven: typer.Typer) -> None:
    result = CliRunner().invoke(oven, "Ann --flour 2001".split())
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == "--flour must be from 1 to 2000, received 2001"


@pytest.mark.parametrize("flags", ["--icing sand", "--flour many", "--no-big-tin", "--guest x"])
def test_what_is_no_value_is_refused(oven: typer.Typer, flags: str) -> None:
    assert CliRunner().invoke(oven, ["Ann", *flags.split()]).exit_code == 2


def test_help_shows_choices_defaults_and_bounds(oven: typer.Typer) -> None:
    shown = " ".join(CliRunner().invoke(oven, ["--help"]).stdout.split())
    assert "--flour N Grams of flour. [1 to 2000] [default: 500]" in shown
    assert "--sugar X Grams of sugar. [at least 0]" in shown
    assert "--icing <none|lemon> What is on it. [default: none]" in shown
    assert "--notes FILE Where it is written." in shown
    assert "--models-dir DIR Folder of all models" in shown


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [((None, None), ""), ((1, None), "[at least 1]"), ((None, 2), "[at most 2]"), ((0, 0.5), "[0 to 0.5]")],
)
def test_bounds_in_words(bounds: tuple[float | None, float | None], shown: str) -> None:
    assert bounds_of(*bounds) == shown


def command(name: str) -> Any:
    node: Any = typer.main.get_command(app)
    for part in name.split():
        node = node.commands[part]
    return node


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("train", [ReadSettings, ModelSettings, TrainSettings, StoreSettings, LimitSettings]),
        ("predict", [PredictSettings, LimitSettings]),
        ("evaluate", [EvaluateSettings, BacktestSettings, GateSettings]),
        ("check", [CheckSettings, ReadSettings]),
        ("compare", [CompareSettings, ReadSettings, ModelSettings, TrainSettings]),
        ("models promote", [LockSettings]),
        ("models rollback", [LockSettings]),
        ("models prune", [PruneSettings, LockSettings]),
    ],
)
def test_every_setting_is_a_flag(name: str, owners: list[type]) -> None:
    flags = {flag: parameter for parameter in command(name).params for flag in parameter.opts}
    for owner in owners:
        for field in fields(owner):
            parameter = flags[f"--{key_of(field.name)}"]
            assert parameter.help.startswith(field.metadata["help"])
            assert parameter.default == field.default


@pytest.mark.parametrize(
    "name",
    [
        *("train", "predict", "evaluate"),
        *(f"models {name}" for name in ("list", "show", "check", "promote", "rollback", "prune")),
    ],
)
def test_every_command_has_the_common_flags(name: str) -> None:
    flags = {flag for parameter in command(name).params for flag in parameter.opts}
    assert {"--format", "-q", "--quiet", "--log-file", "--models-dir"} <= flags

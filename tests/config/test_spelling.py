"""Settings in messages: a notebook reads keywords where the command line reads flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import forecaster
from forecaster.base.errors import UsageError
from forecaster.config import TrainSettings
from forecaster.config.binder import keys_of
from forecaster.config.keywords import in_keywords
from forecaster.config.spelling import CALLS, COMMANDS, as_keywords
from forecaster.jobs import TrainJob

KINDS = {key.field: key.kind for key in keys_of(TrainJob).values()}


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        ("--horizon 12", "horizon=12"),
        ("Give more data, or a shorter --horizon than 24", "Give more data, or a shorter horizon than 24"),
        ("--season-length must be at least 1", "season_length must be at least 1"),
        ("Give --dropout 0.2.", "Give dropout=0.2."),
        ("--epochs and --steps both set it", "epochs and steps both set it"),
        ("--from none --name a-2", "from_='none' name='a-2'"),
        ("Pass --id COLUMNS, or put all together: --freq D", "Pass id=COLUMNS, or put all together: freq='D'"),
        ("Use --transform none", "Use transform='none'"),
        ("--transform log needs positive values", "transform='log' needs positive values"),
        ("--attention needs several segments", "attention needs several segments"),
        ("--as-of '2024-01-31'", "as_of='2024-01-31'"),
        ("Pass --freq too: --aggregate sum", "Pass freq too: aggregate='sum'"),
        ("Give another: --name shops", "Give another: name='shops'"),
        ("Give another --name, or more", "Give another name, or more"),
        (
            "Run: forecast train DATA --horizon 12, or leave out --seed",
            "Run: train(data, horizon=12), or leave out seed",
        ),
        ("Leave out --seed, or: forecast check DATA --freq D", "Leave out seed, or: check(data, freq='D')"),
        ("with: forecast check 'my sales.csv' --wide", "with: check('my sales.csv', wide=True)"),
        ("forecast predict DATA --model m --horizon 3", "predict(model='m', horizon=3, data=data)"),
        ("See which there are: forecast models list", "See which there are: list_models()"),
        ("Run: forecast models rollback m --models-dir x", "Run: forecast models rollback m --models-dir x"),
        ("9 more, which forecast check lists", "9 more, which forecast check lists"),
        ("forecast it anyway with --extrapolate", "forecast it anyway with extrapolate"),
        ("Pass --thousands ',' or --decimal ','", "Pass thousands=',' or decimal=','"),
        ("Pass --na-values=-200", "Pass na_values=-200"),
        ("Such as: forecast check DataFrame --target sales", "Such as: target='sales'"),
        ("a--b and -- and ---x stay", "a--b and -- and ---x stay"),
        ("nothing to spell", "nothing to spell"),
    ],
)
def test_flags_become_keywords(flags: str, keywords: str) -> None:
    assert as_keywords(flags, KINDS) == keywords
    assert as_keywords(keywords, KINDS) == keywords


def test_the_commands_are_those_of_the_shell() -> None:
    from typer.main import get_command

    from forecaster.cli.app import app

    groups: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    below = {f"{name} {own}" for name, group in groups.items() for own in getattr(group, "commands", ())}
    assert {*groups, *below} == set(COMMANDS)
    assert all(callable(getattr(forecaster, name)) for name in CALLS.values())


def test_every_setting_of_a_training_is_a_keyword_of_it() -> None:
    for field in TrainSettings.__dataclass_fields__:
        assert as_keywords(f"--{field.rstrip('_').replace('_', '-')}") == field


def test_faults_of_a_function_are_spelled_once() -> None:
    @in_keywords()
    @in_keywords()
    def refuse() -> None:
        raise UsageError("--horizon is 0", hint="Give --horizon 3")

    with pytest.raises(UsageError, match=r"^horizon is 0") as caught:
        refuse()
    assert (caught.value.message, caught.value.hint) == ("horizon is 0", "Give horizon=3")
    assert caught.value.__notes__ == ["Give horizon=3"]


def test_a_notebook_reads_keywords(tmp_path: Path) -> None:
    data = tmp_path / "sales.csv"
    data.write_text("t;y\n" + "".join(f"{t},{t}\n" for t in range(9)))
    with pytest.raises(forecaster.ForecastError) as caught:
        forecaster.read_panel(data, season_length="0")
    assert caught.value.message.startswith("season_length: expected")
    with pytest.raises(forecaster.ForecastError) as caught:
        forecaster.load_model("m@", models_dir=tmp_path)
    assert "--" not in str(caught.value) + caught.value.hint

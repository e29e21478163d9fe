"""Help: short where there is much, whole where it is asked for, and never cut off."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("command", ["", "train", "models", "models list"])
def test_h_help_and_help_command_say_the_same(run: Run, command: str) -> None:
    shown = {run(*command.split(), flag).stdout for flag in ("-h", "--help")} | {run("help", *command.split()).stdout}
    assert len(shown) == 1
    assert shown.pop().startswith(f"Usage: forecast {command}".rstrip())


def flags_in(text: str) -> set[str]:
    return set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", text.partition("Arguments:")[2], re.MULTILINE))


def test_train_shows_the_flags_most_needed_and_the_rest_on_demand(run: Run) -> None:
    short, whole = run("train", "-h"), run("train", "--help-all")
    assert flags_in(short.stdout) == {
        *"--time --id --target --wide --freq --season-length --past-covariates --future-covariates".split(),
        *"--horizon --preset --name --format --help --help-all".split(),
    }
    assert "more flags: forecast train --help-all" in short.stdout
    assert flags_in(short.stdout) < flags_in(whole.stdout)
    assert {"--cell", "--on-gap", "--metrics-file", "--config"} <= flags_in(whole.stdout)
    assert (whole.exit_code, whole.stderr) == (0, "")


def test_few_flags_are_all_shown(run: Run) -> None:
    assert "--help-all" not in run("models", "list", "-h").stdout


def test_no_summary_is_cut_off(run: Run) -> None:
    for command in ("", "models"):
        text = run(*command.split(), "--help").stdout
        assert "..." not in text.removeprefix(text.splitlines()[0])
        assert "demo" in text or "promote" in text


def test_an_unknown_command_is_named(run: Run) -> None:
    done = run("help", "trian")
    assert done.exit_code == 2
    assert "No such command 'trian'. Did you mean 'train'" in done.stderr
    assert run("help", "train", "more").exit_code == 2


def test_models_alone_lists_them(run: Run) -> None:
    assert run("models").stdout == run("models", "list").stdout == "[]\n"

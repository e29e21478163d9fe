"""Which model answers, and how it reads data: a saved one as in its training, the built-in one as the user says."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster.base.errors import MissingError, UsageError
from forecaster.config import ReadSettings
from forecaster.jobs.opening import ask_for, read_for
from tests.conftest import Trained


def test_a_saved_model_reads_as_in_its_training(trained: Trained) -> None:
    asked = ask_for(trained.models_dir, trained.name, trained.data, ReadSettings())
    assert asked.saved is not None
    assert asked.schema == asked.saved.schema
    model, panel = asked.open(asked.source(None))
    assert (model, panel.ids) == (asked.saved, tuple(f"shop-{s}" for s in range(5)))
    assert read_for(asked.saved, trained.data, as_of="2024-02-01").n_series == 5
    with pytest.raises(UsageError, match="--horizon"):
        asked.check_horizon(1000)


def test_flags_of_reading_have_no_place_beside_it(trained: Trained) -> None:
    with pytest.raises(UsageError, match="reads data as in its training, so --target, --sep has no place"):
        ask_for(trained.models_dir, trained.name, trained.data, ReadSettings(sep=";", target="x"))
    with pytest.raises(UsageError, match="--tz Europe/Berlin"):
        ask_for(trained.models_dir, trained.name, trained.data, ReadSettings(tz="Europe/Berlin"))


def test_the_built_in_network_reads_as_the_user_says(trained: Trained, tmp_path: Path) -> None:
    asked = ask_for(tmp_path, "builtin", trained.data, ReadSettings(target="sales"))
    assert (asked.saved, asked.schema, asked.reason) == (None, None, "")
    asked.check_horizon(1000)
    with pytest.raises(UsageError, match="trained on none of your files"):
        asked.source(None)
    model, panel = asked.open(trained.data, horizon=3)
    assert (model.window.horizon, panel.n_series) == (3, 5)
    assert "no model in" in ask_for(tmp_path, None, trained.data, ReadSettings()).reason


def test_a_model_that_does_not_exist(trained: Trained) -> None:
    with pytest.raises(MissingError, match="no model 'other'"):
        ask_for(trained.models_dir, "other", trained.data, ReadSettings())


@pytest.mark.parametrize(
    ("name", "asked_for", "is_odd"), [("other", None, True), ("other", "shops", False), ("shops-05", None, False)]
)
def test_the_only_model_is_taken_for_another_file_with_a_warning(
    trained: Trained, tmp_path: Path, name: str, asked_for: str | None, is_odd: bool
) -> None:
    data = tmp_path / f"{name}.csv"
    data.write_bytes(trained.data.read_bytes())
    panel = ask_for(trained.models_dir, asked_for, data, ReadSettings()).open(data)[1]
    found = [finding for finding in panel.findings if finding.code == "model"]
    assert bool(found) is is_odd
    if found:
        assert found[0].message == "no model was named, and 'shops', the only one, was trained on 'shops.csv'"
        assert found[0].hint == "Pass --model shops, or --model builtin"

"""What a model is called where nobody says, and what of an address is written down."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base.errors import ModelError, UsageError
from forecaster.jobs.names import name_of, name_to_save, recorded
from forecaster.model import store
from tests.conftest import Trained


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("sales.csv.xz", "sales"),
        ("parts/*.csv", "parts"),
        ("sqlite:///shop.db", "shop"),
        ("postgresql://me:secret@host/shop", "shop"),
        ("https://example.org/data/a.csv", "a"),
    ],
)
def test_the_name_of_a_model(data: str, name: str) -> None:
    assert name_of(data) == name
    assert "secret" not in recorded(data)


def test_no_saved_model_takes_the_name_of_the_built_in_network() -> None:
    assert name_to_save(None, "data/sales.csv") == "sales"
    assert name_to_save("builtin-2", "data/sales.csv") == "builtin-2"
    with pytest.raises(UsageError, match="the name 'builtin' is that of the network that comes with the package"):
        name_to_save("builtin", "data/sales.csv")
    with pytest.raises(UsageError, match=r"data/builtin\.csv would give the model"):
        name_to_save(None, "data/builtin.csv")


def test_which_model_is_used(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.models_dir, tmp_path / "m")
    assert jobs.choose_model(tmp_path / "m", None) == "shops"
    shutil.copytree(tmp_path / "m" / "shops", tmp_path / "m" / "other")
    assert jobs.choose_model(tmp_path / "m", "data/other.csv.gz") == "other"
    with pytest.raises(UsageError, match="several models") as caught:
        jobs.choose_model(tmp_path / "m", None)
    assert "--model other" in caught.value.hint
    with pytest.raises(ModelError, match="belongs to model 'shops'"):
        store.load_model(tmp_path / "m", "other")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("a/sales.csv", "sales"),
        ("m4.train.csv.gz", "m4.train"),
        ("-", "stdin"),
        ("my data (1).csv", "my-data-1"),
        ("été.csv", "t"),
        (".csv", "csv"),
        ("日本.csv", "model"),
    ],
)
def test_a_models_default_name(data: str, name: str) -> None:
    assert jobs.name_of(data) == store.check_name(name)

"""The models that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecaster import jobs
from tests.conftest import Trained

if TYPE_CHECKING:
    pass


def test_list_and_show(trained: Trained) -> None:
    [row] = jobs.list_models(trained.models_dir)
    assert (row["name"], row["version"], row["series"], row["horizon"]) == ("shops", "v000001", 5, 14)
    shown = jobs.show_model("shops@v000001", trained.models_dir)
    assert shown.versions == ["v000001"]
    assert shown.manifest.schema.id == "shop"

"""What a model is called where nobody says, and what of an address is written down."""

from __future__ import annotations

import pytest

from forecaster.base.errors import UsageError
from forecaster.jobs.names import name_of, name_to_save, recorded


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

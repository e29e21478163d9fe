"""What a model is called where nobody says, and what of an address is written down."""

from __future__ import annotations

import pytest

from forecaster.jobs.names import name_of, recorded


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

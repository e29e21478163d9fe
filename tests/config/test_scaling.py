"""Amounts of memory."""

from __future__ import annotations

import pytest

from forecaster.base.errors import UsageError
from forecaster.config.scaling import LEAST_MEMORY, MemorySettings, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 << 30), ("512 mb", 512 << 20), ("1.5GiB", 3 << 29), ("1T", 1 << 40), (str(1 << 29), 1 << 29)],
)
def test_units_are_binary(text: str, size: int) -> None:
    assert parse_size(text, "--max-memory") == size


@pytest.mark.parametrize("text", ["", "4 potatoes", "-4GB", "GB", "4GBs", "1e9"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError, match="--memory: expected an amount"):
        parse_size(text, "--memory")


def test_too_little_to_run_in() -> None:
    with pytest.raises(UsageError, match="expected at least"):
        parse_size(str(LEAST_MEMORY - 1), "--max-memory")


def test_no_limit_by_default() -> None:
    assert MemorySettings().limit is None
    assert MemorySettings(max_memory="4GB").limit == 4 << 30

"""Case A040: addresses."""

from __future__ import annotations


def check_4(err: str) -> None:
    assert "secret" not in err

"""A result in one line."""

from __future__ import annotations

from typing import Any

from forecaster.jobs.brief import brief


class Outcome:
    """A result with facts of every kind."""

    def summary(self) -> dict[str, Any]:
        """Return them."""
        return {
            "model": "shops",
            "rows": 70,
            "skill": 0.5,
            "done": True,
            "by_lead": [1, 2],
            "data": {"a": 1},
            "gone": None,
        }


def test_plain_facts_alone() -> None:
    assert brief(Outcome()) == "<Outcome model='shops', rows=70, skill=0.5, done=True>"

"""Whoever watches a job may leave out any event."""

from __future__ import annotations

from dataclasses import fields

from forecaster.jobs.events import Events


def test_by_default_nothing_is_done_with_an_event() -> None:
    events = Events()
    for event in fields(events):
        assert getattr(events, event.name)(object()) is None

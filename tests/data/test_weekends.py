"""A stray Saturday among business days, and a weekday that never has a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel

Write = Callable[..., Path]
DAYS = np.datetime64("2022-01-03") + np.arange(200)  # from a Monday on


def text_of(keep: Callable[[int], bool]) -> str:
    return "date,y\n" + "".join(f"{day},{k}\n" for k, day in enumerate(DAYS) if keep(k))


def test_a_few_saturdays_are_warned_of_and_left_out_on_demand(write_csv: Write) -> None:
    path = write_csv(text_of(lambda k: k % 7 < 5 or k in (33, 75)))
    panel = read_panel(path)
    found = next(finding for finding in panel.findings if finding.code == "weekends")
    assert panel.frequency.alias == "D"
    assert (found.count, found.line) == (2, 27)
    assert "--freq B" in found.hint
    business = read_panel(path, ReadSettings(freq="B"))
    assert business.frequency.alias == "B"
    assert not business.filled.any()
    assert 33.0 not in business.values
    assert next(finding for finding in business.findings if finding.code == "weekends").count == 2


def test_a_model_of_business_days_leaves_them_out_too(write_csv: Write) -> None:
    trained = read_panel(write_csv(text_of(lambda k: k % 7 < 5)))
    later = read_panel(write_csv(text_of(lambda k: k % 7 < 5 or k == 75)), schema=trained.schema)
    assert np.array_equal(later.values, trained.values)
    assert [finding.code for finding in later.findings] == ["weekends"]


def test_many_weekends_are_no_business_days(write_csv: Write) -> None:
    with pytest.raises(DataError, match="not on the frequency B"):
        read_panel(write_csv(text_of(lambda k: True)), ReadSettings(freq="B"))


def test_a_closed_day_is_named(write_csv: Write) -> None:
    path = write_csv(text_of(lambda k: k % 7 != 6))
    found = next(finding for finding in read_panel(path).findings if finding.code == "closed")
    assert "Sunday" in found.message
    assert "--on-gap zero" in found.hint
    assert "closed" not in {finding.code for finding in read_panel(path, ReadSettings(on_gap="zero")).findings}


def test_whole_weeks_and_weekdays_alone_say_nothing(write_csv: Write) -> None:
    for keep in (lambda k: True, lambda k: k % 7 < 5, lambda k: k != 50):
        codes = {finding.code for finding in read_panel(write_csv(text_of(keep))).findings}
        assert not codes & {"weekends", "closed"}

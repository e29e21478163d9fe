"""Tests of `errors.py`: one printable line a fault, and an exit code of its own for each kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forecaster.base import errors
from forecaster.base.errors import LONGEST_CELL, LONGEST_MESSAGE, DataError, ForecastError, UsageError, shown

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ForecastError)]


@given(message=st.text(max_size=2000), hint=st.text(max_size=2000))
def test_a_fault_is_one_printable_line_of_bounded_length(message: str, hint: str) -> None:
    line = DataError(message, hint=hint).line()
    assert line.isprintable()
    assert "\n" not in line
    assert len(line) <= 10 * 2 * (LONGEST_MESSAGE + 2)  # each sign may be escaped: \U0001f600


@given(text=st.text(max_size=300))
def test_a_cell_is_shown_in_quotes_and_short(text: str) -> None:
    assert shown(text)[0] in "'\""
    assert shown(text).isprintable()
    if len(text) <= LONGEST_CELL:
        assert shown(text) == repr(text)


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    line = DataError("a" * 1000 + "end").line()
    assert line.startswith("aaa")
    assert line.endswith("end")
    assert len(line) < 1000


def test_the_hint_follows_the_message_and_is_a_note_of_the_traceback() -> None:
    error = DataError("what and where", hint="Run: forecast check DATA")
    assert error.line() == "what and where. Run: forecast check DATA"
    assert error.__notes__ == ["Run: forecast check DATA"]
    assert DataError("what").line() == "what"


def test_a_question_ends_as_one() -> None:
    assert UsageError("which rows?", hint="Pass --sql").line() == "which rows? Pass --sql"


def test_kinds_have_names_and_codes_in_bounds() -> None:
    assert len(KINDS) > 10
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert kind.__doc__
        assert kind.code == kind.code.upper()
        assert 0 < kind.exit_code < 128

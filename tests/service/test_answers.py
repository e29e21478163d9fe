"""A request → data, and an error → what a client may read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forecaster.base.errors import DataError, MissingError, UsageError
from forecaster.service import answers
from forecaster.service.answers import (
    RequestLimits,
    answer_forecast,
    as_fault,
    as_source,
    check_reference,
    list_models,
    take_parameters,
)
from forecaster.service.clients import PARAMETERS
from tests.conftest import Trained

JSON = "application/json; charset=utf-8"


def test_rows_of_json_are_a_csv_file() -> None:
    rows = [{"time": "2024-01-01", "value": 1.5}, {"time": "2024-01-02", "note": 'a,"b"'}]
    for sent in (rows, {"data": rows}):
        assert as_source(json.dumps(sent).encode(), JSON).data == (
            b'time,value,note\n2024-01-01,1.5,\n2024-01-02,,"a,""b"""\n'
        )
    assert as_source(b"a,b\n1,2\n", "text/csv").data == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b" ", "text/csv", "no data"),
        (b"{", JSON, "no JSON"),
        (b"[" * 100_000, JSON, "no JSON"),
        (b"[]", JSON, "expected a list of rows"),
        (b'{"data": [1]}', JSON, "expected a list of rows"),
        (b'[{"a": [1]}]', JSON, "a list or an object"),
        (b"a\0b", "text/csv", "binary data"),
    ],
)
def test_what_is_no_data(body: bytes, kind: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        as_source(body, kind)


@pytest.mark.parametrize(
    ("asked", "limits", "said"),
    [
        ({"output": "/etc/x"}, {}, "unknown parameter 'output'"),
        ({"horizon": 14}, {"horizon": 7}, "forecasts 7 steps at most"),
        ({}, {"series": 4}, "5 series: this service takes 4 at most"),
        ({"hierarchy": "shop"}, {}, r"5 forecasts of a hierarchy \(series times steps\): this service makes 4 at most"),
        ({"model": "../x"}, {}, "model name"),
    ],
)
def test_what_one_request_may_ask_for(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], limits: dict[str, int], said: str
) -> None:
    monkeypatch.setattr(answers, "MOST_CELLS", 4)
    source = as_source(trained.data.read_bytes(), "text/csv")
    with pytest.raises(UsageError, match=said):
        answer_forecast(source, asked, trained.models_dir, RequestLimits(**limits), datetime.now(UTC))


def test_parameters_of_an_address_have_types() -> None:
    given = [("horizon", "3"), ("wide", "true"), ("max_missing", "0.5"), ("target", "7")]
    assert take_parameters(given, PARAMETERS) == {"horizon": 3, "wide": True, "max_missing": 0.5, "target": "7"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([("horizon", "-1")], "horizon must be a whole number"),
        ([("wide", "yes")], "wide must be true or false"),
        ([("max_missing", "few")], "max_missing must be a number"),
        ([("output", "x")], "unknown parameter 'output'"),
        ([("seed", "1"), ("seed", "1")], "parameter 'seed' is given twice"),
    ],
)
def test_what_an_address_may_not_say(given: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        take_parameters(given, PARAMETERS)


@pytest.mark.parametrize("name", ["a@", "a@1", "a@v1", "a/b", "..", ""])
def test_what_is_no_reference(name: str) -> None:
    with pytest.raises(UsageError):
        check_reference(name)


def test_clients_do_not_learn_where_models_lie(trained: Trained, tmp_path: Path) -> None:
    [row] = list_models(trained.models_dir)
    assert str(trained.models_dir) not in json.dumps(row)
    fault = as_fault(MissingError(f"no model in {tmp_path}", hint=f"Look into {tmp_path}"), tmp_path)
    assert fault["error"] == {
        "code": "MISSING",
        "exit_code": 66,
        "message": "no model in the folder of models",
        "hint": "Look into the folder of models",
    }

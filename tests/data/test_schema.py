"""What a model remembers of its file: read back equal, applied as it stands, refused where data does not fit it."""

from __future__ import annotations

import pytest

from forecaster.base.errors import (
    DataError,
    ForecastError,
    ModelError,
)
from forecaster.base.records import build, dump
from forecaster.data.schema import Schema
from tests.data.conftest import DAILY, Read


def test_schema_round_trip_and_reuse(read: Read) -> None:
    text = "unique_id;ds;menge\na;01.02.2024;1,5\na;02.02.2024;2,5\na;13.02.2024;4\n"
    panel = read(text, max_missing=1, season_length=3)
    schema = build(Schema, dump(panel.schema), "schema", {})
    assert schema == panel.schema
    later = read("unique_id;ds;menge\na;01.03.2024;1,125\na;02.03.2024;2\nb;02.03.2024;7\n", schema=schema)
    assert later.values.tolist() == [1.125, 2, 7]
    assert (later.season_length, later.schema) == (3, schema)
    assert later.future_stamps(1).tolist() == [["03.03.2024"], ["03.03.2024"]]


def test_it_says_which_columns_a_file_has(read: Read) -> None:
    text = "d,region,shop,promo,y\n" + "".join(f"2024-02-0{n},N,s,{n},{n}\n" for n in range(1, 6))
    schema = read(text, target="y", id="region,shop", future_covariates="promo").schema
    assert dict(schema.describe()) == {
        "target": "y",
        "time": "d",
        "series by": "region, shop",
        "covariates": "promo (known ahead)",
    }


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("ds,y\n2024-01-01 00:00,1\n2024-01-01 01:00,2\n", DataError, "does not match %Y-%m-%d"),
        ("date,sale\n2024-01-01,1\n", DataError, "no column 'sales'"),
        (
            "date,sales\n2024-01-01,1\n2024-02-01,2\n2024-03-01,1\n2024-04-01,2\n",
            ModelError,
            "the model is D, the data is MS",
        ),
        ("date;sales\n2024-01-01;1,5\n2024-01-02;1,5\n", DataError, "one column when it is read with a comma"),
        ("date,sales\n01/02/2024,1\n", DataError, "line 2.*does not match %Y-%m-%d"),
    ],
)
def test_data_that_does_not_fit_the_model(read: Read, text: str, error: type[ForecastError], message: str) -> None:
    schema = read(DAILY).schema
    with pytest.raises(error, match=message):
        read(text.replace("ds,y", "date,sales"), schema=schema)


def test_corrupt_schema(read: Read) -> None:
    good = dump(read(DAILY).schema)
    cases: list[object] = [
        {**good, "extra": 1},
        {key: value for key, value in good.items() if key != "frequency"},
        {**good, "season_length": "7"},
        {**good, "shape": "tall"},
        {**good, "dialect": {"separator": 1}},
        [],
    ]
    for bad in cases:
        with pytest.raises(ModelError):
            build(Schema, bad, "schema", {})

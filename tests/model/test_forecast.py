"""Forecast rows: the columns of a forecast file, and that it reads back equal."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np

from forecaster.model.forecast import Forecast


def test_the_columns_of_a_forecast_file() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    forecast = Forecast(
        ids=("a", "b"),
        stamps=np.array([["t1", "t2"], ["t1", "t2"]], dtype=object),
        values=values,
        intervals=((80.0, values - 1, values + 1), (97.5, values - 2, values + 2)),
        methods=np.array(["lstm", "seasonal_naive"], dtype=object),
        id_column="shop",
        time_column="day",
    )
    frame = forecast.to_frame()
    assert list(frame.columns) == [
        "shop",
        "day",
        "forecast",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-lo-97.5",
        "forecast-hi-97.5",
        "method",
    ]
    assert frame.iloc[3].tolist() == ["b", "t2", 4.0, 3.0, 5.0, 2.0, 6.0, "seasonal_naive"]
    assert list(csv.reader(io.StringIO(forecast.to_csv())))[1] == [
        "a",
        "t1",
        "1.0",
        "0.0",
        "2.0",
        "-1.0",
        "3.0",
        "lstm",
    ]


def test_ids_of_any_content_and_floats_read_back_equal() -> None:
    ids = ("a,b", 'say "x"', "two\nlines", "\r", "=1+1", "Ω")
    values = np.array([[1 / 3], [1e300], [-1e-7], [7.0], [2.0**53], [0.1]])
    stamps = np.full((6, 1), "t", dtype=object)
    text = Forecast(
        ids=ids,
        stamps=stamps,
        values=values,
        intervals=(),
        methods=np.full(6, "lstm", dtype=object),
        id_column="id",
        time_column="t",
    ).to_csv()
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert tuple(row[0] for row in rows) == ids
    assert [float(row[2]) for row in rows] == values[:, 0].tolist()


def test_names_that_a_spreadsheet_would_run_are_marked_when_asked() -> None:
    ids = ("=1+1", "-2", "plain", "\t=1", "\uff20x")
    forecast = Forecast(
        ids=ids,
        stamps=np.full((5, 1), "t", dtype=object),
        values=np.full((5, 1), -1.0),
        intervals=(),
        methods=np.full(5, "lstm", dtype=object),
        id_column="@id",
        time_column="t",
    )
    header, *rows = csv.reader(io.StringIO(forecast.for_spreadsheets().to_csv(), newline=""))
    assert header[:2] == ["'@id", "t"]
    assert [row[0] for row in rows] == ["'=1+1", "'-2", "plain", "'\t=1", "'\uff20x"]
    assert {row[2] for row in rows} == {"-1.0"}
    assert forecast.ids == ids


def test_digits_after_the_point() -> None:
    values = np.array([[1 / 3, -0.001], [2.5, 1234.5678]])
    forecast = Forecast(
        ids=("a", "b"),
        stamps=np.full((2, 2), "t", dtype=object),
        values=values,
        intervals=((80.0, values - 1, values + 1),),
        methods=np.full(2, "lstm", dtype=object),
        id_column=None,
        time_column="t",
        quantiles=((0.9, values + 1),),
    )

    def cells(digits: int | None) -> list[list[str]]:
        rows = csv.reader(io.StringIO(replace(forecast, digits=digits).to_csv()))
        return [row[1:-1] for row in rows][1:]

    assert cells(2)[0] == ["0.33", "-0.67", "1.33", "1.33"]
    assert cells(2)[1][0] == "0.0"  # not -0.0
    assert cells(0)[3] == ["1235", "1234", "1236", "1236"]
    assert cells(17) == cells(None)
    huge = replace(forecast, values=np.full((2, 2), 1e300), intervals=(), quantiles=(), digits=0)
    assert "1e+300" in huge.to_csv()
    assert "1e+300" in replace(huge, digits=15).to_csv()


def test_stamps_of_several_columns_are_written_as_they_came() -> None:
    forecast = Forecast(
        ids=("",),
        stamps=np.array([["2024-01-01 0", "2024-01-01 1"]], object),
        values=np.ones((1, 2)),
        intervals=(),
        methods=np.array(["lstm"], object),
        id_column=None,
        time_column="day_hr",
        time_parts=("day", "hr"),
    )
    assert forecast.to_csv() == "day,hr,forecast,method\n2024-01-01,0,1.0,lstm\n2024-01-01,1,1.0,lstm\n"
    assert replace(forecast, time_parts=("a", "b", "c")).to_csv().startswith("day_hr,forecast,")
    assert next(iter(forecast.columns())) == "day_hr"
    assert list(forecast.written_columns())[:2] == ["day", "hr"]

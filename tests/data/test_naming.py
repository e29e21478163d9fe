"""What the name of a column says of it."""

from __future__ import annotations

from forecaster.data.naming import adds_up, is_measure, likely_measures, likely_times, words_of


def test_words_of_names_however_they_are_joined() -> None:
    assert words_of("SalesAmount") == words_of("sales_amount") == words_of("Sales amount") == ["sales", "amount"]
    assert words_of("GDPValue2") == ["gdp", "value", "2"]


def test_what_is_worth_a_forecast_comes_first() -> None:
    assert likely_measures(["order_id", "temp", "Amount"]) == ["Amount", "temp", "order_id"]
    assert likely_measures(["Open", "Volume", "Close"]) == ["Close", "Volume", "Open"]
    assert [is_measure(name) for name in ("sales", "order_id", "store", "is_sales")] == [True, False, False, False]


def test_the_date_comes_before_other_stamps() -> None:
    assert likely_times(["updated", "end_date", "created time"]) == ["end_date", "created time", "updated"]


def test_what_is_added_up_and_what_is_averaged() -> None:
    assert [adds_up(name) for name in ("net sales", "rain_mm", "rain", "temperature")] == [True, True, True, False]

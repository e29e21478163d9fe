"""Numbers as they are written: units, currencies, powers of ten, negative ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from forecaster.data.units import MARKED, NEGATIVE, SCALED, are_numbers, find_units, read_numbers, without_units


@pytest.mark.parametrize(
    ("cells", "units", "values"),
    [
        (["100 kWh", "99.5 kWh"], ("kWh",), [100, 99.5]),
        (["12.5 °C", "-3 °C"], ("°C",), [12.5, -3]),
        (["3mm", "0mm"], ("mm",), [3, 0]),
        (["1.5 µg/m³", "2 µg/m³"], ("µg/m³",), [1.5, 2]),
        (["5 ‰", "7 ‰"], ("‰",), [5, 7]),
        (["12,3 Mio. €".replace(",", "."), "4 Mio. €"], ("Mio. €",), [12.3, 4]),
        (["EUR 12", "EUR 1.5"], ("EUR",), [12, 1.5]),
        (["$1.2M", "$800K"], ("$", SCALED), [1_200_000, 800_000]),
        (["950", "1.2K", "3M", "2B"], (SCALED,), [950, 1200, 3e6, 2e9]),
        (["1.2M", "0.9M"], ("M",), [1.2, 0.9]),
        (["101.4 p", "99", "7 b"], (MARKED,), [101.4, 99, 7]),
        (["$12*", "$13"], ("$", MARKED), [12, 13]),
        (["5 [1]", "6 [note2]", "7"], (MARKED,), [5, 6, 7]),
        (["($5)", "$7"], ("$", NEGATIVE), [-5, 7]),
    ],
)
def test_units_are_found_and_taken_off(cells: list[str], units: tuple[str, ...], values: list[float]) -> None:
    texts = pa.chunked_array([cells])
    assert find_units(texts) == units
    np.testing.assert_allclose(read_numbers(without_units(texts, units), ".", None), values)


@pytest.mark.parametrize("cells", [["100 kWh", "1 MWh"], ["5 kg", "5"], ["abc", "1"], ["5 a", "6 b"], []])
def test_units_that_differ_are_none(cells: list[str]) -> None:
    assert find_units(pa.chunked_array([pa.array(cells, pa.string())])) == ()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["100 kWh", "5 kWh"], True),
        (["1.2M", "800K", "-"], True),
        (["5 Mio. €", "6 Mio. €"], True),
        (["500 g", "1 kg"], False),
        (["12A", "13B"], False),
        (["1st", "2nd"], False),
        (["P1", "P2"], False),
    ],
)
def test_a_unit_tells_numbers_where_it_is_known(cells: list[str], numbers: bool) -> None:
    assert are_numbers(cells) is numbers

"""What the name of a column says of it: how likely it holds the stamps, or what is worth a forecast."""

from __future__ import annotations

import re
from collections.abc import Sequence

TIME_NAMES = (
    *"ds timestamp datetime date time day week month quarter year period hour step t index".split(),
    *"datum zeit zeitpunkt zeitstempel tag monat quartal jahr fecha hora mes año ano mois année annee".split(),
    *"trimestre anno fiscal_year academic_year".split(),
    *("fiscal year", "academic year"),
)
"""Names of columns of stamps, in lower case, the likeliest first."""

PARTS_OF_STAMPS = "year month period quarter week day hour minute weekday dayofweek day_of_week dow hr".split()
"""Columns that say when, and name no series."""

SLOTS = {"period", "periods", "hour", "interval", "slot", "he", "ptu", "mtu", "isp", "stunde", "heure", "hora"}
"""Words in the names of columns that count the parts of a day."""

TIMES = ("ds", "date", "datetime", "timestamp", "day", "datum", "fecha", "month", "week", "time")
"""Words in the names of columns of stamps, the likeliest first."""

MEASURES = (
    "y target value values sales demand revenue quantity qty units amount total count cnt close price volume load "
    "consumption usage visitors passengers orders"
).split()
"""Words in the names of columns that are worth a forecast, the likeliest first."""

NO_MEASURES = re.compile(
    r"(^|[\W_])(id|ids|key|code|zip|postcode|index|idx|no|nr|num|number|lat|lon|lng|latitude|longitude|year|month|week"
    r"|weekday|day|dow|hour|quarter|flag|is|has|holiday|promo|open|age|rank|row|version|lead|lag)($|[\W_])"
)
"""Names of columns that say who, where and when, and not how much."""


def words_of(name: str) -> list[str]:
    """Return the words of the name of a column, in lower case: of `SalesAmount` and `sales_amount` the same two."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+", name)]


def rank_of(name: str, known: Sequence[str]) -> int:
    """Return the place of the first known word in the name of a column; the number of them where it has none."""
    return min((known.index(word) for word in words_of(name) if word in known), default=len(known))


def likely_measures(names: Sequence[str]) -> list[str]:
    """Return columns of numbers, the likeliest first: by their names those worth a forecast."""

    def place(name: str) -> tuple[bool, int]:
        return bool(NO_MEASURES.search("_".join(words_of(name)))), rank_of(name, MEASURES)

    return sorted(names, key=place)


def likely_times(names: Sequence[str]) -> list[str]:
    """Return columns of stamps, those first whose name says so best."""
    return sorted(names, key=lambda name: rank_of(name, TIMES))


FLOWS = {*"sales demand revenue quantity qty units amount volume total count cnt visitors passengers orders".split()}
FLOWS |= {*"usage consumption clicks visits bookings calls rides trips rain precipitation spend cost costs".split()}
"""Words in the names of what adds up over time; what others measure is averaged."""


def adds_up(name: str) -> bool:
    """Return whether the name of a column says that its values may be added up over time."""
    return not FLOWS.isdisjoint(words_of(name))


def is_measure(name: str) -> bool:
    """Return whether the name of a column says that it is worth a forecast."""
    return rank_of(name, MEASURES) < len(MEASURES) and not NO_MEASURES.search("_".join(words_of(name)))


KEYS = {*"id ids key code sku store shop item product region country city site station sensor customer account".split()}
"""Words in the names of columns that say whose a value is."""


FLAGS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})
"""Words for yes and no."""


def are_flags(cells: Sequence[str]) -> bool:
    """Return whether all cells of a column say yes or no."""
    found = {str(cell).strip().lower() for cell in cells}
    return bool(found) and any(found <= flags for flags in FLAGS)


def is_key(name: str) -> bool:
    """Return whether the name of a column says that it tells whose a value is."""
    return not KEYS.isdisjoint(words_of(name))

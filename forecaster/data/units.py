"""How a number is written in a text: marks, signs, units and currencies next to it, negative ones of accountants."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import to_numpy

Floats = npt.NDArray[np.float64]

CURRENCIES = (
    *"$ € £ ¥ ₹ ₽ ₩ ₺ ₫ ₱ ₪ ₴ ₦ ฿ R$ A$ C$ US$ NZ$ HK$ S$ kr zł Kč Ft Rs Fr Rp RM".split(),
    *"USD EUR GBP JPY CHF INR CNY AUD CAD NZD SEK NOK DKK PLN CZK HUF BRL MXN ZAR KRW TRY RUB SGD HKD AED SAR".split(),
    *"THB MYR IDR PHP TWD VND EGP NGN KES ILS RON BGN CLP COP ARS PEN UAH".split(),
)
"""Signs and codes that may stand before or after a number."""

SHARES = ("%", "\u2030")
"""Percent and per mille."""

_SPACE = " \u00a0\u202f\u2009"

NEGATIVE = "()"
"""Stands among the units of numbers where some are negative in the way of accountants: `(5)`, `5-`, or with U+2212."""

_MINUS = (r"^[^(\d]*-", r"\(.*\)$", r"\d[.,]?-$", r"^[^(\d]*[\x{2212}\x{2013}]")
"""Ways to write a negative number; a column has one of them."""

SCALED = "KMB"
"""Stands among the units of numbers of which some are in thousands, others in millions: `800K`, `1.2M`."""

MARKED = "*"
"""Stands among the units of numbers of which some have a footnote or the mark of an observation: `101.4 p`, `12*`."""

_MARK = rf"[{_SPACE}]*(?:[*†‡]+|\[\w+\]|[{_SPACE}][bcdefnprsuz]{{1,3}})$"

SCALES = {"k": 3, "K": 3, "M": 6, "mn": 6, "B": 9, "bn": 9, "T": 12, "tn": 12}
"""What may stand behind such numbers, and the power of ten that it means."""

_UNIT = r"[\p{L}°µΩ][\p{L}\p{N}°µΩ%‰€$£²³/.·^*_ \-]{0,15}"
"""Any unit that may stand behind every number of a column."""

KNOWN_UNITS = (
    *"Wh kWh MWh GWh TWh W kW MW GW VA kVA kvar V kV mV A mA Ah Hz kHz MHz GHz J kJ MJ GJ kcal cal".split(),
    *"°C °F °K ºC C F K mm cm dm m km in ft yd mi miles mm² cm² m² m2 km² km2 ha m³ m3 l L ml mL hl gal bbl".split(),
    *"mg g kg t to lb lbs oz µg tons bar mbar hPa kPa Pa psi s sec ms min h hr hrs hours d days".split(),
    *"B kB KB MB GB TB KiB MiB GiB bit kbit/s Mbit/s Gbit/s Mbps m/s km/h kmh mph kn kt m³/s m3/s m³/h l/s".split(),
    *"ppm ppb µg/m³ ug/m3 mg/l mg/L dB lx lm pcs pc units unit items St. Stk Stk. Stück ea".split(),
    *"people persons users visits orders bp bps pts Mio. Mrd. Mio Mrd Tsd. mm/h l/m² kWh/m² W/m² W/m2 tCO2".split(),
)
"""Units that tell a column of numbers from one of words."""


def number_pattern(decimal: str, thousands: str | None) -> str:
    """Return the regular expression of a number; commas may part it as in India, `12,34,567`."""
    point = re.escape(decimal)
    mark = re.escape(thousands or "")
    lakhs = rf"|\d{{1,2}}(?:{mark}\d{{2}})+{mark}\d{{3}}" if thousands == "," else ""
    whole = r"\d+" if thousands is None else rf"(?:\d{{1,3}}(?:{mark}\d{{3}})+{lakhs}|\d+)"
    return rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$"


def plain_numbers(texts: pa.ChunkedArray) -> Floats | None:
    """Return texts as float64 by Arrow's own parser; None where a cell is not a bare number."""
    try:
        return np.asarray(to_numpy(pc.cast(texts, pa.float64())), np.float64)
    except pa.ArrowInvalid:
        return None


def read_numbers(texts: pa.ChunkedArray, decimal: str, thousands: str | None) -> Floats:
    """Return texts that match `number_pattern` as float64."""
    if thousands:
        texts = pc.replace_substring(texts, thousands, "")
    return np.asarray(to_numpy(pc.cast(pc.replace_substring(texts, decimal, "."), pa.float64())), np.float64)


MEANT = (NEGATIVE, SCALED, MARKED)
"""What stands among the units and is none."""


def _named(units: Sequence[str]) -> str:
    """Return the regular expression of any of some units."""
    return "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))


def marked_by(units: Sequence[str]) -> tuple[str, ...]:
    """Return those units that stand next to every number."""
    return tuple(unit for unit in units if unit not in MEANT)


def with_plain_minus(texts: pa.ChunkedArray, units: Sequence[str]) -> pa.ChunkedArray:
    """Return texts in which `(5)`, `$(5)`, `5-` and `\u22125` are `-5`, `$-5`, `-5` and `-5`."""
    named = _named(marked_by(units) or ["$"])
    bare = pc.replace_substring_regex(texts, r"[\x{2212}\x{2013}]", "-")
    bare = pc.replace_substring_regex(bare, rf"^((?:{named})?)[{_SPACE}]*\((.*)\)$", r"\1-\2")
    return pc.replace_substring_regex(bare, r"^([^-(]*\d[.,]?)-$", r"-\1")


def without_units(texts: pa.ChunkedArray, units: tuple[str, ...]) -> pa.ChunkedArray:
    """Return texts without a unit before or after the number, with powers of ten, and a hyphen before negative ones."""
    if not units:
        return texts
    bare = pc.replace_substring_regex(texts, _MARK, "") if MARKED in units else texts
    bare = with_plain_minus(bare, units) if NEGATIVE in units else bare
    if marked := marked_by(units):
        named = _named(marked)
        bare = pc.replace_substring_regex(bare, rf"^([+-]?)(?:{named})[{_SPACE}]*([+-]?[\d.,].*)$", r"\1\2")
        bare = pc.replace_substring_regex(bare, rf"^(.*\d[.,]?)[{_SPACE}]*(?:{named})$", r"\1")
    for suffix, power in SCALES.items() if SCALED in units else ():
        bare = pc.replace_substring_regex(bare, rf"^(.*\d[.,]?)[{_SPACE}]*{suffix}$", rf"\1e{power}")
    return bare


def find_units(texts: pa.ChunkedArray) -> tuple[str, ...]:
    """Return the currency, the unit or the percent sign that stands next to every number; empty where not all agree.

    `NEGATIVE` is among them where numbers are negative in another way than by a hyphen before them, and `SCALED` where
    some are in thousands and others in millions, and `MARKED` where some have a mark behind them.
    """
    if (found := _units_in(texts)) is not None:
        return found
    marked = pc.match_substring_regex(texts, rf"\d[.,]?{_MARK}")
    if not pc.any(marked).as_py() or pc.all(marked).as_py():
        return ()
    bare = pc.replace_substring_regex(texts, _MARK, "")
    found = _units_in(bare)
    return () if found is None else (*found, MARKED)


def _units_in(texts: pa.ChunkedArray) -> tuple[str, ...] | None:
    """Return the units of numbers without marks; None where one is no number, or another unit stands next to it."""
    plain_way, *others = (pc.any(pc.match_substring_regex(texts, way)).as_py() for way in _MINUS)
    odd = not plain_way and sum(map(bool, others)) == 1
    every = (*CURRENCIES, *SHARES)
    plain = with_plain_minus(texts, every) if odd else texts
    named = _named(every)
    number = rf"[+-]?[\d.,'\x{{2019}}{_SPACE}]*\d[.,]?"
    pattern = rf"^[+-]?(?P<before>{named})?[{_SPACE}]*{number}[{_SPACE}]*(?P<after>{named}|{_UNIT})?$"
    parts = pc.extract_regex(plain, pattern)
    if not len(texts):
        return ()
    if parts.null_count:
        return None
    before, after = (set(pc.unique(pc.struct_field(parts, side)).to_pylist()) for side in ("before", "after"))
    minus = (NEGATIVE,) if odd else ()
    if len(before) > 1:
        return None
    if len(after) == 1:
        return (*(unit for side in (before, after) for unit in side if unit), *minus)
    return (*filter(None, before), *minus, SCALED) if after <= {"", *SCALES} else None


LONGEST = 80
"""Characters at the end of a cell that tell whether it is a number."""

_NEXT_TO = re.compile(
    rf"(?<=[\d.,])(?P<gap>\s?)(?P<unit>(?:{_named([*KNOWN_UNITS, *SCALES])})(?: ?(?:{_named(CURRENCIES)}))?)$"
)
_CODE = re.compile("|".join(rf"\b{code}\b" for code in CURRENCIES if code.isalpha()))


def are_numbers(cells: Sequence[str]) -> bool:
    """Return whether most of some cells are meant as numbers, though a sign or mark in them may be refused later.

    A unit behind them is one where it is known, and the same in all of them.
    """
    cells = [cell.strip()[-LONGEST:] for cell in cells]
    found = [_NEXT_TO.search(cell) for cell in cells]
    units = {match["unit"] for match in found if match and (match["gap"] or len(match["unit"]) > 1)}
    scaled = {match["unit"] for match in found if match} <= SCALES.keys()
    if len(units) == 1 or scaled:
        cells = [_NEXT_TO.sub("", cell) for cell in cells]
    bare = [_CODE.sub("", cell) for cell in cells]
    alike = sum(bool(re.search(r"\d", cell) and not re.search(r"[^\W\deE_]|[eE]{2}", cell)) for cell in bare)
    return 2 * alike >= len(cells)

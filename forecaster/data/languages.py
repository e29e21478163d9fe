"""Names of months and days in the languages that files come in, besides the English of `%b`, `%B`, `%a` and `%A`.

A format begins with the code of its language: `de:%d. %B %Y`. The code says how names are written, too: `fr:` as that
language does, `Fr:` with a capital, `FR:` in capitals, and with a point, `fr.:`, where short names end in one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

PREFIX = re.compile(r"([A-Za-z]{2})(\.?):")
"""How a format of another language begins."""


@dataclass(frozen=True)
class Language:
    """How one language calls months and days.

    Attributes:
        code: ISO 639-1, in lower case.
        months: Twelve names, then short ones, as they are written.
        days: Seven names from Monday on, then short ones.
        others: Other spellings of months, and the number of the month.
        little: Words between the parts of a date.
    """

    code: str
    months: tuple[tuple[str, ...], tuple[str, ...]]
    days: tuple[tuple[str, ...], tuple[str, ...]]
    others: tuple[tuple[str, int], ...] = ()
    little: tuple[str, ...] = ()

    @cached_property
    def month_numbers(self) -> dict[str, int]:
        """Every spelling of a month, in lower case and without marks on letters too, and its number."""
        listed = [(name, k + 1) for names in self.months for k, name in enumerate(names)] + list(self.others)
        return {spelled: number for name, number in listed for spelled in (name.lower(), _bare(name))}

    @cached_property
    def words(self) -> frozenset[str]:
        """All words that stand in a date, in lower case."""
        days = (spelled for names in self.days for name in names for spelled in (name.lower(), _bare(name)))
        return frozenset((*self.month_numbers, *days, *self.little))

    def pattern(self, directive: str) -> str | None:
        """Return the regular expression of `b`, `B`, `a` or `A`, a group; None for others."""
        if directive in "bB":
            short = {*self.months[1], *(name for name, _ in self.others)}
            names, point = (self.months[0], "") if directive == "B" else (short, r"\.?")
        elif directive in "aA":
            names, point = (self.days[0], "") if directive == "A" else (self.days[1], r"\.?")
        else:
            return None
        spelled = sorted({text for name in names for text in (name, _bare(name))}, key=len, reverse=True)
        return rf"(?P<{directive}>(?i:{'|'.join(spelled)}){point})"


def _bare(name: str) -> str:
    """Return a name in lower case without marks on its letters."""
    parts = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _language(code: str, months: str, days: str, others: str = "", little: str = "") -> Language:
    full, short = (tuple(names.split()) for names in months.split("|"))
    full_days, short_days = (tuple(names.split()) for names in days.split("|"))
    spelled = tuple((name, int(number)) for name, number in (word.split("=") for word in others.split()))
    return Language(code, (full, short), (full_days, short_days), spelled, tuple(little.split()))


LANGUAGES = {
    one.code: one
    for one in (
        _language(
            "en",
            "January February March April May June July August September October November December"
            "|Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
            "Monday Tuesday Wednesday Thursday Friday Saturday Sunday|Mon Tue Wed Thu Fri Sat Sun",
            "Sept=9 June=6 July=7",
            "of the",
        ),
        _language(
            "de",
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
            "|Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
            "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag|Mo Di Mi Do Fr Sa So",
            "Jänner=1 Feber=2 Mrz=3 März=3 Juni=6 Juli=7 Sept=9",
            "um",
        ),
        _language(
            "fr",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
            "|janv févr mars avr mai juin juil août sept oct nov déc",
            "lundi mardi mercredi jeudi vendredi samedi dimanche|lun mar mer jeu ven sam dim",
            "jan=1 fév=2 fevr=2 mar=3 juill=7 jui=6 jul=7 aoû=8 sep=9",
            "le à",
        ),
        _language(
            "es",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
            "|ene feb mar abr may jun jul ago sep oct nov dic",
            "lunes martes miércoles jueves viernes sábado domingo|lun mar mié jue vie sáb dom",
            "setiembre=9 sept=9 set=9",
            "de del",
        ),
        _language(
            "it",
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
            "|gen feb mar apr mag giu lug ago set ott nov dic",
            "lunedì martedì mercoledì giovedì venerdì sabato domenica|lun mar mer gio ven sab dom",
            "sett=9",
        ),
        _language(
            "pt",
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
            "|jan fev mar abr mai jun jul ago set out nov dez",
            "segunda terça quarta quinta sexta sábado domingo|seg ter qua qui sex sáb dom",
            "",
            "de",
        ),
        _language(
            "nl",
            "januari februari maart april mei juni juli augustus september oktober november december"
            "|jan feb mrt apr mei jun jul aug sep okt nov dec",
            "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag|ma di wo do vr za zo",
            "maa=3 sept=9",
        ),
    )
}
"""Languages by their code, in the order in which they are tried; English here is that of points and `Sept`."""


@cache
def split_language(time_format: str) -> tuple[Language | None, str]:
    """Return the language that a format begins with, None for none, and the rest of the format."""
    found = PREFIX.match(time_format)
    language = LANGUAGES.get(found[1].lower()) if found else None
    return (language, time_format[found.end() :]) if language and found else (None, time_format)


def with_language_first(time_format: str) -> str:
    """Return a format of several parts with the language of one of them in front: `%Y de:%B` as `de:%Y %B`."""
    found = re.search(r"(?:^|(?<= ))[A-Za-z]{2}\.?:(?=%)", time_format)
    return found[0] + time_format.replace(found[0], "") if found else time_format


def languages_of(words: Iterable[str]) -> list[Language]:
    """Return the languages that know all of some words, in lower case."""
    known = frozenset(words)
    return [language for language in LANGUAGES.values() if known <= language.words] if known else []


def style_of(time_format: str, names: Iterable[str]) -> str:
    """Return a format that says how this file writes its names: in capitals, with a point behind short ones."""
    language, plain = split_language(time_format)
    written = [name for name in names if len(name) > 1]
    if language is None or not written:
        return time_format
    capitals = all(name.isupper() for name in written)
    natural = language.months[0][0][0].isupper()
    code = language.code.upper() if capitals else language.code
    code = code.capitalize() if not capitals and not natural and all(name[0].isupper() for name in written) else code
    point = "." if any(name.endswith(".") for name in written) else ""
    return f"{code}{point}:{plain}"


def names_in(time_format: str) -> Callable[[str, int], str] | None:
    """Return a function from a directive and a number from 0 on to its name; None for a format in plain English."""
    language, _ = split_language(time_format)
    if language is None:
        return None
    code, point = PREFIX.match(time_format).groups()  # type: ignore[union-attr]

    def name(directive: str, number: int) -> str:
        full, short = language.months if directive in "bB" else language.days
        text = (full if directive in "BA" else short)[number]
        text += point if directive in "ba" and text != full[number] else ""
        return text.upper() if code.isupper() else text.capitalize() if code[0].isupper() else text

    return name

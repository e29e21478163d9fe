"""Months and days in other languages than English: read, and written back as they came."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import UsageError
from forecaster.data.languages import LANGUAGES, languages_of, split_language, with_language_first
from forecaster.data.notation import detect_format
from forecaster.data.stamps import check_format, parse, write_stamps


@pytest.mark.parametrize(
    ("texts", "time_format"),
    [
        (["3. Januar 2020", "1. März 2020", "5. Mai 2021"], "de:%-d. %B %Y"),
        (["Dez 2019", "Jan 2020", "Mär 2020"], "de:%b %Y"),
        (["Jan 20", "Feb 20", "Mär 20", "Apr 20"], "de:%b %y"),
        (["Mo, 06.01.2020", "Di, 07.01.2020"], "de:%a, %d.%m.%Y"),
        (["janv. 2020", "févr. 2020", "mars 2020"], "fr.:%b %Y"),
        (["janv.-20", "févr.-20", "mars-20"], "fr.:%b-%y"),
        (["lundi 3 janvier 2022", "mardi 4 janvier 2022"], "fr:%A %-d %B %Y"),
        (["JANVIER 2020", "MARS 2020"], "FR:%B %Y"),
        (["Enero 2020", "Febrero 2020"], "Es:%B %Y"),
        (["3 de enero de 2022", "14 de marzo de 2022"], "es:%-d de %B de %Y"),
        (["gennaio 2020", "febbraio 2020"], "it:%B %Y"),
        (["jan/20", "fev/20", "mar/20", "abr/20"], "pt:%b/%y"),
        (["1 maart 2020", "1 mei 2020"], "nl:%-d %B %Y"),
        (["Jan. 5, 2020", "May 7, 2021"], "en.:%b %-d, %Y"),
        (["03.Mai.2020", "04.Jun.2020"], None),
    ],
)
def test_a_language_is_found_by_its_words_and_written_back(texts: list[str], time_format: str | None) -> None:
    if time_format is None:
        time_format = "de:%d.%b.%Y"  # in no list: the user says it
    else:
        assert detect_format(pa.array(texts)) == time_format
    stamps, ok = parse(pa.array(texts), time_format)
    assert ok.all()
    assert list(write_stamps(stamps, time_format, None)) == texts


@given(
    st.sampled_from(sorted(LANGUAGES)), st.sampled_from(["%d %B %Y", "%d %b %Y", "%A %d %B %Y"]), st.integers(0, 40000)
)
def test_every_day_is_read_as_it_was_written(code: str, form: str, day: int) -> None:
    stamp = np.array([day * 86_400_000_000_000])
    text = write_stamps(stamp, f"{code}:{form}", None)
    again, ok = parse(pa.array([str(text[0])]), f"{code}:{form}")
    assert ok[0]
    assert again[0] == stamp[0]


@pytest.mark.parametrize(
    ("text", "month"),
    [("Jänner 2020", 1), ("Mrz 2020", 3), ("marz 2020", 3), ("Sept 2020", 9), ("aout 2020", 8), ("Setiembre 2020", 9)],
)
def test_other_spellings_are_read(text: str, month: int) -> None:
    form = next(
        form for code in LANGUAGES for form in (f"{code}:%b %Y", f"{code}:%B %Y") if parse(pa.array([text]), form)[1][0]
    )
    assert str(parse(pa.array([text]), form)[0].astype("M8[ns]")[0])[:7] == f"2020-{month:02d}"


def test_a_language_that_is_not_known_is_refused() -> None:
    check_format("de:%d. %B %Y")
    with pytest.raises(UsageError, match="unknown language 'tr'") as fault:
        check_format("tr:%d %B %Y")
    assert "de" in fault.value.hint


def test_words_of_no_language_have_none() -> None:
    assert languages_of(["ocak"]) == []
    assert languages_of([]) == []
    assert split_language("%d. %B")[0] is None
    assert with_language_first("%Y de:%B") == "de:%Y %B"
    assert with_language_first("%Y %m") == "%Y %m"

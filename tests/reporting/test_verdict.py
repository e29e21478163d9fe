"""The verdict on a data file: what was detected and how sure, and every finding with its series, line and remedy."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from forecaster.base.errors import MissingError, UsageError
from forecaster.reporting.verdict import REMEDIES
from tests.findings import Write, check, days, faulty, finding, series, usual


def test_good_data(write_csv: Write) -> None:
    verdict = check(
        write_csv(
            "\n".join(
                [
                    "shop,day,sales",
                    *series(
                        "a",
                        usual(),
                    ),
                    *series("b", usual(seed=1)),
                ]
            )
            + "\n"
        )
    )
    assert verdict.findings == ()
    assert (verdict.rows, verdict.series, verdict.summary()["verdict"]) == (120, 2, "good")
    assert dict(verdict.plan)["season length"] == "7 steps"
    detected = {found.what: (found.value, found.sure) for found in verdict.detected}
    assert detected == {
        "format": ("CSV, separator ',', decimal mark '.', utf-8", "certain"),
        "time": ("day, written %Y-%m-%d", "certain"),
        "series": ("shop", "certain"),
        "target": ("sales", "certain"),
        "frequency": ("D", "certain"),
        "season": ("7 steps", "certain"),
    }


def test_what_the_user_says_is_not_doubted(write_csv: Write) -> None:
    data = write_csv("\n".join(["shop,day,sales", *series("a", usual())]) + "\n")
    flags = {"id": "shop", "time": "day", "target": "sales", "freq": "D", "season_length": 7, "sep": ","}
    assert {found.sure for found in check(data, **flags).detected} == {"given"}


@pytest.mark.parametrize(
    ("lines", "flags", "what", "sure", "because"),
    [
        (["t,y", *(f"{i},{v}" for i, v in enumerate(usual()))], {}, "time", "likely", "it is called so"),
        (["t,y", *(f"{i},{v}" for i, v in enumerate(usual()))], {}, "season", "certain", "found in the values"),
        (["ds,y", *(f"{d},{i % 3}" for i, d in enumerate(days(50)))], {}, "season", "unsure", "explains 0 %"),
        (["ds,y", *(f"{d},{i}" for i, d in enumerate(days(8)))], {}, "season", "unsure", "too short to show it"),
        (["ds,y", *(f"{d},{i}" for i, d in enumerate(days(30)) if i % 3 < 2)], {}, "frequency", "unsure", "67.9 %"),
        (["ds,y,z", *(f"{d},{i},n" for i, d in enumerate(days(30)))], {}, "series", "likely", "no column of names"),
        (["ds,p,q", *(f"{d},{i},{i}" for i, d in enumerate(days(30)))], {"wide": True}, "series", "given", "--wide"),
    ],
)
def test_how_sure(
    write_csv: Write, lines: list[str], flags: dict[str, object], what: str, sure: str, because: str
) -> None:
    [found] = [found for found in check(write_csv("\n".join(lines) + "\n"), **flags).detected if found.what == what]
    assert found.sure == sure
    assert because in found.because


@pytest.mark.parametrize(
    ("code", "name", "severity", "count", "line_of", "message"),
    [
        ("outliers", "spike", "warning", 2, "spike,2024-01-21,900", "2 outliers, first at 2024-01-21: 900, usual is"),
        ("level-shift", "shift", "info", 1, "shift,2024-02-05,", "the level changes at 2024-02-05: median"),
        ("missing", "holes", "warning", 1, "holes,2024-01-31,", "1 missing value, first at 2024-01-31: filled"),
        ("leading", "holes", "warning", 1, "holes,2024-01-01,", "1 missing value before the first one"),
        ("trailing", "holes", "warning", 2, "holes,2024-02-28,", "2 missing values at the end, from 2024-02-28"),
        ("constant", "flat", "warning", 1, "flat,2024-01-01,", "never changes: always 7"),
        ("short", "tiny", "warning", 1, "tiny,2024-01-01,", "3 steps, and 22 are needed to learn from it"),
        ("skipped", "empty", "warning", 1, None, "left out: all its values are missing"),
        ("gaps", "gaps", "warning", 3, "gaps,2024-01-08,", "3 missing stamps, first 2024-01-06"),
        ("duplicates", "twice", "error", 1, "twice,2024-01-05,99", "1 row with a stamp that the series has already"),
    ],
)
def test_every_finding_has_its_series_and_line(
    write_csv: Write, code: str, name: str, severity: str, count: int, line_of: str | None, message: str
) -> None:
    lines = faulty()
    found = finding(check(write_csv("\n".join(lines) + "\n")), code)
    assert (found.series, found.severity, found.count) == (name, severity, count)
    line = next((i for i, text in enumerate(lines, 1) if line_of and text.startswith(line_of)), None)
    assert found.line == line
    assert found.message.startswith(message)
    assert found.hint


def test_errors_come_first_and_training_has_no_plan(write_csv: Write) -> None:
    verdict = check(write_csv("\n".join(faulty()) + "\n"))
    severities = [finding.severity for finding in verdict.findings]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert (verdict.count("error"), verdict.plan, verdict.summary()["verdict"]) == (1, (), "errors")


@pytest.mark.parametrize(
    ("content", "said", "line"),
    [
        ("ds,y\n2024-01-01,1\n2024-01-02,abc\n", "'abc' is not a number", 3),
        ("", "is empty", None),
        ("ds,y\n2024-01-01,1\n2024-01-02,2,3\n", "3 cells where the header has 2", 3),
        (
            "id,ds,y\n"
            + "\n".join([*series("a", usual(20)), *(f"b,2024-{m:02d}-01,{m}" for m in range(1, 13))])
            + "\n",
            "'a' is D, 'b' is MS",
            None,
        ),
        ("ds,y\n" + "\n".join(f"{day},1" for day in days(4)) + "\n", "are needed to train", None),
    ],
)
def test_what_training_refuses_is_a_finding(write_csv: Write, content: str, said: str, line: int | None) -> None:
    refused = [found for found in check(write_csv(content)).findings if found.code == "refused"]
    [found] = [found for found in refused if said in found.message]
    assert (found.severity, found.line) == ("error", line)


def test_what_is_no_data_is_an_exception(tmp_path: Path, write_csv: Write) -> None:
    with pytest.raises(MissingError):
        check(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="Mars"):
        check(write_csv("ds,y\n2024-01-01,1\n"), tz="Mars/Base")


def test_other_formats(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(("ds;y\n" + "\n".join(f"{day};{i},5" for i, day in enumerate(days(40)))).encode()))
    verdict = check(path)
    assert verdict.detected[0].value == "CSV, separator ';', decimal mark ',', utf-8"
    assert finding(verdict, "no-line-end").hint == REMEDIES["no-line-end"]

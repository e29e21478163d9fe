"""`forecast partition`: as a person and as cron run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Run, Seen

LINES = [f"{name},2024-01-{day:02d},{day}" for name in ("a", "b", "c") for day in range(1, 29)]


def data(folder: Path) -> Path:
    (folder / "sales.csv").write_text("id,ds,y\n" + "\n".join(LINES) + "\n")
    return folder / "sales.csv"


def test_it_is_silent_in_cron_and_json_on_request(run: Run, tmp_path: Path) -> None:
    asked = ("partition", data(tmp_path), "--by", "id", "--parts", "2", "--output", "parts")
    done = run(*asked)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    again = run(*asked, "--format", "json")
    shown = json.loads(again.stdout)
    assert (shown["rows"], shown["series"], shown["is_new"]) == (84, 3, False)
    assert sum(shown["parts"].values()) == 84


def test_what_a_person_sees(see: Callable[..., Seen], tmp_path: Path) -> None:
    seen = see("partition", data(tmp_path), "--by", "id", "--parts", 2, "--output", "parts")
    text = " ".join(seen.stdout.split())
    for expected in ("84 in, 84 out", "3, each whole in one part", "forecast train parts"):
        assert expected in text
    assert seen.code in (0, None)


def test_faults_end_in_one_line_and_a_code(run: Run, tmp_path: Path) -> None:
    path = data(tmp_path)
    for arguments, code in [
        ((), 2),
        (("--by", "shop", "--output", "parts"), 65),
        (("--by", "id", "--output", "parts", "--parts", "0"), 2),
        (("--by", "id", "--output", path), 2),
        (("--by", "id", "--output", tmp_path / "x" / "y"), 73),
    ]:
        failed = run("partition", path, *arguments)
        assert failed.exit_code == code, failed.stderr
        assert failed.stdout == ""
        assert failed.stderr.strip()
    assert run("partition", "none.csv", "--by", "id", "--output", "parts").exit_code == 66
    assert not (tmp_path / "parts").exists()

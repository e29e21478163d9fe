"""`forecast predict --output-table`: forecasts into a database."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from tests.cli.conftest import Run
from tests.conftest import Trained


def test_forecasts_go_into_a_table_with_their_version(run: Run, trained: Trained, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/shop.db#forecasts"
    for _ in range(2):
        done = run(
            "predict",
            trained.data,
            "--models-dir",
            trained.models_dir,
            "--ledger",
            "none",
            "--output",
            "out.csv",
            "--output-table",
            target,
            "--table-mode",
            "append",
        )
        assert done.exit_code == 0, done.stderr
    lines = (tmp_path / "out.csv").read_text().splitlines()
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        cursor = connection.execute("SELECT * FROM forecasts")
        names, rows = [column[0] for column in cursor.description], cursor.fetchall()
    assert names == [*lines[0].split(","), "model", "version", "issued"]
    assert len(rows) == 2 * (len(lines) - 1)
    assert {row[-2] for row in rows} == {"v000001"}
    assert all(row[-1] for row in rows)
    assert [str(cell) for cell in rows[0][:2]] == lines[1].split(",")[:2]

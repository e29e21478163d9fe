"""What the shell completes: asked by the protocols of bash and zsh, as they ask."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from forecaster.cli import completion
from forecaster.cli.app import app
from tests.conftest import panel_csv
from tests.saved import TINY_DATA, copy_tiny

Ask = Callable[..., list[str]]


@pytest.fixture
def bash(tmp_path: Path) -> Ask:
    """Return a function that asks as bash does, the last word being the one that is typed."""
    copy_tiny(tmp_path / "models")
    panel_csv(tmp_path / "shops.csv")

    def ask(*words: str) -> list[str]:
        env = {"COMP_WORDS": "\n".join(("forecast", *words)), "COMP_CWORD": str(len(words))}
        done = CliRunner().invoke(app, [], env={**env, "_FORECAST_COMPLETE": "complete_bash"})
        assert (done.exit_code, done.stderr) == (0, "")
        return done.stdout.split("\n")[:-1] if done.stdout.strip() else []

    return ask


@pytest.fixture
def zsh(bash: Ask) -> Callable[[str], str]:
    """Return a function that asks as zsh does."""

    def ask(line: str) -> str:
        env = {"_TYPER_COMPLETE_ARGS": line, "_FORECAST_COMPLETE": "complete_zsh"}
        return CliRunner().invoke(app, [], env=env).stdout.strip()

    return ask


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["predict", "--model", ""], ["tiny", "builtin"]),
        (["predict", "--model", "tiny", "@"], ["@v000001"]),  # bash cuts before the @, and replaces from there
        (["predict", "--model", "tiny", "@v0"], ["@v000001"]),
        (["models", "show", "t"], ["tiny"]),
        (["models", "promote", "t"], ["tiny@v000001"]),
        (["models", "rollback", "none"], []),
        (["train", "shops.csv", "--time", ""], ["shop", "day", "sales"]),
        (["train", "shops.csv", "--target", "=", "sa"], ["sales"]),
        (["train", "shops.csv", "--target", "="], ["shop", "day", "sales"]),
        (["train", "shops.csv", "--time", "day,s"], ["day,shop", "day,sales"]),
        (["train", "--past-covariates", "sales,", "shops.csv"], []),  # not the word that is typed
        (["train", "nothing.csv", "--time", ""], []),
        (["plot", "shops.csv", "--series", "shop-3"], ["shop-3"]),
        (["compare", "shops.csv", "--models", "lstm,seas"], ["lstm,seasonal-naive"]),
        (["tune", "shops.csv", "--search", "units,dr"], ["units,dropout"]),
        (["train", "shops.csv", "--preset", "b"], ["best"]),
        (["help", "explain"], ["explain", "explain-code"]),
        (["help", "models", "pro"], ["promote"]),
    ],
)
def test_bash(bash: Ask, words: Sequence[str], found: Sequence[str]) -> None:
    assert bash(*words) == found


def test_zsh(zsh: Callable[[str], str]) -> None:
    assert zsh("forecast predict --model t") == "_arguments '*: :((\"tiny\"))'"
    assert zsh("forecast train shops.csv --time d") == "_arguments '*: :((\"day\"))'"
    assert zsh("forecast predict --model tiny@") == "_arguments '*: :((\"tiny@v000001\"))'"
    assert zsh("forecast train shops.csv --config ") == "_files"


def test_names_that_a_shell_would_cut_are_escaped_for_bash(bash: Ask, zsh: Callable[[str], str]) -> None:
    Path("odd.csv").write_text("Total sales,Mon (th),a&b\n1,2020-01,3\n")
    assert bash("train", "odd.csv", "--target", "") == [r"Total\ sales", r"Mon\ \(th\)", r"a\&b"]
    assert bash("train", "odd.csv", "--target", r"Total\ s") == [r"Total\ sales"]
    assert '"Total sales"' in zsh("forecast train odd.csv --target To")


def test_files_of_other_kinds(bash: Ask, tmp_path: Path) -> None:
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(b"tag;wert\n2020-01-01;1,5\n"))
    pq.write_table(pa.table({"when": [1], "what": [2.0]}), tmp_path / "s.parquet")
    (tmp_path / "s.jsonl").write_text('{"ds": "2020-01-01", "y": 3}\n')
    (tmp_path / "parts").mkdir()
    shutil.copy(TINY_DATA, tmp_path / "parts" / "1.csv")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    asked = {name: bash("train", name, "--time", "") for name in ("s.csv.gz", "s.parquet", "s.jsonl", "parts")}
    assert asked == {
        "s.csv.gz": ["tag", "wert"],
        "s.parquet": ["when", "what"],
        "s.jsonl": ["ds", "y"],
        "parts": ["shop", "day", "sales"],
    }
    assert bash("train", "broken.parquet", "--time", "") == []


def test_series_of_the_file_that_the_model_knows(bash: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = {"schema": {"shape": "long", "id": "shop", "time": "day"}, "data": {"source": str(TINY_DATA)}}
    monkeypatch.setattr(completion, "manifest_of", lambda context: manifest)
    assert bash("plot", "--series", "n") == ["north"]
    manifest["schema"]["shape"] = "wide"
    assert bash("plot", "--series", "") == ["shop", "sales"]


def test_jobs_of_a_file(bash: Ask) -> None:
    Path("night.toml").write_text('[[jobs]]\nname = "learn"\n[[jobs]]\nname = "ahead"\n')
    assert bash("run", "night.toml", "--only", "") == ["learn", "ahead"]


def test_bash_itself_and_nothing_heavy_is_loaded(bash: Ask, tmp_path: Path) -> None:
    """The script that --show-completion prints, run by bash as it does on a key press."""
    program = tmp_path / "bin" / "forecast"
    program.parent.mkdir()
    loaded = "{'numpy', 'pandas', 'pyarrow', 'keras', 'tensorflow', 'rich'} & {*sys.modules}"
    lines = [
        f"#!{sys.executable}",
        "import atexit, sys",
        f"atexit.register(lambda: print(*({loaded}), file=sys.stderr, end=''))",
        "from forecaster.__main__ import main",
        "main()",
    ]
    program.write_text("\n".join(lines) + "\n")
    program.chmod(0o755)
    script = (
        'eval "$(_FORECAST_COMPLETE=source_bash forecast)"; COMP_WORDS=(forecast train shops.csv --time d); '
        'COMP_CWORD=4; _forecast_completion forecast; echo "${COMPREPLY[@]}"'
    )
    env = {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("day\n", "")

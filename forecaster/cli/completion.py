"""What a shell may complete besides commands and flags: models and versions, columns of the data file, series, jobs.

A key press waits for the answer: nothing here loads NumPy, only the top of a file is read, and whatever goes wrong is
an empty answer. The functions are those that Typer asks: (context, incomplete word) → candidates.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import typer

Complete = Callable[[typer.Context, str], list[str]]

TOP = 2**20
"""Bytes at the top of a file that names of columns and series are looked for in."""

MOST = 200
"""Candidates at most."""

TYPED = "forecaster.typed"
"""Where the root context keeps the words of the command line that is completed."""

SHELL = "_FORECAST_COMPLETE"
WORDS, AT = "COMP_WORDS", "COMP_CWORD"
SPECIAL = re.compile(r"[^\w@%+=:,./-]")
"""Characters that a shell would take for something else."""

PACKED: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
JSON = (".json", ".jsonl", ".ndjson")


def complete(answer_shell: Callable[[], object]) -> NoReturn:
    """Answer the shell, and exit; `answer_shell` does so by the protocol of Typer, and exits itself.

    bash cuts its words before `@` and around `=`, and does not quote what it puts in: so the words are joined before,
    and the candidates cut and escaped after. Whatever goes wrong is an empty answer.
    """
    said, in_bash = io.StringIO(), os.environ[SHELL] == "complete_bash"
    typed, code = _join_words() if in_bash else "", None
    with redirect_stdout(said), suppress(Exception):
        try:
            answer_shell()
        except SystemExit as ended:
            code = ended.code
    for line in said.getvalue().splitlines():
        print(SPECIAL.sub(r"\\\g<0>", line.removeprefix(typed)) if in_bash else line)
    raise SystemExit(code)


def _join_words() -> str:
    """Join the words that bash cut, and return what stands before the last of them in the word that is typed."""
    words, cursor = os.environ[WORDS].split("\n"), int(os.environ[AT])
    joined: list[str] = []
    at, before = cursor, ""
    for index, word in enumerate(words):
        if word.startswith("@") and joined:
            before = joined[-1] if index == cursor else before
            joined[-1] += word
            at -= index <= cursor
        elif word == "=" and index and words[index - 1].startswith("--"):
            joined += [""] if index == cursor else []  # nothing is typed behind it yet
            at -= index < cursor
        else:
            joined.append(word)
    os.environ[WORDS], os.environ[AT] = "\n".join(joined), str(at)
    return before


def reparsed(context: typer.Context) -> Any:
    """Return the context of what is typed, without a flag at its end that has no value yet.

    With it the command line cannot be parsed, and the context lacks what stands before it, such as the data file.
    """
    words = [*context.meta[TYPED]]
    if words and words[-1].startswith("-"):
        words.pop()
    depth = len(context.command_path.split()) - 1
    return context.command.make_context(context.info_name, words[depth:], parent=context.parent, resilient_parsing=True)


def quietly(find: Callable[[typer.Context, str], Iterable[str]]) -> Complete:
    """Let a function answer with nothing where it cannot read what it needs."""

    def answering(context: typer.Context, incomplete: str) -> list[str]:
        with suppress(Exception):
            return [*islice((n for n in find(reparsed(context), incomplete) if n.startswith(incomplete)), MOST)]
        return []

    return answering


def listed(find: Callable[[typer.Context], Iterable[str]]) -> Complete:
    """Let a function complete the last of several names that commas separate; one that is named is not offered again.

    A name that has a comma itself is left out: a list cannot hold it.
    """

    def names(context: typer.Context, incomplete: str) -> Iterator[str]:
        before, comma, _ = incomplete.rpartition(",")
        named = before.split(",")
        return (f"{before}{comma}{name}" for name in find(context) if "," not in name and name not in named)

    return quietly(names)


# ---------------------------------------------------------------------------------------------------- models


def root_of(context: typer.Context) -> Path:
    """Return the folder of all models, as the command would choose it."""
    return Path(context.params.get("models_dir") or os.environ.get("FORECAST_MODELS") or "models")


def versions_of(model: Path) -> list[str]:
    """Return the versions of a model, newest first."""
    return sorted((path.parent.name for path in model.glob("versions/v*/manifest.json")), reverse=True)


def model_names(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Yield names of models; behind `@` the versions of one."""
    root, (name, at, _) = root_of(context), incomplete.partition("@")
    if at:
        yield from (f"{name}@{version}" for version in versions_of(root / name))
        return
    yield from sorted(path.name for path in root.iterdir() if versions_of(path)) if root.is_dir() else ()
    yield "builtin"


def version_names(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Yield NAME@VERSION of every model that has the name which is typed."""
    for name in model_names(context, incomplete.partition("@")[0]):
        yield from (f"{name}@{version}" for version in versions_of(root_of(context) / name))


def manifest_of(context: typer.Context) -> dict[str, Any]:
    """Return the manifest of the model that the command would use; nothing where that is not clear."""
    root = root_of(context)
    asked = context.params.get("model") or context.params.get("name")
    names = [path.name for path in root.iterdir() if versions_of(path)]
    stem = Path(str(context.params.get("data") or "")).name.split(".")[0]
    name, _, version = str(asked or (stem if stem in names else names[0])).partition("@")
    folder = root / name / "versions" / (version or versions_of(root / name)[0])
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return found


# ---------------------------------------------------------------------------------------------------- data files


def top_of(path: Path) -> str:
    """Return the text at the top of a file, whole lines; compressed or not."""
    opened: BinaryIO = PACKED[path.suffix](path) if path.suffix in PACKED else path.open("rb")
    with opened as file:
        raw = file.read(TOP)
    text = raw.decode("utf-8-sig", "replace")
    return text if len(raw) < TOP else text[: text.rfind("\n") + 1]


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield the first rows of a file, each a name of a column → its cell."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if path.is_dir():
        path = next(part for part in sorted(path.rglob("*")) if part.is_file() and not part.name.startswith((".", "_")))
        suffixes = [path.suffix.lower()]
    if any(suffix in (".parquet", ".pq") for suffix in suffixes):
        from pyarrow.parquet import ParquetFile

        yield from (dict(row) for row in next(ParquetFile(path).iter_batches(10_000)).to_pylist())
        return
    text = top_of(path)
    if any(suffix in JSON for suffix in suffixes):
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
        return
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    delimiter = max(",;\t|", key=lines[0].count)
    yield from csv.DictReader(lines, delimiter=delimiter)


def data_of(context: typer.Context) -> Path:
    """Return the data file of the command line, else the one that its model was trained on."""
    data = context.params.get("data")
    return Path(str(data)) if data else Path(manifest_of(context)["data"]["source"])


def column_names(context: typer.Context) -> list[str]:
    """Return the columns of the data file."""
    return [name for name in next(rows_of(data_of(context))) if name]


def series_names(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Yield the series at the top of the data file: cells of the id column, or the columns of a wide file."""
    schema: dict[str, Any] = {}
    with suppress(Exception):
        schema = manifest_of(context)["schema"]
    if schema.get("shape") == "wide":
        yield from (name for name in column_names(context) if name != schema["time"])
        return
    rows = [*islice(rows_of(data_of(context)), 10_000)]
    name = context.params.get("id") or schema.get("id")
    column = str(name if name in rows[0] else named_column(rows))
    yield from dict.fromkeys(str(row[column]) for row in rows)


def named_column(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the column whose cells are most likely names of series: texts that come again."""
    for column in rows[0]:
        cells = [str(row[column]) for row in rows if row[column]]
        if cells and len({*cells}) <= len(cells) / 2 and not any(cell[:1] in "0123456789.-+" for cell in cells):
            return column
    raise LookupError("no column of names")


def job_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the jobs of a job file."""
    text = Path(str(context.params["jobs_file"])).read_text("utf-8")
    return re.findall(r"^\s*name\s*=\s*[\"']([^\"']+)", text, re.MULTILINE)


def kind_names(_: typer.Context) -> list[str]:
    """Return the kinds that `compare` knows."""
    return "lstm pretrained seasonal-naive naive drift ets theta arima mstl croston tsb adida".split()


def setting_names(_: typer.Context) -> list[str]:
    """Return the settings that `tune` searches."""
    return "lookback segment cell layers units dropout learning-rate loss optimizer batch-size".split()


def command_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the commands, or those of the group that is named already."""
    group: Any = context.find_root().command
    for name in context.params.get("command") or ():
        group = getattr(group, "commands", {}).get(name)
    return [*getattr(group, "commands", ())]


columns = listed(column_names)
models = quietly(model_names)
versions = quietly(version_names)
series = quietly(series_names)
commands = quietly(command_names)

OF_FLAGS: Mapping[str, Complete] = {
    **dict.fromkeys(("time", "id", "target", "past_covariates", "future_covariates", "static_covariates"), columns),
    "categorical": columns,
    "model": models,
    "from_": models,
    "distill": models,
    "series": series,
    "only": quietly(job_names),
    "models": listed(kind_names),
    "search": listed(setting_names),
}
"""Field of a setting → what completes its flag."""

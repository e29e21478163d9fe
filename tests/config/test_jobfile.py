"""Job files: every key becomes the setting that it names, and what is wrong is refused with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import AccessError, ForecastError, MissingError, UsageError
from forecaster.config import FreshSettings, ModelSettings, PredictSettings, StoreSettings, TrainSettings
from forecaster.config.binder import Key, keys_of
from forecaster.config.jobfile import keys_in_batch, make_job, read_jobs, read_settings
from forecaster.jobs import PredictJob, TrainJob

COMMANDS = {"train": TrainJob, "predict": PredictJob}
WriteToml = Callable[[str], Path]

TWO = """\
# every night
[defaults]
models-dir = "models"
preset = "fast"
as-of = 2026-01-31

[[jobs]]
name = "train"
command = "train"
data = "in/shops.csv"
model = "shops"
horizon = 14
learning-rate = 1
wide = true
cell = "gru"

[[jobs]]  # on what was trained
name = "predict.1"
command = "predict"
model = "shops"
levels = "50,90"
as-of = "2026-02-01T00:00"
"""


@pytest.fixture
def write_toml(tmp_path: Path) -> WriteToml:
    def write(content: str) -> Path:
        path = tmp_path / "jobs.toml"
        path.write_text(content, "utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that many examples share."""
    return tmp_path_factory.mktemp("toml")


def jobs_in(path: Path) -> list[Any]:
    return [make_job(COMMANDS[entry.command], entry.values) for entry in read_jobs(path, COMMANDS)]


def test_keys_become_settings(write_toml: WriteToml) -> None:
    train, predict = jobs_in(write_toml(TWO))
    assert train.data == "in/shops.csv"
    assert train.reading.wide is True
    assert train.model == ModelSettings(horizon=14, cell="gru")
    assert train.training == TrainSettings(preset="fast", learning_rate=1.0)
    assert train.store == StoreSettings(name="shops", models_dir=Path("models"))
    assert train.fresh == FreshSettings(as_of="2026-01-31")
    assert predict == PredictJob(
        settings=PredictSettings(model="shops", levels="50,90"),
        fresh=FreshSettings(as_of="2026-02-01T00:00"),
        models_dir=Path("models"),
    )


def test_entries_know_their_names_and_lines(write_toml: WriteToml) -> None:
    entries = read_jobs(write_toml(TWO), COMMANDS)
    assert [(entry.name, entry.command, entry.line) for entry in entries] == [
        ("train", "train", 7),
        ("predict.1", "predict", 17),
    ]


@pytest.mark.parametrize(("written", "taken"), [("64", "64"), ('"64,32"', "64,32")])
def test_text_that_is_a_number_needs_no_quotes(write_toml: WriteToml, written: str, taken: str) -> None:
    [entry] = read_jobs(write_toml(f"{HEAD}units = {written}\n"), COMMANDS)
    assert entry.values["units"] == taken


def test_a_deadline_is_the_jobs_own_or_that_of_all(write_toml: WriteToml) -> None:
    jobs = [f'[[jobs]]\nname = "{name}"\ncommand = "train"\ndata = "x.csv"\n' for name in "ab"]
    path = write_toml("[defaults]\ndeadline = 60\n" + jobs[0] + "deadline = 5\n" + jobs[1])
    assert [entry.deadline for entry in read_jobs(path, COMMANDS)] == [5.0, 60.0]
    with pytest.raises(UsageError, match=r"line 5: deadline: expected seconds from 1 to 31,622,400, received 0"):
        read_jobs(write_toml(jobs[0] + "deadline = 0\n"), COMMANDS)


def test_a_default_goes_to_the_jobs_that_take_it(write_toml: WriteToml) -> None:
    train, predict = read_jobs(write_toml(TWO), COMMANDS)
    assert (train.values["preset"], "preset" in predict.values) == ("fast", False)


HEAD = '[[jobs]]\nname = "a"\ncommand = "train"\ndata = "x.csv"\n'

FAULTS = [
    ("no toml", "jobs = [", "jobs.toml is not TOML: "),
    ("a key twice", HEAD + "units = 3\nunits = 4\n", "is not TOML: Cannot overwrite a value (at line 6"),
    ("nothing", "", "there must be at least one job. Begin each with [[jobs]]"),
    ("no list", '[jobs]\nname = "a"\n', "line 1: there must be at least one job"),
    ("numbers", "jobs = [1, 2]\n", "there must be at least one job"),
    ("another table", "[default]\nunits = 3\n" + HEAD, "line 1: unknown key 'default'. Did you mean 'defaults'?"),
    ("another list", "[[job]]\n", "line 1: unknown key 'job'. Did you mean 'jobs'?"),
    ("defaults no table", "defaults = 3\n" + HEAD, "line 1: defaults must be a table"),
    ("no name", '[[jobs]]\ncommand = "train"\n', "line 1: name of the job is missing"),
    ("name a number", '[[jobs]]\nname = 7\ncommand = "train"\n', "line 2: name of the job must be text in quotes"),
    ("name a path", '[[jobs]]\nname = "../x"\ncommand = "train"\n', "line 2: name '../x': expected [A-Za-z0-9]"),
    ("no command", '[[jobs]]\nname = "a"\n', "line 1: command of the job is missing"),
    ("unknown command", '[[jobs]]\nname = "a"\ncommand = "trian"\n', "job 'a': unknown command 'trian'. Did you"),
    ("a name twice", HEAD + "\n" + HEAD, "line 6: two jobs are called 'a'"),
    ("no data", HEAD.replace('data = "x.csv"\n', ""), "line 1: job 'a' has no 'data'"),
    ("data from stdin", HEAD.replace("x.csv", "-"), "data and output must be files"),
    ("forecasts to stdout", '[[jobs]]\nname = "p"\ncommand = "predict"\noutput = "-"\n', "output must be files"),
    ("unknown key", HEAD + "\n# a\nhorizen = 3\n", "line 7: job 'a': unknown key 'horizen'. Did you mean 'horizon'?"),
    ("an underscore", HEAD + "on_gap = 3\n", "line 5: job 'a': unknown key 'on_gap'. Did you mean 'on-gap'?"),
    ("nothing like it", HEAD + "zzz = 3\n", "unknown key 'zzz'. Known: activation, aggregate, "),
    ("of another command", HEAD + 'levels = "80"\n', "line 5: job 'a': unknown key 'levels'"),
    ("unknown default", "[defaults]\nunit = 3\n" + HEAD, "line 2: [defaults]: unknown key 'unit'. Did you"),
    ("name by default", '[defaults]\nname = "x"\n' + HEAD, "line 2: [defaults]: unknown key 'name'"),
    ("text for a number", HEAD + 'layers = "8"\n', "line 5: job 'a': layers must be a whole number, received '8'"),
    ("a fraction", HEAD + "layers = 8.5\n", "layers must be a whole number, received 8.5"),
    ("true for a number", HEAD + "layers = true\n", "layers must be a whole number, received True"),
    ("true for a fraction", HEAD + "dropout = true\n", "dropout must be a number, received True"),
    ("a number for true", HEAD + "wide = 1\n", "wide must be true or false, received 1"),
    ("a list for text", HEAD + "freq = [1]\n", "freq must be text in quotes, received [1]"),
    ("empty text", HEAD + 'freq = ""\n', "freq must be text in quotes, received ''"),
    ("a table", HEAD + "[jobs.freq]\nx = 1\n", "freq must be text in quotes, received {'x': 1}"),
    ("no such choice", HEAD + 'cell = "lstn"\n', "cell must be one of lstm, gru, peephole, rnn, received 'lstn'. Did"),
    ("out of bounds", HEAD + "units = 0\n", "line 5: job 'a': units must be from 1 to 2048, received 0"),
    ("not a number", HEAD + "min-skill = nan\n", "min-skill must be a number, received nan"),
    ("bad default", "[defaults]\n\nunits = -1\n" + HEAD, "line 3: [defaults]: units must be from 1"),
]


@pytest.mark.parametrize(("content", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_bad_file(write_toml: WriteToml, content: str, said: str) -> None:
    path = write_toml(content)
    with pytest.raises(UsageError) as caught:
        read_jobs(path, COMMANDS)
    assert said in caught.value.line()
    assert caught.value.message.startswith(str(path))


def test_where_no_line_is_known_none_is_told(write_toml: WriteToml) -> None:
    path = write_toml('jobs = [{name = "a", command = "train", data = "x", horizen = 3}]\n')
    with pytest.raises(UsageError) as caught:
        read_jobs(path, COMMANDS)
    assert caught.value.message == f"{path}: job 'a': unknown key 'horizen'"


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingError, match="no such file"):
        read_jobs(tmp_path / "none.toml", COMMANDS)
    with pytest.raises(MissingError, match="is not a regular file"):
        read_jobs(tmp_path, COMMANDS)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"name = '\xe9'")
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_jobs(latin, COMMANDS)

    def denied(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(AccessError, match="permission denied"):
        read_jobs(latin, COMMANDS)


def an_example(key: Key) -> Any:
    """Return a value that a key takes."""
    if get_origin(key.kind) is Literal:
        return get_args(key.kind)[-1]
    if key.field == "season_length":
        return "24,168"
    low = key.metadata.get("min")
    return {int: max(low or 0, 3), float: float(low or 0), bool: True, str: "x", Path: Path("p")}[key.kind]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_setting_has_its_key(write_toml: WriteToml, command: str) -> None:
    keys = keys_in_batch(COMMANDS[command])
    values = {name: an_example(key) for name, key in keys.items()}
    lines = [f"{name} = {json.dumps(str(v) if isinstance(v, Path) else v)}" for name, v in values.items()]
    (job,) = jobs_in(write_toml(f'[[jobs]]\nname = "a"\ncommand = "{command}"\n' + "\n".join(lines)))
    for name, key in keys.items():
        owner = job if key.group is None else getattr(job, key.group)
        assert getattr(owner, key.field) == values[name], name


def test_settings_of_one_job(write_toml: WriteToml) -> None:
    path = write_toml('data = "x.csv"\nname = "m"\nhorizon = 3\n')
    assert read_settings(path, TrainJob) == {"data": "x.csv", "name": "m", "horizon": 3}
    with pytest.raises(UsageError, match=r"jobs.toml, line 2: unknown key 'horizn'"):
        read_settings(write_toml("units = 3\nhorizn = 3\n"), TrainJob)


def test_a_new_command_needs_no_more_than_its_class(write_toml: WriteToml) -> None:
    @dataclass(frozen=True)
    class Other:
        data: str | None = None
        settings: PredictSettings = field(default_factory=PredictSettings)

    assert set(keys_of(Other)) >= {
        "data",
        "model",
        "future",
        "horizon",
        "levels",
        "output",
        "ledger",
        "recursive",
        "spreadsheet-safe",
    }


@given(
    name=st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=12),
    before=st.lists(st.sampled_from(["", "# units = 3", "units = 3", 'freq = "D"  # [x]']), unique=True, max_size=3),
)
def test_any_unknown_key_is_refused_with_its_line(folder: Path, name: str, before: list[str]) -> None:
    if name in keys_in_batch(TrainJob) or name in ("name", "command"):
        return
    path = folder / "jobs.toml"
    path.write_text(HEAD + "\n".join([*before, f"{name} = 1", ""]))
    with pytest.raises(UsageError, match=f"line {5 + len(before)}: job 'a': unknown key '{name}'"):
        read_jobs(path, COMMANDS)


@given(content=st.text(max_size=200))
def test_whatever_stands_in_the_file_it_is_read_or_refused(folder: Path, content: str) -> None:
    path = folder / "jobs.toml"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(ForecastError):
        read_jobs(path, COMMANDS)

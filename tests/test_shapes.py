"""Every command, over a model of every shape that `train` can make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecaster.cli.app import app
from forecaster.model import store
from tests.conftest import TINY, monthly_csv
from tests.model.test_features import panel_csv

COVARIATES = "--past-covariates rain --future-covariates promo,event --static-covariates region --horizon 3"
SHAPES = {
    "several widths": "--units 6,4 --layers 2",
    "gru": "--cell gru",
    "peephole": "--cell peephole",
    "plain": "--cell rnn --activation relu",
    "both ways with attention": "--bidirectional --attention --units 6,4 --layers 2",
    "quantiles": "--intervals quantile --quantile-levels 50,80,95",
    "dropout": "--intervals mc-dropout --loss mae",
    "logarithms of a textbook network": "--transform log --segment 1 --lookback 12 --bounds 0,1000",
    "covariates": COVARIATES,
    "covariates and calendar": f"{COVARIATES} --calendar on --holidays DE --cell gru --units 6,4 --layers 2",
    "joint targets": "--target x,z --past-covariates rain --horizon 3",
    "from": "--from first --horizon 6",
    "distilled": "--distill first --cell gru --units 6,4 --layers 2",
}
FAST = ("several widths", "covariates")
COMMANDS = {
    "predict": "predict DATA --levels 50,80 --output out.csv",
    "evaluate": "evaluate DATA --windows 2 --format json",
    "explain": "explain DATA --format json --sample 1",
    "report": "report DATA --windows 2 --output report.html",
    "plot": "plot DATA --output plot.svg",
    "export": "export DATA --output model.onnx",
    "score": "score --actuals DATA --format json",
    "list": "models list --format table",
    "show": "models show m --format table",
    "show as JSON": "models show m",
    "check": "models check m --format table",
    "compare": "models compare m@v000001 m@v000001 DATA --format json",
    "rollback": "models promote m@v000001",
    "prune": "models prune m --keep 2",
}


def wide_csv(path: Path) -> Path:
    """Write two series that are forecast jointly, and a covariate."""
    rows = [f"{2010 + t // 12}-{t % 12 + 1:02d}-01,{10 + t % 12},{20 - t % 12},{t % 5}" for t in range(60)]
    path.write_text("\n".join(["month,x,z,rain", *rows]) + "\n")
    return path


def run(line: str) -> str:
    """Run a command line, which must succeed, and return its stdout."""
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 0, f"forecast {line}: {result.exit_code}: {result.stderr}"
    return result.stdout


@pytest.mark.parametrize(
    "shape", [pytest.param(shape, marks=[] if shape in FAST else pytest.mark.slow) for shape in SHAPES]
)
def test_every_command_knows_every_shape(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = SHAPES[shape]
    if "covariates" in shape:
        data = panel_csv(Path("data.csv"), ahead=3)
    else:
        data = wide_csv(Path("data.csv")) if "joint" in shape else monthly_csv(Path("data.csv"), 72)
    tiny = " ".join(TINY[:2] + TINY[6:]) + (
        "" if "--units" in options or "--from" in options else " --units 4 --layers 1"
    )
    if "first" in options:
        run(f"train {data} --name first --horizon 6 {' '.join(TINY)}")
    run(f"train {data} --name m {tiny} {options}")
    for name, line in COMMANDS.items():
        if name in {"explain", "export"} and "covariates" in shape:
            continue
        if name == "score":
            run(
                "predict data.csv --model m --as-of 2024-02-01 --output early.csv"
                if "covariates" in shape
                else "predict data.csv --model m --as-of 2013-06-01 --output early.csv"
            )
        named = "" if line.startswith("models") else " --model m"
        run(line.replace("DATA", str(data)) + named)
    manifest = store.load_model(tmp_path / "models", "m").manifest
    assert json.loads(run("models show m")).items() >= manifest.to_json().items()

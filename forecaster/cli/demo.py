"""`forecast demo`: the first example anywhere."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.cli import log, plot, predict, train
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Printer, TextGrid, TextLine
from forecaster.cli.process import after, now_stands
from forecaster.cli.progress import TrainingProgress
from forecaster.config import ModelSettings, PlotSettings, PredictSettings, StoreSettings, TrainSettings

if TYPE_CHECKING:
    from forecaster.jobs import DemoFiles, PredictResult, TrainResult

NAME = "co2_monthly"
HORIZON = 24


@takes_settings
def demo(output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Show it all once: write a sample file into this folder, train on it, forecast it, and draw the forecast.

    The sample is carbon dioxide in the air at Mauna Loa, month by month. Each command is shown as you would type it.
    Nothing that exists is overwritten. Off a terminal nothing is printed unless --format is given.

    Example: forecast demo
    """
    from forecaster import jobs

    printer = Printer(output)
    names = jobs.prepare_demo()
    show(printer, models_dir, f"train {names.data} --horizon {HORIZON} --preset fast")
    trained = train_demo(printer, names, models_dir)
    show(printer, models_dir, f"predict --model {NAME} --output {names.forecasts}")
    events = listening(printer, on_state=now_stands)
    settings = PredictSettings(model=NAME, output=str(names.forecasts))
    predicted = jobs.predict(
        jobs.PredictJob(data=str(names.data), settings=settings, models_dir=models_dir, now=log.clock()), events
    )
    printer.note(*predict.describe(predicted))
    show(printer, models_dir, f"plot --model {NAME} --output {names.picture}")
    drawing = PlotSettings(model=NAME, output=names.picture)
    drawn = jobs.plot(jobs.PlotJob(data=str(names.data), settings=drawing, models_dir=models_dir))
    printer.note(plot.describe(drawn))
    with after(f"{names.picture} was written"):
        log.event("demonstrated", model=trained.model.name, version=trained.model.version, output=names.forecasts)
        summary = summary_of(names, trained, predicted)
        printer.show(summary, [summary], [TextLine(""), describe(names)])
        return finish(predicted.panel.skipped)


def show(printer: Printer, models_dir: Path | None, command: str) -> None:
    """Show a command as one would type it."""
    folder = f" --models-dir {shlex.quote(str(models_dir))}" if models_dir else ""
    printer.note(TextLine(f"\n$ forecast {command}{folder}", "bold"))


def train_demo(printer: Printer, names: DemoFiles, models_dir: Path | None) -> TrainResult:
    """Train on the sample, as `forecast train` would, and show what it shows."""
    from forecaster import jobs

    store = StoreSettings(name=NAME, models_dir=models_dir)
    job = jobs.TrainJob(
        data=str(names.data),
        model=ModelSettings(horizon=HORIZON),
        training=TrainSettings(preset="fast"),
        store=store,
        created=log.now(),
        now=log.clock(),
    )
    with TrainingProgress(printer.notes) as progress:
        result = jobs.train(
            job,
            listening(printer, on_progress=progress.update, on_state=now_stands),
        )
    printer.note(*train.describe(result, store))
    return result


def summary_of(names: DemoFiles, trained: TrainResult, predicted: PredictResult) -> dict[str, Any]:
    """Return the files, the model and its skill as one row."""
    return {
        "data": str(names.data),
        "forecasts": str(names.forecasts),
        "picture": str(names.picture),
        "model": trained.model.name,
        "version": trained.model.version,
        "skill": trained.metrics["skill"],
        "rows": predicted.forecast.values.size,
    }


def describe(names: DemoFiles) -> TextGrid:
    """Return where everything is, and what to type for a file of one's own."""
    return TextGrid(
        [
            ("sample", str(names.data)),
            ("forecasts", str(names.forecasts)),
            ("picture", str(names.picture)),
            ("next", "forecast train YOUR_FILE.csv"),
        ]
    )

"""`forecast doctor`: what this machine trains and forecasts with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forecaster.base.errors import OK
from forecaster.base.meter import working
from forecaster.base.records import flatten
from forecaster.cli import log
from forecaster.cli.options import ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, counted, number

if TYPE_CHECKING:
    from forecaster.jobs import Diagnosis


@takes_settings
def doctor(output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Say what this machine trains and forecasts with, and whether it is fit for it.

    Versions, processor, GPUs, whether cuDNN's LSTM kernel runs, the measured time of a training step, what --device
    auto takes, and whether models can be written. Where train or predict could not work, the exit code says why. Off a
    terminal the answer is JSON.

    Example: forecast doctor --format json
    """
    from forecaster.base.machine import require_packages

    require_packages()
    from forecaster import jobs

    printer = Printer(output, piped="json")
    with working("measuring") as work:
        found = jobs.diagnose(models_dir, jobs.Events(on_share=work.see_share))
    log.event("diagnosed", **found.summary())
    rows = [{"field": field, "value": value} for field, value in flatten(found.summary())]
    printer.show(found.summary(), rows, describe(found))
    if found.fault is not None:
        raise found.fault
    return OK


def describe(found: Diagnosis) -> Iterator[Block]:
    """Yield what there is, what it can do, and what is odd."""
    cpu = f"{found.processor}, {counted(found.cores, 'core')}"
    yield TextGrid([(name, version or "not installed") for name, version in found.versions.items()])
    yield TextLine("")
    yield TextGrid(
        [
            ("processor", f"{cpu}{': ' if found.features else ''}{' '.join(found.features)}"),
            ("GPU", ", ".join(found.gpus) or "none"),
            (
                "cuDNN LSTM",
                "runs (proved with use_cudnn=True)" if found.cudnn is None else f"does not run: {found.cudnn}",
            ),
            *((f"step on {device}", f"{number(1000 * seconds, 3)} ms") for device, seconds in found.step_times.items()),
            ("device auto", found.auto),
            ("models", str(found.models)),
        ]
    )
    yield TextLine("")
    for note in found.notes:
        yield TextLine(f"note: {note}", "dim")
    if found.fault is None:
        yield TextLine("Fit to train and to forecast.", "green")

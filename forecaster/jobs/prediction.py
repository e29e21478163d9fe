"""From a saved model and a data file to a forecast file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forecaster import files, store
from forecaster.config import PredictSettings, ReadSettings, parse_levels
from forecaster.forecast import Forecast
from forecaster.jobs.events import Events
from forecaster.jobs.names import load_asked, models_folder, source_of
from forecaster.panel import Panel, read_panel
from forecaster.predictor import leave_out_unreadable, make_forecast


@dataclass(frozen=True, kw_only=True)
class PredictJob:
    """Everything that `predict` is told.

    Attributes:
        data: Path of the data file, `-` for stdin, or None for the file that the model was trained on, read afresh.
        models_dir: Folder of all models, or None for the default.
    """

    data: str | None = None
    settings: PredictSettings = field(default_factory=PredictSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictResult:
    """A forecast, and the file that it was written to.

    Attributes:
        output: The file, or None when `text` is to go to stdout.
        text: The forecast file's content.
    """

    forecast: Forecast
    model: store.Model
    panel: Panel
    output: Path | None
    text: str

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        names, counts = np.unique(self.forecast.methods.astype(str), return_counts=True)
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "output": None if self.output is None else str(self.output),
            "series": self.panel.n_series,
            "horizon": self.forecast.values.shape[1],
            "rows": int(self.forecast.values.size),
            "methods": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }


def predict(job: PredictJob, events: Events = Events()) -> PredictResult:
    """Forecast every series of the data file after its end, with a saved model, and write the forecast file.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    settings, levels = job.settings, parse_levels(job.settings.levels)
    output = None if settings.output == "-" else Path(settings.output)
    if output is not None:
        files.check_writable(output)
    root = models_folder(job.models_dir)
    model = load_asked(root, settings.model, job.data)
    source = source_of(model, job.data, output)
    panel = leave_out_unreadable(model, read_panel(source, ReadSettings(), model.schema), model.window.lookback)
    events.on_panel(panel)
    forecast = make_forecast(model, panel, settings.horizon, levels)
    text = (forecast.for_spreadsheets() if settings.spreadsheet_safe else forecast).to_csv()
    if output is not None:
        files.write_file(output, text.encode())
    return PredictResult(forecast=forecast, model=model, panel=panel, output=output, text=text)

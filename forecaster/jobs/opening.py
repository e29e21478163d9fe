"""Data read for a saved model, to forecast after its end."""

from __future__ import annotations

from dataclasses import replace

from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.rows import Finding
from forecaster.data.source import Data
from forecaster.model.features import check_ahead
from forecaster.model.predictor import leave_out_unreadable
from forecaster.model.store import SavedModel


def read_for(
    model: SavedModel, source: Data, *, as_of: str | None = None, future: Data | None = None, steps: int | None = None
) -> Panel:
    """Return the data as the model reads it, without series that it cannot read.

    Args:
        model: What forecasts.
        source: The data.
        as_of: The last stamp that counts.
        future: A file of future rows.
        steps: How many steps ahead will be forecast; None is all that the model can.

    Raises:
        DataError: The content is wrong, or something that should be known ahead is not there.
        ModelError: It is no data for this model.
    """
    panel = read_panel(source, ReadSettings(), model.schema, as_of, future)
    return look_beside(model, leave_out_unreadable(model, panel, model.window.lookback), steps or model.window.horizon)


def look_beside(model: SavedModel, panel: Panel, steps: int) -> Panel:
    """Return a panel whose findings say what is odd in its covariates, for a model that will forecast so many steps.

    Raises:
        DataError: Something that should be known ahead is not there.
    """
    odd = check_ahead(panel, model.encodings, steps)
    return replace(panel, findings=(*panel.findings, *(Finding("covariate", "warning", message) for message in odd)))

"""Forecast time series with a stacked LSTM, from the command line.

Data is frozen and flows one way: file → Table → Panel → Windows → Model → Forecast → file.

Each folder is a room, from the ground floor up; it may import only from rooms above it in this list. The docstring of
each room lists its files in the same way. Tests read the lists.

    base          errors, words, files, records: what every other room stands on
    config        every setting, written once: default, bounds, help
    data          a file → Table → Observations → Panel
    model         windows, plans, saved models, forecasts: NumPy and ONNX Runtime, never Keras
    training      the only room that loads TensorFlow
    scoring       metrics, backtests, comparisons, searches
    reporting     explanations, figures, the page
    jobs          one short function a command; they only sequence calls
    api           the same functions for notebooks, with settings as keywords
    service       the same over HTTP
    cli            the terminal and cron: options, output, one file a command
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecaster._version import __version__ as __version__

__all__ = [
    "ForecastError",
    "ForecastWarning",
    "Model",
    "check",
    "compare",
    "compare_futures",
    "compare_versions",
    "evaluate",
    "explain",
    "find_anomalies",
    "forecast",
    "list_models",
    "load_model",
    "predict",
    "read_gates",
    "read_panel",
    "report",
    "score",
    "train",
]

if TYPE_CHECKING:
    from forecaster.api import (
        ForecastError,
        ForecastWarning,
        Model,
        check,
        compare,
        compare_futures,
        compare_versions,
        evaluate,
        explain,
        find_anomalies,
        forecast,
        list_models,
        load_model,
        predict,
        read_gates,
        read_panel,
        report,
        score,
        train,
    )
else:

    def __getattr__(name: str) -> object:
        """Load the Python API when something of it is first asked for: `forecast --help` must not wait for NumPy."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from forecaster import api

        return getattr(api, name)

    def __dir__() -> list[str]:
        return sorted([*__all__, "__version__"])

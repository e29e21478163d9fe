"""Forecast time series with a stacked LSTM, from the command line.

Data is frozen and flows one way: file → Table → Panel → Windows → Model → Forecast → file.

Each module is one room, holds one noun, and may import only from the rooms above it in this list; on the right are the
heavy packages that it may import when it is itself imported. A test reads the list from here.

    errors        what can go wrong, each with its exit code
    files         the only room that writes: atomic replace, publish a folder, lock, hash
    words         numbers and scores as a person reads them
    extras        packages that not everybody needs, and how to get them
    config        every setting, written once: default, bounds, help
    machine       this machine: processor, packages, what lies about
    jobfile       a TOML file → jobs, each key checked against the settings
    keywords      settings as keywords of a function → a job
    cron          a cron expression → a crontab line, a systemd timer
    records       JSON ↔ frozen dataclasses, closed and bounded
    arrays        named arrays ↔ the bytes of an .npz file                    numpy
    arrow         numpy ↔ Arrow, without a detour through pandas              numpy pyarrow
    rowfile       rows in blocks of columns → a CSV or Parquet file           numpy pyarrow
    stamps        text ↔ time: formats, zones, and back as they came in       numpy pyarrow
    frequency     the frequency of a time index, and the next stamps          numpy
    source        a path → its bytes, whole and unchanged while read
    frames        pandas ↔ the rest: a DataFrame as a data file, stamps         numpy
    dialect       how a CSV file is written: separator, decimal, header
    table         a file → strict table of text with line numbers             numpy pyarrow
    schema        what is known of a kind of file; frozen in the model
    columns       which column is what                                        pyarrow
    rows          a table → observations: series, stamp, value; Finding       numpy pyarrow
    covariates    what is known beside the target, on the grid of the series  numpy pyarrow
    cutoff        --as-of: the last stamp that counts, and rows up to it      numpy
    checks        rows → findings: disorder, duplicates, holes, odd ids       numpy
    observations  a file → its observations, sorted, not on a grid yet
    holes         missing steps: series that have too many, and what fills others numpy
    seasonality   season lengths found in the values themselves               numpy
    anomalies     outliers by robust seasonal residuals, shifts of the level  numpy
    panel         Panel: regular series at one frequency, valid by construction numpy
    grid          a file → Panel: laid on the grid of its frequency, holes filled numpy
    age           how old data is, and what is too old                        numpy
    windows       scaling, and cutting windows in batches                     numpy
    almanac       stamps → calendar features, public holidays                 numpy
    features      what is read beside the target, as numbers                  numpy
    metrics       the published error measures                                numpy
    calibration   how large errors are, and intervals from that               numpy
    bands         intervals by learned quantiles or by dropout, calibrated too numpy
    forecast      forecast rows: what a forecast file holds                   numpy
    baselines     naive, seasonal naive, drift                                numpy
    plan          every number that training needs; the presets
    planner       a panel and the user's settings → a plan, chosen from the data numpy
    examination   a panel beside its rows → findings, one a kind and series   numpy
    verdict       a data file → what was detected, how sure, and all findings numpy
    divergence    why a loss is no number: the window, and what to do         numpy
    checkpoint    an interrupted training, saved to go on from                numpy
    runtime       the process made ready for Keras: environment, stderr
    cells         the recurrent cells: LSTM, GRU, peephole, plain              keras
    network       the Keras network, the whole of it in one file              keras numpy
    losses        what training minimises                                     numpy tensorflow
    optimizers    the optimisers, and how their learning rate falls           keras
    steps         the compiled training step, on one device or several GPUs   keras numpy tensorflow
    training      batches, early stopping, device                             keras numpy tensorflow
    stopwatch     seconds of a training step on a device, and its LSTM kernel  keras numpy tensorflow
    serving       a batch of windows → forecasts, on ONNX Runtime             numpy onnxruntime
    manifest      what a version says of itself: schema and seal
    version       one version of a saved model: its files, read without trust numpy
    store         saved models: publish, load, the current version
    predictor     a saved model and a panel → forecasts, in blocks of windows numpy
    recursion     more steps than a model was trained for, round by round     numpy
    ledger        what was forecast: parts that are added, and never changed  numpy pyarrow
    outcome       issued forecasts beside what came: live scores              numpy
    difference    two forecasts → what is revision, new rows, another model     numpy
    explanation   which values of the window move a forecast, and how far     numpy
    recurrence    what the gates of a saved network do, step by step          numpy
    backtest      scores on windows that a model did not see, by rolling origin too numpy
    residuals     one-step-ahead errors: their autocorrelation and spread     numpy
    outlook       a series at its end: history, past forecasts, and the next  numpy
    transfer      a saved version → the plan of a training that goes on from it numpy
    challenge     a new network against the current version, on windows held out numpy
    kinds         methods by name: a panel → forecasts after its end            numpy
    comparison    kinds learning anew at each cutoff, and which differences are real numpy
    figure        what a figure shows: lines, bands and bars, on no canvas yet  numpy
    drawing       figures → SVG, PNG, PDF, by matplotlib                      numpy
    pictures      explanations and gates as pictures                          numpy
    report        what is known of a model → one page of HTML                 numpy
    graph         a saved model as one ONNX graph: raw values in, forecasts out numpy
    lite          the same for TensorFlow: SavedModel and LiteRT              numpy tensorflow
    search        settings worth trying, and a study of them that survives the process
    tuning        settings judged on windows held out, and the best against the defaults numpy
    jobs          one short function a use case; they only sequence calls     numpy
    api           the same use cases for notebooks, with settings as keywords
    cli           the terminal and cron: options, output, one file a command  typer
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "ForecastError",
    "ForecastWarning",
    "Model",
    "check",
    "compare",
    "compare_versions",
    "evaluate",
    "explain",
    "list_models",
    "load_model",
    "predict",
    "read_gates",
    "read_panel",
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
        compare_versions,
        evaluate,
        explain,
        list_models,
        load_model,
        predict,
        read_gates,
        read_panel,
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
        return sorted({*globals(), *__all__})

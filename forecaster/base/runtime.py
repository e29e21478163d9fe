"""Prepare this process for Keras, TensorFlow and ONNX Runtime, before they are imported.

Keras and TensorFlow read the environment and a file in the home folder; ONNX Runtime, from 1.31 on, keeps a device id
in the home folder and reports to Microsoft; and all write to the process's standard error from C++. A forecast must
depend on none of that, make no connection, and a user must see none of it.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import logging
import os
import shutil
import sys
import tempfile

HOME = f"{os.devnull}/keras"
"""A folder that cannot be: Keras finds no settings there, and leaves none behind."""

MEDDLING = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED", "KERAS_USE_BACKEND_AGNOSTIC_OPS")
"""Variables by which Keras would silently train or predict less, or otherwise."""


def prepare_keras() -> None:
    """Fix Keras's backend and settings, and keep TensorFlow's own lines off standard error. Safe to call again.

    `FORECAST_DEBUG=1` leaves TensorFlow's lines where they are.
    """
    if "keras" in sys.modules:
        return
    for name in MEDDLING:
        os.environ.pop(name, None)
    prepare_onnx()  # its export to ONNX may import that as well
    os.environ.update(KERAS_BACKEND="tensorflow", KERAS_HOME=HOME, TF_CPP_MIN_LOG_LEVEL="3")
    if not os.environ.get("FORECAST_DEBUG"):
        for name in ("tensorflow", "absl"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        _detach_stderr()
    _import_keras()


def _import_keras() -> None:
    """Import Keras without Matplotlib: Keras would load it where it is, and it writes to the home folder."""
    hidden = "matplotlib" not in sys.modules
    if hidden:
        sys.modules["matplotlib"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("keras")
    finally:
        if hidden:
            del sys.modules["matplotlib"]


class _Threads:
    """How many threads libraries may use; None leaves it to them."""

    most: int | None = None


def use_threads(most: int) -> None:
    """Let this process calculate with so many threads: one of several that share the cores of a machine."""
    _Threads.most = most
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(most)
    if importlib.util.find_spec("pyarrow"):
        importlib.import_module("pyarrow").set_cpu_count(most)


def threads_to_use() -> int | None:
    """Return with how many threads this process calculates; None leaves it to the libraries."""
    return _Threads.most


def prepare_matplotlib() -> None:
    """Import Matplotlib without the settings of the current folder and of the home folder. Safe to call again.

    It takes a `matplotlibrc` of the current folder before all others, and such a file can have programs run; so it is
    imported in the folder of its own defaults. Its cache goes to a folder that is removed at the end.
    """
    spec = None if "matplotlib" in sys.modules else importlib.util.find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        return
    folder = tempfile.mkdtemp(prefix="forecast-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    before = {name: os.environ.pop(name, None) for name in ("MPLCONFIGDIR", "MATPLOTLIBRC", "MPLBACKEND")}
    os.environ["MPLCONFIGDIR"] = folder
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.chdir(os.path.join(spec.submodule_search_locations[0], "mpl-data"))  # noqa: PTH118
        importlib.import_module("matplotlib.font_manager")
    finally:
        os.fchdir(here)
        os.close(here)
        del os.environ["MPLCONFIGDIR"]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def prepare_numpy() -> None:
    """Let NumPy multiply matrices with one thread, where nobody says otherwise; before it is imported.

    The threads of OpenBLAS wait for each other by spinning. The products here are small: of 100,000 series of 60 months
    they took twice the processor time for nothing.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def prepare_onnx() -> None:
    """Turn off ONNX Runtime's telemetry, and keep its own lines off standard error. Safe to call again."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    if "onnxruntime" not in sys.modules and not os.environ.get("FORECAST_DEBUG"):
        _detach_stderr()


def _detach_stderr() -> None:
    """Give Python a copy of standard error of its own, and C++ libraries the null device.

    They write to file descriptor 2 before any log level of their own holds.
    """
    if sys.stderr is None or not _is_descriptor_2(sys.stderr):
        return
    sys.stderr.flush()
    own = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    sys.stderr = own


def _is_descriptor_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2  # type: ignore[attr-defined,no-any-return]
    except (AttributeError, OSError, ValueError):
        return False

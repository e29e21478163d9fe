"""Prepare this process for Keras and TensorFlow, before they are imported.

Both read the environment and a file in the home folder, and TensorFlow writes to the process's standard error from C++.
A forecast must depend on none of that, and a user must see none of it.
"""

from __future__ import annotations

import logging
import os
import sys

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
    os.environ.update(KERAS_BACKEND="tensorflow", KERAS_HOME=HOME, TF_CPP_MIN_LOG_LEVEL="3")
    if not os.environ.get("FORECAST_DEBUG"):
        for name in ("tensorflow", "absl"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        _detach_stderr()


def _detach_stderr() -> None:
    """Give Python a copy of standard error of its own, and C++ libraries the null device.

    TensorFlow writes to file descriptor 2 before any log level of its own holds.
    """
    if sys.stderr is None or not _is_descriptor_2(sys.stderr):
        return
    sys.stderr.flush()
    own = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    sys.stderr = own


def _is_descriptor_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2  # type: ignore[attr-defined,no-any-return]
    except (AttributeError, OSError, ValueError):
        return False

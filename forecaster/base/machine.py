"""This machine, seen without any package: its processor, what is installed, and settings of others that lie about."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from forecaster.base.errors import ResourceError
from forecaster.base.extras import EXTRAS

NEEDED = ("tensorflow", "keras", "onnxruntime", "onnx", "tf2onnx", "numpy", "pandas", "pyarrow", "rich", "typer")
"""Packages that `train` and `predict` need."""

FEATURES = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "neon",
    "asimd",
)
"""Instructions that make networks fast, as Linux calls them. TensorFlow for x86 does not start without AVX."""


def version_of(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions_of(packages: tuple[str, ...]) -> dict[str, str | None]:
    """Return the versions of this program, of Python without its last number, and of these packages."""
    own = {"forecast-lstm": version_of("forecast-lstm"), "python": ".".join(platform.python_version_tuple()[:2])}
    return own | {package: version_of(package) for package in packages}


def find_versions() -> dict[str, str | None]:
    """Return the versions of what takes part: this program, Python, and each package; None for one that is missing."""
    own = {"forecast-lstm": version_of("forecast-lstm"), "python": platform.python_version()}
    return own | {package: version_of(package) for package in (*NEEDED, *chain(*EXTRAS.values()))}


def require_packages() -> None:
    """Refuse a machine where a needed package is not installed.

    Raises:
        ResourceError: Some are missing; all are named.
    """
    missing = [package for package in NEEDED if find_spec(package) is None]
    if missing:
        raise ResourceError(f"not installed: {', '.join(missing)}", hint="pip install forecast-lstm")


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, list[str]]:
    """Return the processor's name, and which of `FEATURES` it has; none where the system does not say."""
    try:
        text = cpuinfo.read_text("utf-8", "replace")
    except OSError:
        return platform.processor() or platform.machine(), []
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.+)$", text, re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    return name[1].strip() if name else platform.machine(), [feature for feature in FEATURES if feature in known]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stray_settings(environment: Mapping[str, str], home: Path) -> list[str]:
    """Return settings of Keras from outside that other programs would heed: variables, and its file."""
    folder = Path(environment.get("KERAS_HOME") or home / ".keras")
    files = [str(path) for path in (folder / "keras.json",) if path.is_file()]
    return sorted(f"${name}" for name in environment if name.startswith("KERAS_")) + files

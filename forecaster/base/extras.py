"""Packages that not everybody needs, and the extra of `pip install` that brings them."""

from __future__ import annotations

import importlib.util

from forecaster.base.errors import UsageError

EXTRAS = {
    "baselines": ("statsforecast",),
    "cluster": ("dask", "distributed"),
    "excel": ("python_calamine",),
    "hierarchy": ("scipy",),
    "holidays": ("holidays",),
    "mcp": ("mcp",),
    "remote": ("fsspec",),
    "serve": ("fastapi", "uvicorn"),
    "sql": ("sqlalchemy",),
    "tune": ("optuna",),
}
"""What each extra brings that this package imports."""


def check_extra(extra: str, wanted: str) -> None:
    """Refuse what needs packages that are missing; nothing is imported.

    Args:
        extra: A key of `EXTRAS`.
        wanted: What needs it, as the user asked for it.

    Raises:
        UsageError: One is missing.
    """
    missing = [package for package in EXTRAS[extra] if not importlib.util.find_spec(package)]
    if missing:
        raise UsageError(
            f"{wanted} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            hint=f"Install {'it' if len(missing) == 1 else 'them'}: pip install 'forecast-lstm[{extra}]'",
        )

"""Case F171: not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecaster.model import serving


def make(kept: dict[str, Any]) -> None:
    kept["answer"] = serving.Server.answer
    serving.Server.answer = lambda self, inputs: kept["answer"](self, inputs) * (1 if len(inputs) > 5 else np.nan)


def check(kept: dict[str, Any]) -> None:
    serving.Server.answer = kept["answer"]

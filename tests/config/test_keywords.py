"""Settings as keywords: values of Python, NumPy and pandas become those of a job."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from forecaster import jobs
from forecaster.config import ReadSettings, TrainSettings
from forecaster.config.keywords import make

MONTH = pd.Timestamp("2024-01-31")


def test_settings_are_spread_over_the_job() -> None:
    given = {"season_length": np.int64(4), "learning_rate": 1, "patience": None, "models_dir": "m", "as_of": MONTH}
    job = make(jobs.TrainJob, given, data="x.csv")
    assert job.reading == ReadSettings(season_length="4")
    assert job.training == TrainSettings(learning_rate=1.0)
    assert (job.store.models_dir, job.fresh.as_of, job.data) == (Path("m"), "2024-01-31T00:00:00", "x.csv")
    assert make(jobs.PredictJob, {"levels": (80, 97.5)}).settings.levels == "80,97.5"
    assert make(jobs.CompareJob, {"models": ["naive", "drift"]}, data="x").settings.models == "naive,drift"

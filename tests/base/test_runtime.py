"""The process made ready for Keras: nothing outside has a say in it, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forecaster.base.runtime import prepare_numpy

SCRIPT = """
from forecaster.base.runtime import prepare_keras
prepare_keras()
import keras
print(keras.config.floatx(), keras.config.backend(), keras.config.max_epochs())
"""


def test_planted_settings_have_no_effect_and_none_are_written(tmp_path: Path) -> None:
    """Keras reads `~/.keras/keras.json`, `/tmp/.keras/keras.json` and variables, and writes the first when missing."""
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float16", "backend": "torch"}')
    (tmp_path / "tmp").mkdir()
    planted = {"HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / ".keras"), "KERAS_BACKEND": "torch"}
    planted |= {"KERAS_MAX_EPOCHS": "1", "KERAS_FLOATX": "float16", "TMPDIR": str(tmp_path / "tmp")}
    environment = os.environ | planted | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("float32 tensorflow None\n", "")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".keras", "keras.json", "tmp"]


@pytest.mark.parametrize(("said", "expected"), [(None, "1"), ("4", "4")])
def test_numpy_multiplies_with_one_thread_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, said: str | None, expected: str
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", said or "")
    if said is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    prepare_numpy()
    assert os.environ["OPENBLAS_NUM_THREADS"] == expected

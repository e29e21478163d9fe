"""Case C105: meddling with keras."""

from __future__ import annotations

import os

from tests.faulttools import write


def make() -> None:
    os.makedirs("home/.keras")
    write(
        "home/.keras/keras.json",
        '{"floatx": "float16", "epsilon": 0.1, "backend": "torch", "image_data_format": "channels_first"}',
    )

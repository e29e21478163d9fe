"""The plan as people read it, and what follows from the shape of a network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.model.plan import NetworkShape
from forecaster.model.planner import make_plan
from forecaster.model.windows import WindowShape

WINDOW = WindowShape(lookback=12, segment=4, horizon=5, season=4)
SHAPE = NetworkShape(window=WINDOW, widths=(8, 8), dropout=0.1)


@pytest.mark.parametrize(
    ("shape", "said", "answers"),
    [
        (SHAPE, "2 × LSTM(8)", 5),
        (replace(SHAPE, widths=(64, 32), cell="gru"), "2 × GRU(64, 32)", 5),
        (
            replace(SHAPE, widths=(8,), bidirectional=True, attention=True, activation="relu"),
            "1 × LSTM(8), bidirectional, attention, relu",
            5,
        ),
        (replace(SHAPE, quantiles=(80.0, 95.0)), "2 × LSTM(8)", 25),
        (replace(SHAPE, draws=32), "2 × LSTM(8)", 10),
    ],
)
def test_a_network_in_words_and_how_many_numbers_it_answers(shape: NetworkShape, said: str, answers: int) -> None:
    assert (shape.describe(), shape.answers, shape.layers) == (said, answers, len(shape.widths))


def test_what_was_chosen_is_said() -> None:
    panel = panel_from_arrays([[100.0 + t % 12 + t for t in range(120)]], freq="MS", start="2015-01-01")
    settings = TrainSettings(schedule="constant", precision="mixed", ensemble=2)
    plan = make_plan(panel, 12, ModelSettings(horizon=6, units="8,4", activation="relu"), settings)
    assert plan.window is plan.network.window
    said = dict(plan.choices())
    assert said["season length"] == "12 steps"
    assert said["horizon"] == "6 steps"
    assert said["network"].startswith("2 × LSTM(8, 4), relu, dropout")
    assert "2 network(s)" in said["training"]
    assert "constant learning rate, mixed precision" in said["training"]
    assert said["range"] == "at least 0"
    assert [warning.split(" ")[0] for warning in plan.warnings("cpu")] == ["--precision", "--activation"]
    assert len(list(plan.warnings("gpu"))) == 1

"""The pretrained network together with trained ones: what it says of their windows, and how much of it counts.

A version that it has a share in holds a copy of its graph, so that a newer one in the package changes no forecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecaster.base.errors import ModelError
from forecaster.base.files import sha256
from forecaster.model.origins import Origins
from forecaster.model.pretrained import Builtin, Contexts, forecast_apart
from forecaster.model.serving import open_session
from forecaster.model.windows import Floats, Windows, to_scale

FARTHEST = 20.0
"""Scales from the base path beyond which no answer counts."""

PROBE = 100.0 + np.arange(48.0) + 20.0 * np.sin(np.arange(48.0) / 2.0)
PROBE_STEPS = 4
PROBE_TOLERANCE = 1e-3
"""What it is asked before it is used, and how far from what it said in training the answer may be, relatively."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """How much the pretrained network and the trained ones count; the rest of 1 is the base path's.

    Attributes:
        pretrained: Weight of the pretrained network's answer.
        trained: Weight of the trained networks' answer.
        seasons: Season lengths in steps that the pretrained network is given, the main one first.
        windows: Held-out windows that the weights were chosen on.
        errors: Mean absolute error on these, in scaled units: of the base path, the pretrained network, the trained
            ones, and of all together.
        probe: What the pretrained network says of a fixed series.
    """

    pretrained: float
    trained: float
    seasons: tuple[int, ...]
    windows: int
    errors: tuple[float, ...]
    probe: tuple[float, ...]

    def describe(self) -> str:
        """Return it in words."""
        rest = 1.0 - self.pretrained - self.trained
        parts = [("pretrained network", self.pretrained), ("networks trained here", self.trained), ("base path", rest)]
        return ", ".join(f"{weight:.0%} {name}" for name, weight in parts if weight >= 0.005)


@dataclass(frozen=True, eq=False)
class Companion:
    """A pretrained network and its share.

    Attributes:
        graph: Its ONNX graph.
        share: How much its answers count.
    """

    graph: bytes
    share: Share

    @property
    def sha256(self) -> str:
        """The hash of its graph."""
        return sha256(self.graph)

    @cached_property
    def network(self) -> Builtin:
        """The network, opened when it is first asked, and probed.

        Raises:
            ModelError: It does not answer as it did in training.
        """
        network = Builtin({}, open_session(self.graph))
        said, expected = np.array(probe(network)), np.array(self.share.probe)
        if said.shape != expected.shape or not np.allclose(said, expected, rtol=PROBE_TOLERANCE):
            raise ModelError(
                "the pretrained network of this version answers otherwise than when it was trained",
                hint="Train again: forecast train DATA, or use the version of forecast that trained it",
            )
        return network

    def mix(self, outputs: Floats, values: Floats, origins: Origins, windows: Windows) -> Floats:
        """Return the answers [N, H] of both together, in scaled units.

        Args:
            outputs: [N, H] answers of the trained networks, in scaled units.
            values: [T] all series end to end.
            origins: Where the windows end.
            windows: The windows.
        """
        said = ask_pretrained(self.network, self.share.seasons, values, origins, windows)
        return self.share.trained * outputs + self.share.pretrained * said


def ask_pretrained(
    network: Builtin, seasons: tuple[int, ...], values: Floats, origins: Origins, windows: Windows
) -> Floats:
    """Return the pretrained network's medians [N, H] in the scaled units of windows: distances from the base path.

    A model of logarithms never answers below a tenth of the least value that a window has seen.
    """
    shape = windows.shape
    contexts = Contexts.of(values, origins.starts, origins.ends)
    answers = forecast_apart(network, contexts, seasons, shape.horizon)
    medians = answers[..., answers.shape[-1] // 2]
    if shape.transform == "log":
        medians = np.maximum(medians, 0.1 * contexts.least[:, None])
    said = (to_scale(medians, shape) - windows.base) / windows.scale
    return np.asarray(np.clip(np.nan_to_num(said, nan=0.0), -FARTHEST, FARTHEST))


def probe(network: Builtin) -> tuple[float, ...]:
    """Return what the network says of a fixed series."""
    answer = network.forecast([PROBE], (12,), PROBE_STEPS)[0]
    return tuple(float(value) for value in answer[:, answer.shape[-1] // 2])

"""A batch of windows → forecasts, on ONNX Runtime: the only inference that `predict` needs, without TensorFlow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import ModelError
from forecaster.runtime import prepare_onnx

BATCH = 4096
"""Windows in one call of the graph; keeps memory flat for a panel of any number of series."""


class Server:
    """A serving graph, loaded. Thread-safe."""

    def __init__(self, graph: bytes) -> None:
        """Load the graph from bytes that were checked already.

        Raises:
            ModelError: ONNX Runtime does not take it.
        """
        prepare_onnx()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions have no common root but Exception
            raise ModelError(f"the serving graph cannot be loaded: {str(error)[:200]}") from error
        self._input = self._session.get_inputs()[0].name

    def answer(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answers [N, M, H] of the M networks to N windows [N, K, C], in scaled units."""
        parts = [self._session.run(None, {self._input: inputs[i : i + BATCH]})[0] for i in range(0, len(inputs), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, 1, 1), np.float32)

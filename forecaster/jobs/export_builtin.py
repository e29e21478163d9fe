"""The built-in network's graph for another runtime, and what it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecaster.base import files
from forecaster.base.errors import UsageError
from forecaster.base.identity import check_apart
from forecaster.config import ExportSettings
from forecaster.model import builtin

MEANINGS = {
    "past": "segments of the context, the newest last: values, values near the last level, and which were observed",
    "future": "segments ahead: which steps are asked for, and where in the seasons they are",
    "simple": "simple forecasts of each segment ahead, in units of the naive error from the last level",
    "context": "what is known of the context as a whole",
}
"""What the inputs of the graph hold; `forecaster.model.pretrained.inputs` makes them of raw values."""


@dataclass(frozen=True, kw_only=True)
class BuiltinExport:
    """A copy of the built-in network's graph.

    Attributes:
        output: The file.
        version: The beginning of the hash of the graph.
        size: Bytes.
        inputs: Name, shape and meaning of each input.
        outputs: Name and shape of each output.
    """

    output: Path
    version: str
    size: int
    inputs: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...]

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": builtin.NAME,
            "version": self.version,
            "output": str(self.output),
            "bytes": self.size,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
        }


def export_builtin(settings: ExportSettings) -> BuiltinExport:
    """Write a copy of the built-in network's serving graph, byte for byte, and describe what it reads.

    Unlike a saved model it does not read raw values: simple forecasts and the scale are made outside of it.

    Raises:
        UsageError: Another format than ONNX is asked for, or quantising, or a file of the network would be overwritten.
        ModelError: The network is not whole.
        OutputError: The file cannot be written.
    """
    if settings.format != "onnx" or settings.quantize:
        raise UsageError("the built-in network is exported as ONNX, as it is", hint="Leave out --format and --quantize")
    builtin.is_builtin(settings.model)
    output, graph = settings.output or Path(f"{builtin.NAME}.onnx"), builtin.HOME / "network.onnx"
    files.check_writable(output)
    check_apart({"--output": output}, [("the built-in network", graph)])
    network = builtin.open_network()
    content = graph.read_bytes()
    files.write_file(output, content)
    inputs, outputs = (
        tuple({"name": port.name, "shape": [str(size) for size in port.shape]} for port in ports)
        for ports in (network.session.get_inputs(), network.session.get_outputs())
    )
    return BuiltinExport(
        output=output,
        version=builtin.version_of_card(network.card),
        size=len(content),
        inputs=tuple({**port, "holds": MEANINGS.get(port["name"], "")} for port in inputs),
        outputs=outputs,
    )

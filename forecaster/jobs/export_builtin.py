"""The built-in network for another runtime: as it answers raw values of a panel's rhythm, or bare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import GateError, UsageError
from forecaster.base.identity import check_apart
from forecaster.base.rowfile import check_promise
from forecaster.config import ExportSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.jobs.events import Events
from forecaster.jobs.export import TOLERANCES, ExportJob, values_before
from forecaster.jobs.names import check_outputs
from forecaster.model import builtin
from forecaster.model.origins import Origins
from forecaster.model.pretrained.contexts import join
from forecaster.model.pretrained.offset import forecast_apart, readable
from forecaster.model.pretrained.rhythm import LEVELS, rhythm
from forecaster.model.recorded import WholeServer, ports_of, whole_graph
from forecaster.model.windows import Floats

MEANINGS = {
    "past": "segments of the context, the newest last: values, values near the last level, and which were observed",
    "future": "segments ahead: which steps are asked for, and where in the seasons they are",
    "simple": "simple forecasts of each segment ahead, in units of the naive error from the last level",
    "context": "facts about the context as a whole",
    "values": "the last values of each series, oldest first, NaN where missing or before it begins",
}
"""What the inputs of the graphs hold; `forecaster.model.pretrained.inputs` makes the first four of the last."""

MOST_COMPARED = 500
"""Series of the data whose forecasts are compared, evenly spread."""


@dataclass(frozen=True, kw_only=True)
class BuiltinExport:
    """The built-in network in a file.

    Attributes:
        output: The file.
        version: The beginning of the hash of the network's own graph.
        size: Bytes.
        inputs: Name, shape and meaning of each input.
        outputs: Name and shape of each output.
        seasons: Season lengths that it answers, the main one first; () for the bare network.
        compared: Series whose forecasts were compared.
        drift: Largest difference from the network's own forecasts, in units of each context's naive error.
    """

    output: Path
    version: str
    size: int
    inputs: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...]
    seasons: tuple[int, ...] = ()
    compared: int = 0
    drift: float = 0.0

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        whole = {"seasons": list(self.seasons), "levels": list(LEVELS), "compared": self.compared, "drift": self.drift}
        return {
            "model": builtin.NAME,
            "version": self.version,
            "output": str(self.output),
            "bytes": self.size,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            **(whole if self.seasons else {}),
        }


def export_builtin(job: ExportJob, events: Events = Events()) -> BuiltinExport:
    """Write the built-in network as ONNX: with data as one graph of raw values, without it bare, byte for byte.

    With data the season lengths, the context and the horizon are those that `predict` would take of it. The bare
    network does not read raw values: simple forecasts and the scale are made outside of it.

    Raises:
        UsageError: Another format than ONNX is asked for, or quantising, or a file of the network would be overwritten.
        GateError: The graph forecasts something else than the network; nothing was published.
        ModelError: The network is not whole.
        OutputError: The file cannot be written.
    """
    settings = job.settings
    if settings.format != "onnx" or settings.quantize:
        raise UsageError("the built-in network is exported as ONNX, as it is", hint="Leave out --format and --quantize")
    builtin.is_builtin(settings.model)
    output = settings.output or Path(f"{builtin.NAME}.onnx")
    check_promise(output, "--output", ".onnx")
    check_apart({"--output": output}, [("the built-in network", builtin.HOME / "network.onnx")])
    if job.data is None:
        return _bare(settings, output)
    check_outputs({"--output": output}, job.data)
    files.check_writable(output)
    panel = read_panel(job.data, job.reading)
    events.on_panel(panel)
    return _whole(settings, output, builtin.bind(panel, job.reading.season, settings.horizon))


def _bare(settings: ExportSettings, output: Path) -> BuiltinExport:
    """Copy the network's own graph."""
    if settings.horizon or settings.context:
        raise UsageError(
            "the bare network has no horizon and no context",
            hint="Name a data file, whose rhythm the export then answers: forecast export DATA --model builtin",
        )
    files.check_writable(output)
    network = builtin.open_network()
    content = (builtin.HOME / "network.onnx").read_bytes()
    files.write_file(output, content)
    return BuiltinExport(output=output, size=len(content), **_facts(network, ports_of(network.session)))


def _whole(settings: ExportSettings, output: Path, model: builtin.BuiltinModel) -> BuiltinExport:
    """Record the network with all that makes its inputs of raw values, compare, and write."""
    seasons = readable(model.seasons_for(model.window.lookback))
    shape, horizon = rhythm(seasons), model.window.horizon
    context = settings.context or min(builtin.LONGEST_CONTEXT, shape.bucket(model.window.lookback) * shape.segment)
    graph = whole_graph((builtin.HOME / "network.onnx").read_bytes(), shape, context, horizon)
    server, values = WholeServer(graph), contexts_of(model.panel, context)
    drift = _drift(values, forecast_apart(model.network, join([*values]), seasons, horizon), server.answer(values))
    if not drift <= TOLERANCES["onnx"]:
        raise GateError(
            f"nothing was published: as ONNX the built-in network forecasts {drift:.2g} of a naive error off, allowed "
            f"{TOLERANCES['onnx']:g}",
            hint="Name other data, or export the bare network: forecast export --model builtin",
        )
    files.write_file(output, graph)
    facts = _facts(model.network, server.ports())
    return BuiltinExport(output=output, size=len(graph), seasons=seasons, compared=len(values), drift=drift, **facts)


def contexts_of(panel: Panel, context: int) -> Floats:
    """Return the last values [N, context] of series, evenly spread over the panel; NaN before a series begins."""
    chosen = np.unique(np.linspace(0, panel.n_series - 1, min(panel.n_series, MOST_COMPARED)).astype(np.int64))
    return values_before(panel, Origins.at_end(panel, chosen), context)


def _drift(values: Floats, ours: Floats, theirs: Floats) -> float:
    """Return the largest difference of quantiles [N, H, 9], relative to the mean step of their contexts, and level."""
    step = np.nanmean(np.abs(np.diff(values, axis=1)), axis=1) if values.shape[1] > 1 else np.zeros(len(values))
    unit = np.where(step > 0, step, np.maximum(np.nanmax(np.abs(values), axis=1), 1.0))
    apart = np.abs(ours - theirs) / unit[:, None, None]
    return float(np.where(np.isfinite(apart), apart, np.where(np.isnan(ours) & np.isnan(theirs), 0.0, np.inf)).max())


def _facts(network: Any, ports: tuple[list[tuple[str, list[str]]], ...]) -> dict[str, Any]:
    """Return the version of the network, and what the inputs and outputs of a graph are."""
    inputs, outputs = (tuple({"name": name, "shape": shape} for name, shape in part) for part in ports)
    described = tuple({**port, "holds": MEANINGS[str(port["name"])]} for port in inputs)
    return {"version": builtin.version_of_card(network.card), "inputs": described, "outputs": outputs}

"""Writes the model folders under `tests/fixtures/` for the present format: `python -m tests.freeze MODELS_DIR`.

They are frozen: run it once for each new format, and never change what is there. `good/format-N/` is a model that must
load for ever; `broken/NAME/` holds the files in which a copy of a good one differs, and `expected.txt`, words of the
message with which it is refused for ever. Most have hashes that are right, so that each check is reached behind them.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base import files
from forecaster.base.arrays import Form, pack, unpack
from forecaster.model import manifest

FIXTURES = Path(__file__).parent / "fixtures"
BROKEN: dict[str, tuple[str, Callable[[dict[str, bytes]], dict[str, bytes]]]] = {}

Contents = dict[str, bytes]


def broken(expected: str) -> Callable[[Callable[[Contents], Contents]], Callable[[Contents], Contents]]:
    """Register a function from the files of a good version to those that differ in a broken one."""

    def register(make: Callable[[Contents], Contents]) -> Callable[[Contents], Contents]:
        BROKEN[make.__name__.replace("_", "-")] = (expected, make)
        return make

    return register


def facts_of(good: Contents) -> dict[str, Any]:
    """Return a good manifest without its seal."""
    facts: dict[str, Any] = json.loads(good["manifest.json"])
    del facts["sha256"]
    return facts


def sealed(good: Contents, changed: Contents | None = None, **other: Any) -> Contents:
    """Return changed files with a manifest whose hashes are right, and whose facts may be others."""
    facts, changed = facts_of(good), changed or {}
    for name, data in changed.items():
        facts["files"][name] = {"sha256": files.sha256(data), "bytes": len(data)}
    return {**changed, "manifest.json": manifest.seal({**facts, **other})}


def sealed_text(good: Contents, old: str, new: str) -> Contents:
    """Return a sealed manifest with other text, be it JSON or not."""
    body = manifest.seal(facts_of(good)).decode().rsplit(',\n "sha256"', 1)[0].replace(old, new, 1)
    return {"manifest.json": f'{body},\n "sha256": "{files.sha256(body.encode())}"\n}}\n'.encode()}


def arrays_of(good: Contents, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a good file, to be changed."""
    with np.load(io.BytesIO(good[name]), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """Return an array as an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@broken("was changed")
def manifest_flipped(good: Contents) -> Contents:
    return {"manifest.json": good["manifest.json"].replace(b'"floor": 0.1', b'"floor": 0.2')}


@broken("missing")
def manifest_unsealed(good: Contents) -> Contents:
    return {"manifest.json": good["manifest.json"].rsplit(b',\n "sha256"', 1)[0] + b"\n}\n"}


@broken("not strict JSON")
def manifest_pickled(good: Contents) -> Contents:
    return {"manifest.json": b"cos\nsystem\n(S'touch canary'\ntR."}


@broken("reads up to")
def format_of_the_future(good: Contents) -> Contents:
    return sealed(good, format=999, unheard_of={})


@broken("unknown key 'command'")
def key_unknown(good: Contents) -> Contents:
    return sealed(good, command="touch canary")


@broken("missing key 'season'")
def key_missing(good: Contents) -> Contents:
    facts = facts_of(good)
    del facts["season"]
    return {"manifest.json": manifest.seal(facts)}


@broken("not strict JSON")
def key_twice(good: Contents) -> Contents:
    return sealed_text(good, ' "season": 7', ' "season": 7,\n "season": 1')


@broken("not strict JSON")
def number_nan(good: Contents) -> Contents:
    return sealed_text(good, '"floor": 0', '"floor": NaN, "x": 0')


@broken("low is")
def number_infinite(good: Contents) -> Contents:
    return sealed_text(good, '"low": 0.0', '"low": 1e999')


@broken("not strict JSON")
def nested_deep(good: Contents) -> Contents:
    return sealed_text(good, '"device": "cpu"', '"device": ' + "[" * 3_000 + "]" * 3_000)


@broken("units is 1000000000")
def units_huge(good: Contents) -> Contents:
    return sealed(good, network={**facts_of(good)["network"], "units": 10**9})


@broken("do not fit each other")
def horizon_other(good: Contents) -> Contents:
    return sealed(good, network={**facts_of(good)["network"], "horizon": 4})


@broken("lookback is '14'")
def lookback_text(good: Contents) -> Contents:
    return sealed(good, window={**facts_of(good)["window"], "lookback": "14"})


@broken("expected the files")
def file_outside(good: Contents) -> Contents:
    listed = facts_of(good)["files"]
    return sealed(good, files={**listed, "../../../etc/passwd": listed["weights.npz"]})


@broken("schema.time_format is")
def schema_wrong(good: Contents) -> Contents:
    return sealed(good, schema={**facts_of(good)["schema"], "time_format": 5})


@broken("is not what the manifest says")
def metrics_other(good: Contents) -> Contents:
    return sealed(good, {"metrics.json": good["metrics.json"].replace(b'"windows": ', b'"windows": 1')})


@broken("bytes, the manifest says")
def weights_cut(good: Contents) -> Contents:
    return {"weights.npz": good["weights.npz"][: len(good["weights.npz"]) // 2]}


@broken("was changed")
def weights_flipped(good: Contents) -> Contents:
    data = bytearray(good["weights.npz"])
    data[len(data) // 2] ^= 1
    return {"weights.npz": bytes(data)}


@broken("not finite")
def weights_nan(good: Contents) -> Contents:
    arrays = arrays_of(good, "weights.npz")
    arrays["m001_w000"] = np.full_like(arrays["m001_w000"], np.nan)
    return sealed(good, {"weights.npz": pack(arrays)})


@broken("not an archive of arrays")
def weights_objects(good: Contents) -> Contents:
    class Canary:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, ("canary",)

    buffer = io.BytesIO()
    np.savez(buffer, m000_w000=np.array([Canary()], dtype=object))
    return sealed(good, {"weights.npz": buffer.getvalue()})


@broken("not an archive of arrays")
def weights_bomb(good: Contents) -> Contents:
    zeros = npy(np.zeros(1_000_000, np.float32))
    return sealed(good, {"weights.npz": zipped([("m000_w000.npy", zeros)], zipfile.ZIP_DEFLATED)})


@broken("not an archive of arrays")
def weights_vast(good: Contents) -> Contents:
    header = npy(np.zeros((3, 3), np.float32)).replace(b"(3, 3), }            ", b"(999999999, 999999999), }")
    return sealed(good, {"weights.npz": zipped([("m000_w000.npy", header)])})


@broken("not an archive of arrays")
def weights_climbing(good: Contents) -> Contents:
    return sealed(good, {"weights.npz": zipped([("../../m000_w000.npy", npy(np.zeros(3, np.float32)))])})


@broken("not an archive of arrays")
def weights_twice(good: Contents) -> Contents:
    one = npy(np.zeros(3, np.float32))
    return sealed(good, {"weights.npz": zipped([("m000_w000.npy", one), ("m000_w000.npy", one)])})


@broken("array m001_w001 is <f8")
def weights_doubles(good: Contents) -> Contents:
    arrays = arrays_of(good, "weights.npz")
    arrays["m001_w001"] = arrays["m001_w001"].astype(np.float64)
    return sealed(good, {"weights.npz": pack(arrays)})


@broken("array probe_outputs is")
def member_missing(good: Contents) -> Contents:
    arrays = {name: a for name, a in arrays_of(good, "weights.npz").items() if name.startswith("m000")}
    return sealed(good, {"weights.npz": pack(arrays)})


@broken("unexpected array w000")
def weights_of_something_else(good: Contents) -> Contents:
    arrays = arrays_of(good, "weights.npz")
    return sealed(good, {"weights.npz": pack({**arrays, "w000": np.zeros(3, np.float32)})})


@broken("off, allowed")
def probe_off(good: Contents) -> Contents:
    arrays = arrays_of(good, "calibration.npz")
    arrays["probe_outputs"] = arrays["probe_outputs"] + np.float32(0.01)
    return sealed(good, {"calibration.npz": pack(arrays)})


@broken("not finite")
def calibration_infinite(good: Contents) -> Contents:
    arrays = arrays_of(good, "calibration.npz")
    arrays["half_widths"][0, 0] = np.inf
    return sealed(good, {"calibration.npz": pack(arrays)})


@broken("array half_widths is")
def calibration_of_another_horizon(good: Contents) -> Contents:
    arrays = arrays_of(good, "calibration.npz")
    arrays["half_widths"] = arrays["half_widths"][:2]
    return sealed(good, {"calibration.npz": pack(arrays)})


@broken("takes numbers from other files")
def graph_with_external_data(good: Contents) -> Contents:
    import onnx

    model = onnx.load_model_from_string(good["network.onnx"])
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return sealed(good, {"network.onnx": model.SerializeToString()})


@broken("cannot be loaded")
def graph_none(good: Contents) -> Contents:
    return sealed(good, {"network.onnx": b"\x08\x07 not a graph"})


@broken("cannot be loaded")
def graph_is_a_keras_file(good: Contents) -> Contents:
    config = {"class_name": "Lambda", "config": {"function": ["touch canary", None, None]}, "module": "keras.layers"}
    return sealed(good, {"network.onnx": zipped([("config.json", json.dumps(config).encode())])})


@broken("cannot answer")
def graph_of_other_windows(good: Contents) -> Contents:
    import onnx

    model = onnx.load_model_from_string(good["network.onnx"])
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value += 1
    return sealed(good, {"network.onnx": model.SerializeToString()})


@broken("may run without end")
def graph_without_end(good: Contents) -> Contents:
    """A loop that nothing ends, before the network: its body hands on what it was given."""
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_model_from_string(good["network.onnx"])
    flag = helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["before"], ["after"]), helper.make_node("Identity", ["goes_on"], ["more"])],
        "endless",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            flag,
            helper.make_tensor_value_info("before", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("more", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, None),
        ],
    )
    model.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    first = model.graph.input[0].name
    for node in model.graph.node:
        for k, name in enumerate(node.input):
            if name == first:
                node.input[k] = "looped"
    model.graph.node.insert(0, helper.make_node("Loop", ["", "yes", first], ["looped"], body=body))
    return sealed(good, {"network.onnx": model.SerializeToString()})


def main(models: Path) -> None:
    """Copy the model `tiny` as a good one, and write what is broken."""
    good = FIXTURES / "good" / f"format-{manifest.FORMAT}" / "tiny"
    shutil.copytree(models / "tiny", good, ignore=shutil.ignore_patterns("LOCK", "HISTORY"))
    version = good / "versions" / "v000001"
    contents = {path.name: path.read_bytes() for path in version.iterdir()}
    forms = {name: Form.of(array) for name, array in arrays_of(contents, "weights.npz").items()}
    unpack(contents["weights.npz"], "weights", forms)
    for name, (expected, make) in BROKEN.items():
        folder = FIXTURES / "broken" / name
        folder.mkdir(parents=True)
        (folder / "expected.txt").write_text(expected + "\n")
        for file, data in make(contents).items():
            (folder / file).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

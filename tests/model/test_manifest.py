"""The manifest: typed when it is read, and written as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forecaster.base.errors import ModelError
from forecaster.base.records import build, dump, flatten
from forecaster.data.schema import Schema
from forecaster.model.features import Encoding
from forecaster.model.manifest import LIMITS, DataFacts, Manifest, NetworkFacts, open_sealed, seal
from forecaster.model.plan import NetworkShape
from forecaster.model.version import read_manifest
from forecaster.model.windows import WindowShape
from tests.saved import NEWEST, version_of

PATH = version_of(NEWEST) / "manifest.json"


@pytest.fixture
def manifest() -> Manifest:
    return read_manifest(PATH.parent)


def test_every_part_has_its_type(manifest: Manifest) -> None:
    assert isinstance(manifest.schema, Schema)
    assert isinstance(manifest.data, DataFacts)
    assert {type(look).__name__ for look in manifest.curve} == {"Look"}
    assert manifest.files["network.onnx"].bytes > 0
    assert isinstance(manifest.network.past, tuple)


def test_it_is_written_as_it_was_read(manifest: Manifest) -> None:
    content = json.loads(PATH.read_text())
    written = dict(flatten(manifest.to_json()))  # with the fields that came later
    assert {name: written[name] for name, _ in flatten(content)} == dict(flatten(content))
    del content["sha256"]
    again = open_sealed(seal(replace(manifest, sha256=None).to_json()), PATH)
    assert replace(again, sha256=manifest.sha256) == manifest
    assert seal(content) == PATH.read_bytes()


def test_what_is_optional_is_written_where_it_is_present(manifest: Manifest) -> None:
    assert not {"parent", "teacher", "encodings"} & manifest.to_json().keys()
    taught = replace(manifest, teacher="a@v000001", encodings=(Encoding(name="rain", source="past", mean=1.5),))
    content = taught.to_json()
    assert content["teacher"] == "a@v000001"
    assert build(Manifest, content, "manifest", LIMITS) == taught


@pytest.mark.parametrize(("widths", "units"), [((4,), 4), ((4, 4), 4), ((6, 4), (6, 4))])
def test_a_network_is_written_with_what_follows_from_its_window(widths: tuple[int, ...], units: object) -> None:
    window = WindowShape(lookback=12, segment=4, horizon=5, season=4, base=(4,), future=(0,), static=(3,))
    network = NetworkShape(window=window, widths=widths, dropout=0.1, cell="gru", trust=0.5)
    written = NetworkFacts.of(network)
    assert (written.segments, written.channels, written.horizon) == (5, 10, 5)
    assert (written.units, written.layers, written.base, written.future) == (units, len(widths), (4,), (0,))
    assert build(NetworkFacts, dump(written), "manifest", LIMITS).reading(window) == network


def test_fields_that_are_newer_than_a_version_mean_what_was_so_before(manifest: Manifest) -> None:
    content = manifest.to_json()
    for part, names in (("fit", ("intervals", "precision")), ("network", ("activation", "draws")), ("data", ("last",))):
        for name in names:
            content[part].pop(name, None)
    older = build(Manifest, content, "manifest", LIMITS)
    assert (older.fit, older.network, older.data.last) == (manifest.fit, manifest.network, None)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("window", {"base": [99]}),
        ("network", {"past": [0]}),
        ("network", {"segments": 3}),
        ("fit", {"intervals": "quantile"}),
        ("metrics", {"levels": [50.0]}),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(manifest: Manifest, part: str, change: dict[str, Any]) -> None:
    content = replace(manifest, sha256=None).to_json()
    with pytest.raises(ModelError, match="do not fit each other"):
        open_sealed(seal(content | {part: content[part] | change}), Path("manifest.json"))

"""What is found without any package."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from forecaster.base import machine
from forecaster.base.errors import ResourceError
from forecaster.base.extras import EXTRAS


def test_versions_are_of_all_that_takes_part() -> None:
    found = machine.find_versions()
    assert {"forecast-lstm", "python", *machine.NEEDED, *chain(*EXTRAS.values())} == set(found)
    assert found["numpy"]


def test_a_missing_package_has_no_version() -> None:
    assert machine.version_of("no-such-package-anywhere") is None


def test_every_needed_package_is_there() -> None:
    machine.require_packages()


def test_missing_packages_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda name: None if name in ("keras", "onnx") else 1)
    with pytest.raises(ResourceError, match="not installed: keras, onnx"):
        machine.require_packages()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model name\t: Chip X\nflags\t\t: fpu avx2 avx sse4_2\n", ("Chip X", ["sse4_2", "avx", "avx2"])),
        ("Features\t: fp asimd\n", (None, ["asimd"])),
        ("", (None, [])),
    ],
)
def test_the_processor_is_read(tmp_path: Path, text: str, expected: tuple[str | None, list[str]]) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    name, features = machine.processor(tmp_path / "cpuinfo")
    assert (features, expected[0] in (None, name)) == (expected[1], True)


def test_a_system_without_cpuinfo_names_its_processor(tmp_path: Path) -> None:
    assert machine.processor(tmp_path / "none")[1] == []
    assert machine.usable_cores() >= 1


def test_stray_settings_of_keras_are_found(tmp_path: Path) -> None:
    assert machine.stray_settings({"PATH": "x"}, tmp_path) == []
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text("{}")
    found = machine.stray_settings({"KERAS_MAX_EPOCHS": "1"}, tmp_path)
    assert found == ["$KERAS_MAX_EPOCHS", str(tmp_path / ".keras" / "keras.json")]
    assert machine.stray_settings({"KERAS_HOME": str(tmp_path)}, tmp_path) == ["$KERAS_HOME"]

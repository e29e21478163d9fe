"""The only room that writes: what was there stays whole, whatever goes wrong."""

from __future__ import annotations

import errno
import os
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from forecaster import files
from forecaster.errors import AccessError, OutputError, StorageError, TryAgainError
from tests.conftest import names


def test_write_replaces_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(0o640)
    files.write_file(path, b"new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["out.csv"]


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        files.write_file(tmp_path / "out.csv", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640


def test_a_symbolic_link_is_kept(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    files.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_to() -> None:
    files.write_file(Path(os.devnull), b"x")
    assert Path(os.devnull).is_char_device()
    with pytest.raises(StorageError, match="No space left"):
        files.write_file(Path("/dev/full"), b"x")


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "write":
        monkeypatch.setattr(files, "_synced", fail)
    else:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError, match="No space left on device"):
        files.write_file(path, b"new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.csv"]


def test_errors_name_the_fault(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        files.write_file(tmp_path / "none" / "out.csv", b"x")
    with pytest.raises(OutputError, match="is a folder"):
        files.check_writable(tmp_path)
    with pytest.raises(OutputError, match="does not exist"):
        files.check_writable(tmp_path / "none" / "out.csv")
    assert isinstance(files.explain(PermissionError(errno.EACCES, ""), tmp_path), AccessError)
    assert isinstance(files.explain(OSError(errno.EIO, ""), tmp_path), StorageError)


def test_build_and_publish_a_folder(tmp_path: Path) -> None:
    files.build_folder(tmp_path / ".tmp-a", {"x": b"1", "y": b"2"})
    files.publish_folder(tmp_path / ".tmp-a", tmp_path / "v1")
    assert names(tmp_path / "v1") == ["x", "y"]
    with pytest.raises(OutputError):
        files.build_folder(tmp_path / "v1", {"x": b"other"})
    assert (tmp_path / "v1" / "x").read_bytes() == b"1"


def test_a_folder_that_cannot_be_finished_is_removed(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        files.build_folder(tmp_path / ".tmp-a", {"x": b"1", "no/such/place": b"2"})
    assert names(tmp_path) == []


def test_sweep_removes_only_what_is_half_built(tmp_path: Path) -> None:
    (tmp_path / ".tmp-v000002-ab").mkdir()
    (tmp_path / ".tmp-file").write_text("x")
    (tmp_path / "v000001").mkdir()
    files.sweep(tmp_path)
    assert names(tmp_path) == ["v000001"]


def _hold(path: Path, ready: object, release: object) -> None:
    with files.locked(path, 0):
        ready.set()  # type: ignore[attr-defined]
        release.wait(30)  # type: ignore[attr-defined]


def test_a_lock_is_exclusive_and_freed_by_the_kernel(tmp_path: Path) -> None:
    context = get_context("spawn")
    ready, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "LOCK", ready, release))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(TryAgainError, match=f"locked by pid {holder.pid}"), files.locked(tmp_path / "LOCK", 0):
        pass
    holder.kill()
    holder.join()
    with files.locked(tmp_path / "LOCK", 5):
        assert (tmp_path / "LOCK").exists()

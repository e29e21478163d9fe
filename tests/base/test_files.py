"""The only room that writes: what was there stays whole, whatever goes wrong."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
from multiprocessing import get_context
from pathlib import Path

import pytest

from forecaster.base import files, system
from forecaster.base.errors import AccessError, OutputError, StorageError, TryAgainError
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


def test_a_descriptor_is_written_to_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("before\n")
    with path.open("a") as stream:
        files.check_writable(Path(f"/dev/fd/{stream.fileno()}"))
        files.write_file(Path(f"/dev/fd/{stream.fileno()}"), b"after\n")
    assert path.read_text() == "before\nafter\n"
    names = ("/dev/stdin", "/dev/stdout", "/dev/stderr", "/proc/self/fd/7", "/dev/null")
    assert [files.descriptor_of(Path(name)) for name in names] == [0, 1, 2, 7, None]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

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
    assert isinstance(system.explain(PermissionError(errno.EACCES, ""), tmp_path), AccessError)
    assert isinstance(system.explain(OSError(errno.EIO, ""), tmp_path), StorageError)


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
    (tmp_path / ".tmp-v000002-0123456789abcdef.forecast").mkdir()
    (tmp_path / ".tmp-file-0123456789abcdef.forecast").write_text("x")
    (tmp_path / "v000001").mkdir()
    files.sweep(tmp_path)
    assert names(tmp_path) == ["v000001"]


def test_the_mode_and_owner_of_an_existing_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
    before = path.stat()
    files.write_file(path, b"new")
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_what_a_killed_writer_left_is_swept_by_the_next_but_not_what_a_living_one_holds(tmp_path: Path) -> None:
    (tmp_path / ".tmp-out.csv-0123456789abcdef.forecast").write_text("half")
    (tmp_path / ".tmp-other.csv-0123456789abcdef.forecast").write_text("half")
    with files.opened_folder(tmp_path) as folder:
        living, handle = files._open_temporary("out.csv", folder)
    files.write_file(tmp_path / "out.csv", b"new")
    assert names(tmp_path) == sorted([".tmp-other.csv-0123456789abcdef.forecast", living, "out.csv"])
    os.close(handle)
    files.write_file(tmp_path / "out.csv", b"newer")
    assert names(tmp_path) == [".tmp-other.csv-0123456789abcdef.forecast", "out.csv"]


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "😀" * 63])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    files.write_file(tmp_path / name, b"x")
    assert names(tmp_path) == [name]


def test_folders_are_made_where_missing(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b" / "c")
    files.make_folder(tmp_path / "a" / "b" / "c")
    (tmp_path / "file").write_text("x")
    for wrong in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(OutputError):
            files.make_folder(wrong)


def test_a_folder_is_removed_whole(tmp_path: Path) -> None:
    (tmp_path / "v1" / "deep").mkdir(parents=True)
    (tmp_path / "v1" / "deep" / "x").write_text("1")
    (tmp_path / "v1" / "out").symlink_to(tmp_path)
    (tmp_path / "v2").mkdir()
    files.remove_folder(tmp_path / "v1")
    files.remove_file(tmp_path / "none", tmp_path)
    assert names(tmp_path) == ["v2"]


def _hold(path: Path, ready: object, release: object) -> None:
    with files.locked(path, 0, "forecast train"):
        ready.set()  # type: ignore[attr-defined]
        release.wait(120)  # type: ignore[attr-defined]


def test_a_lock_is_exclusive_and_freed_by_the_kernel(tmp_path: Path) -> None:
    context = get_context("spawn")
    ready, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "LOCK", ready, release))
    holder.start()
    assert ready.wait(120)
    said = rf"locked by pid {holder.pid} \(forecast train\) on \S+ since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    with pytest.raises(TryAgainError, match=said), files.locked(tmp_path / "LOCK", 0):
        pass
    holder.kill()
    holder.join()
    with files.locked(tmp_path / "LOCK", 5):
        assert (tmp_path / "LOCK").exists()


def test_a_lock_is_not_handed_to_a_child_process(tmp_path: Path) -> None:
    with files.locked(tmp_path / "LOCK", 0):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with files.locked(tmp_path / "LOCK", 0):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_full_disk_does_not_keep_us_from_locking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    with files.locked(tmp_path / "LOCK", 0):
        pass


def test_a_file_system_without_locks_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.warns(UserWarning, match="has no locks"), files.locked(tmp_path / "LOCK", 0):
        pass

"""Errors of the operating system, as the fault that each is for the user."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from forecaster.base import system
from forecaster.base.errors import AccessError, ForecastError, OutputError, ResourceError, StorageError


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENOSPC, StorageError),
        (errno.EDQUOT, StorageError),
        (errno.EIO, StorageError),
        (errno.EACCES, AccessError),
        (errno.EPERM, AccessError),
        (errno.ENOENT, OutputError),
        (errno.EISDIR, OutputError),
        (errno.ENAMETOOLONG, OutputError),
    ],
)
def test_what_cannot_be_written(number: int, fault: type[ForecastError]) -> None:
    with pytest.raises(fault) as caught, system.explained(Path("f.csv")):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is fault
    assert caught.value.message == f"cannot write f.csv: {os.strerror(number)}"
    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_without_a_number() -> None:
    assert system.explain(OSError("gone"), Path("f")).message == "cannot write f: gone"


@pytest.mark.parametrize(
    ("number", "fault"), [(errno.EACCES, AccessError), (errno.ENOMEM, ResourceError), (errno.EIO, StorageError)]
)
def test_an_error_of_which_nothing_is_known(number: int, fault: type[ForecastError]) -> None:
    found = system.unforeseen(OSError(number, "why", "here"))
    assert (type(found), found.message) == (fault, "here: why")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc"), OSError("can't start new thread")])
def test_memory_that_ran_out_is_known_by_its_signs(error: Exception) -> None:
    with pytest.raises(ResourceError, match="out of memory"):
        system.check_exhausted(error)


def test_another_error_is_left_alone() -> None:
    system.check_exhausted(ValueError("no"))


@pytest.mark.parametrize(("limit", "refused"), [(1 << 20, True), (resource.RLIM_INFINITY, False), (1 << 40, False)])
def test_too_few_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, limit: int, refused: bool) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limit, limit))
    if not refused:
        return system.check_addresses()
    with pytest.raises(ResourceError, match="1 MiB of addresses are allowed, and 700 are needed") as caught:
        system.check_addresses()
    assert "ulimit -v" in caught.value.hint
    return None

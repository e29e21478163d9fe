"""Who does the tasks of a command."""

from __future__ import annotations

import pytest

from forecaster.base import extras
from forecaster.base.errors import UsageError
from forecaster.base.tasks import Serial
from forecaster.base.workers import check_workers, open_executor


def test_one_worker_is_this_process() -> None:
    assert not check_workers(1, None)
    with open_executor(1, None) as executor:
        assert isinstance(executor, Serial)


@pytest.mark.parametrize(("workers", "cluster"), [(2, None), (1, "local"), (4, "local"), (1, "tcp://host:8786")])
def test_others_are_elsewhere(workers: int, cluster: str | None) -> None:
    pytest.importorskip("distributed")
    assert check_workers(workers, cluster)


@pytest.mark.parametrize(
    ("workers", "cluster", "said"),
    [(2, "tcp://host:8786", "has workers of its own"), (1, "host:8786", "--cluster host:8786: expected an address")],
)
def test_what_does_not_fit(workers: int, cluster: str, said: str) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match=said):
        check_workers(workers, cluster)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="--workers 2") as caught:
        check_workers(2, None)
    assert "cluster" in caught.value.hint

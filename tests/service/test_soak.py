"""The service under load for a minute: every request is answered, and its memory stays flat."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.saved import TINY_DATA, copy_tiny
from tests.service.server import serving

CLIENTS, SECONDS, WARM = 4, 60.0, 15.0
GROWTH = 1.1
"""How much larger the memory may be at the end than when it was warm."""


def resident(pid: int) -> int:
    """Return the resident memory of a process in pages."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc")
def test_memory_stays_flat_for_a_minute(tmp_path: Path) -> None:
    body, answers = TINY_DATA.read_bytes(), []
    with serving(copy_tiny(tmp_path / "models"), "--concurrency", str(CLIENTS)) as running:
        ends = time.monotonic() + SECONDS

        def ask(number: int) -> None:
            paths = ("/forecast?model=tiny", "/forecast?model=builtin&horizon=3")
            while time.monotonic() < ends:
                answers.append(running.ask(paths[number % 2], body, Content_Type="text/csv").status)
                number += 1

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(WARM)
        warm = resident(running.process.pid)
        for thread in threads:
            thread.join()
        after = resident(running.process.pid)
        code, said = running.stop()
    assert code == 0, said
    assert set(answers) == {200}
    assert len(answers) > SECONDS
    assert after <= GROWTH * warm

"""The service on loopback: requests a second and latency at some clients at once, against the cold command."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import free_cores

CLIENTS = (1, 8, 64)
SECONDS = 10.0
RUNS = 3
"""Rounds through all numbers of clients; the middle one by requests a second counts."""
SAMPLE = Path(__file__).parent.parent / "sample_data" / "co2_monthly.csv"


def measure() -> str:
    """Train a small model, serve it, and let clients ask for the forecast of 526 rows as fast as they can."""
    with tempfile.TemporaryDirectory() as folder:
        forecast = [sys.executable, "-m", "forecaster"]
        models = ["--models-dir", folder]
        subprocess.run([*forecast, "train", SAMPLE, "--preset", "fast", "--steps", "20", *models], check=True)
        free = free_cores()
        colds = []
        for _ in range(RUNS):
            began = time.monotonic()
            predict = [*forecast, "predict", SAMPLE, "--output", "-", *models]
            subprocess.run(predict, check=True, stdout=subprocess.DEVNULL)
            colds.append(time.monotonic() - began)
        cold = sorted(colds)[RUNS // 2]
        flags = ["--port", "0", "--concurrency", "64", *models]
        process = subprocess.Popen([*forecast, "serve", *flags], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stderr.readline())
        assert found is not None
        try:
            port = int(found[1])
            load(port, 1, 1.0)
            before = resident(process.pid)
            rounds = [[load(port, clients, SECONDS) for clients in CLIENTS] for _ in range(RUNS)]
            rows = [(clients, *sorted(each[k] for each in rounds)[RUNS // 2]) for k, clients in enumerate(CLIENTS)]
            after = resident(process.pid)
        finally:
            process.terminate()
            process.wait(60)
    lines = [
        "| clients | requests a second | median, ms | 99 %, ms | refused |",
        "| ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {clients} | {rate:,.0f} | {1000 * median:,.0f} | {1000 * slow:,.0f} | {refused:,} |"
            for clients, rate, median, slow, refused in rows
        ),
    ]
    memory = f"{before:.0f} MB before, {after:.0f} MB after"
    text = (
        f"The command from cold takes {cold:.2f} s for the same file, so it answers {1 / cold:.1f} requests a second. "
        f"Memory of the service: {memory}. The middle of {RUNS} rounds of {SECONDS:.0f} s; when they began, {free:.1f} "
        f"of {os.cpu_count()} cores were free. The clients share them with the service."
    )
    return "\n".join([*lines, "", text])


def load(port: int, clients: int, seconds: float) -> tuple[float, float, float, int]:
    """Return requests a second, median and 99 % of the seconds of one, and how many were refused as too many."""
    body, ends, lock = SAMPLE.read_bytes(), time.monotonic() + seconds, threading.Lock()
    took: list[float] = []
    refused = [0]

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < ends:
            began = time.monotonic()
            connection.request("POST", "/forecast", body, {"Content-Type": "text/csv"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                if answer.status == 200:
                    took.append(time.monotonic() - began)
                else:
                    refused[0] += 1

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(took) / seconds, float(np.median(took)), float(np.quantile(took, 0.99)), refused[0]


def resident(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6

"""What Prometheus reads: its text format, version 0.0.4, written by hand because it is three lines a metric."""

from __future__ import annotations

import threading
from collections import Counter

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds."""


class Counters:
    """Requests, how long they took, and how many are being worked on."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds, self._count, self._rows, self.working = 0.0, 0, 0, 0

    def add(self, path: str, status: int, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            self._requests[path, status] += 1
            self._seconds, self._count = self._seconds + seconds, self._count + 1
            self._buckets.update(limit for limit in BUCKETS if seconds <= limit)

    def forecast(self, rows: int) -> None:
        """Count forecast rows."""
        with self._lock:
            self._rows += rows

    def text(self) -> str:
        """Return all metrics."""
        with self._lock:
            lines = ["# TYPE forecast_http_requests_total counter"]
            for (path, status), count in sorted(self._requests.items()):
                lines.append(f'forecast_http_requests_total{{path="{path}",status="{status}"}} {count}')
            lines.append("# TYPE forecast_http_request_seconds histogram")
            lines += [
                *(
                    f'forecast_http_request_seconds_bucket{{le="{limit:g}"}} {self._buckets[limit]}'
                    for limit in BUCKETS
                ),
                f'forecast_http_request_seconds_bucket{{le="+Inf"}} {self._count}',
                f"forecast_http_request_seconds_sum {self._seconds:.6f}",
                f"forecast_http_request_seconds_count {self._count}",
                "# TYPE forecast_http_working gauge",
                f"forecast_http_working {self.working}",
                "# TYPE forecast_rows_total counter",
                f"forecast_rows_total {self._rows}",
            ]
        return "\n".join(lines) + "\n"

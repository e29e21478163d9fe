"""What Prometheus reads."""

from __future__ import annotations

from forecaster.service.counters import Counters


def test_counts_sums_and_buckets() -> None:
    counters = Counters()
    for seconds in (0.02, 0.2, 20.0, 60.0):
        counters.add("/forecast", 200, seconds)
    counters.add("/forecast", 422, 0.001)
    counters.forecast(42)
    lines = counters.text().splitlines()
    assert 'forecast_http_requests_total{path="/forecast",status="200"} 4' in lines
    assert 'forecast_http_request_seconds_bucket{le="0.025"} 2' in lines
    assert 'forecast_http_request_seconds_bucket{le="30"} 4' in lines
    assert 'forecast_http_request_seconds_bucket{le="+Inf"} 5' in lines
    assert "forecast_rows_total 42" in lines

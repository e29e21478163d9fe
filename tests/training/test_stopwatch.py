"""Step times and kernels."""

from __future__ import annotations

from forecaster.base.runtime import prepare_keras

prepare_keras()

from forecaster.training import stopwatch  # noqa: E402


def test_a_step_takes_time() -> None:
    assert 0 < stopwatch.step_time("cpu") < 60


def test_the_network_that_is_timed_is_the_default_one() -> None:
    _, plan = stopwatch.default_plan()
    assert (plan.network.widths, plan.fit.batch_size) == ((128, 128), 128)


def test_cudnn_either_runs_or_says_why_not() -> None:
    reason = stopwatch.try_cudnn()
    assert (reason is None) == bool(stopwatch.gpu_names()) or reason

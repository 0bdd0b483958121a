"""Test helpers: assertions on runs, writers that write to memory, and golden runs. pytest is not required.

Each ``assert_...`` has a ``check_...`` with the same arguments that returns a list of `Finding`; the list is empty if
the check passes. The pytest plugin, `tbevents.pytest_plugin`, provides fixtures for the rest.
"""

from tbevents.testing.assertions import (
    assert_bounded,
    assert_converges,
    assert_decreasing,
    assert_finite,
    assert_histogram_close,
    assert_hparams,
    assert_image_close,
    assert_increasing,
    assert_intact,
    assert_lr_schedule,
    assert_runs_close,
    assert_scalar_at,
    assert_scalars,
    assert_steps,
    assert_tags,
)
from tbevents.testing.capture import Capture, capture
from tbevents.testing.finding import Finding, Table, message
from tbevents.testing.histogram_checks import check_histogram_close
from tbevents.testing.image_checks import check_image_close
from tbevents.testing.live_run import LiveRun, live_run
from tbevents.testing.memory_writer import MemoryWriter
from tbevents.testing.regression import Regression
from tbevents.testing.run_checks import check_intact, check_runs_close
from tbevents.testing.scalar_checks import (
    check_bounded,
    check_finite,
    check_lr_schedule,
    check_scalar_at,
    check_scalars,
)
from tbevents.testing.step_checks import check_steps
from tbevents.testing.tag_checks import check_hparams, check_tags
from tbevents.testing.trend_checks import check_converges, check_decreasing, check_increasing

__all__ = [
    "Capture",
    "Finding",
    "LiveRun",
    "MemoryWriter",
    "Regression",
    "Table",
    "assert_bounded",
    "assert_converges",
    "assert_decreasing",
    "assert_finite",
    "assert_histogram_close",
    "assert_hparams",
    "assert_image_close",
    "assert_increasing",
    "assert_intact",
    "assert_lr_schedule",
    "assert_runs_close",
    "assert_scalar_at",
    "assert_scalars",
    "assert_steps",
    "assert_tags",
    "capture",
    "check_bounded",
    "check_converges",
    "check_decreasing",
    "check_finite",
    "check_histogram_close",
    "check_hparams",
    "check_image_close",
    "check_increasing",
    "check_intact",
    "check_lr_schedule",
    "check_runs_close",
    "check_scalar_at",
    "check_scalars",
    "check_steps",
    "check_tags",
    "live_run",
    "message",
]

"""Test helpers: assertions on runs, writers that write to memory, and golden runs. pytest is not required.

Each ``assert_...`` has a ``check_...`` with the same arguments that returns a list of `Finding`; the list is empty if
the check passes. The pytest plugin, `tbevents.pytest_plugin`, provides fixtures for the rest.
"""

import typing

from tbevents import public_names
from tbevents.testing.assertions import assert_bounded as assert_bounded
from tbevents.testing.assertions import assert_converges as assert_converges
from tbevents.testing.assertions import assert_decreasing as assert_decreasing
from tbevents.testing.assertions import assert_finite as assert_finite
from tbevents.testing.assertions import assert_histogram_close as assert_histogram_close
from tbevents.testing.assertions import assert_hparams as assert_hparams
from tbevents.testing.assertions import assert_image_close as assert_image_close
from tbevents.testing.assertions import assert_increasing as assert_increasing
from tbevents.testing.assertions import assert_intact as assert_intact
from tbevents.testing.assertions import assert_lr_schedule as assert_lr_schedule
from tbevents.testing.assertions import assert_reaches as assert_reaches
from tbevents.testing.assertions import assert_runs_close as assert_runs_close
from tbevents.testing.assertions import assert_scalar_at as assert_scalar_at
from tbevents.testing.assertions import assert_scalars as assert_scalars
from tbevents.testing.assertions import assert_steps as assert_steps
from tbevents.testing.assertions import assert_tags as assert_tags
from tbevents.testing.capture import Capture as Capture
from tbevents.testing.capture import capture as capture
from tbevents.testing.finding import Finding as Finding
from tbevents.testing.finding import Table as Table
from tbevents.testing.finding import message as message
from tbevents.testing.histogram_checks import check_histogram_close as check_histogram_close
from tbevents.testing.image_checks import check_image_close as check_image_close
from tbevents.testing.live_run import LiveRun as LiveRun
from tbevents.testing.live_run import live_run as live_run
from tbevents.testing.memory_writer import MemoryWriter as MemoryWriter
from tbevents.testing.regression import Regression as Regression
from tbevents.testing.run_checks import check_intact as check_intact
from tbevents.testing.run_checks import check_runs_close as check_runs_close
from tbevents.testing.scalar_checks import check_bounded as check_bounded
from tbevents.testing.scalar_checks import check_finite as check_finite
from tbevents.testing.scalar_checks import check_lr_schedule as check_lr_schedule
from tbevents.testing.scalar_checks import check_scalar_at as check_scalar_at
from tbevents.testing.scalar_checks import check_scalars as check_scalars
from tbevents.testing.step_checks import check_steps as check_steps
from tbevents.testing.tag_checks import check_hparams as check_hparams
from tbevents.testing.tag_checks import check_tags as check_tags
from tbevents.testing.trend_checks import check_converges as check_converges
from tbevents.testing.trend_checks import check_decreasing as check_decreasing
from tbevents.testing.trend_checks import check_increasing as check_increasing
from tbevents.testing.trend_checks import check_reaches as check_reaches

if not typing.TYPE_CHECKING:
    __all__, __dir__ = public_names.eager_package(__name__)

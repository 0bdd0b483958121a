"""Assertions: each runs a check and raises AssertionError with a message that lists the findings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Final, ParamSpec

from tbevents.errors import RunNotFoundError
from tbevents.testing.finding import Finding, MissingArgumentError, message
from tbevents.testing.histogram_checks import check_histogram_close
from tbevents.testing.image_checks import check_image_close
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
from tbevents.testing.trend_checks import check_converges, check_decreasing, check_increasing, check_reaches

P = ParamSpec("P")


def _asserting(check: Callable[P, list[Finding]]) -> Callable[P, None]:
    """Returns an assertion that fails if the check finds anything."""
    name = check.__name__.replace("check_", "assert_")

    @functools.wraps(check)
    def assertion(*args: P.args, **kwargs: P.kwargs) -> None:
        __tracebackhide__ = True
        try:
            findings = check(*args, **kwargs)
        except RunNotFoundError as error:
            raise error.with_traceback(None) from None  # the message is enough; our search for files is noise
        except MissingArgumentError as error:
            raise MissingArgumentError(name, error.needed) from None
        except TypeError as error:
            error.args = (str(error).replace(f"{check.__name__}()", f"{name}()"),)  # Python names what it called
            raise
        if findings:
            raise AssertionError(message(findings))

    assertion.__name__ = assertion.__qualname__ = name
    assertion.__module__ = __name__
    head, _, rest = inspect.cleandoc(check.__doc__ or "").partition("Raises:\n")
    failure = "    AssertionError: if the check fails; the message lists the findings.\n"
    assertion.__doc__ = f"{head}Raises:\n{failure}{rest}"
    vars(assertion)["__signature__"] = inspect.signature(check).replace(return_annotation=None)
    return assertion


assert_bounded: Final = _asserting(check_bounded)
assert_converges: Final = _asserting(check_converges)
assert_decreasing: Final = _asserting(check_decreasing)
assert_finite: Final = _asserting(check_finite)
assert_histogram_close: Final = _asserting(check_histogram_close)
assert_hparams: Final = _asserting(check_hparams)
assert_image_close: Final = _asserting(check_image_close)
assert_increasing: Final = _asserting(check_increasing)
assert_intact: Final = _asserting(check_intact)
assert_lr_schedule: Final = _asserting(check_lr_schedule)
assert_reaches: Final = _asserting(check_reaches)
assert_runs_close: Final = _asserting(check_runs_close)
assert_scalar_at: Final = _asserting(check_scalar_at)
assert_scalars: Final = _asserting(check_scalars)
assert_steps: Final = _asserting(check_steps)
assert_tags: Final = _asserting(check_tags)

"""Compares runs with golden runs stored beside a test."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from tbevents.errors import closest_or_first
from tbevents.files import StrPath
from tbevents.reading.name_patterns import NamePatterns
from tbevents.reading.options import Names
from tbevents.reading.run import Run
from tbevents.testing import golden
from tbevents.testing.finding import message
from tbevents.testing.run_checks import check_runs_close, idle_patterns, wanted_tags
from tbevents.testing.subjects import Subject, as_runs

_NAMED: Final = "@"
"""Separates a test's name from the name of one of its golden runs; no test name contains it after `_safe`."""


class Regression:
    """The golden runs of one test.

    Args:
        folder: the folder of the golden runs.
        test: the name of the test, with its parameters if it has any.
        update: if True, store the run that is checked instead of failing.
        how: how to update, for the message of a failure.
        wrote: called with the path of each golden run that is stored.

    Attributes:
        used: the paths, without suffix, of the golden runs that were compared or stored.
    """

    def __init__(
        self,
        folder: StrPath,
        test: str,
        *,
        update: bool = False,
        how: str = "update=True stores it",
        wrote: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._stem = os.path.join(os.fspath(folder), owned_by(test))
        self._update = update
        self._how = how
        self._wrote = wrote
        self.used: list[str] = []

    def check(
        self,
        run: Subject | Mapping[str, Run],
        *,
        tags: Names | None = None,
        rtol: float = 1e-6,
        atol: float = 0.0,
        nan_ok: bool = True,
        name: str | None = None,
    ) -> None:
        """Checks that a run has the same contents as the golden run.

        Args:
            run: a Run, the path of one or of a folder of runs, a mapping of names to runs, or a writer.
            tags: names, or patterns with ``*``, of the tags to compare; by default all.
            rtol: relative tolerance of numbers, as in `assert_scalars`.
            atol: absolute tolerance.
            nan_ok: if True, NaN equals NaN.
            name: the name of this golden run, if a test has several.

        Raises:
            AssertionError: if the contents differ, there is no golden run, or a stored run does not read back as it
                was. Nothing is stored if a name or pattern in `tags` matches no tag, or if one of several runs is named
                by the present time, so that no golden run ever has it.
            ValueError, TypeError: if an argument has a wrong type or value, or `name` (or no name) was used before in
                this test.
            PayloadError: if the stored file is not a golden run.
        """
        __tracebackhide__ = True
        wanted = wanted_tags(tags)
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a str, not {name!r}")
        stem = self._stem if name is None else f"{self._stem}{_NAMED}{_safe(name)}"
        if stem in self.used:
            if name is not None:
                raise ValueError(f"each golden run of a test needs its own name: {name!r} was used before")
            raise ValueError(
                'this test has used its golden run already: give the second check a name, check(run, name="...")'
            )
        self.used.append(stem)
        runs = as_runs(run)
        stored = golden.load(stem, runs)
        timed = [each for each in runs if _named_by_now(each) and each not in (stored or {})]
        if timed and len(runs) > 1:
            raise AssertionError(
                f"run {timed[0]!r} is named by the time, so that no golden run ever matches it: "
                'give add_hparams a name that stays, such as run_name="."'
            )
        idle, tags_there = idle_patterns(runs.values(), wanted)
        if stored is not None and not self._update:
            idle, _ = idle_patterns(stored.values(), NamePatterns(idle))
        if runs and idle:  # nothing would be compared, and to store the run would not help
            of = "the run" if len(runs) == 1 else "any run"
            raise AssertionError(f"no tag of {of} matches {idle[0]!r}; {closest_or_first(idle[0], tags_there)}")
        if stored is None and not self._update:
            raise AssertionError(f"there is no golden run {stem}{golden.SUFFIXES[0]}: {self._how}")
        compare = partial(check_runs_close, runs, tags=wanted, rtol=rtol, atol=atol, nan_ok=nan_ok)
        findings = [] if stored is None else compare(stored)
        if self._update and (stored is None or findings):
            self._wrote(golden.save(stem, runs, wanted))
            findings = compare(golden.load(stem, runs) or {})
        if findings:
            path = next(stem + suffix for suffix in golden.SUFFIXES if os.path.exists(stem + suffix))
            raise AssertionError(f"{message(findings)}\n\ngolden run: {path}\n{self._how}")

    def unused(self) -> list[str]:
        """Returns the paths of this test's golden runs that were not used."""
        folder, owner = os.path.split(self._stem)
        used = {os.path.basename(stem) for stem in self.used}
        stored = golden.stems_in(folder)
        return [path for stem, path in stored.items() if _owner(stem) == owner and stem not in used]


def _named_by_now(name: str) -> bool:
    """Returns True for a name like those that `add_hparams` makes by default, unless it is of another day."""
    stamp = re.fullmatch(r"(?:.*/)?(\d{9,}\.\d+)", name)
    return stamp is not None and abs(time.time() - float(stamp[1])) < 86400


def orphans(folder: StrPath, tests: Iterable[str]) -> list[str]:
    """Returns the paths of golden runs in a folder that belong to none of the tests."""
    owners = {owned_by(test) for test in tests}
    return [path for stem, path in golden.stems_in(os.fspath(folder)).items() if _owner(stem) not in owners]


def _owner(stem: str) -> str:
    return stem.split(_NAMED)[0]


def owned_by(test: str) -> str:
    """Returns the prefix of the names of a test's golden runs.

    Args:
        test: the name of the test, for instance ``test_loss[0.1-adam]`` or ``TestLoss.test_it``.
    """
    name, bracket, rest = test.partition("[")
    return _safe(name + ("-" + rest.removesuffix("]") if bracket else ""))


def _safe(name: str) -> str:
    """Returns a name that is safe in a file name; a hash keeps changed names distinct."""
    safe = re.sub(r"[^\w.+=,-]", "_", name)[:120]
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

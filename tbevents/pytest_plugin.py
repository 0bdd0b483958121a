"""The pytest plugin: fixtures, options and hooks. `tbevents.testing` implements them, and is imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tbevents.testing import Capture, LiveRun, Regression
    from tbevents.writing.summary_writer import SummaryWriter

_LOGDIR = pytest.StashKey[Path]()
_PASSED = pytest.StashKey[bool]()  # set after the test function itself has run
_GOLDEN = pytest.StashKey["GoldenAccount"]()

_PLUGIN = "tbevents-golden-runs"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("tbevents", "TensorBoard runs")
    group.addoption(
        "--tb-update",
        action="store_true",
        help="store the runs that tb_regression checks, if they are new or differ",
    )
    group.addoption(
        "--tb-orphans",
        choices=("warn", "fail", "remove"),
        default="warn",
        help="what to do about golden runs that no test uses (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the account of golden runs."""
    golden = config.stash[_GOLDEN] = GoldenAccount(config)
    config.pluginmanager.register(golden, _PLUGIN)


@pytest.fixture
def tb_logdir(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An empty folder for runs. The report of a failed test names the folder and the last values in it."""
    folder = tmp_path / "runs"
    folder.mkdir()
    request.node.stash[_LOGDIR] = folder
    return folder


@pytest.fixture
def tb_writer(tb_logdir: Path) -> Iterator[SummaryWriter]:
    """A `tbevents.SummaryWriter` in `tb_logdir`, closed after the test."""
    from tbevents.writing.summary_writer import SummaryWriter

    with SummaryWriter(tb_logdir) as writer:
        yield writer


@pytest.fixture
def tb_run(tb_logdir: Path) -> LiveRun:
    """The run in `tb_logdir`: empty at first, and always up to date with what has been logged."""
    from tbevents.testing.live_run import live_run

    return live_run(tb_logdir)


@pytest.fixture
def tb_capture() -> Iterator[Capture]:
    """Captures in memory what the test logs with any SummaryWriter (of tbevents, torch or tensorboardX)."""
    from tbevents.testing.capture import capture

    with capture() as captured:
        yield captured


@pytest.fixture
def tb_lint(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`tbevents.lint.assert_lints` with the configuration of the project: ``tb_lint(run)``."""
    from tbevents.lint import assert_lints, find_config

    found, _ = find_config(request.config.rootpath)

    def assert_lints_as_configured(run: Any, config: Any = None) -> None:
        __tracebackhide__ = True
        assert_lints(run, found if config is None else config)

    return assert_lints_as_configured


@pytest.fixture
def tb_regression(request: pytest.FixtureRequest) -> Iterator[Regression]:
    """Golden runs beside the test: ``tb_regression.check(run)`` compares a run, ``--tb-update`` stores it."""
    from tbevents.testing.regression import Regression

    item, golden = request.node, request.config.stash[_GOLDEN]
    regression = Regression(
        golden_folder(item),
        name_in_module(item),
        update=request.config.getoption("--tb-update"),
        how="pytest --tb-update stores the obtained run",
        wrote=golden.written.append,
    )
    yield regression
    if item.stash.get(_PASSED, False):
        golden.orphans.update(regression.unused())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Adds the folder of the runs and their last values to the report of a failed test."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    folder = item.stash.get(_LOGDIR, None)
    if folder is not None and report.failed:
        from tbevents.testing.failure_report import last_values

        report.sections.append((f"runs in {folder}", last_values(folder)))


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explains how runs or series differ, and names the closest matches of a missing name."""
    if any(type(each).__module__.partition(".")[0] == "tbevents" for each in (left, right)):
        from tbevents.testing.failure_report import explanation

        return explanation(op, left, right)
    return None


def golden_folder(item: pytest.Item) -> Path:
    """Returns the folder of a test's golden runs: beside the test module, with the module's name."""
    return item.path.with_suffix("")


def name_in_module(item: pytest.Item) -> str:
    """Returns a test's name within its module: ``TestClass.test_function[parameters]``."""
    name, bracket, parameters = item.nodeid.partition("::")[2].partition("[")
    return name.replace("::", ".") + bracket + parameters or item.name


class GoldenAccount:
    """The account of golden runs: those that a session stores, and those that no test uses (orphans).

    With xdist, each worker keeps its own account and passes it to the main process at the end.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.written: list[str] = []
        self.orphans: set[str] = set()
        self.removed: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Finds golden runs that belong to no test, in modules that were collected completely."""
        if any("::" in str(arg) for arg in self.config.args) or self.config.getoption("lf", False):
            return
        tests: dict[Path, list[pytest.Item]] = {}
        for item in items:
            of_folder = tests.setdefault(golden_folder(item), [])
            if "tb_regression" in getattr(item, "fixturenames", ()):
                of_folder.append(item)
        for folder, of_folder in tests.items():
            if folder.is_dir():
                from tbevents.testing.regression import orphans

                self.orphans.update(orphans(folder, map(name_in_module, of_folder)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Passes the account to the main process; the main process handles orphans as `--tb-orphans` says."""
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["tbevents"] = {"written": self.written, "orphans": sorted(self.orphans)}
            return
        if self.config.getoption("collectonly", False):  # must not change anything
            return
        what = self.config.getoption("--tb-orphans")
        if what == "remove" and self.orphans:
            from tbevents.testing.golden import remove_stored

            self.removed = sorted(self.orphans)
            self.orphans.clear()
            for path in self.removed:
                remove_stored(path)
        elif what == "fail" and self.orphans and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Adds the account of an xdist worker."""
        account = getattr(node, "workeroutput", {}).get("tbevents", {})
        self.written += account.get("written", [])
        self.orphans.update(account.get("orphans", []))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Lists the golden runs that were stored, and those that no test uses."""
        for title, paths in (
            ("golden runs stored", self.written),
            ("golden runs removed, since no test uses them", self.removed),
            ("golden runs that no test uses (--tb-orphans=remove removes them)", sorted(self.orphans)),
        ):
            if paths:
                terminalreporter.section(title)
                for path in paths:
                    terminalreporter.line(path)

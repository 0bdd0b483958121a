"""The pytest plugin: each fixture, option and hook, in sessions of their own."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import tbevents.pytest_plugin
import tbevents.testing  # noqa: F401  # the sessions in this process forget what they import, and numpy cannot do that

INSTALLED = any(point.name == "tbevents" for point in importlib.metadata.entry_points(group="pytest11"))


@pytest.fixture
def session(pytester, monkeypatch):
    """Makes a session of a test module, with no plugin but ours, and gives what a run with some options says."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(code, *options, name="test_it.py", process=False):
        if code is not None:
            pytester.path.joinpath(name).write_text(code)
        arguments = ["-p", "tbevents.pytest_plugin", "-p", "no:cacheprovider", *options]
        return pytester.runpytest_subprocess(*arguments) if process else pytester.runpytest(*arguments)

    pytester.makeini("[pytest]\n")  # the outer project's options are not these sessions'
    return run


def lines_of(result):
    return "\n".join(result.outlines)


# -- folders, writers, runs ------------------------------------------------------------------------------------------


def test_the_folder_is_empty_and_of_the_test_alone(session):
    session("""
import os
def test_a(tb_logdir): assert os.listdir(tb_logdir) == []; tb_logdir.joinpath("x").touch()
def test_b(tb_logdir): assert os.listdir(tb_logdir) == []
def test_tmp_path(tb_logdir, tmp_path): assert tb_logdir.parent == tmp_path
""").assert_outcomes(passed=3)


def test_a_failed_tests_report_names_the_folder_and_the_last_values(session):
    result = session("""
def test_it(tb_writer):
    for step in range(3):
        tb_writer.add_scalar("loss", 1 / (step + 1), step)
    tb_writer.add_scalars("group", {"a": 2.0}, 7)
    assert 0
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*runs in *test_it0/runs*",
            "    run    tag  points  last step  last value",
            "      .   loss       3          2  0.33333334",
            "group_a  group       1          7         2.0",
        ]
    )
    folder = Path(next(line for line in result.outlines if "runs in" in line).strip("- ").removeprefix("runs in "))
    assert len(list(folder.glob("*tfevents*"))) == 1


def test_the_report_of_a_test_that_passes_says_nothing(session):
    result = session("def test_it(tb_writer): tb_writer.add_scalar('loss', 1.0)", "-rA")
    result.assert_outcomes(passed=1)
    assert "runs in" not in lines_of(result)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("assert 0", "no scalars"),
        ("(tb_logdir / 'a.tfevents').write_bytes(b'no event file at all'); assert 0", "no scalars"),
        ("import shutil; shutil.rmtree(tb_logdir); assert 0", "the runs cannot be read: *no such file or folder"),
    ],
)
def test_the_report_survives_folders_that_hold_nothing_to_read(session, body, says):
    result = session(f"def test_it(tb_logdir): {body}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*runs in*", says])


def test_the_writer_is_closed_behind_the_test(session):
    session("""
import pytest
from tbevents import SummaryWriter, read_run
seen = []
@pytest.fixture
def outer():
    yield
    assert seen[0].file_writer is None
    assert read_run(seen[0].log_dir).scalars["loss"].values.tolist() == [1.0]
def test_it(outer, tb_writer, tb_logdir):
    assert type(tb_writer) is SummaryWriter and tb_writer.log_dir == str(tb_logdir)
    tb_writer.add_scalar("loss", 1.0, 1)
    seen.append(tb_writer)
""").assert_outcomes(passed=1)


def test_the_run_is_empty_at_first_and_then_up_to_date(session):
    session("""
from tbevents import Run, SummaryWriter
from tbevents.testing import assert_scalars
def test_with_the_writer(tb_writer, tb_run):
    assert isinstance(tb_run, Run) and tb_run.tags == ()
    tb_writer.add_scalar("loss", 1.0, 1)
    assert tb_run.scalars["loss"].last.value == 1.0
    tb_writer.add_scalar("loss", 2.0, 2)
    assert_scalars(tb_run, "loss", values={1: 1.0, 2: 2.0})
def test_with_a_writer_of_its_own_that_is_never_flushed(tb_run, tb_logdir):
    assert tb_run.files == ()
    writer = SummaryWriter(tb_logdir, flush_secs=1e9)
    writer.add_scalar("loss", 1.0, 1)
    assert_scalars(tb_run, "loss", values=[1.0])
""").assert_outcomes(passed=2)


def test_a_failed_assertion_shows_the_users_line_and_the_message_only(session):
    result = session("""
from tbevents.testing import assert_scalars
def test_it(tb_writer, tb_run):
    tb_writer.add_scalar("loss", 1.0, 1)
    assert_scalars(tb_run, "loss", values=[2.0])
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">   *assert_scalars(tb_run, *",
            "E   *AssertionError: tag 'loss': 1 of 1 points differs (rtol 1e-06, atol 0)",
            "E    *step  obtained  expected  difference  allowed",
            "E    *   1       1.0       2.0          -1    2e-06",
            "E    *see: *",
            "*test_it.py:5: AssertionError",
        ]
    )
    assert "def assertion" not in lines_of(result)


# -- comparisons -----------------------------------------------------------------------------------------------------


def test_comparisons_of_runs_and_series_are_explained(session):
    result = session("""
from tbevents.testing import MemoryWriter
def run(*values):
    writer = MemoryWriter("demo", clock=lambda: 1.0)
    for step, value in enumerate(values):
        writer.add_scalar("loss", value, step)
    return writer.run
def test_series():
    assert run(1.0, 2.0).scalars["loss"] == run(1.0, 3.0).scalars["loss"]
def test_runs():
    assert run(1.0) == run(5.0)
def test_tags():
    assert "los" in run(1.0).scalars
def test_others():
    assert run(1.0).scalars["loss"] == 3
    """)
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "E  *assert ScalarSeries('loss', 2 points, *) == ScalarSeries('loss', 2 points, *)",
            "E  *1 of 2 points differs",
            "E  *step  obtained  expected  difference  allowed",
            "E  *   1       2.0       3.0          -1        0",
            "E  *assert <Run '.' at *> == <Run '.' at *>",
            "E  *A run is equal only to itself; assert_runs_close compares the contents of two runs:",
            "E  *tag 'loss': 1 of 1 points differs (rtol 0, atol 0)",
            "E  *assert 'los' in *",
            "E  *no scalar tag 'los'; did you mean 'loss'?",
        ]
    )


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        ("series()", "series(tag='b')", "the tags differ: 'a', 'b'"),
        ("series()", "series(dtype='f8')", "the dtypes differ: float32, float64"),
        ("series()", "series(steps=[1, 0], values=[2, 1])", "the points are in a different order"),
        ("series()", "series(times=[5, 7])", "wall times: 1 of 2 points differs; assert_scalars ignores them"),
        ("MemoryWriter().run", "MemoryWriter().run", "Their contents are the same, ignoring wall times."),
    ],
)
def test_whatever_differs_is_said(session, left, right, says):
    result = session(f"""
import numpy as np
from tbevents import ScalarSeries
from tbevents.testing import MemoryWriter
def series(tag="a", steps=(0, 1), times=(5, 6), values=(1, 2), dtype="f4"):
    return ScalarSeries(tag, np.array(steps, np.int64), np.array(times, np.float64), np.array(values, dtype))
def test_it(): assert {left} == {right}
""")
    result.assert_outcomes(failed=1)
    assert says in lines_of(result)


# -- capture ---------------------------------------------------------------------------------------------------------


def test_what_code_under_test_logs_is_captured(session, pytester):
    session("""
from tbevents import SummaryWriter
from tbevents.testing import assert_decreasing
def train():
    with SummaryWriter() as writer:  # in a folder that nobody chose
        for step in range(5):
            writer.add_scalar("loss", 1 / (step + 1), step)
def test_it(tb_capture):
    train()
    assert_decreasing(tb_capture, "loss")
    assert len(tb_capture.run.scalars["loss"]) == 5
""").assert_outcomes(passed=1)
    assert not (pytester.path / "runs").exists()


def test_tensorboardxs_writer_is_captured(session, pytester):
    pytest.importorskip("tensorboardX", reason="captures its writer")
    session(
        """
def test_it(tb_capture):
    from tensorboardX import SummaryWriter
    with SummaryWriter("runs/a") as writer:
        writer.add_scalar("loss", 1.0, 1)
    assert tb_capture.run.scalars["loss"].steps.tolist() == [1]
""",
        process=True,
    ).assert_outcomes(passed=1)
    assert not (pytester.path / "runs").exists()


# -- assertions ------------------------------------------------------------------------------------------------------


def test_where_nothing_was_logged_a_failure_does_not_show_the_search_for_files(session):
    result = session("""
from tbevents.testing import assert_finite
def test_it(tb_logdir):
    assert_finite(tb_logdir)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">  *assert_finite(tb_logdir)", "E  *RunNotFoundError: */runs: *no event file*"])
    assert "read_run" not in lines_of(result)


# -- golden runs -----------------------------------------------------------------------------------------------------

GOLDEN = """
import pytest
@pytest.mark.parametrize("rate", [0.1, 0.2])
def test_loss(tb_writer, tb_run, tb_regression, rate):
    for step in range(3):
        tb_writer.add_scalar("loss", rate * step * FACTOR, step)
    tb_regression.check(tb_run)
class TestOther:
    def test_weights(self, tb_writer, tb_regression):
        tb_writer.add_histogram("weights", [1.0, 2.0 * FACTOR], 1)
        tb_regression.check(tb_writer, name="first")
"""
STORED = ["TestOther.test_weights@first.tbruns", "test_loss-0.1.tbrun.json", "test_loss-0.2.tbrun.json"]


def golden(factor=1):
    return GOLDEN.replace("FACTOR", str(factor))


def stored_in(pytester, module="test_it"):
    return sorted(path.name for path in (pytester.path / module).glob("*"))


def test_golden_runs_are_stored_and_compared(session, pytester):
    result = session(golden())
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*there is no golden run *test_loss-0.1.tbrun.json: pytest --tb-update stores *"])
    assert stored_in(pytester) == []
    result = session(None, "--tb-update")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*golden runs stored*", "*test_loss-0.1.tbrun.json"])
    assert stored_in(pytester) == STORED
    assert "golden runs" not in lines_of(session(None))
    result = session(golden(factor=2))
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "E  *AssertionError: tag 'loss': 2 of 3 points differ (rtol 1e-06, atol 0)",
            "E  *   1       0.2       0.1        +0.1    1e-07",
            "E  *golden run: *test_loss-0.1.tbrun.json",
            "E  *pytest --tb-update stores the obtained run",
        ]
    )
    assert "in check" not in lines_of(result)
    session(None, "--tb-update", "-k", "0.1").assert_outcomes(passed=1, deselected=2)
    session(None).assert_outcomes(passed=1, failed=2)


def test_golden_runs_that_no_test_asks_for_are_listed_and_can_be_removed(session, pytester):
    session(golden(), "--tb-update").assert_outcomes(passed=3)
    fewer = golden().replace("[0.1, 0.2]", "[0.1]").replace('name="first"', 'name="second"')
    result = session(fewer, "--tb-update")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*golden runs that no test uses (--tb-orphans=remove removes them)*",
            "*TestOther.test_weights@first.tbruns",
            "*test_loss-0.2.tbrun.json",
        ]
    )
    assert len(stored_in(pytester)) == 4
    for selection in (["-k", "0.1"], ["test_it.py::test_loss"], ["--deselect", "test_it.py::TestOther"]):
        result = session(None, *selection)
        assert "first" not in lines_of(result)  # of a test that did not run
        assert ("test_loss-0.2" in lines_of(result)) == ("::" not in selection[0])
    result = session(None, "--tb-orphans=fail")
    assert result.ret == 1
    result = session(None, "--tb-orphans=remove", "--collect-only")
    result.stdout.fnmatch_lines(["*golden runs that no test uses*", "*test_loss-0.2.tbrun.json"])
    assert len(stored_in(pytester)) == 4
    result = session(None, "--tb-orphans=remove")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*golden runs removed, since no test uses them*", "*first.tbruns"])
    assert "--tb-orphans" not in lines_of(result)  # there are none any more
    assert stored_in(pytester) == ["TestOther.test_weights@second.tbruns", "test_loss-0.1.tbrun.json"]


def test_parameters_that_look_alike_have_golden_runs_of_their_own(session, pytester):
    code = """
import pytest
class TestIt:
    @pytest.mark.parametrize("name", ["a::b", "a.b", "a/b", "a_b"])
    def test_it(self, tb_writer, tb_regression, name):
        tb_writer.add_text("name", name)
        tb_regression.check(tb_writer)
"""
    session(code, "--tb-update").assert_outcomes(passed=4)
    assert len(stored_in(pytester)) == 4
    assert "TestIt.test_it-a.b.tbruns" in stored_in(pytester)
    session(None).assert_outcomes(passed=4)


def test_a_failed_or_skipped_test_leaves_no_orphans(session):
    session(golden(), "--tb-update").assert_outcomes(passed=3)
    result = session(golden().replace("tb_regression.check(", "assert 0; dict("))
    result.assert_outcomes(failed=3)
    assert "no test uses" not in lines_of(result)


def test_a_module_whose_tests_need_no_golden_runs_any_more_leaves_orphans(session, pytester):
    session(golden(), "--tb-update").assert_outcomes(passed=3)
    (pytester.path / "test_it" / "data.json").write_text("{}")  # somebody else's
    result = session("def test_loss(): pass", "--tb-orphans=remove")
    result.stdout.fnmatch_lines(["*golden runs removed*"])
    assert stored_in(pytester) == ["data.json"]


# -- xdist -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow  # starts workers
@pytest.mark.parametrize("workers", [0, 2])
def test_all_of_it_works_with_xdist(session, pytester, workers):
    pytest.importorskip("xdist", reason="runs tests in several processes")
    options = ["-p", "xdist.plugin", "-n", str(workers)]
    result = session(golden(), "--tb-update", *options, process=True)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*golden runs stored*", "*.tb*", "*.tb*", "*.tb*"])
    assert stored_in(pytester) == STORED
    result = session(golden().replace("[0.1, 0.2]", "[0.1]"), "--tb-orphans=remove", *options, process=True)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*golden runs removed*", "*test_loss-0.2.tbrun.json"])
    assert stored_in(pytester) == STORED[:2]
    code = """
import pytest
@pytest.mark.parametrize("number", range(4))
def test_it(tb_writer, tb_run, tb_capture, number):
    from tbevents import SummaryWriter
    SummaryWriter("nowhere").add_scalar("x", 1.0, 0)
    assert tb_capture.run.tags == ("x",)
    tb_writer.add_scalar("loss", 5.0, number)
    assert tb_run.scalars["loss"].last.step == number
    assert number < 3
"""
    result = session(code, *options, name="test_other.py", process=True)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*runs in *", "run   tag  points  last step  last value", "  .  loss *3 * 5.0"])


# -- the plugin itself -----------------------------------------------------------------------------------------------


def test_the_options_are_in_the_help(session):
    result = session("", "--help")
    result.stdout.fnmatch_lines(["TensorBoard runs:", "*--tb-update*", "*--tb-orphans=*"])
    result = session("", "--fixtures")
    for name in ("tb_logdir", "tb_writer", "tb_run", "tb_capture", "tb_lint", "tb_regression"):
        result.stdout.fnmatch_lines([f"{name} -- *pytest_plugin.py:*"])


def test_a_wrong_value_of_an_option_is_refused(session):
    assert session("", "--tb-orphans=eat").ret == 4


@pytest.mark.slow  # starts sessions that load every plugin here
@pytest.mark.skipif(not INSTALLED, reason="the installed tbevents is older than its plugin")
def test_it_is_there_where_the_package_is_installed_and_can_be_switched_off(pytester):
    pytester.makeini("[pytest]\n")
    pytester.makepyfile("def test_it(tb_run): pass")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    result = pytester.runpytest_subprocess("-p", "no:tbevents")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'tb_run' not found"])


def test_it_imports_nothing_until_it_is_used(session):
    session(
        """
import sys
def test_it():
    heavy = ("numpy", "google.protobuf", "tbevents.reading", "tbevents.writing", "tbevents.testing", "tbevents.proto")
    assert "tbevents.pytest_plugin" in sys.modules
    assert [name for name in heavy if name in sys.modules] == []
    assert 1 + 1 == 2
def test_fails():
    assert [1] == [2]
""",
        process=True,
    ).assert_outcomes(passed=1, failed=1)


def test_the_assertions_need_no_pytest():
    code = """
import sys
sys.modules["pytest"] = None
from tbevents.testing import MemoryWriter, assert_scalars
writer = MemoryWriter()
writer.add_scalar("loss", 1.0)
assert_scalars(writer, "loss", values=[1.0])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# -- lint ------------------------------------------------------------------------------------------------------------


def test_lint_fails_on_errors_and_takes_the_configuration_of_the_project(session, pytester):
    code = """
import math
def test_it(tb_writer, tb_lint):
    for step in range(3):
        tb_writer.add_scalar("loss", math.nan, step)
    tb_lint(tb_writer)
def test_other(tb_writer, tb_lint):
    tb_writer.add_scalar("loss", math.nan, 1)
    tb_lint(tb_writer, {"ignore": ["nan"]})
"""
    result = session(code)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*tag 'loss': TB101 nan: 3 of 3 values are NaN, first at step 0"])
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli", reason="Python 3.10 reads TOML with tomli")
    pytester.path.joinpath("tbevents.toml").write_text("[lint]\nignore = ['nan']\n")
    session(code).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("side", "noun"), [("histograms['h']", "HistogramSeries"), ("histograms['h'][0]", "Histogram")]
)
def test_what_is_equal_only_to_itself_is_named_in_place_of_an_internal_error(session, side, noun):
    result = session(f"""
import tbevents

def test_it(tb_writer, tb_logdir):
    tb_writer.add_histogram("h", [1.0, 2.0], 0)
    tb_writer.flush()
    left, right = tbevents.read_run(tb_logdir), tbevents.read_run(tb_logdir)
    assert left.{side} == right.{side}
""")
    text = result.stdout.str()
    assert f"A {noun} is equal only to itself; assert_runs_close compares contents." in text
    assert "representation of details failed" not in text

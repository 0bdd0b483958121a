"""`SummaryWriter`: which file gets what, and what a call that fails leaves behind."""

import contextlib
import inspect
import math
import os
import pickle
import re
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbevents import summary
from tbevents.format.record import encode_record
from tbevents.format.scalar_layout import ScalarForm
from tbevents.format.tensors import to_array
from tbevents.proto import Event, GraphDef, Layout, NodeDef, SessionLog, Summary
from tbevents.remote import is_url
from tbevents.writing import batch_writer, encoder
from tbevents.writing.event_file_writer import EventFileWriter
from tbevents.writing.null_sink import NullSink
from tbevents.writing.summary_writer import SummaryWriter

from .logged import NEVER, events_in, everything_below, last, scalars_in, values_in


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path, flush_secs=NEVER, clock=lambda: 1234.5) as writer:
        yield writer


# -- scalars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"new_style": True}, {"new_style": True, "double_precision": True}, {}])
@pytest.mark.parametrize("form", ["tf1", "tf2"])
def test_scalars_are_the_builders(options, form, tmp_path):
    with SummaryWriter(tmp_path, format=form) as writer:
        writer.add_scalar("a", 0.1, 3, 4.5, **options)
        writer.add_scalar("a", 0.1, 3, 4.5, **options, display_name="n", summary_description="d")
        for _ in range(50):  # of many, the writer draws columns
            writer.add_scalar("a", 0.1, 3, 4.5, **options)
    plain, named, *others = events_in(tmp_path)
    if form == "tf2":
        assert plain.summary.value[0].metadata.plugin_data.plugin_name == "scalars"
    assert plain == Event(wall_time=4.5, step=3, summary=summary.scalar("a", 0.1, **options, format=form))
    names = {"display_name": "n", "summary_description": "d"}
    assert named == Event(wall_time=4.5, step=3, summary=summary.scalar("a", 0.1, **options, **names, format=form))
    assert others == [plain] * 50


def test_tensorboardxs_fifth_argument_is_refused_rather_than_misread(writer):
    with pytest.raises(TypeError, match="display_name must be given by keyword"):
        writer.add_scalar("a", 1.0, 0, None, "A title")


def test_series_are_runs(tmp_path):
    with SummaryWriter(tmp_path, clock=lambda: 10.0) as writer:
        writer.add_scalars("data/loss", {"train": 1.0, "val/top": np.float32(2)}, 5)
    assert scalars_in(tmp_path / "data_loss_train") == [("data/loss", 5, 1.0)]
    assert scalars_in(tmp_path / "data_loss_val" / "top") == [("data/loss", 5, 2.0)]
    assert {event.wall_time for event in events_in(tmp_path / "data_loss_train")} == {10.0}
    assert events_in(tmp_path) == []


def test_series_in_tf2_are_tensors(tmp_path):
    with SummaryWriter(tmp_path, format="tf2") as writer:
        writer.add_scalars("loss", {"train": 1.0}, 5)
    ((_, _, value),) = values_in(tmp_path / "loss_train")
    assert value == summary.scalar("loss", 1.0, format="tf2").value[0]


@pytest.mark.parametrize("in_one_run", [False, True])
@pytest.mark.parametrize(
    ("main_tag", "series", "error"),
    [
        ("t", {"a": 1.0, "b": "x"}, TypeError),
        ("t", {"a": 1.0, 3: 1.0}, TypeError),
        ("t", {"a": 1.0, "\ud800": 1.0}, ValueError),
        ("\ud800", {"a": 1.0}, ValueError),
        (3, {"a": 1.0}, TypeError),
        ("t", [("a", 1.0)], TypeError),
    ],
)
def test_series_of_which_one_is_wrong_are_not_logged_at_all(main_tag, series, error, in_one_run, tmp_path):
    with SummaryWriter(tmp_path, scalars_in_one_run=in_one_run) as writer:
        with pytest.raises(error, match=r"main_tag|tag_scalar_dict"):
            writer.add_scalars(main_tag, series)
        writer.flush()
        assert events_in(tmp_path) == []
        assert len(everything_below(tmp_path)) == 1


@pytest.mark.parametrize("key", ["a/../../x", "a/..", "nul\0", "x" * 300, "/../../x"])
def test_a_key_that_leaves_the_folder_is_refused(key, tmp_path):
    folder = tmp_path / "logs"
    with SummaryWriter(folder) as writer, pytest.raises(ValueError, match="tag_scalar_dict"):
        writer.add_scalars("t", {"fine": 1.0, key: 1.0})
    assert len(everything_below(tmp_path)) == 1


HOSTILE = st.text(st.sampled_from("./\\\0~ aé:*"), max_size=12) | st.text(max_size=6)


@pytest.mark.skipif(find_spec("fsspec") is None, reason="a name with :// is a URL")
@given(HOSTILE, HOSTILE)
@settings(deadline=None, max_examples=60)
def test_no_name_makes_a_file_outside_of_the_folder(name, other):
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top, "a", "b", "logs")
        with SummaryWriter(folder) as writer:
            for call in (
                lambda: writer.add_scalars(other, {name: 1.0}),
                lambda: None if os.path.isabs(name) or is_url(name) else writer.add_hparams({}, {}, run_name=name),
                lambda: writer.add_embedding([[1.0]], tag=name),
            ):
                with contextlib.suppress(ValueError):
                    call()
        assert {path.split("/")[:3] == ["a", "b", "logs"] for path in everything_below(top)} == {True}


def layout_in(folder):
    layouts = [value for tag, _, value in values_in(folder) if tag == "custom_scalars__config__"]
    charts = Layout.FromString(to_array(layouts[-1].tensor).item())
    return len(layouts), {
        (category.title, chart.title): list(chart.multiline.tag or [chart.margin.series[0].value])
        for category in charts.category
        for chart in category.chart
    }


def test_series_in_one_run_share_a_chart(tmp_path):
    with SummaryWriter(tmp_path, scalars_in_one_run=True, flush_secs=NEVER) as writer:
        for step in range(3):
            writer.add_scalars("data/loss.x", {"a": 1.0, "b": 2.0}, step)
            writer.flush()
        writer.add_scalars("acc", {"a/b": 3.0})
        writer.flush()
        writer.add_scalars("acc", {"c": 4.0})
    written = [entry for entry in scalars_in(tmp_path) if entry[0] != "custom_scalars__config__"]
    assert written[:2] == [("data/loss.x/a", 0, 1.0), ("data/loss.x/b", 0, 2.0)]
    assert written[-2:] == [("acc/a/b", 0, 3.0), ("acc/c", 0, 4.0)]
    count, charts = layout_in(tmp_path)
    assert count == 3  # only where there was something new
    assert charts[("acc", "acc")] == ["acc/a/b$", "acc/c$"]
    for pattern, tag in zip(charts[("data", "data/loss.x")], ["data/loss.x/a", "data/loss.x/b"], strict=True):
        assert re.match(pattern, tag)
        assert not re.match(pattern, tag.replace(".", "-"))
    assert len(everything_below(tmp_path)) == 1


def test_the_layout_of_many_new_series_is_written_once_per_flush(tmp_path):
    with SummaryWriter(tmp_path, scalars_in_one_run=True, flush_secs=NEVER) as writer:
        for stop in (100, 150):
            for key in range(stop):
                writer.add_scalars("loss", {f"k{key}": 1.0})
            writer.flush()
            count, charts = layout_in(tmp_path)
            assert charts == {("loss", "loss"): [f"loss/k{key}$" for key in range(stop)]}
        writer.add_scalars("loss", {"k0": 1.0})
    assert count == layout_in(tmp_path)[0] == 2


def test_a_series_added_while_the_layout_is_encoded_is_in_the_file(tmp_path, monkeypatch):
    layouts = []

    def encode(payload):
        if b"custom_scalars" in payload:
            layouts.append(payload)
            if len(layouts) == 1:
                writer.add_scalars("loss", {"b": 1.0})  # as a signal handler or another thread may
        return encode_record(payload)

    with SummaryWriter(tmp_path, scalars_in_one_run=True, flush_secs=NEVER) as writer:
        writer.add_scalars("loss", {"a": 1.0})
        monkeypatch.setattr(encoder, "encode_record", encode)
        writer.flush()
    assert layout_in(tmp_path) == (2, {("loss", "loss"): ["loss/a$", "loss/b$"]})


def test_a_layout_that_was_dropped_is_written_with_the_next_series(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_writer, "UNWRITTEN_BYTES", 0)
    with SummaryWriter(tmp_path, scalars_in_one_run=True, flush_secs=NEVER) as writer:
        writer.add_scalars("loss", {"a": 1.0})
        with pytest.raises(OSError, match="events lost: 2"):
            writer.flush()
        monkeypatch.undo()
        writer.add_scalars("loss", {"b": 1.0})
    assert layout_in(tmp_path) == (1, {("loss", "loss"): ["loss/a$", "loss/b$"]})


def test_charts_add_up(writer):
    writer.add_custom_scalars({"a": {"x": ["Multiline", ["1"]]}})
    writer.add_custom_scalars_multilinechart(["2"], "a", "y")
    writer.add_custom_scalars_marginchart(["3", "4", "5"])
    writer.add_custom_scalars({"a": {"x": ["Multiline", ["6"]]}})
    with pytest.raises(ValueError, match="three tags"):
        writer.add_custom_scalars_marginchart(["3"], "b")
    with pytest.raises(TypeError, match="layout"):
        writer.add_custom_scalars(["x"])
    writer.add_custom_scalars_multilinechart(["7"], "c", "z")
    writer.flush()
    count, charts = layout_in(writer.log_dir)
    assert count == 1
    assert charts == {("a", "x"): ["6"], ("a", "y"): ["2"], ("default", "untitled"): ["3"], ("c", "z"): ["7"]}


# -- hyperparameters -----------------------------------------------------------------------------------------------


def test_a_session_is_a_run_named_by_the_time(writer, tmp_path):
    writer.add_hparams({"lr": 0.1}, {"acc": 0.5, "n": np.int32(3)}, global_step=2)
    tags = [(tag, step) for tag, step, _ in values_in(tmp_path / "1234.5")]
    names = ["experiment", "session_start_info", "session_end_info"]
    assert tags == [(f"_hparams_/{name}", 2) for name in names] + [("acc", 2), ("n", 2)]
    assert events_in(tmp_path) == []


@pytest.mark.parametrize("argument", ["run_name", "name"])
def test_a_session_may_be_named(argument, writer, tmp_path):
    writer.add_hparams({"lr": 0.1}, {}, **{argument: "trials/1"})
    assert len(values_in(tmp_path / "trials" / "1")) == 3


def test_a_session_may_be_in_the_runs_own_folder_or_anywhere(writer, tmp_path):
    writer.add_hparams({"lr": 0.1}, {}, run_name=".")
    assert len(values_in(tmp_path)) == 3
    writer.add_hparams({"lr": 0.1}, {}, run_name=str(tmp_path / "x" / ".." / "elsewhere"))
    assert len(values_in(tmp_path / "elsewhere")) == 3


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([], {}), {}, "hparam_dict"),
        (({}, []), {}, "metric_dict"),
        (({}, {"m": "x"}), {}, r"metric_dict\['m'\]"),
        (({}, {"\ud800": 1}), {}, "metric_dict"),
        (({"h": 1}, {}, {"i": [1]}), {}, "hparam_domain_discrete"),
        (({}, {}), {"run_name": "../x"}, "run_name"),
        (({}, {}), {"run_name": 3}, "run_name"),
        (({}, {}), {"run_name": "a", "name": "b"}, "run_name"),
        (({}, {}), {"global_step": "x"}, "global_step"),
        (({}, {}), {"start_time_secs": "x"}, "start_time_secs"),
    ],
)
def test_sessions_that_are_wrong_make_no_file(arguments, options, message, writer, tmp_path):
    with pytest.raises((TypeError, ValueError), match=message):
        writer.add_hparams(*arguments, **options)
    assert len(everything_below(tmp_path)) == 1


def test_metrics_in_tf2_are_tensors(tmp_path):
    with SummaryWriter(tmp_path, format="tf2") as writer:
        writer.add_hparams({"lr": 0.1}, {"acc": 0.5}, run_name="r")
    assert values_in(tmp_path / "r")[-1][2] == summary.scalar("acc", 0.5, format="tf2").value[0]


# -- disabled ------------------------------------------------------------------------------------------------------


def test_a_disabled_writer_takes_everything_and_touches_nothing(tmp_path):
    folder = tmp_path / "never"
    junk = object()
    with SummaryWriter(folder, write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_scalar(junk, junk, junk, new_style=True)
        methods = [getattr(writer, name) for name in dir(writer) if name.startswith("add_")]
        assert len(methods) >= 22
        for method in methods:
            method(*[junk for one in inspect.signature(method).parameters.values() if one.default is one.empty])
        sink = writer._get_file_writer()
        assert isinstance(sink, NullSink)
        sink.add_summary(Summary(), 1)
        sink.add_event(Event())
        assert sink.get_logdir() == writer.get_logdir() == str(folder)
        writer.flush()
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    assert everything_below(tmp_path) == []
    assert not folder.exists()


JUNK = [object(), "name", b"\xff", 3, math.nan, None, [], {}, [object()]]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: type(junk).__name__)
def test_a_disabled_writer_checks_no_argument(tmp_path, junk):
    writer = SummaryWriter(tmp_path / "never", write_to_disk=False)
    methods = [getattr(writer, name) for name in dir(writer) if name.startswith(("add_", "export_"))]
    assert len(methods) >= 23
    for method in methods:
        parameters = inspect.signature(method).parameters.values()
        for chosen in (parameters, [one for one in parameters if one.default is one.empty]):
            named = {one.name: junk for one in chosen if one.kind is one.KEYWORD_ONLY}
            method(*[junk] * (len(chosen) - len(named)), **named)
    writer.add_images("a", [1], 0, None, junk)
    assert everything_below(tmp_path) == []


def test_a_disabled_writer_still_closes_figures(pyplot):
    writer = SummaryWriter(write_to_disk=False)
    writer.add_figure("f", [pyplot.figure(), pyplot.figure()])
    assert pyplot.get_fignums() == []
    writer.add_figure("f", pyplot.figure(), close=False)
    assert len(pyplot.get_fignums()) == 1


# -- the writer itself ---------------------------------------------------------------------------------------------


def test_tensorboardxs_names_are_taken(tmp_path):
    with SummaryWriter(logdir=tmp_path / "x") as writer:
        assert writer.logdir == writer.log_dir == str(tmp_path / "x")
    with pytest.raises(ValueError, match="log_dir and logdir"):
        SummaryWriter("a", logdir="b")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"log_dir": "a\0b"}, ValueError, "log_dir has a NUL byte"),
        ({"log_dir": 5}, TypeError, "log_dir must be a path"),
        ({"upload_secs": -1}, ValueError, "upload_secs must be a number of seconds"),
        ({"comment": None}, TypeError, "comment must be a str"),
        ({"comment": "/../../x"}, ValueError, "comment is not a valid folder name"),
    ],
)
def test_folders_that_are_none_are_refused_by_name(arguments, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        SummaryWriter(**arguments)
    assert list(tmp_path.iterdir()) == []


def test_unknown_formats_are_refused_before_a_folder_is_made(tmp_path):
    with pytest.raises(ValueError, match="format"):
        SummaryWriter(tmp_path / "x", format="tf3")
    assert not (tmp_path / "x").exists()


def test_a_call_after_close_goes_on_in_a_new_file(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_text("a", "1")
    writer.close()
    assert writer.file_writer is None
    with pytest.raises(TypeError):
        writer.add_text("a", 3)
    assert len(everything_below(tmp_path)) == 1  # what fails opens nothing
    writer.add_text("a", "2")
    writer.close()
    assert len(everything_below(tmp_path)) == 2
    assert len(values_in(tmp_path)) == 2


@pytest.mark.parametrize(("in_one_run", "count"), [(False, 2), (True, 4)])  # with a layout in each file
def test_series_after_close_go_on_in_new_files(in_one_run, count, tmp_path):
    writer = SummaryWriter(tmp_path, scalars_in_one_run=in_one_run)
    for step in (1, 2):
        writer.add_scalars("t", {"a": float(step)}, step)
        writer.close()
    assert [step for _, step, _ in scalars_in(tmp_path if in_one_run else tmp_path / "t_a") if step] == [1, 2]
    assert len(values_in(tmp_path if in_one_run else tmp_path / "t_a")) == count


def test_purging_stands_first_and_once(tmp_path):
    with SummaryWriter(tmp_path, purge_step=7) as writer:
        writer.add_text("a", "1")
    first, second = events_in(tmp_path)
    assert (first.step, first.session_log.status) == (7, SessionLog.START)
    assert second.summary.value[0].tag == "a/text_summary"


def test_a_script_may_change_its_working_directory(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with SummaryWriter("run") as writer:
        monkeypatch.chdir("elsewhere")
        writer.add_scalar("a", 1.0)
        writer.add_scalars("g", {"x": 1.0})
        writer.add_hparams({}, {}, run_name="trial")
        writer.add_embedding([[1.0]])
    assert everything_below("") == []
    assert {path.name for path in (tmp_path / "run").iterdir() if "tfevents" not in path.name} == {
        "00000",
        "g_x",
        "projector_config.pbtxt",
        "trial",
    }


def test_flush_reaches_every_file(tmp_path):
    with SummaryWriter(tmp_path, flush_secs=NEVER) as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_scalars("g", {"x": 2.0, "y": 3.0}, 1)
        writer.flush()
        for folder, tag, value in (("", "a", 1.0), ("g_x", "g", 2.0), ("g_y", "g", 3.0)):
            assert scalars_in(tmp_path / folder) == [(tag, 1, value)]


@pytest.mark.parametrize(("step", "error"), [("7", TypeError), (2**63, ValueError), (float("nan"), ValueError)])
def test_a_purge_step_that_is_none_is_refused_and_no_file_is_made(step, error, tmp_path):
    with pytest.raises(error, match="purge_step"):
        SummaryWriter(tmp_path / "run", purge_step=step)
    assert everything_below(tmp_path) == []


def test_a_pickled_writer_is_its_configuration(tmp_path):
    options = {"format": "tf2", "filename_suffix": ".s", "scalars_in_one_run": True, "flush_secs": 30}
    with SummaryWriter(tmp_path, **options) as writer:
        writer.add_scalar("a", 1.0, 1)
        copy = pickle.loads(pickle.dumps(writer))
        assert {name: getattr(copy, name) for name in options} == options
        assert copy.log_dir == str(tmp_path)
        assert len(everything_below(tmp_path)) == 1  # it opens its file when it has something to write
        copy.add_scalars("b", {"x": 2.0}, 1)
        copy.close()
    assert len(everything_below(tmp_path)) == 2
    assert [tag for tag, _, _ in values_in(tmp_path)] == ["a", "custom_scalars__config__", "b/x"]


def test_threads_lose_nothing(tmp_path):
    def work(name):
        for step in range(100):
            writer.add_text(name, str(step), step)
            writer.add_scalars("s", {name: step}, step)

    with SummaryWriter(tmp_path, flush_secs=0.01) as writer:
        threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    texts = [(tag, step) for tag, step, _ in values_in(tmp_path)]
    for number in range(4):
        assert [step for tag, step in texts if tag == f"t{number}/text_summary"] == list(range(100))
        assert [step for _, step, _ in scalars_in(tmp_path / f"s_t{number}")] == list(range(100))


def test_threads_lose_and_repeat_nothing_while_another_closes(tmp_path):
    rounds, columns = 150, np.arange(10_000)  # several batches each
    with SummaryWriter(tmp_path, flush_secs=0.01) as writer:

        def log_all():
            try:
                for step in range(rounds):
                    writer.add_scalar("one", 1.0, step)
                    writer.add_text("text", "words", step)
                    writer.add_scalars("many", {"a": 1.0, "b": 2.0}, step)
                    if step % 50 == 0:
                        writer.add_scalar_columns(f"columns{step}", columns, columns)
            except BaseException as error:
                errors.append(error)
            finally:
                done.set()

        errors = []
        done = threading.Event()
        thread = threading.Thread(target=log_all)
        thread.start()
        while not done.wait(0.0005):
            writer.close()
        thread.join()
    assert errors == []
    steps = {}
    for tag, step, _ in values_in(tmp_path):
        steps.setdefault(tag, []).append(step)
    assert sorted(steps.pop("one")) == sorted(steps.pop("text/text_summary")) == list(range(rounds))
    assert {tag: sorted(each) for tag, each in steps.items()} == {
        f"columns{k}": columns.tolist() for k in range(0, rounds, 50)
    }
    for key in "ab":
        assert sorted(step for _, step, _ in scalars_in(tmp_path / f"many_{key}")) == list(range(rounds))


LOGGING = {
    "scalar": lambda writer: writer.add_scalar("t", 1.0, 7),
    "scalar of the new style": lambda writer: writer.add_scalar("t", 1.0, 7, new_style=True),
    "scalars": lambda writer: writer.add_scalars("t", {"a": 1.0, "b": 2.0, "c": 3.0}, 7),
    "columns": lambda writer: writer.add_scalar_columns("t", np.arange(10_000), np.arange(10_000)),
    "text": lambda writer: writer.add_text("t", "words", 7),
    "graph": lambda writer: writer.add_graph(GraphDef(node=[NodeDef(name="a", op="b")])),
    "charts": lambda writer: writer.add_custom_scalars({"a": {"b": ["Multiline", ["c"]]}}),
}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("log", LOGGING.values(), ids=LOGGING)
def test_a_call_that_finds_its_file_closed_goes_on_in_the_next(tmp_path, monkeypatch, log, together):
    left = 0  # the calls until one finds its file closed
    several = log in (LOGGING["scalars"], LOGGING["columns"])

    def closing(method):
        def call(*arguments):
            nonlocal left
            left -= 1
            if left == 0:
                writer.close()
            return method(*arguments)

        return call

    for name in "add_scalar", "_add":
        monkeypatch.setattr(EventFileWriter, name, closing(getattr(EventFileWriter, name)))
    with SummaryWriter(tmp_path / "closed", flush_secs=0, scalars_in_one_run=together) as writer:
        writer.add_scalars("t", {"a": 0.0, "b": 0.0, "c": 0.0}, 0)
        left = 2 if several else 1
        log(writer)
    monkeypatch.undo()
    with SummaryWriter(tmp_path / "open", flush_secs=0, scalars_in_one_run=together) as writer:
        writer.add_scalars("t", {"a": 0.0, "b": 0.0, "c": 0.0}, 0)
        log(writer)

    def everything_in(folder):
        events = [(run, event) for run in (".", "t_a", "t_b", "t_c") for event in events_in(folder / run)]
        is_layout = ["__config__" in str(event.summary) for _, event in events]
        texts = [(run, event.step, str(event.summary), str(event.graph_def)) for run, event in events]
        # Each file has the layout of the charts that its calls draw.
        return sorted(text for text, layout in zip(texts, is_layout, strict=True) if not layout), {
            text for text, layout in zip(texts, is_layout, strict=True) if layout
        }

    assert everything_in(tmp_path / "closed") == everything_in(tmp_path / "open")
    assert len(everything_below(tmp_path / "closed")) > len(everything_below(tmp_path / "open"))


def test_a_file_writer_that_the_script_closed_itself_refuses(writer):
    writer.file_writer.close()
    for log in LOGGING["scalar"], LOGGING["columns"], LOGGING["text"], LOGGING["graph"]:
        with pytest.raises(ValueError, match="accepts no more events"):
            log(writer)
    LOGGING["scalars"](writer)
    writer.all_writers[f"{writer.log_dir}/t_b"].close()
    with pytest.raises(ValueError, match="accepts no more events"):
        LOGGING["scalars"](writer)


def test_other_libraries_may_hand_over_their_own_messages(writer):
    theirs = pytest.importorskip("tensorboardX.summary", reason="makes the messages")
    writer._get_file_writer().add_summary(theirs.text("t", "words"), 5)
    assert last(writer)[2] == summary.text("t", "words").value[0]


def test_forms_have_names():
    assert ScalarForm("tf2") is ScalarForm.TF2

"""Hyperparameters of a run and of a whole folder, in torch's layout and in TF2's."""

import math
from pathlib import Path

import pytest
from event_files import scalar_event, version_event, write_events
from google.protobuf.struct_pb2 import ListValue, Value
from recorded_warnings import warnings_of

import tbevents
from tbevents.proto import Event, Experiment, HParamsPluginData, SessionEndInfo, SessionStartInfo, Summary, TensorProto
from tbevents.reading.frames import storable_columns

BUNDLED = Path(__file__).resolve().parent.parent / "data" / "corpus"


def metadata_only(tag, content, **value):
    message = Summary.Value(tag=tag, **value)
    message.metadata.plugin_data.plugin_name = "hparams"
    message.metadata.plugin_data.content = content.SerializeToString()
    return Event(summary=Summary(value=[message]))


def experiment(*metrics):
    infos = [{"name": {"group": group, "tag": tag}} for group, tag in metrics]
    data = HParamsPluginData(experiment=Experiment(name="e", metric_infos=infos))
    return metadata_only("_hparams_/experiment", data)


def session(parameters, *, group="", start=10.0, status=1, end=20.0, **value):
    info = SessionStartInfo(group_name=group, start_time_secs=start)
    for name, plain in parameters.items():
        field = {bool: "bool_value", float: "number_value", str: "string_value", list: "list_value"}[type(plain)]
        info.hparams[name].CopyFrom(Value(**{field: ListValue() if plain == [] else plain}))
    yield metadata_only("_hparams_/session_start_info", HParamsPluginData(session_start_info=info), **value)
    if status is not None:
        info = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=end))
        yield metadata_only("_hparams_/session_end_info", info, **value)


@pytest.fixture
def torch_layout(tmp_path):
    """Two experiments, each with a run of scalars and a folder below it that add_hparams made."""
    for name, parameters, accuracy in (
        ("one", {"lr": 0.1, "bn": True, "net": "mlp", "tag": "t1"}, 0.5),
        ("two", {"lr": 0.2, "bn": False, "net": "cnn", "depth": 3.0}, 0.75),
    ):
        write_events(
            tmp_path / name / "events.out.tfevents.1.h",
            [version_event(), *(scalar_event("loss", step, 1 / (step + 1)) for step in range(3))],
        )
        write_events(
            tmp_path / name / "1700000000.5" / "events.out.tfevents.2.h",
            [
                version_event(),
                experiment(("", "hparam/accuracy"), ("", "never logged")),
                *session(parameters),
                scalar_event("hparam/accuracy", 0, accuracy / 2),
                scalar_event("hparam/accuracy", 1, accuracy),
                scalar_event("other", 0, 9),
            ],
        )
    return tmp_path


def test_a_torch_session(torch_layout):
    run = tbevents.read_run(torch_layout / "one" / "1700000000.5")
    hparams = run.hparams
    assert hparams.parameters == {"bn": True, "lr": 0.1, "net": "mlp", "tag": "t1"}
    assert type(hparams.parameters["bn"]) is bool
    assert hparams.metrics == {"hparam/accuracy": 0.5}
    assert (hparams.status, hparams.start_time, hparams.end_time, hparams.group_name) == ("success", 10.0, 20.0, "")
    assert hparams.experiment.name == "e"
    assert tbevents.read_run(torch_layout / "one").hparams is None


def test_the_table_of_torch_sessions(torch_layout):
    table = tbevents.read_logdir(torch_layout).hparams()
    assert list(table.sessions) == ["one/1700000000.5", "two/1700000000.5"]
    assert table.parameters["depth"] == [None, 3.0]
    assert table.metrics == {"hparam/accuracy": [0.5, 0.75]}
    assert list(table._columns()) == [
        *("run", "group", "status", "start_time", "end_time"),
        *("bn", "lr", "net", "tag", "depth", "hparam/accuracy"),
    ]


def test_hparams_tables_as_data_frames(torch_layout):
    pandas = pytest.importorskip("pandas", reason="makes a pandas table")
    table = tbevents.read_logdir(torch_layout).hparams()
    frame = table.to_pandas()
    assert frame["lr"].tolist() == [0.1, 0.2]
    assert frame["bn"].dtype == bool
    assert math.isnan(frame["depth"][0])
    assert pandas.isna(frame["tag"][1])
    polars = pytest.importorskip("polars", reason="makes a polars table")
    assert table.to_polars()["depth"].to_list() == [None, 3.0]
    assert table.to_polars()["bn"].dtype == polars.Boolean
    pytest.importorskip("pyarrow", reason="makes an Arrow table")
    assert table.to_arrow()["net"].to_pylist() == ["mlp", "cnn"]


def test_the_scalars_of_torch_runs_are_joined_with_the_session_below_them(torch_layout):
    pytest.importorskip("pandas", reason="makes a pandas table")
    frame = tbevents.read_logdir(torch_layout).scalars("loss", hparams=True).to_pandas()
    assert frame["lr"].tolist() == [0.1] * 3 + [0.2] * 3
    assert frame["net"].tolist() == ["mlp"] * 3 + ["cnn"] * 3
    assert frame["bn"].tolist() == [True] * 3 + [False] * 3
    assert frame["hparam/tag"].tolist()[:3] == ["t1"] * 3, "a parameter named like a column gets a prefix"
    assert frame["hparam/tag"].isna().tolist() == [False] * 3 + [True] * 3
    assert frame["tag"].tolist() == ["loss"] * 6
    assert frame["depth"].isna().tolist() == [True] * 3 + [False] * 3


def test_columns_of_parameters_and_metrics_are_all_there_whatever_their_names(tmp_path):
    values = {"run": 1.0, "hparam/run": 2.0, "group": 3.0}
    events = [*session(values, start=0.0), *(scalar_event(tag, 0, 9) for tag in ("metric/group", "group", "loss"))]
    write_events(tmp_path / "events.out.tfevents.1.h", events)
    logdir = tbevents.read_logdir(tmp_path)
    columns = storable_columns(logdir.hparams())
    assert {name: cells for name, cells in columns.items() if "/" in name or name == "loss"} == {
        "hparam/hparam/run": [1.0],
        "hparam/run": [2.0],
        "hparam/group": [3.0],
        "metric/group": [9.0],
        "metric/metric/group": [9.0],
        "loss": [9.0],
    }
    columns = storable_columns(logdir.scalars("loss", hparams=True))
    assert [columns[name].tolist() for name in ("hparam/hparam/run", "hparam/run", "group")] == [[1.0], [2.0], [3.0]]


def test_tf2_with_the_experiment_at_the_root_and_metrics_in_folders(tmp_path):
    """Keras: sessions in folders; scalars in train and validation below them; null tensors beside the metadata."""
    null = {"tensor": TensorProto(dtype=1, tensor_shape={"dim": [{"size": 0}]})}
    write_events(
        tmp_path / "events.out.tfevents.1.h",
        [version_event(), experiment(("validation", "epoch_loss"), ("train", "epoch_loss"), ("", "top"))],
    )
    for number in (0, 1):
        folder = tmp_path / f"run-{number}"
        start = list(session({"units": 16.0 * number}, group=f"g{number}", status=3, end=0.0, **null))
        write_events(folder / "events.out.tfevents.1.h", [*start, scalar_event("top", 1, number)])
        write_events(folder / "train" / "events.out.tfevents.1.h", [scalar_event("epoch_loss", 1, 0.25)])
        write_events(folder / "validation" / "events.out.tfevents.1.h", [scalar_event("epoch_loss", 1, 0.5 + number)])
    logdir = tbevents.read_logdir(tmp_path)
    table = logdir.hparams()
    assert list(table.sessions) == ["run-0", "run-1"]
    assert table.metrics == {"validation/epoch_loss": [0.5, 1.5], "train/epoch_loss": [0.25, 0.25], "top": [0.0, 1.0]}
    assert (table.sessions["run-1"].status, table.sessions["run-1"].end_time) == ("running", None)
    assert table.sessions["run-1"].group_name == "g1"
    assert logdir["."].hparams.parameters == {}
    joined = logdir.scalars(hparams=True)
    units = joined.extra["units"]
    by_run = {joined.runs[code]: unit for code, unit in zip(joined.run_codes.tolist(), units.tolist(), strict=True)}
    assert by_run == {f"run-{n}{part}": 16.0 * n for n in (0, 1) for part in ("", "/train", "/validation")}


def test_the_experiment_next_above_a_session_names_its_metrics(tmp_path):
    for study, metric in (("one", "a"), ("two", "b")):
        write_events(tmp_path / study / "tfevents", [experiment(("", metric))])
        points = [scalar_event("a", 1, 1), scalar_event("b", 1, 2)]
        write_events(tmp_path / study / "deep" / "trial" / "tfevents", [*session({"x": 1.0}), *points])
    metrics = {run: dict(found.metrics) for run, found in tbevents.read_logdir(tmp_path).hparams().sessions.items()}
    assert metrics == {"one/deep/trial": {"a": 1.0}, "two/deep/trial": {"b": 2.0}}


def test_sessions_without_an_experiment_have_all_their_scalars_as_metrics(tmp_path):
    events = [*session({"x": 1.0}, status=None), scalar_event("loss", 1, 3), scalar_event("loss", 2, 2)]
    write_events(tmp_path / "events.out.tfevents.1.h", events)
    logdir = tbevents.read_logdir(tmp_path)
    assert logdir.hparams().metrics == {"loss": [2.0]}
    assert logdir["."].hparams.status == "unknown"


def test_the_first_start_and_end_count_and_odd_values_are_left_out(tmp_path):
    events = [*session({"x": 1.0, "list": []}), *session({"x": 2.0}, status=2)]
    write_events(tmp_path / "events.out.tfevents.1.h", events)
    hparams = tbevents.read_run(tmp_path).hparams
    assert (hparams.parameters, hparams.status) == ({"x": 1.0}, "success")


def test_hparams_come_with_a_reload(tmp_path):
    start, end = session({"x": 1.0})
    write_events(tmp_path / "events.out.tfevents.1.h", [start])
    run = tbevents.read_run(tmp_path)
    assert run.hparams.status == "unknown"
    write_events(tmp_path / "events.out.tfevents.1.h", [start, end, scalar_event("m", 1, 2)])
    assert run.reload().hparams.status == "success"
    assert run.hparams.metrics == {"m": 2.0}


def start_with(content):
    event = metadata_only("_hparams_/session_start_info", HParamsPluginData())
    event.summary.value[0].metadata.plugin_data.content = content
    return event


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"\xff", "holds no HParamsPluginData: "),
        (b"", "holds no HParamsPluginData with session_start_info"),
        (
            HParamsPluginData(experiment=Experiment(name="e")).SerializeToString(),
            "holds no HParamsPluginData with session_start_info",
        ),
        (
            HParamsPluginData(version=1, session_start_info=SessionStartInfo()).SerializeToString(),
            "holds HParamsPluginData of version 1",
        ),
    ],
)
def test_hparams_that_cannot_be_parsed_are_a_problem_of_their_run(tmp_path, content, wrong):
    write_events(tmp_path / "tfevents", [version_event(), start_with(content), scalar_event("loss", 1, 2)])
    with pytest.warns(tbevents.DamageWarning, match=wrong):
        run = tbevents.read_run(tmp_path)
    assert len(run.scalars["loss"]) == 1
    (problem,) = run.problems
    assert (problem.kind, problem.record) == ("bad_value", 1)
    assert wrong in problem.detail
    with pytest.raises(tbevents.PayloadError, match=f"tag '_hparams_/session_start_info' {wrong}"):
        _ = run.hparams
    assert run.table(hparams=True).values.tolist() == [2]
    with pytest.raises(tbevents.DamagedFileError, match=wrong):
        tbevents.read_run(tmp_path, strict=True)


def test_hparams_that_cannot_be_parsed_do_not_hide_those_of_other_runs(tmp_path):
    write_events(tmp_path / "bad" / "tfevents", [start_with(b"\xff"), scalar_event("loss", 1, 9)])
    for name in ("a", "b"):
        write_events(tmp_path / name / "tfevents", [*session({"x": float(ord(name))}), scalar_event("loss", 1, 2)])
    start, end = session({"x": 7.0})
    end.summary.value[0].metadata.plugin_data.content = b"\xff"
    write_events(tmp_path / "half" / "tfevents", [start, end])  # what can be parsed of it counts
    logdir = tbevents.read_logdir(tmp_path)
    with warnings_of(tbevents.DamageWarning) as warned:
        table = logdir.hparams()
    assert len(warned) == 2
    assert dict(zip(table.sessions, table.parameters["x"], strict=True)) == {"a": 97.0, "b": 98.0, "half": 7.0}
    assert [name for name, run in logdir.items() if run.problems] == ["bad", "half"]
    pytest.importorskip("pandas", reason="makes a pandas table")
    frame = logdir.scalars(hparams=True).to_pandas()
    assert frame["x"].fillna(0).tolist() == [97.0, 98.0, 0.0]
    assert frame["run"].tolist() == ["a", "b", "bad"]


def keras_sessions(folder):
    """What Keras' TensorBoard and hparams callbacks write where nobody called `hparams_config`."""
    for number, (train, validation) in {"0": (1.0, 2.0), "1": (3.0, 4.0), "deep/2": (5.0, None)}.items():
        run = folder / f"run-{number}"
        write_events(run / "events.out.tfevents.1.h", [version_event(), *session({"lr": float(number[-1])})])
        for group, value in (("train", train), ("validation", validation)):
            if value is not None:
                points = [scalar_event("epoch_loss", 0, 9.0), scalar_event("epoch_loss", 1, value)]
                write_events(run / group / "events.out.tfevents.2.h", [version_event(), *points])
    write_events(folder / "other" / "events.out.tfevents.1.h", [version_event(), scalar_event("epoch_loss", 0, 7.0)])


def test_sessions_without_an_experiment_have_the_scalars_below_them_as_metrics(tmp_path):
    keras_sessions(tmp_path)
    sessions = tbevents.read_logdir(tmp_path).hparams().sessions
    assert {run: dict(session.metrics) for run, session in sessions.items()} == {
        "run-0": {"train/epoch_loss": 1.0, "validation/epoch_loss": 2.0},
        "run-1": {"train/epoch_loss": 3.0, "validation/epoch_loss": 4.0},
        "run-deep/2": {"train/epoch_loss": 5.0},
    }


def test_a_session_in_the_logdir_itself_has_the_scalars_below_it_as_metrics(tmp_path):
    keras_sessions(tmp_path)
    (metrics,) = tbevents.read_logdir(tmp_path / "run-0").hparams().sessions.values()
    assert metrics.metrics == {"train/epoch_loss": 1.0, "validation/epoch_loss": 2.0}


def test_a_scalar_belongs_to_the_session_next_above_it(tmp_path):
    for name in ("a", "a/b"):
        write_events(tmp_path / name / "tfevents", [*session({"x": 1.0}), scalar_event("own", 0, len(name))])
    write_events(tmp_path / "a" / "b" / "c" / "tfevents", [scalar_event("below", 0, 5)])
    sessions = tbevents.read_logdir(tmp_path).hparams().sessions
    metrics = {run: dict(session.metrics) for run, session in sessions.items()}
    assert metrics == {"a": {"own": 1.0}, "a/b": {"own": 3.0, "c/below": 5.0}}


def test_the_real_experiment_of_the_corpus():
    table = tbevents.read_logdir(BUNDLED / "Alwaysproblem+tensorboard-review" / "logs").hparams()
    (session_of_run,) = table.sessions.values()
    assert session_of_run.parameters == {"dropout": 0.1, "num_units": 16.0, "optimizer": "adam"}
    assert table.metrics["accuracy"] == [pytest.approx(0.8397)]

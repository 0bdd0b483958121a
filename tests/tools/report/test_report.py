"""The report as a whole: what of the runs is in it."""

import base64
import copy
import os
import sys

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

from tbevents import SummaryWriter, read_logdir, read_run
from tbevents.errors import RunNotFoundError, UnknownNameError
from tbevents.format.tensors import from_array
from tbevents.proto import Event, Summary, SummaryMetadata
from tbevents.testing import MemoryWriter
from tbevents.tools.report import ReportLimits, report
from tbevents.tools.report.content import Content
from tools.report.pages import array, content, curve


@pytest.fixture
def out(tmp_path):
    return tmp_path / "report.html"


@pytest.fixture
def runs(tmp_path):
    """Two runs."""
    for name, scale in (("a", 1.0), ("b/c", 2.0)):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            for step in range(20):
                writer.add_scalar("train/loss", scale / (step + 1), step * 7, walltime=1e9 + step)
                writer.add_scalar("lr", scale * 0.1, step, walltime=1e9 + step)
    return tmp_path / "runs"


def test_every_point_is_in_the_page_exactly(runs, out):
    made = report(runs, out)
    data = content(out)
    assert (made.runs, made.points, made.drawn, made.problems) == (2, 80, 80, ())
    assert made.size == out.stat().st_size
    assert [run["name"] for run in data["runs"]] == ["a", "b/c"]
    for name, run in read_logdir(runs).items():
        for tag, series in run.scalars.items():
            steps, values, times = curve(data, tag, name)
            np.testing.assert_array_equal(steps, series.steps)
            np.testing.assert_array_equal(values, series.values)
            np.testing.assert_allclose(times, series.wall_times, atol=1e-3)


def test_corpus(shared, out):
    """Other people's runs: every scalar, as a curve or in the table, and every other value that is shown."""
    made = report(shared / "corpus", out)
    data = content(out)
    assert made.problems == ()
    logdir = read_logdir(shared / "corpus")
    sessions = logdir.hparams().sessions
    curves = {(data["runs"][line["run"]]["name"], card["tag"]) for card in data["scalars"] for line in card["lines"]}
    for name, run in logdir.items():
        for tag, series in run.scalars.items():
            if (name, tag) not in curves:
                assert (len(series), series.last.value) == (1, sessions[name].metrics[tag])
                continue
            steps, values, _ = curve(data, tag, name)
            np.testing.assert_array_equal(steps, series.steps)
            np.testing.assert_array_equal(values, series.values)
    for kind in ("histograms", "images", "texts", "pr_curves"):
        assert {card["tag"] for card in data[kind]} == {tag for run in logdir.values() for tag in getattr(run, kind)}


def test_the_rate_is_paired_with_the_loss(runs, out):
    report(runs, out)
    data = content(out)
    (beside,) = data["rates"]
    assert [data["scalars"][place]["tag"] for place in beside["rates"]] == ["lr"]
    assert data["scalars"][beside["loss"]]["tag"] == "train/loss"


def test_rates_with_one_loss_share_it(tmp_path, out):
    with SummaryWriter(tmp_path / "run") as writer:
        for tag in ("lr/0", "loss", "lr/1", "lr/momentum"):
            writer.add_scalar(tag, 0.1, 0)
    report(tmp_path / "run", out)
    assert content(out)["rates"] == [{"rates": [1, 2], "loss": 0}]


def test_a_rate_without_a_loss_stands_alone(tmp_path, out):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("lr", 0.1, 0)
    report(tmp_path / "run", out)
    assert content(out)["rates"] == [{"rates": [0], "loss": -1}]


def test_tags_and_runs_are_chosen(runs, out):
    report(runs, out, tags=["train/*"], runs=["b*"])
    data = content(out)
    assert [card["tag"] for card in data["scalars"]] == ["train/loss"]
    assert [run["name"] for run in data["runs"]] == ["b/c"]


@pytest.mark.parametrize(("options", "message"), [({"tags": ["los"]}, "train/loss"), ({"runs": ["b/d"]}, "b/c")])
def test_a_name_that_is_not_there_is_an_error_that_names_the_nearest(runs, out, options, message):
    with pytest.raises(UnknownNameError, match=message):
        report(runs, out, **options)
    assert not out.exists()


def test_a_run_a_file_a_mapping_and_a_run_in_memory(runs, out):
    (file,) = (runs / "a").iterdir()
    writer = MemoryWriter()
    writer.add_scalar("train/loss", 1.0, 0)
    for source, names in (
        (runs / "a", ["."]),
        (file, ["."]),
        (read_run(runs / "a"), ["a"]),
        (read_logdir(runs), ["a", "b/c"]),
        ({"first": read_run(runs / "a"), "second": writer.run}, ["first", "second"]),
    ):
        report(source, out)
        assert [run["name"] for run in content(out)["runs"]] == names


def test_runs_and_tags_are_in_the_order_in_which_people_count(tmp_path, out):
    runs = {}
    for name in ("run10", "run9", "Run8"):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            for tag in ("layer10", "layer9", "acc"):
                writer.add_scalar(tag, 1.0, 0)
        runs[name] = read_run(tmp_path / "runs" / name)
    report(tmp_path / "runs", out)
    assert [run["name"] for run in content(out)["runs"]] == ["Run8", "run9", "run10"]
    assert [card["tag"] for card in content(out)["scalars"]] == ["acc", "layer9", "layer10"]
    report(runs, out)  # whoever gives a mapping has chosen its order
    assert [run["name"] for run in content(out)["runs"]] == ["run10", "run9", "Run8"]


def test_nothing_to_report(tmp_path, out):
    with pytest.raises(ValueError, match="there are no runs to report"):
        report(tmp_path, out)
    with pytest.raises(RunNotFoundError):
        report(tmp_path / "missing", out)


def test_a_run_without_any_values_makes_a_page_all_the_same(tmp_path, out):
    write_events(tmp_path / "events.out.tfevents.1.x", [version_event()])
    assert report(tmp_path, out).points == 0
    assert content(out)["scalars"] == []


def test_a_page_that_cannot_be_made_leaves_the_old_one(runs, out):
    out.write_text("old")
    with pytest.raises(UnknownNameError):
        report(runs, out, tags=["missing"])
    assert out.read_text() == "old"
    with pytest.raises(IsADirectoryError):
        report(runs, out.parent)


def test_long_curves_are_thinned_and_it_is_said(tmp_path, out):
    values = np.sin(np.arange(10_000))
    values[777] = 50
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar_columns("long", np.arange(10_000), values)
        writer.add_scalar_columns("short", np.arange(100), np.arange(100.0))
    made = report(tmp_path / "run", out, limits=ReportLimits(points=100))
    data = content(out)
    steps, kept, _ = curve(data, "long", ".")
    assert len(steps) <= 100
    assert 777 in steps
    assert {0, 9999} <= set(steps.tolist())
    assert kept.max() == 50
    assert len(curve(data, "short", ".")[0]) == 100
    assert made.points == 10_100
    assert "curves of more than 100 points are thinned" in data["notes"][0]
    assert f"({made.drawn:,} of 10,100 points are here)" in data["notes"][0]


def test_hyperparameters_with_the_last_metrics(tmp_path, out):
    for rate in (0.1, 0.2):
        with SummaryWriter(tmp_path / "runs" / str(rate)) as writer:
            writer.add_hparams({"rate": rate, "on": rate > 0.1, "name": "x"}, {"final": rate * 2, "odd": float("nan")})
    report(tmp_path / "runs", out)
    table = content(out)["hparams"]
    assert table["parameters"] == ["name", "on", "rate"]
    assert table["metrics"] == ["final", "odd"]
    assert [row["parameters"] for row in table["rows"]] == [["x", False, 0.1], ["x", True, 0.2]]
    assert [row["metrics"][0] for row in table["rows"]] == pytest.approx([0.2, 0.4])
    assert [row["metrics"][1] for row in table["rows"]] == ["NaN", "NaN"]


def torch_session(folder, name="1700000000.5"):
    with SummaryWriter(folder) as writer:
        for step in range(3):
            writer.add_scalar("loss", step, step)
        writer.add_hparams({"rate": 0.1}, {"hparam/final": 0.5}, run_name=name)


def test_a_session_below_its_run_belongs_to_it(tmp_path, out):
    for name in ("a", "b"):
        torch_session(tmp_path / "runs" / name)
    report(tmp_path / "runs", out)
    data = content(out)
    assert [run["name"] for run in data["runs"]] == ["a", "b"]
    assert [card["tag"] for card in data["scalars"]] == ["loss"]
    assert [line["run"] for line in data["scalars"][0]["lines"]] == [0, 1]
    table = data["hparams"]
    assert [(row["runs"], row["label"], row["metrics"]) for row in table["rows"]] == [
        ([0], "a", [0.5]),
        ([1], "b", [0.5]),
    ]


def test_findings_about_a_session_are_those_of_its_run(tmp_path, out):
    for name in ("a", "b"):
        torch_session(tmp_path / "runs" / name)
    finding = {"tag": "loss", "step": 1, "severity": "error", "code": "TB101", "rule": "nan", "summary": "x"}
    names = ["a", "a/1700000000.5", "b", "gone"]
    report(tmp_path / "runs", out, findings=[{**finding, "run": name} for name in names])
    assert [each["run"] for each in content(out)["findings"]] == [0, 0, 1, -1]


def test_the_content_is_the_same_whenever_it_is_asked_for(tmp_path):
    for name in ("a", "b"):
        torch_session(tmp_path / name)
    made = Content(ReportLimits())
    for name, run in read_logdir(tmp_path).items():
        made.add(name, run)
    first = copy.deepcopy(made.as_json())
    assert made.as_json() == first
    assert [line["run"] for line in first["scalars"][0]["lines"]] == [0, 1]


def test_several_sessions_of_one_run_are_its_rows(tmp_path, out):
    for name in ("1700000000.5", "1700000001.25"):
        torch_session(tmp_path / "runs", name)
    report(tmp_path / "runs", out)
    data = content(out)
    assert [(run["name"], run["label"]) for run in data["runs"]] == [(".", "runs")]
    assert [row["runs"] for row in data["hparams"]["rows"]] == [[0], [0]]
    assert [row["name"] for row in data["hparams"]["rows"]] == ["1700000000.5", "1700000001.25"]


def test_curves_below_a_session_are_its_row(tmp_path, out):
    """As Keras writes them."""
    for name in ("s1", "s2"):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            writer.add_hparams({"units": 8}, {}, run_name=".")
        for part in ("train", "validation"):
            with SummaryWriter(tmp_path / "runs" / name / part) as writer:
                for step in range(3):
                    writer.add_scalar("epoch_loss", step, step)
    report(tmp_path / "runs", out)
    data = content(out)
    assert [run["label"] for run in data["runs"]] == ["s1/train", "s1/validation", "s2/train", "s2/validation"]
    assert [(row["label"], row["runs"]) for row in data["hparams"]["rows"]] == [("s1", [0, 1]), ("s2", [2, 3])]


def test_a_session_with_curves_stays_a_run(tmp_path, out):
    with SummaryWriter(tmp_path / "runs") as writer:
        writer.add_scalar("other", 1.0, 0)
    with SummaryWriter(tmp_path / "runs" / "s") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_scalar("loss", 0.5, 1)
        writer.add_hparams({"rate": 0.1}, {"hparam/final": 0.5}, run_name=".")
    report(tmp_path / "runs", out)
    data = content(out)
    assert [run["name"] for run in data["runs"]] == [".", "s"]
    assert [card["tag"] for card in data["scalars"]] == ["loss", "other"]
    assert [row["runs"] for row in data["hparams"]["rows"]] == [[1]]


def test_what_else_a_session_logged_is_shown_with_its_run(tmp_path, out):
    torch_session(tmp_path / "runs" / "a")
    torch_session(tmp_path / "runs" / "b")
    with SummaryWriter(tmp_path / "runs" / "a" / "1700000000.5") as writer:
        writer.add_text("note", "x", 0)
        writer.add_scalar("extra", 1.0, 0)
    report(tmp_path / "runs", out)
    data = content(out)
    assert [line["run"] for line in data["texts"][0]["lines"]] == [0]
    assert [card["tag"] for card in data["scalars"]] == ["extra", "loss"]


def test_runs_have_short_names(tmp_path, out):
    for name in ("sweep/seed_1/logs", "sweep/seed_2/logs"):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, 0)
    report(tmp_path, out)
    assert [(run["name"], run["label"]) for run in content(out)["runs"]] == [
        ("sweep/seed_1/logs", "seed_1"),
        ("sweep/seed_2/logs", "seed_2"),
    ]


def test_texts_histograms_and_precision_and_recall(tmp_path, out):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(5):
            writer.add_text("note", f"text {step}" + "x" * 100, step)
            writer.add_histogram("weights", np.arange(100.0) + step, step)
            writer.add_pr_curve("quality", [0, 1, 1], [0.1, 0.4, 0.9], step, num_thresholds=11)
    report(tmp_path / "run", out, limits=ReportLimits(steps=3, text=20))
    data = content(out)
    assert [item["step"] for item in data["texts"][0]["lines"][0]["items"]] == ["0", "2", "4"]
    assert data["texts"][0]["lines"][0]["items"][1]["texts"] == ["text 2" + "x" * 14]
    assert "texts are cut after 20 characters (3 times)" in data["notes"]
    assert any(note.startswith("3 steps are shown of tags that have more values") for note in data["notes"])
    heat = data["histograms"][0]["lines"][0]
    assert heat["count"] == 5
    assert array(data["arrays"], heat["steps"]).tolist() == [0, 2, 4]
    counts = array(data["arrays"], heat["counts"]).reshape(3, heat["buckets"])
    np.testing.assert_allclose(counts.sum(axis=1), 100, rtol=1e-5)
    item = data["pr_curves"][0]["lines"][0]["items"][0]
    curve_ = read_run(tmp_path / "run").pr_curves["quality"][0]
    np.testing.assert_array_equal(array(data["arrays"], item["recall"]), curve_.recall[-2::-1])
    np.testing.assert_array_equal(array(data["arrays"], item["precision"]), curve_.precision[-2::-1])


@pytest.mark.parametrize(("rows", "columns", "shape"), [(4, 3, [2, 3]), (2, 9, [1, 7]), (1, 9, [1, 7])])
def test_tables_of_texts_are_bounded_by_whole_rows(tmp_path, out, rows, columns, shape):
    array = np.array([[f"{row},{column}" for column in range(columns)] for row in range(rows)])
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    value = Summary.Value(tag="table", metadata=metadata, tensor=from_array(array))
    write_events(tmp_path / "run" / "events.out.tfevents.1.x", [version_event(), Event(summary=Summary(value=[value]))])
    report(tmp_path / "run", out, limits=ReportLimits(texts=7))
    data = content(out)
    (item,) = data["texts"][0]["lines"][0]["items"]
    assert item["shape"] == shape
    assert item["texts"] == [f"{row},{column}" for row in range(shape[0]) for column in range(shape[1])]
    assert "of a step, the first 7 texts are shown" in data["notes"]


def test_descriptions_are_cut_as_texts_are(tmp_path, out):
    metadata = SummaryMetadata(summary_description="d" * 50)
    value = Summary.Value(tag="loss", metadata=metadata, simple_value=1.0)
    write_events(tmp_path / "run" / "events.out.tfevents.1.x", [version_event(), Event(summary=Summary(value=[value]))])
    report(tmp_path / "run", out, limits=ReportLimits(text=20))
    assert content(out)["scalars"][0]["description"] == "d" * 20
    assert "texts are cut after 20 characters" in content(out)["notes"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are UTF-8 elsewhere")
def test_a_folder_whose_name_is_no_utf_8(tmp_path, out):
    logdir = tmp_path / os.fsdecode(b"logs\xff")
    with SummaryWriter(logdir / os.fsdecode(b"run\xfe")) as writer:
        writer.add_scalar("loss", 1.0, 0)
    report(logdir, out)
    data = content(out)
    assert (data["title"], data["runs"][0]["name"]) == ("logs\udcff", "run\udcfe")


def test_pictures_are_bounded_together(tmp_path, out):
    pytest.importorskip("PIL", reason="shows pictures")
    rng = np.random.default_rng(0)
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(4):
            writer.add_image("noise", rng.random((3, 64, 64)), step)
    report(tmp_path / "run", out, limits=ReportLimits(media=30_000))
    data = content(out)
    items = data["images"][0]["lines"][0]["items"]
    assert [len(item["pictures"]) for item in items] == [1, 0, 0, 0]
    assert 15_000 < len(items[0]["pictures"][0]["source"]) <= 30_000
    assert any("are left out (3 times)" in note for note in data["notes"])


def test_a_picture_or_sound_that_is_too_large_leaves_room_for_others(tmp_path, out):
    pytest.importorskip("PIL", reason="shows pictures")
    rng = np.random.default_rng(0)
    with SummaryWriter(tmp_path / "run") as writer:
        for step, size in enumerate((64, 8, 8)):
            writer.add_image("noise", rng.random((3, size, size)), step)
            writer.add_audio("tone", rng.random(size * 100), step, sample_rate=8000)
    report(tmp_path / "run", out, limits=ReportLimits(media=8_000))
    data = content(out)
    assert [len(item["pictures"]) for item in data["images"][0]["lines"][0]["items"]] == [0, 1, 1]
    assert [len(item["sounds"]) for item in data["audio"][0]["lines"][0]["items"]] == [0, 1, 1]


def test_without_pillow_the_page_says_what_is_missing(tmp_path, out, monkeypatch):
    image = Summary.Image(height=1, width=1, colorspace=3, encoded_image_string=b"x")
    event = Event(wall_time=1.0, summary=Summary(value=[Summary.Value(tag="picture", image=image)]))
    write_events(tmp_path / "run" / "events.out.tfevents.1.x", [version_event(), event])
    monkeypatch.setitem(sys.modules, "PIL", None)
    made = report(tmp_path / "run", out)
    assert made.problems == ()
    assert any("tbevents[image]" in note for note in content(out)["notes"])


def test_damage_is_a_problem_of_its_run(runs, out):
    (file,) = (runs / "a").iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    made = report(runs, out)
    assert made.points == 79
    first, second = content(out)["runs"]
    assert len(first["problems"]) == 1
    assert str(file) in first["problems"][0]
    assert second["problems"] == []
    assert made.problems == tuple(first["problems"])


def test_what_cannot_be_decoded_is_a_problem_and_the_rest_is_there(tmp_path, out):
    histogram = Summary.Value(tag="broken")
    histogram.histo.bucket_limit.append(1.0)  # an edge for no bucket
    events = [version_event(), Event(step=1, summary=Summary(value=[histogram])), scalar_event("loss", 1, 0.5)]
    write_events(tmp_path / "run" / "events.out.tfevents.1.x", events)
    made = report(tmp_path / "run", out)
    assert len(made.problems) == 1
    assert "tag 'broken', step 1" in made.problems[0]
    assert made.points == 1


def test_what_the_page_does_not_show_is_counted(tmp_path, out):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_mesh("mesh", np.zeros((1, 3, 3)), global_step=0)
        writer.add_tensor("tensor", np.zeros(3), 0)
    report(tmp_path / "run", out)
    assert content(out)["others"] == {"meshes": 1, "tensors": 1}


def test_tags_that_are_not_shown_count_once_and_graphs_and_embeddings_by_run(tmp_path, out):
    for name in ("a", "b"):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            writer.add_mesh("mesh", np.zeros((1, 3, 3)), global_step=0)
            writer.add_tensor("tensor", np.zeros(3), 0)
            writer.add_graph(b"\n\x03\n\x01a")
            writer.add_embedding(np.zeros((3, 2)), metadata=["x", "y", "z"])
    report(tmp_path / "runs", out)
    assert content(out)["others"] == {"meshes": 1, "tensors": 1, "graph": 2, "embeddings": 2}


def test_points_of_the_table_of_hyperparameters_are_not_points_of_curves(tmp_path, out):
    for name in ("a", "b"):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            for step in range(50):
                writer.add_scalar("loss", step, step)
            writer.add_hparams({"rate": 0.1}, {"final": 1.0}, run_name="hparams")
    made = report(tmp_path / "runs", out, limits=ReportLimits(points=10))
    assert made.points == content(out)["points"] == 100
    assert made.drawn < 40
    assert f"{made.drawn} of 100 points are here" in content(out)["notes"][0]


def test_sounds_are_in_the_page_as_they_are(tmp_path, out):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(2):
            writer.add_audio("tone", np.sin(np.arange(800) / 9), step, sample_rate=8000)
    report(tmp_path / "run", out)
    (card,) = content(out)["audio"]
    (line,) = card["lines"]
    assert [(item["step"], item["about"], len(item["sounds"])) for item in line["items"]] == [
        ("0", "0.1 s, 8000 Hz", 1),
        ("1", "0.1 s, 8000 Hz", 1),
    ]
    encoded = line["items"][0]["sounds"][0].removeprefix("data:audio/wav;base64,")
    assert base64.b64decode(encoded) == read_run(tmp_path / "run").audio["tone"][0].encoded
    report(tmp_path / "run", out, limits=ReportLimits(media=1000))
    data = content(out)
    assert not any(item["sounds"] for item in data["audio"][0]["lines"][0]["items"])
    assert "pictures and sounds beyond" in data["notes"][0]


def test_precision_and_recall_end_where_nothing_is_predicted_any_more(tmp_path, out):
    """As in TensorBoard, which has no drop to (0, 0)."""
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_pr_curve("quality", [0, 1, 1], [0.1, 0.4, 0.6], 0, num_thresholds=11)
    report(tmp_path / "run", out)
    data = content(out)
    (item,) = data["pr_curves"][0]["lines"][0]["items"]
    recall, precision, thresholds = (array(data["arrays"], item[key]) for key in ("recall", "precision", "thresholds"))
    assert thresholds.max() == pytest.approx(0.6)
    assert precision.min() > 0
    assert recall.min() > 0


def test_fifty_runs_are_below_15_mb(tmp_path, out):
    rng = np.random.default_rng(0)
    for run in range(50):
        with SummaryWriter(tmp_path / "runs" / f"{run:02}") as writer:
            times = 1.7e9 + np.cumsum(rng.random(1000))
            for tag in range(10):
                writer.add_scalar_columns(f"tag{tag}", np.arange(1000), rng.random(1000), times)
    made = report(tmp_path / "runs", out)
    assert made.drawn == 500_000
    assert made.size < 6e6


@pytest.mark.parametrize(
    "limits", [{"points": 7}, {"points": 10.0}, {"steps": 0}, {"pixels": True}, {"media": -1}, {"text": "long"}]
)
def test_limits_are_checked(limits):
    ((name, value),) = limits.items()
    with pytest.raises((TypeError, ValueError), match=rf"{name} must be (a whole number|at least \d), not {value!r}"):
        ReportLimits(**limits)


def test_findings_are_plain_data_of_which_the_first_are_listed(tmp_path, out):
    write_events(tmp_path / "runs" / "a" / "events.out.tfevents.1.x", [version_event(), scalar_event("loss", 1, 0.5)])
    finding = {"tag": "loss", "step": 1, "severity": "info", "code": "TB301", "rule": "x", "summary": "it", "value": 1}
    report(tmp_path / "runs", out, findings=[{**finding, "run": "a"}, *[{**finding, "run": "b"}] * 510])
    data = content(out)
    assert (len(data["findings"]), data["more_findings"]) == (500, 11)
    kept = {key: value for key, value in finding.items() if key != "value"}
    assert data["findings"][0] == {**kept, "name": "a", "run": 0}
    assert data["findings"][1] == {**kept, "name": "b", "run": -1}
    report(tmp_path / "runs", out)
    assert content(out)["findings"] == []

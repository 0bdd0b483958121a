"""What a board answers: runs and tags, curves, cards, reports."""

import json
import math
import os
import shutil
import threading
import time

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("httpx", reason="Starlette's test client needs httpx")
from live_page.conftest import curves, tag_number, wait_until
from tbevents import SummaryWriter, UnknownNameError, read_run

HOSTILE = ["</script><script>alert(1)</script>", "../../etc/passwd", "%2e%2e/", "\u202e\x00\u2028", "__proto__"]


@pytest.fixture
def long(tmp_path):
    """A run of 20,000 points with a spike, a NaN and an infinity, and a short one."""
    values = np.sin(np.arange(20_000) / 500)
    values[[7_777, 12_345, 15_000]] = 100.0, math.nan, math.inf
    with SummaryWriter(tmp_path / "long") as writer:
        writer.add_scalar_columns("loss", np.arange(20_000), values, 1.7e9 + np.arange(20_000))
    with SummaryWriter(tmp_path / "short") as writer:
        writer.add_scalar_columns("loss", np.array([0, 2**60]), np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    return tmp_path


def test_the_runs_are_listed_before_they_are_read(long, make_board, monkeypatch):
    from tbevents.live_page import run_opener as module

    gate = threading.Event()
    opened = module.open_run
    monkeypatch.setattr(module, "open_run", lambda *args, **options: (gate.wait(20), opened(*args, **options))[1])
    board = make_board(long, read=False)
    told = board.changes(0)
    assert [run["name"] for run in told["runs"]] == ["long", "short"]
    assert told["unread"] == 2
    assert "kinds" not in told["runs"][0]
    gate.set()
    wait_until(lambda: board.changes(0)["unread"] == 0)
    assert all("kinds" in run for run in board.changes(told["version"])["runs"])


def test_short_curves_are_whole_and_long_ones_keep_their_extremes(long, make_board, client):
    board = make_board(long)
    number = tag_number(board, "scalars", "loss")
    found = curves(client(board).get(f"/api/scalars?tag={number}&runs=0-1&points=300"))
    assert found[1]["steps"].tolist() == [0, 2**60]
    assert found[1]["values"].tolist() == [1, 2]
    assert (found[1]["start"] + found[1]["offsets"]).tolist() == [5, 6]
    assert len(found[0]["values"]) <= 300
    assert found[0]["count"] == 20_000
    assert {7_777, 12_345, 15_000, 0, 19_999} <= set(found[0]["steps"].tolist())
    run = read_run(long / "long").scalars["loss"]
    np.testing.assert_array_equal(found[0]["values"], run.values[found[0]["order"]])
    np.testing.assert_array_equal(found[0]["steps"], run.steps[found[0]["order"]])
    np.testing.assert_allclose(found[0]["start"] + found[0]["offsets"], run.wall_times[found[0]["order"]], atol=2e-3)


@pytest.mark.parametrize(
    ("axis", "low", "high"),
    [("step", 1000, 1100), ("order", 1000, 1100), ("relative", 1000, 1100), ("wall", 1.7e9 + 1000, 1.7e9 + 1100)],
)
def test_a_zoom_brings_all_points_within_and_one_to_either_side(long, make_board, client, axis, low, high):
    board = make_board(long)
    number = tag_number(board, "scalars", "loss")
    answer = client(board).get(f"/api/scalars?tag={number}&runs=0&points=300&axis={axis}&from={low}&to={high}")
    assert curves(answer)[0]["order"].tolist() == list(range(999, 1102))


def test_a_series_that_is_unchanged_is_neither_sent_nor_read_again(tmp_path, make_board, client, monkeypatch):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        board = make_board(tmp_path)
        path = f"/api/scalars?tag={tag_number(board, 'scalars', 'loss')}&runs=0"
        inside = client(board)
        first = inside.get(path)
        again = {"If-None-Match": first.headers["etag"]}
        monkeypatch.setattr(board, "run", None)  # calling it would raise
        unchanged = inside.get(path, headers=again)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        monkeypatch.undo()
        writer.add_scalar("loss", 2.0, 1)
        writer.flush()
        board.look()
        wait_until(lambda: inside.get(path, headers=again).status_code == 200)
        assert curves(inside.get(path, headers=again))[0]["values"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("tag=x", 400),
        ("tag=-1", 400),
        ("tag=../..", 400),
        ("tag=999999", 404),
        ("tag=99999999999999999999", 400),
        ("tag=0&runs=..%2F..%2Fetc%2Fpasswd", 400),
        ("tag=0&runs=long", 400),
        ("tag=0&runs=1-", 400),
        ("tag=0&runs=-1", 400),
        ("tag=0&points=3", 400),
        ("tag=0&points=99999999", 400),
        ("tag=0&axis=depth&runs=0", 400),
        ("tag=0&from=1", 400),
        ("tag=0&from=nan&to=nan", 400),
        ("tag=0&from=2&to=1", 400),
        ("tag=0&from=x&to=1", 400),
        ("tag=0&runs=0-999999999", 200),
        ("tag=0&runs=77", 200),
        ("tag=0&runs=", 200),
        ("tag=0&runs=0&from=-inf&to=inf", 200),
    ],
)
def test_parameters_are_numbers_within_bounds(long, make_board, client, query, status):
    inside = client(make_board(long))
    answer = inside.get(f"/api/scalars?{query}")
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_an_answer_says_nothing_of_other_tags_or_runs(long, make_board, client):
    board = make_board(long)
    assert client(board).get("/api/scalars?tag=999999").text == "no tag 999999\n"
    with pytest.raises(UnknownNameError, match=r"^no run 77$"):
        board.run(77)


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/api/../../x", "/%2e%2e/%2e%2e/etc/passwd", "/api/", "/long"])
def test_there_are_no_paths_but_those_of_the_api(long, make_board, client, path):
    assert client(make_board(long)).get(path).status_code == 404


def test_hostile_names_are_json_and_only_in_the_answers_of_the_api(tmp_path, make_board, client):
    with SummaryWriter(tmp_path / "<b>run") as writer:
        for text in HOSTILE:
            writer.add_scalar(text, 1.0, 0)
            writer.add_text(text, text, 0)
    board = make_board({"<i>": str(tmp_path), "b": str(tmp_path)})
    inside = client(board)
    told = json.loads(json.dumps(board.changes(0), allow_nan=False))
    assert [run["name"] for run in told["runs"]] == ["<i>/<b>run", "b/<b>run"]
    assert {each["tag"] for each in told["tags"] if each["kind"] == "scalars"} == set(HOSTILE)
    page = inside.get("/").text
    assert "<i>" not in page
    assert "&lt;i&gt;, b" in page
    number = tag_number(board, "texts", f"{HOSTILE[0]}/text_summary")
    answer = inside.get(f"/api/card?tag={number}&runs=0")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["lines"][0]["items"][0]["texts"] == [HOSTILE[0]]


def test_cards_are_those_of_a_report_by_number_of_the_run(tmp_path, make_board, client):
    pytest.importorskip("PIL", reason="shows pictures")
    for name in ("a", "b"):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_histogram("weights", np.arange(10.0), 3)
            if name == "b":
                writer.add_image("picture", np.zeros((3, 4, 5)), 7)
    board = make_board(tmp_path)
    inside = client(board)
    picture = inside.get(f"/api/card?tag={tag_number(board, 'images', 'picture')}&runs=0-1").json()
    (line,) = picture["lines"]
    assert line["run"] == 1
    assert line["items"][0]["step"] == "7"
    assert (line["items"][0]["pictures"][0]["width"], line["items"][0]["pictures"][0]["height"]) == (5, 4)
    heat = inside.get(f"/api/card?tag={tag_number(board, 'histograms', 'weights')}&runs=0-1").json()
    assert [line["run"] for line in heat["lines"]] == [0, 1]
    assert inside.get(f"/api/scalars?tag={tag_number(board, 'images', 'picture')}&runs=0").status_code == 404


def test_hyperparameters_are_one_table_of_all_runs(tmp_path, make_board, client):
    for rate in (0.1, 0.01):
        with SummaryWriter(tmp_path / f"r{rate}") as writer:
            writer.add_hparams({"rate": rate}, {"final": math.nan}, run_name="hp")
    board = make_board(tmp_path, memory=1)  # runs are let go of at once
    table = client(board).get("/api/hparams").json()
    assert table["parameters"] == ["rate"]
    assert [row["parameters"] for row in table["rows"]] == [[0.01], [0.1]]
    assert {row["metrics"][table["metrics"].index("final")] for row in table["rows"]} == {"NaN"}


def test_a_report_has_what_is_asked_for(long, make_board, client):
    board = make_board(long)
    inside = client(board)
    answer = inside.post("/api/report", json={"runs": [1], "tags": [tag_number(board, "scalars", "loss")]})
    assert answer.headers["content-disposition"].startswith("attachment")
    assert '"name":"short"' in answer.text
    assert '"name":"long"' not in answer.text
    assert "connect-src" not in answer.text
    for wrong in (b"", b"[]", b"{}", b'{"runs": 3}', b'{"runs": ["x"], "tags": []}', b"[" * 100_000):
        headers = {"Content-Type": "application/json"}
        assert inside.post("/api/report", content=wrong, headers=headers).status_code == 422
    assert inside.post("/api/report", json={"runs": [0] * 600_000, "tags": []}).status_code == 413


def test_a_run_that_cannot_be_read_is_a_problem_and_the_others_go_on(tmp_path, make_board):
    with SummaryWriter(tmp_path / "good") as writer:
        writer.add_scalar("loss", 1.0, 0)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "events.out.tfevents.1.x").write_bytes(b"\x89PNG" + bytes(100))
    told = {run["name"]: run for run in make_board(tmp_path).changes(0)["runs"]}
    assert told["good"]["kinds"]["scalars"]
    assert "not an event file" in " ".join(told["bad"]["problems"]) or told["bad"]["problems"]


def test_what_happens_below_a_logdir_is_told(tmp_path, make_board):
    def told(name):
        return next(run for run in board.changes(0)["runs"] if run["name"] == name)

    with SummaryWriter(tmp_path / "a") as writer:
        for step in range(100):
            writer.add_scalar("loss", step, step)
    board = make_board(tmp_path)
    with SummaryWriter(tmp_path / "b") as writer:
        writer.add_scalar("loss", 1.0, 0)
    since = board.changes(0)["version"]
    board.look()
    wait_until(lambda: "kinds" in told("b"))
    assert [run["name"] for run in board.changes(since)["runs"]] == ["b"]  # nothing else is told again
    (file,) = (tmp_path / "a").iterdir()
    os.truncate(file, file.stat().st_size // 2)
    board.look()
    wait_until(lambda: told("a")["epoch"] == 1)
    assert told("a")["kinds"]["scalars"][0][1] < 100
    assert "read again" in told("a")["news"]
    assert told("a")["problems"] == []
    shutil.rmtree(tmp_path / "a")
    board.look()
    assert told("a") == {"number": 0, "name": "a", "label": "a", "owner": 0, "gone": True}
    assert board.names() == {1: "b"}
    shutil.rmtree(tmp_path / "b")
    tmp_path.rmdir()
    board.look()
    assert "no such" in board.changes(0)["problems"][0]
    with SummaryWriter(tmp_path / "b") as writer:
        writer.add_scalar("loss", 5.0, 0)
    board.look()
    wait_until(lambda: "kinds" in told("b"))
    assert told("b")["number"] == 1
    assert board.changes(0)["problems"] == []
    assert board.run(1).scalars["loss"].values.tolist() == [5]


def test_the_loss_beside_a_rate_is_told_again_when_a_run_logs_it_or_goes(tmp_path, make_board):
    def log(name, *tags):
        with SummaryWriter(tmp_path / name) as writer:
            for tag in tags:
                writer.add_scalar(tag, 1.0, 0)

    def look(unread=0):
        since = board.changes(0)["version"]
        board.look()
        wait_until(lambda: not board.is_reading and (board.changes(0)["unread"] == unread))
        return (board.changes(since) or {}).get("rates")

    log("a", "lr")
    log("b", "loss")
    board = make_board(tmp_path)
    lr, loss = tag_number(board, "scalars", "lr"), tag_number(board, "scalars", "loss")
    assert board.changes(0)["rates"] == [{"rates": [lr], "loss": -1}]
    log("a", "loss")  # both tags are known
    assert look() == [{"rates": [lr], "loss": loss}]
    log("a", "loss")
    assert look() is None  # what is unchanged is not told again
    shutil.rmtree(tmp_path / "a")
    log("c", "lr")
    assert look() == [{"rates": [lr], "loss": -1}]
    shutil.rmtree(tmp_path / "c")
    assert look() == []


def test_runs_are_let_go_of_within_the_bound_and_read_again(tmp_path, make_board):
    for name in "abcdef":
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar_columns("loss", np.arange(10_000), np.arange(10_000.0))
    board = make_board(tmp_path, memory=700_000)
    wait_until(lambda: len(board.changes(0)["runs"]) == 6)
    assert sum(run.run is not None for run in board._runs) == 2
    for number in range(6):
        assert len(board.run(number).scalars["loss"]) == 10_000
    assert [run.number for run in board._runs if run.run is not None] == [4, 5]
    board.run(4)
    board.run(0)
    assert [run.number for run in board._runs if run.run is not None] == [0, 4]


def test_closing_ends_the_threads_and_a_second_call_does_nothing(tmp_path, make_board):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    board = make_board(tmp_path)
    called = []
    with board.watching(lambda: called.append(1)):
        board.close()
        board.close()
    assert called
    wait_until(lambda: not [each for each in threading.enumerate() if each.name.startswith("tbevents-board")])


def test_a_logdir_can_be_a_url(tmp_path, make_board, client):
    fsspec = pytest.importorskip("fsspec", reason="URLs need the extra remote")
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        memory = fsspec.filesystem("memory")
        (file,) = (tmp_path / "run").iterdir()

        def put():
            memory.pipe(f"/board-test/run/{file.name}", file.read_bytes())

        put()
        board = make_board({"bucket": "memory://board-test"})
        assert board.names() == {0: "bucket/run"}
        writer.add_scalar("loss", 2.0, 1)
        writer.flush()
        put()
        board.look()
        inside, number = client(board), tag_number(board, "scalars", "loss")
        wait_until(lambda: board.states([(0, 0)], "scalars", "loss")[0][2] == 2)
        assert curves(inside.get(f"/api/scalars?tag={number}&runs=0"))[0]["values"].tolist() == [1, 2]
    memory.rm("/board-test", recursive=True)


def test_runs_in_a_folder_that_cannot_be_listed_for_a_while_stay(tmp_path, make_board, monkeypatch):
    for name in ("away/a", "away/deep/b", "awake", "gone"):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, 0)
    board = make_board(tmp_path)
    before = board.names()
    scan = os.scandir

    def scandir(path):
        if str(path) == str(tmp_path / "away"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    shutil.rmtree(tmp_path / "gone")
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        board.look()
        assert sorted(board.names().values()) == ["awake", "away/a", "away/deep/b"]
        assert board.changes(0)["problems"] == [f"{tmp_path / 'away'}: Permission denied"]
        assert "kinds" in told_runs(board)["away/a"]
    shutil.rmtree(tmp_path / "away" / "deep")
    board.look()
    assert sorted(board.names().values()) == ["awake", "away/a"]
    assert board.names().items() <= before.items()  # under their numbers
    assert (board.changes(0)["problems"], told_runs(board)["away/a"]["epoch"]) == ([], 0)


def test_runs_in_a_folder_of_a_url_that_cannot_be_listed_stay(make_board, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.get_filesystem_class("memory")
    monkeypatch.setattr(
        memory, "find", fsspec.AbstractFileSystem.find
    )  # as most file systems, it lists folder by folder
    monkeypatch.setattr(memory, "store", {})
    monkeypatch.setattr(memory, "pseudo_dirs", [""])
    for name in ("away/a", "awake"):
        with SummaryWriter(f"memory://kept/{name}") as writer:
            writer.add_scalar("loss", 1.0, 0)
    board = make_board({"": "memory://kept/"})
    ls = memory.ls

    def away(self, path, *args, **options):
        if path.strip("/") == "kept/away":
            raise PermissionError(13, "Permission denied", path)
        return ls(self, path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(memory, "ls", away)
        board.look()
    assert sorted(board.names().values()) == ["awake", "away/a"]
    assert board.changes(0)["problems"] == ["memory://kept/away: Permission denied"]


def test_what_browsers_ask_for_by_themselves_is_there(board, client):
    answer = client(board).get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text.startswith("<svg ")


def told_runs(board):
    return {run["name"]: run for run in board.changes(0)["runs"]}


def test_names_are_told_without_what_all_have_in_common(tmp_path, make_board):
    for name in ("sweep/lr_0.1/seed_1", "sweep/lr_0.1/seed_2"):
        with SummaryWriter(tmp_path / name) as writer:
            writer.add_scalar("loss", 1.0, 0)
    board = make_board(tmp_path)
    assert [run["label"] for run in told_runs(board).values()] == ["seed_1", "seed_2"]
    since = board.changes(0)["version"]
    with SummaryWriter(tmp_path / "sweep/lr_0.2/seed_1") as writer:
        writer.add_scalar("loss", 1.0, 0)
    board.look()
    wait_until(lambda: board.changes(0)["unread"] == 0)
    labels = {run["name"]: run["label"] for run in board.changes(since)["runs"]}  # those that have changed are told
    assert labels == {
        "sweep/lr_0.1/seed_1": "lr_0.1/seed_1",
        "sweep/lr_0.1/seed_2": "lr_0.1/seed_2",
        "sweep/lr_0.2/seed_1": "lr_0.2/seed_1",
    }
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0, 0)
    board.look()
    assert told_runs(board)["."]["label"] == tmp_path.name


def test_a_session_of_hyperparameters_belongs_to_its_run(tmp_path, make_board, client):
    for name in ("a", "b"):
        with SummaryWriter(tmp_path / name) as writer:
            for step in range(3):
                writer.add_scalar("loss", 1.0 / (step + 1), step)
            if name == "a":
                writer.add_hparams({"rate": 0.1}, {"hparam/final": 0.5}, run_name="hp")
    board = make_board(tmp_path)
    told = told_runs(board)
    numbers = {name: run["number"] for name, run in told.items()}
    assert {name: run["owner"] for name, run in told.items()} == {
        "a": numbers["a"],
        "a/hp": numbers["a"],
        "b": numbers["b"],
    }
    assert [told[name]["label"] for name in ("a", "b")] == ["a", "b"]
    assert told["a/hp"]["kinds"].get("scalars", []) == []  # its metric is a number of the table
    (row,) = client(board).get("/api/hparams").json()["rows"]
    assert row["runs"] == [numbers["a"]]
    shutil.rmtree(tmp_path / "a/hp")
    board.look()
    assert told_runs(board)["a/hp"]["gone"]
    assert told_runs(board)["a"]["owner"] == numbers["a"]


def test_a_large_run_is_shown_while_it_is_read(long, make_board, client, monkeypatch):
    from tbevents.live_page import run_opener

    monkeypatch.setattr(run_opener, "SMALL", 1000)
    monkeypatch.setattr(run_opener, "_LARGE", 100_000)
    monkeypatch.setattr(run_opener, "PART", 50_000)
    gate = threading.Event()
    read_on = run_opener.RunOpener.read_on
    monkeypatch.setattr(run_opener.RunOpener, "read_on", lambda *args: (gate.wait(20), read_on(*args))[1])
    board = make_board(long)
    first = told_runs(board)["long"]
    (number, count) = first["kinds"]["scalars"][0]
    assert first["part"]
    assert 0 < count < 20_000
    inside = client(board)
    assert curves(inside.get(f"/api/scalars?tag={number}&runs=0-1"))[0]["count"] == count
    gate.set()
    wait_until(lambda: not told_runs(board)["long"]["part"])
    assert told_runs(board)["long"]["kinds"]["scalars"][0] == [number, 20_000]
    assert told_runs(board)["long"]["epoch"] == 0
    run = read_run(long / "long").scalars["loss"]
    assert board.run(0).scalars["loss"] == run


def test_a_large_run_that_was_let_go_of_is_read_whole_again(long, make_board, monkeypatch):
    from tbevents.live_page import run_opener

    monkeypatch.setattr(run_opener, "SMALL", 1000)
    monkeypatch.setattr(run_opener, "_LARGE", 100_000)
    monkeypatch.setattr(run_opener, "PART", 50_000)
    board = make_board(long, memory=1)
    wait_until(lambda: not told_runs(board)["long"]["part"])
    board.run(1)  # which lets go of the other
    assert board._runs[0].run is None
    assert len(board.run(0).scalars["loss"]) == 20_000
    told = told_runs(board)["long"]
    assert (told["epoch"], told["problems"], told["part"]) == (0, [], False)


def test_a_report_has_all_of_a_run_of_which_a_part_was_read(long, make_board, monkeypatch):
    from tbevents.live_page import run_opener

    monkeypatch.setattr(run_opener, "SMALL", 1000)
    monkeypatch.setattr(run_opener, "_LARGE", 100_000)
    monkeypatch.setattr(run_opener, "PART", 50_000)
    reader = run_opener.RunOpener.read_on

    def read_on(*arguments, **options):
        if threading.current_thread().name.startswith("tbevents-board-read"):
            raise OSError("the disk is away")
        return reader(*arguments, **options)

    monkeypatch.setattr(run_opener.RunOpener, "read_on", read_on)
    board = make_board(long)
    wait_until(lambda: told_runs(board)["long"]["problems"] == ["the disk is away"])
    assert told_runs(board)["long"]["kinds"]["scalars"][0][1] < 20_000
    assert len(dict(board.runs([0], whole=True))[0].scalars["loss"]) == 20_000
    told = told_runs(board)["long"]
    assert (told["kinds"]["scalars"][0][1], told["part"], told["problems"]) == (20_000, False, [])


def test_a_run_whose_first_reading_fails_is_told_of_and_is_read_once_it_can_be(tmp_path, make_board, monkeypatch):
    from tbevents.live_page import run_opener

    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)

    def fail(*_arguments):
        raise OSError("the disk is away")

    with monkeypatch.context() as patch:
        patch.setattr(run_opener.RunOpener, "open", fail)
        patch.setattr(run_opener.RunOpener, "open_together", fail)
        board = make_board(tmp_path)
        assert told_runs(board)["run"]["problems"] == ["the disk is away"]
        assert told_runs(board)["run"]["kinds"] == {}
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 2.0, 1)
    board.look()
    wait_until(lambda: told_runs(board)["run"]["kinds"])
    assert told_runs(board)["run"]["problems"] == []


def test_runs_that_were_let_go_of_are_read_together_again(tmp_path, make_board, monkeypatch):
    from tbevents.live_page import run_opener

    for number in range(12):
        with SummaryWriter(tmp_path / f"{number:02}") as writer:
            for step in range(50):
                writer.add_scalar("loss", float(number), step)
    board = make_board(tmp_path, memory=1)
    for followed in board._runs:  # the thread that has read them may hold them still
        with followed.reading:
            pass
    alone = []
    monkeypatch.setattr(run_opener.RunOpener, "open", lambda _self, followed: alone.append(followed))
    board._kept.memory = 2**30
    values = {number: run.scalars["loss"].last.value for number, run in board.runs(range(12))}
    assert values == {number: float(number) for number in range(12)}
    assert alone == []


def test_a_page_that_opens_does_not_list_the_logdir_again_at_once(tmp_path, make_board, monkeypatch):
    from tbevents.live_page import board as module

    monkeypatch.setattr(module, "_INTERVAL", 0.3)
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    board = make_board(tmp_path, read=False)
    listed = []
    list_runs = module.list_runs
    monkeypatch.setattr(module, "list_runs", lambda *args: (listed.append(time.monotonic()), list_runs(*args))[1])
    due = board._next_look
    with board.watching(lambda: None):
        wait_until(lambda: listed)
    assert listed[0] >= due


def test_runs_with_equal_counts_share_them(tmp_path, make_board):
    for name in "abc":
        with SummaryWriter(tmp_path / name) as writer:
            for step in range(3 if name == "c" else 2):
                writer.add_scalar("loss", step, step)
    board = make_board(tmp_path)
    told = {run["name"]: run["kinds"]["scalars"] for run in board.changes(0)["runs"]}
    assert told == {"a": [[0, 2]], "b": [[0, 2]], "c": [[0, 3]]}
    a, b, c = (run.summary.counts for run in board._runs)
    assert a is b
    assert a is not c


def test_what_the_last_runs_hold_is_told_as_soon_as_they_are_read(tmp_path, make_board, monkeypatch):
    """Not only after the pause between two messages."""
    import asyncio

    from tbevents.live_page import app, run_opener

    monkeypatch.setattr(app, "_BREATH", 30.0)
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    gate = threading.Event()
    opened = run_opener.open_run
    monkeypatch.setattr(run_opener, "open_run", lambda *args, **options: (gate.wait(20), opened(*args, **options))[1])
    board = make_board(tmp_path, read=False)

    async def first_two():
        stream = app._Handlers(board, "'none'")._stream(0)
        texts = [await asyncio.wait_for(stream.__anext__(), 20)]
        gate.set()
        texts.append(await asyncio.wait_for(stream.__anext__(), 20))
        await stream.aclose()
        return [json.loads(text.partition("data: ")[2]) for text in texts]

    first, second = asyncio.run(first_two())
    assert (first["unread"], second["unread"]) == (1, 0)
    assert second["runs"][0]["kinds"] == {"scalars": [[0, 1]]}

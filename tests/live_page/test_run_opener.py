"""Which runs a board reads, keeps and lets go of."""

import threading

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("httpx", reason="Starlette's test client needs httpx")
from live_page.conftest import curves, told_runs, wait_until
from tbevents import SummaryWriter, read_run


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

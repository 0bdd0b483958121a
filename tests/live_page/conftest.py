"""A board in this process, and a client of its API."""

import json
import math
import struct

import numpy as np
import pytest

TOKEN = "a-secret-of-the-tests"


def wait_until(condition, most=20.0):
    import time

    until = time.monotonic() + most
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def make_board():
    """Makes boards that are closed at the end; each has read its runs."""
    from tbevents.live_page import Board

    made = []

    def make(logdirs, *, read=True, **options):
        board = Board(logdirs if isinstance(logdirs, dict) else {"": str(logdirs)}, **options)
        made.append(board)
        if read:
            wait_until(lambda: board.changes(0)["unread"] == 0)
        return board

    yield make
    for board in made:
        board.close()


@pytest.fixture
def long(tmp_path):
    """A run of 20,000 points with a spike, a NaN and an infinity, and a short one."""
    from tbevents import SummaryWriter

    values = np.sin(np.arange(20_000) / 500)
    values[[7_777, 12_345, 15_000]] = 100.0, math.nan, math.inf
    with SummaryWriter(tmp_path / "long") as writer:
        writer.add_scalar_columns("loss", np.arange(20_000), values, 1.7e9 + np.arange(20_000))
    with SummaryWriter(tmp_path / "short") as writer:
        writer.add_scalar_columns("loss", np.array([0, 2**60]), np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    return tmp_path


@pytest.fixture
def board(tmp_path, make_board):
    """A board of one run of one point."""
    from tbevents import SummaryWriter

    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    return make_board(tmp_path)


@pytest.fixture
def client():
    """Makes a client that has the cookie of a board."""
    from starlette.testclient import TestClient

    from tbevents.live_page.app import make_app

    def make(board, *, signed_in=True, base_url="http://localhost:6007", **options):
        options = {"token": TOKEN, **options}
        client = TestClient(make_app(board, **options), base_url=base_url, raise_server_exceptions=False)
        if signed_in and options["token"] is not None:
            root = options.get("root_path", "")
            answer = client.get(f"{root}/?token={TOKEN}", follow_redirects=False)
            assert answer.status_code == 303
        return client

    return make


def told_runs(board):
    """What a board tells of its runs, by name."""
    return {run["name"]: run for run in board.changes(0)["runs"]}


def tag_number(board, kind, tag):
    (number,) = (each["number"] for each in board.changes(0)["tags"] if (each["kind"], each["tag"]) == (kind, tag))
    return number


def curves(answer):
    """The curves in an answer of binary columns, as the page decodes them: number of the run -> line."""
    data = answer.content
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    columns = []
    for entry in head["arrays"]:
        if "range" in entry:
            first, stride, count = entry["range"]
            columns.append(first + stride * np.arange(count))
        else:
            assert (start + entry["at"]) % 8 == 0
            columns.append(np.frombuffer(data, f"<{entry['type']}", entry["count"], start + entry["at"]))
    keys = ("steps", "order", "offsets", "values")
    return {line["run"]: {**line, **{key: columns[line[key]] for key in keys}} for line in head["lines"]}

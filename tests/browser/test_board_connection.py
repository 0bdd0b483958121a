"""A page whose board does not answer, or not yet: what it says, and that it tries again."""

import contextlib
import http.client
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

pytest.importorskip("selenium", reason="drives the browser")
pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")

from browser.page import Address, points
from tbevents import SummaryWriter


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a board; or answers all with an error, 502 as where the board is gone."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), _Forward)
        self.board_port = port
        self.down = False
        self.asked = []
        self.open = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def fail(self, status=502):
        self.down, self.status = True, status
        for connection in self.open:
            connection.sock.shutdown(socket.SHUT_RDWR)


class _Forward(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.down:
            self.send_error(self.server.status)
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.server.board_port, timeout=60)
        connection.request(self.command, self.path, headers=dict(self.headers))
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        self.end_headers()
        if "event-stream" in answer.getheader("content-type", ""):
            self.server.open.append(connection)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while data := answer.read1():
                self.wfile.write(data)

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def proxy():
    """Opens the board of a page through a proxy of its own, which is returned."""
    made = []

    def between(page):
        port = urlsplit(page.url).port
        made.append(Proxy(port))
        page.open(Address(page.url.replace(str(port), str(made[-1].server_port))))
        return made[-1]

    yield between
    for each in made:
        each.shutdown()
        each.server_close()


def test_a_board_that_has_not_heard_of_its_runs_yet_says_that_they_are_listed(tmp_path, board, proxy, monkeypatch):
    told = threading.Event()
    forward = _Forward.do_GET

    def do_get(self):
        if "api/events" in self.path:
            told.wait(60)
        forward(self)

    page = board(tmp_path)
    monkeypatch.setattr(_Forward, "do_GET", do_get)
    proxy(page)
    page.expect_text("main p:not(#nothing)", "The runs are being listed.")
    told.set()
    page.expect_text("main p:not(#nothing)", "Nothing has been logged yet that this page shows.")


def test_a_board_behind_a_proxy_that_fails_is_followed_again(tmp_path, board, proxy):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        page = board(tmp_path)
        between = proxy(page)
        page.wait(lambda: points(page, "loss") == 1)
        between.fail()
        page.wait(lambda: "does not answer; trying again in" in page.one("#live").text)
        between.asked.clear()
        page.wait(lambda: sum("api/events" in path for path in between.asked) >= 2)
        page.wait(lambda: "trying again in 4 s" in page.one("#live").text)  # less and less often
        between.down = False
        writer.add_scalar("loss", 2.0, 1)
        writer.flush()
        page.wait(lambda: page.one("#live").text == "Live")
        page.wait(lambda: points(page, "loss") == 2)
        page.driver.get_log("browser")  # the browser's own words about the failures


def test_a_page_of_a_board_that_was_started_again_says_that_there_is_a_new_url(tmp_path, board, proxy):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    page = board(tmp_path)
    between = proxy(page)
    page.wait(lambda: points(page, "loss") == 1)
    page.run(
        "window.said = []; const live = document.getElementById('live');"
        "new MutationObserver(() => window.said.push(live.textContent))"
        ".observe(live, {childList: true, characterData: true, subtree: true})"
    )
    between.asked.clear()
    between.fail(401)
    page.wait(lambda: sum("api/events" in path for path in between.asked) >= 2)
    page.wait(lambda: page.run("return window.said.length"))
    assert set(page.run("return window.said")) == {"The board was started again: open the new URL that it printed."}
    page.driver.get_log("browser")  # the browser's own words about the failures


def test_a_page_says_that_its_board_has_ended_and_tries_again(training, board):
    page = board(training)
    page.wait(lambda: page.one("#live").text.startswith("Live"))
    page.process.send_signal(signal.SIGINT)
    page.process.communicate(timeout=20)
    page.wait(lambda: "does not answer; trying again in 4 s" in page.one("#live").text)
    page.driver.get_log("browser")

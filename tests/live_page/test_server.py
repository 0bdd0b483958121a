"""The server of a board, from Python."""

import errno
import socket
import threading
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")
from live_page.conftest import wait_until
from tbevents.live_page import Address, BoardServer


def page_of(url):
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with client.open(url, timeout=20) as answer:
        return answer.read().decode(), answer.headers


def serving_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("tbevents-board")]


def test_a_board_is_served_on_a_thread_until_it_is_stopped(board):
    server = BoardServer(board, Address(port=0))
    server.start()
    text, headers = page_of(server.url)
    assert "<title>" in text
    assert headers["X-Frame-Options"] == "DENY"
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    client.open(server.url, timeout=20)
    stream = client.open(f"{server.url.partition('?')[0]}api/events", timeout=20)  # a page that is open
    assert stream.readline().startswith(b"id: ")
    server.stop()
    server.stop()
    with pytest.raises(urllib.error.URLError):
        page_of(server.url)
    assert board.closed
    wait_until(lambda: not serving_threads())


def test_a_server_that_was_not_started_gives_its_port_back(board, make_board, tmp_path):
    server = BoardServer(board, Address(port=0, token=False))
    port = int(server.url.rpartition(":")[2].strip("/"))
    server.stop()
    again = BoardServer(make_board(tmp_path), Address(port=port))
    again.start()
    assert "<title>" in page_of(again.url)[0]
    again.stop()


def test_localhost_is_served_on_both_addresses_that_it_stands_for(board):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = BoardServer(board, Address(host="localhost", port=0, token=False))
    server.start()
    port = int(server.url.rpartition(":")[2].strip("/"))
    assert server.url == f"http://localhost:{port}/"
    for host in ("127.0.0.1", "[::1]"):
        assert "<title>" in page_of(f"http://{host}:{port}/")[0]
    server.stop()


def test_an_address_without_ipv6_is_served_on_the_other_one(board, monkeypatch):
    from tbevents.live_page import address

    bind = address._bind

    def refuse(family, *args, **options):
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return bind(family, *args, **options)

    monkeypatch.setattr(address, "_bind", refuse)
    (bound,) = Address(host="localhost", port=0).bind()
    bound.close()
    with pytest.raises(OSError, match=r"::1:0: Cannot assign"):
        Address(host="::1", port=0).bind()


def test_a_port_that_is_in_use_on_one_of_the_addresses_is_refused_and_a_free_one_is_free_on_both():
    try:
        taken = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = taken.getsockname()[1]
    with taken, pytest.raises(OSError, match=rf"localhost:{port}: .*; choose another with --port"):
        Address(host="localhost", port=port).bind()
    socket.create_server(("127.0.0.1", port)).close()  # nothing is left bound
    bound = Address(host="localhost", port=0).bind()
    assert len({each.getsockname()[1] for each in bound}) == 1
    for each in bound:
        each.close()


def test_a_notebook_of_this_machine_may_show_the_board_in_a_frame(board):
    server = BoardServer(board, Address(port=0, framed=True))
    server.start()
    _, headers = page_of(server.url)
    server.stop()
    assert headers["X-Frame-Options"] is None
    (ancestors,) = (
        part for part in headers["Content-Security-Policy"].split("; ") if part.startswith("frame-ancestors")
    )
    assert ancestors.split()[1:] == [
        *(f"{scheme}://{host}:*" for scheme in ("http", "https") for host in ("localhost", "127.0.0.1")),
        "'self'",
        "vscode-webview:",
        "vscode-file:",
    ]


def test_a_board_in_a_frame_needs_no_cookie_but_the_token_in_its_path(board):
    server = BoardServer(board, Address(port=0, framed=True))
    server.start()
    assert "?" not in server.url
    base, _, token = server.url.strip("/").rpartition("/")

    def status(url, **headers):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
                assert "Set-Cookie" not in answer.headers
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code if error.headers["X-Content-Type-Options"] == "nosniff" else None

    assert status(server.url) == 200
    assert status(f"{server.url}api/hparams") == 200
    assert status(server.url, Host="hub.example.org") == 200  # as a proxy may leave it
    for path in (
        "",
        "/",
        "/api/hparams",
        f"/{token[:-1]}/",
        f"/{token}x/api/hparams",
        f"/x/{token}/",
        f"/?token={token}",
    ):
        assert status(f"{base}{path}") == 401
    server.stop()

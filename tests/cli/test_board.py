"""``tbevents board`` as a process: its URL, its end, its errors; and what clients leave behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

pytest.importorskip("click", reason="the command line needs click")
pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")
from tools.report.pages import content


@pytest.fixture
def serving():
    """Starts a board; returns its process and the URL that it prints. It must end on Ctrl-C without another word."""
    started = []

    def start(*arguments, opens=False, env=None):
        command = [sys.executable, "-m", "tbevents.cli", "board", *map(str, arguments), "--port", "0"]
        command += [] if opens else ["--no-open"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        started.append(process)
        url = process.stdout.readline().strip()
        if not url:
            pytest.fail(process.communicate(timeout=20)[1])
        return process, url

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "Ctrl-C ends it\n")
        assert process.returncode == 0


def browser(url):
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    answer = client.open(url, timeout=20)
    assert answer.status == 200
    assert "token" not in answer.url
    return client, answer.url


def threads(process):
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Threads:"))


def test_the_url_alone_is_printed_and_opens_the_page(many, serving):
    _, url = serving(many)
    assert url.startswith("http://127.0.0.1:")
    client, base = browser(url)
    assert b"<title>" in client.open(base, timeout=20).read()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(base, timeout=20)
    assert "server" not in {name.lower() for name in client.open(base, timeout=20).headers}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no xdg-open")
def test_without_a_screen_nothing_is_started_that_would_print_the_url_again(demo, tmp_path, serving):
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text('#!/bin/sh\necho "no method available for opening $1" >&2\n')
    opener.chmod(0o755)
    env = {name: text for name, text in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    _, url = serving(demo, opens=True, env={**env, "PATH": f"{opener.parent}{os.pathsep}{env['PATH']}"})
    browser(url)


def test_it_ends_on_an_interrupt_also_while_pages_are_open(many, serving):
    _, url = serving(many)
    client, base = browser(url)
    stream = client.open(f"{base}api/events", timeout=20)
    assert stream.readline().startswith(b"id: ")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_clients_that_close_are_let_go_of(many, serving):
    process, url = serving(many)
    client, base = browser(url)
    for _ in range(30):
        stream = client.open(f"{base}api/events", timeout=20)
        stream.readline()
        stream.close()
    until = time.monotonic() + 20
    while len(os.listdir(f"/proc/{process.pid}/fd")) > 20:
        assert time.monotonic() < until, "connections are left"
        time.sleep(0.05)
    assert threads(process) < 30


def test_without_a_token_the_url_has_none(demo, serving):
    _, url = serving(demo, "--no-token")
    assert "?" not in url
    assert urllib.request.urlopen(url, timeout=20).status == 200


def test_several_logdirs_are_one_board(demo, many, serving):
    import json

    _, url = serving(f"a={demo}", f"b={many}")
    client, base = browser(url)
    names = set()
    with client.open(f"{base}api/events", timeout=20) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                names |= {run["name"] for run in json.loads(line[6:])["runs"]}
            if len(names) == 201:
                break
    assert "a" in names
    assert "b/group-00/run-000" in names


@pytest.mark.parametrize("host", ["nosuch.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_an_error_that_names_the_option(demo, cli, host):
    result = cli("board", demo, "--no-open", "--port", "0", "--host", host)
    assert result.status == 2
    assert f"{host}:0: " in result.err
    assert "--host must be a name or address of this machine" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_port_in_use_is_an_error_that_names_it(demo, cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("board", demo, "--no-open", "--port", port)
    assert result.status == 2
    assert result.out == ""
    assert f"127.0.0.1:{port}: " in result.err
    assert "--port" in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no such file or folder"),
        (["DEMO", "--no-token", "--host", "0.0.0.0"], "must be on the loopback address"),
        (["DEMO", "--host", "no.such.host.invalid"], "no.such.host.invalid"),
        (["DEMO", "--allowed-host", "*"], "must be a host name"),
        (["a=DEMO", "a=DEMO"], "two logdirs are named 'a'"),
        (["DEMO", "--memory", "0"], "--memory"),
        ([], "LOGDIR"),
    ],
)
def test_wrong_arguments_are_named(demo, cli, arguments, message):
    result = cli("board", *(part.replace("DEMO", str(demo)) for part in arguments), "--no-open")
    assert result.status == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_a_missing_extra_is_named(demo, cli, monkeypatch, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "tbevents.live_page.app", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    result = cli("board", demo, "--no-open")
    assert result.status == 2
    assert "pip install 'tbevents[board]'" in result.err


def test_a_report_of_all_runs_is_written(demo, many, cli, tmp_path):
    out = tmp_path / "page.html"
    result = cli("board", f"a={demo}", f"b={many}", "--export", out)
    assert (result.status, result.out) == (0, "")
    assert result.err.startswith(f"{out}: 201 runs, 620 points, ")
    data = content(out)
    assert data["title"] == "a, b"
    names = [run["name"] for run in data["runs"]]
    assert (names[0], names[1], names[-1]) == ("a", "b/group-00/run-000", "b/group-19/run-199")
    assert "connect-src" not in out.read_text("utf-8")


def test_the_report_of_one_logdir_is_that_of_the_command_report(demo, damaged, cli, tmp_path):
    shown, made = (
        cli(*command)
        for command in (
            ["board", damaged, "--export", tmp_path / "board.html"],
            ["report", damaged, "-o", tmp_path / "report.html"],
        )
    )
    assert (shown.status, shown.err) == (made.status, made.err.replace("report.html", "board.html"))
    assert "checksum" in shown.err
    ours, theirs = (content(tmp_path / name) for name in ("board.html", "report.html"))
    assert {**ours, "made": ""} == {**theirs, "made": ""}
    (file,) = demo.iterdir()
    assert "is an event file, which is not replaced" in cli("board", demo, "--export", file).err


@pytest.mark.parametrize(
    ("logdir", "message"), [("empty", "empty: there are no runs to report"), ("no", "no such file")]
)
def test_a_report_of_nothing_is_an_error(cli, tmp_path, logdir, message):
    (tmp_path / "empty").mkdir()
    result = cli("board", tmp_path / logdir, "--export", tmp_path / "page.html")
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert not (tmp_path / "page.html").exists()

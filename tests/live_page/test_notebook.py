"""The board in a cell of a notebook."""

import contextlib
import html
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from importlib import util
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the board needs the extra board")
pytest.importorskip("uvicorn", reason="the board needs the extra board")

import tbevents
from live_page.conftest import wait_until
from tbevents.live_page import child_process, notebook

pytestmark = pytest.mark.slow  # most tests start a process


@pytest.fixture
def runs(tmp_path):
    with tbevents.SummaryWriter(tmp_path / "runs" / "<a>") as writer:
        writer.add_scalar("loss", 0.5, 0)
    return tmp_path / "runs"


@pytest.fixture
def show(monkeypatch):
    """`tbevents.board` on a machine of its own; what it starts is ended."""
    for name in notebook._REMOTE:
        monkeypatch.delenv(name, raising=False)
    views = []

    def make(*arguments, **options):
        views.append(tbevents.board(*arguments, **options))
        return views[-1]

    yield make
    for view in views:
        view.close()


def test_the_code_of_its_page_shows_a_board(runs, show, monkeypatch):
    page = (Path(__file__).resolve().parents[2] / "docs" / "board.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(runs.parent)
    board, views = tbevents.board, []
    monkeypatch.setattr(tbevents, "board", lambda *arguments, **options: views.append(board(*arguments, **options)))
    try:
        for block in blocks:
            exec(block, {"tbevents": tbevents})
        assert is_served(views[0].url)
        assert [view.url.startswith("/user/me/proxy/") for view in views] == [False, True]
    finally:
        for view in views:
            view.close()


def test_the_process_runs_nothing_of_the_working_directory(runs, show, tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("import os\nos._exit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    assert is_served(show(runs).url)


def fetched(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def is_served(url):
    try:
        return "<title>" in fetched(url)
    except (urllib.error.URLError, ConnectionError):
        return False


def test_a_cell_shows_the_board_in_a_frame(show, runs):
    view = show(runs, height=500)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{40,}/", view.url)
    assert is_served(view.url)
    assert not is_served(view.url[:-2] + "/")
    shown = view._repr_html_()
    assert f'<iframe src="{view.url}"' in shown
    assert "height:500px" in shown
    assert repr(view) == f"<Board of runs at {view.url}>"


def test_a_second_call_shows_the_same_board(show, runs, monkeypatch):
    view = show(runs)
    monkeypatch.chdir(runs.parent)
    assert show("runs").url == view.url
    assert show(tbevents.read_logdir(runs)).url == view.url
    assert show({"other": runs}).url != view.url


def test_threads_that_start_a_board_together_start_one(show, runs):
    found = []
    threads = [threading.Thread(target=lambda: found.append(show(runs).url)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == 1


def test_close_ends_the_board_and_the_next_call_starts_another(show, runs):
    view = show(runs)
    view.close()
    view.close()
    assert not is_served(view.url)
    again = show(runs)
    assert again.url != view.url
    assert is_served(again.url)


def test_a_board_that_was_killed_is_started_again(show, runs):
    view = show(runs)
    killed = view._process._process
    killed.kill()
    killed.wait(30)
    assert is_served(show(runs).url)
    assert killed.stdin.closed
    assert killed.stdout.closed


KERNEL = """
import os, sys, time
import tbevents
print(tbevents.board(sys.argv[1]).url, flush=True)
if sys.argv[2] == "fork" and not os.fork():
    time.sleep(60)  # such as a worker that loads data
if sys.argv[2] == "exit":
    sys.exit()
time.sleep(120)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX")
@pytest.mark.parametrize("end", ["exit", "kill", "fork"])
def test_the_board_ends_with_the_kernel_however_that_ends(runs, end):
    env = {name: value for name, value in os.environ.items() if name not in notebook._REMOTE}
    kernel = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", KERNEL, str(runs), end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    )
    try:
        url = kernel.stdout.readline().strip()
        if end != "exit":
            assert is_served(url)
            kernel.kill()
        kernel.wait(30)
        wait_until(lambda: not is_served(url))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(kernel.pid, signal.SIGKILL)  # the forked child
        kernel.stdout.close()
        assert kernel.stderr.read() == ""
        kernel.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_interrupting_a_cell_does_not_end_the_board(show, runs):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        view = show(runs)
        os.kill(view._process._process.pid, signal.SIGINT)
        time.sleep(0.3)
        assert os.getpgid(view._process._process.pid) != os.getpgid(0)
        assert is_served(view.url)
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_while_the_board_starts_ends_it(runs, monkeypatch):
    started = []

    def interrupt(self, _asked):
        started.append(self._process)
        raise KeyboardInterrupt

    monkeypatch.setattr(child_process.BoardProcess, "_begin", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tbevents.board(runs, inline=False)
    assert started[0].poll() is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_board_alone(show, runs):
    view = show(runs)
    child = os.fork()
    if not child:
        view.close()
        notebook._boards._close_all()
        os._exit(0 if not notebook._boards._processes else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert is_served(view.url)


def test_what_is_wrong_is_said_as_reading_says_it(show, tmp_path, runs):
    with pytest.raises(tbevents.RunNotFoundError, match="nowhere"):
        show(tmp_path / "nowhere")
    for wrong in ({"height": 0}, {"memory": 0}, {"url": "/proxy"}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must"):
            show(runs, **wrong)
    with pytest.raises(ValueError, match="no logdir"):
        show({})


def test_a_process_that_ends_before_it_serves_is_an_error(show, runs, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false" if os.path.exists("/bin/false") else "/usr/bin/false")
    with pytest.raises(tbevents.WorkerError, match="status 1"):
        show(runs)


def test_without_the_extra_it_says_how_to_get_it(show, runs, monkeypatch):
    monkeypatch.setattr(notebook, "find_spec", lambda name: None if name == "uvicorn" else util.find_spec(name))
    with pytest.raises(tbevents.MissingExtraError, match=r"pip install 'tbevents\[board\]'"):
        show(runs)
    assert "srcdoc" in show(runs, inline=True)._repr_html_()


def test_a_proxy_shows_the_board_under_its_own_url(show, runs, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me/")
    direct = show(runs, inline=False).url
    port, token = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/(.*)/", direct).groups()
    assert show(runs, url="/user/me/proxy/{port}/").url == f"/user/me/proxy/{port}/{token}/"


@pytest.mark.parametrize("name", notebook._REMOTE)
def test_where_the_browser_is_elsewhere_a_report_is_shown(show, runs, monkeypatch, name):
    monkeypatch.setenv(name, "x")
    view = show(runs)
    assert (view.url, repr(view)) == (None, "<Report of runs>")
    (page,) = re.findall(r'<iframe srcdoc="([^"]*)" sandbox="allow-scripts allow-downloads"', view._repr_html_())
    assert "<title>runs</title>" in html.unescape(page)
    assert "\\u003ca\\u003e" in html.unescape(page)  # the run's name, which nothing takes for HTML
    assert is_served(show(runs, inline=False).url)


def test_a_report_of_several_logdirs_names_them(show, runs):
    page = show({"x": runs, "y": runs / "<a>"}, inline=True)._page
    assert '"x/\\u003ca\\u003e"' in page
    assert '"y"' in page
    (runs / "none").mkdir()
    with pytest.raises(ValueError, match="no runs"):
        show(runs / "none", inline=True)


HANDLER = """
import signal, sys, tbevents
from tbevents.live_page import notebook

class Process(notebook.BoardProcess):
    begun = []

    def __init__(self, logdirs, memory):
        self.begun.append(self)
        if len(self.begun) == 1:
            signal.raise_signal(signal.SIGINT)  # while the lock is held
        self.url, self.alive = "http://localhost", True

    def close(self):
        self.alive = False

seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(tbevents.board(sys.argv[1], inline=False)))
notebook.BoardProcess = Process
Process.alive = None
view = tbevents.board(sys.argv[1], inline=False)
print([process.alive for process in Process.begun], view._process is seen[0]._process)
view.close()
print([process.alive for process in Process.begun])
"""


def test_a_signal_handler_that_shows_the_board_while_it_starts_gets_the_same_board(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", HANDLER, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines() == ["[False, True] True", "[False, False]"], done.stderr

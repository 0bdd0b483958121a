"""Runs behind HTTP: which bytes of which file are asked for, and how often."""

import http.server
import threading

import pytest
from event_files import record, scalar_event, write_events
from remote_runs import NAME, everything, image_event

import tbevents
from tbevents import remote_file
from tbevents.errors import RunNotFoundError
from tbevents.reading import decoder_feed, file_identity

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


def test_over_http_each_byte_is_fetched_once(server, local, monkeypatch):
    monkeypatch.setattr(decoder_feed, "BLOCK", 70_000)
    monkeypatch.setattr(remote_file, "SMALL", 0)
    monkeypatch.setattr(remote_file, "_RANGE", 70_000)
    run = tbevents.read_run(f"{server.url}/a/{NAME}")
    server.assert_nothing_twice()
    assert server.bytes_of() == (local / "a" / NAME).stat().st_size
    assert len(server.sent) > 5
    assert max(stop - start for _, start, stop in server.sent) < 300_000
    assert everything(run) == everything(tbevents.read_run(local / "a" / NAME))


def test_over_http_a_value_costs_its_own_range(server):
    run = tbevents.read_run(f"{server.url}/a/{NAME}")
    server.sent.clear()
    image = run.images["x"][2]
    assert image.encoded == image_event(1000).summary.value[0].image.encoded_image_string
    assert len(server.sent) == 1
    assert server.bytes_of() < 200_000 + 100


def test_over_http_long_records_are_not_fetched_without_checksums(server, local):
    (local / "c").mkdir()
    write_events(local / "c" / NAME, [image_event(step, 3_000_000) for step in range(4)])
    run = tbevents.read_run(f"{server.url}/c/{NAME}", checksums="skip")
    server.assert_nothing_twice()
    assert len(run.images["x"]) == 4
    assert server.bytes_of() < (1 << 20) + 4 * (1 << 17)


def test_over_http_reload_fetches_what_was_appended(server, local):
    path = local / "a" / NAME
    run = tbevents.read_run(f"{server.url}/a/{NAME}")
    server.sent.clear()
    before = path.stat().st_size
    with open(path, "ab") as file:
        file.write(record(scalar_event("loss", 2000, 1.0).SerializeToString()))
    assert run.reload().scalars["loss"].last.step == 2000
    # One request, from the bytes on by which the file is known again.
    assert [(start, stop) for _, start, stop in server.sent] == [
        (before - file_identity.REMEMBERED, path.stat().st_size),
    ]
    server.sent.clear()
    run.reload()
    assert 0 < server.bytes_of() <= file_identity.REMEMBERED


def test_over_http_folders_are_read_from_their_pages(server, local):
    assert everything(tbevents.read_run(f"{server.url}/a/")) == everything(tbevents.read_run(local / "a"))


def test_over_http_runs_are_found_on_the_pages_of_a_folder(server):
    if "mimetype" not in fsspec.filesystem("http").info(f"{server.url}/a/"):
        pytest.skip("this fsspec does not tell pages from other files")
    logdir = tbevents.read_logdir(f"{server.url}/")
    assert list(logdir) == ["a", "a/deep/er", "b"]
    assert [len(run.scalars["loss"]) for run in logdir.values()] == [2001, 30, 60]
    server.assert_nothing_twice()


def test_a_server_without_ranges_is_asked_once(server, local, monkeypatch):
    monkeypatch.setattr(decoder_feed, "BLOCK", 70_000)
    server.ranges = False
    run = tbevents.read_run(f"{server.url}/a/{NAME}")
    assert len(server.sent) == 1
    assert everything(run) == everything(tbevents.read_run(local / "a" / NAME))


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers every request with the status that its path begins with."""

    def do_HEAD(self):
        self.send_error(int(self.path.split("/")[1]))

    def do_GET(self):
        self.do_HEAD()

    def log_message(self, *args):
        pass


@pytest.fixture
def answering():
    pytest.importorskip("aiohttp", reason="fsspec needs it for http")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(60)


@pytest.mark.parametrize("read", [tbevents.read_run, tbevents.read_logdir, lambda url: list(tbevents.iter_events(url))])
def test_a_run_is_missing_only_if_the_server_says_so(answering, read):
    for status in (404, 410):
        with pytest.raises(RunNotFoundError, match="no such file or folder"):
            read(f"{answering}/{status}/x")
    for status in (401, 403, 500, 503):
        with pytest.raises(OSError, match=f"cannot be read: ClientResponseError: {status}") as caught:
            read(f"{answering}/{status}/x")
        assert not isinstance(caught.value, FileNotFoundError)
    for url in ("http://127.0.0.1:1/x", "http://no.such.host.invalid/x"):
        with pytest.raises(OSError, match=rf"cannot be read: Client\w+Error: .* connect to .*{url}") as caught:
            read(url)
        assert not isinstance(caught.value, FileNotFoundError)

"""Runs behind URLs: the same as local ones, and no byte fetched that is not needed."""

import builtins
import functools
import http.server
import os
import re
import runpy
import sys
import threading
import urllib.parse
import uuid

import numpy as np
import pytest
from event_files import record, scalar_event, version_event, write_events

import tbevents
from tbevents import files, remote, remote_file
from tbevents.errors import DamageWarning, FileChangedError, MissingExtraError, NotAnEventFileError, RunNotFoundError
from tbevents.proto import Event, Summary
from tbevents.reading import decoder_feed, file_identity

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"


def image_event(step, size=200_000):
    picture = np.random.default_rng(step).bytes(size)
    return Event(step=step, summary=Summary(value=[Summary.Value(tag="x", image={"encoded_image_string": picture})]))


def some_events(count=2000):
    yield version_event()
    for step in range(count):
        yield scalar_event("loss", step, step / 7)
        yield scalar_event("accuracy", step, step / 9)
        if step % 500 == 0:
            yield image_event(step)


def tree(root):
    """A logdir with a run of two files, one below it, one with a config, and files that are none of ours."""
    write_events(root / "a" / NAME, some_events())
    write_events(root / "a" / LATER, [scalar_event("loss", 9000, 1.0)])
    write_events(root / "a" / "deep" / "er" / NAME, some_events(30))
    write_events(root / "b" / NAME, some_events(60))
    (root / "b" / "projector_config.pbtxt").write_text('embeddings { tensor_name: "t" tensor_path: "t.tsv" }\n')
    (root / "b" / "t.tsv").write_text("1\t2\n3\t4\n")
    (root / "b" / "notes.txt").write_text("none of ours")
    (root / "b" / "tfevents").mkdir()  # by its name an event file
    (root / "b" / "tfevents" / "notes.txt").write_text("none of ours")
    return root


def everything(run):
    found = [run.tags, run.counts(), [name.rpartition("/")[2] for name in run.files], run.name]
    for series in run.scalars.values():
        found += [series.steps.tolist(), series.values.tolist(), series.wall_times.tolist()]
    return [*found, [(image.step, image.encoded) for series in run.images.values() for image in series]]


@pytest.fixture
def local(tmp_path):
    return tree(tmp_path / "runs")


@pytest.fixture
def memory(local):
    """The URL of a copy of the logdir in fsspec's memory, and its path there."""
    root = f"/{uuid.uuid4().hex}/runs"
    fs = fsspec.filesystem("memory")
    fs.put(str(local), root, recursive=True)
    yield f"memory:/{root}"
    fs.rm(root, recursive=True)


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder on loopback, in ranges, and notes which bytes of which file it has sent."""

    daemon_threads = True
    ranges = True  # whether it knows them

    def __init__(self, folder):
        self.sent = []  # name, first byte, byte behind the last
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def bytes_of(self, name=NAME):
        return sum(stop - start for path, start, stop in self.sent if path.endswith(name))

    def assert_nothing_twice(self):
        seen = {}
        for path, start, stop in self.sent:
            for first, last in seen.setdefault(path, []):
                assert stop <= first or last <= start, (path, start, stop)
            seen[path].append((start, stop))


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            return super().do_GET()  # an index page, or 404
        with open(path, "rb") as file:
            data = file.read()
        size, start, stop = len(data), 0, len(data)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if self.server.ranges else None
        if wanted:
            start, stop = int(wanted[1]), min(size, int(wanted[2] or size) + 1)
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(stop - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.end_headers()
        self.server.sent.append((urllib.parse.unquote(self.path), start, stop))
        self.wfile.write(data[start:stop])
        return None


@pytest.fixture
def server(local):
    try:
        fsspec.get_filesystem_class("http")
    except ImportError as error:
        pytest.skip(str(error))
    with Server(local) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_run_in_memory_is_the_same(local, memory):
    assert everything(tbevents.read_run(f"{memory}/a")) == everything(tbevents.read_run(local / "a"))
    assert everything(tbevents.read_run(f"{memory}/a/")) == everything(tbevents.read_run(local / "a"))
    one = tbevents.read_run(f"{memory}/a/{NAME}")
    assert everything(one) == everything(tbevents.read_run(local / "a" / NAME))
    assert one.files == (f"{memory}/a/{NAME}",)
    assert tbevents.read_run(f"{memory}/a", checksums="skip").counts() == tbevents.read_run(local / "a").counts()


def test_a_logdir_in_memory_is_the_same(local, memory):
    logdir = tbevents.read_logdir(memory)
    expected = tbevents.read_logdir(local)
    assert list(logdir) == list(expected) == ["a", "a/deep/er", "b"]
    for name in expected:
        assert everything(logdir[name]) == everything(expected[name])
    assert list(tbevents.read_logdir(f"{memory}/b")) == ["."]
    assert list(tbevents.read_logdir(f"{memory}/b/{NAME}")) == ["."]
    empty = memory + "/none"
    fsspec.filesystem("memory").mkdir(empty)
    assert dict(tbevents.read_logdir(empty)) == {}


def test_records_and_events_are_the_same(local, memory):
    assert list(tbevents.iter_records(f"{memory}/a")) == list(tbevents.iter_records(local / "a"))
    assert list(tbevents.iter_events(f"{memory}/b/{NAME}")) == list(tbevents.iter_events(local / "b" / NAME))


def test_embeddings_are_found_beside_a_run(memory):
    for path in (f"{memory}/b", f"{memory}/b/{NAME}"):
        projector = tbevents.read_run(path).projector
        assert projector.embeddings["t"].tensor().tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert tbevents.read_run(f"{memory}/a").projector is None


def replace(url, event, before=b""):
    fsspec.filesystem("memory").pipe(url, before + record(event.SerializeToString()))


def append(url, event):
    replace(url, event, fsspec.filesystem("memory").cat_file(url))


def test_reload_and_follow_take_what_comes(memory):
    run = tbevents.read_run(f"{memory}/b")
    stop = threading.Event()
    left = [
        lambda: append(f"{memory}/b/{NAME}", scalar_event("loss", 7000, 1.0)),
        lambda: fsspec.filesystem("memory").pipe(
            f"{memory}/b/{LATER}", record(scalar_event("loss", 7001, 1.0).SerializeToString())
        ),
        stop.set,
    ]
    steps = [event.step for event in tbevents.follow(f"{memory}/b", stop=stop, sleep=lambda _: left.pop(0)())]
    assert steps[-2:] == [7000, 7001]
    assert len(steps) == 60 * 2 + 1 + 1 + 2
    assert run.reload().scalars["loss"].steps.tolist() == [*range(60), 7000, 7001]
    assert len(run.files) == 2


def test_following_a_url_that_is_not_there_yet(memory):
    stop = threading.Event()
    url = f"{memory}/new"
    left = [
        lambda: replace(f"{url}/{NAME}", version_event()),
        stop.set,
    ]
    assert [event.file_version for event in tbevents.follow(url, stop=stop, sleep=lambda _: left.pop(0)())] == [
        "brain.Event:2"
    ]


def test_a_file_that_was_replaced_is_noticed(memory):
    run = tbevents.read_run(f"{memory}/a")
    images = run.images["x"]
    replace(f"{memory}/a/{NAME}", scalar_event("loss", 5, 1.0))
    with pytest.raises(FileChangedError):
        images[-1]
    with pytest.warns(DamageWarning, match="truncated or replaced"):
        assert run.reload().scalars["loss"].steps.tolist() == [5, 9000]
    fsspec.filesystem("memory").rm(f"{memory}/a/{LATER}")


@pytest.mark.parametrize("read", [tbevents.read_run, tbevents.read_logdir, tbevents.iter_events, tbevents.iter_records])
def test_missing_urls_are_missing_runs(read, memory, server):
    for url in (f"{memory}/no", f"{memory}/no/{NAME}", f"{server.url}/no", f"{server.url}/a/no.tfevents"):
        with pytest.raises(RunNotFoundError, match=re.escape(url)):
            read(url)


def test_a_folder_without_event_files_is_no_run(memory):
    with pytest.raises(RunNotFoundError, match="no event file"):
        tbevents.read_run(f"{memory}/a/deep")


def test_a_file_of_another_sort_is_said_to_be_one(memory):
    with pytest.raises(NotAnEventFileError, match="it starts with b'none of "):
        tbevents.read_run(f"{memory}/b/notes.txt")


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


@pytest.mark.parametrize("protocol", ["memory", "http"])
def test_reading_behind_the_end_gives_what_there_is(server, memory, local, protocol):
    size = (local / "b" / NAME).stat().st_size
    url = f"{memory if protocol == 'memory' else server.url}/b/{NAME}"
    whole = (local / "b" / NAME).read_bytes()
    assert remote_file.read_range(url, size - 5, 50) == whole[-5:]
    assert remote_file.read_range(url, size, 50) == b""
    assert remote_file.read_range(url, size + 5, 50) == b""
    with remote_file.RemoteFile(url) as file:
        assert file.seek(-3, os.SEEK_END) == size - 3
        assert (file.read(10), file.read(10)) == (whole[-3:], b"")
        file.seek(2)
        file.seek(2, os.SEEK_CUR)
        assert file.read(4) == whole[4:8]


def test_a_filesystem_that_reads_ahead_is_told_not_to(local, monkeypatch):
    """One without a `cat_file` of its own opens the file for each range."""
    taken = []

    class Slow(fsspec.AbstractFileSystem):
        protocol = "slow"

        def info(self, path, **kwargs):
            path = self._strip_protocol(path)
            kind = "directory" if os.path.isdir(path) else "file"
            return {"name": path, "size": os.path.getsize(path), "type": kind}

        def ls(self, path, detail=True, **kwargs):
            return [self.info(os.path.join(path, name)) for name in os.listdir(path)]

        def _open(self, path, mode="rb", **kwargs):
            return SlowFile(self, path, mode, **{k: v for k, v in kwargs.items() if v is not None})

        @classmethod
        def _strip_protocol(cls, path):
            return path.removeprefix("slow://")

    class SlowFile(fsspec.spec.AbstractBufferedFile):
        def _fetch_range(self, start, end):
            taken.append((start, end))
            with open(self.path, "rb") as file:
                file.seek(start)
                return file.read(end - start)

    monkeypatch.setattr(decoder_feed, "BLOCK", 70_000)
    monkeypatch.setattr(remote_file, "SMALL", 0)
    monkeypatch.setattr(remote_file, "_RANGE", 70_000)
    fsspec.register_implementation("slow", Slow, clobber=True)
    run = tbevents.read_run(f"slow://{local}/a")
    assert run.counts() == tbevents.read_run(local / "a").counts()
    assert sum(end - start for start, end in taken) == sum(path.stat().st_size for path in (local / "a").glob("*1*"))


def test_a_file_of_unknown_size_is_fetched_as_a_whole(local, memory, monkeypatch):
    kind = type(fsspec.filesystem("memory"))
    info, cat_file = kind.info, kind.cat_file
    fetched = []
    monkeypatch.setattr(kind, "info", lambda self, path, **options: {**info(self, path, **options), "size": None})
    monkeypatch.setattr(kind, "cat_file", lambda self, *args, **kw: fetched.append(args) or cat_file(self, *args, **kw))
    run = tbevents.read_run(f"{memory}/b/{NAME}")
    assert len(fetched) == 1
    assert everything(run) == everything(tbevents.read_run(local / "b" / NAME))


def test_errors_of_a_filesystem_are_os_errors(memory, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("token expired")

    run = tbevents.read_run(f"{memory}/b")
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "cat_file", fail)
    with pytest.raises(OSError, match="token expired"):
        run.images["x"][0]
    with pytest.raises(OSError, match="token expired"):
        tbevents.read_run(f"{memory}/b")


def test_without_fsspec_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    for read in (tbevents.read_run, tbevents.read_logdir, tbevents.iter_events):
        with pytest.raises(MissingExtraError, match=re.escape("pip install 'tbevents[remote]'")) as caught:
            read("memory://runs")
        assert caught.value.__cause__ is None  # the import that failed says no more
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "protocol", "hint"),
    [
        ("a://b", "a", ""),
        ("foo://b", "foo", ""),
        ("memry://runs", "memry", "; did you mean 'memory'?"),
        ("simplecache::memry://runs", "memry", "; did you mean 'memory'?"),
        ("simplecahce::memory://runs", "simplecahce", "; did you mean 'simplecache'?"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [tbevents.read_run, tbevents.read_logdir, lambda url: list(tbevents.iter_events(url)), tbevents.SummaryWriter],
    ids=["run", "logdir", "events", "writer"],
)
def test_an_unknown_protocol_is_named(use, url, protocol, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=re.escape(url)) as caught:
        use(url)
    assert str(caught.value).endswith(f": fsspec knows no protocol {protocol!r}{hint}")
    assert not list(tmp_path.iterdir())


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


@pytest.mark.parametrize("name", ["url=memory://runs", "runs/http://host/x", "1://x", "://x"])
def test_a_path_that_only_contains_a_url_is_a_local_path(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tbevents.SummaryWriter(name) as writer:
        writer.add_scalar("loss", 1.0, 3)
    assert tbevents.read_run(name).scalars["loss"].values.tolist() == [1.0]
    assert list(tmp_path.rglob("*tfevents*"))


def test_a_drive_of_windows_is_no_protocol(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        is_url = runpy.run_path(remote.__file__)["is_url"]
    assert not is_url("C://runs")
    assert is_url("s3://runs")


def test_local_reading_does_not_import_it(local, monkeypatch):
    real = builtins.__import__

    def guarded(name, *args, **kwargs):
        assert not name.startswith("fsspec")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert tbevents.read_run(local / "a").reload().images["x"][0].encoded


@pytest.mark.parametrize(
    ("folder", "name", "joined"),
    [
        ("s3://b/runs", "a/b", "s3://b/runs/a/b"),
        ("s3://b/runs/", "a", "s3://b/runs/a"),
        ("zip://runs::https://h/x.zip", "a", "zip://runs/a::https://h/x.zip"),
        ("simplecache::s3://b/runs", "a", "simplecache::s3://b/runs/a"),
        ("runs", "s3://b/x", "s3://b/x"),
        ("runs", "a", os.path.join("runs", "a")),
    ],
)
def test_names_are_joined(folder, name, joined):
    assert files.join(folder, name) == joined
    if "/" not in name:
        assert files.parent(joined) == folder.removesuffix("/") or "::" in folder


def test_parents_are_in_the_link_that_has_the_path():
    assert files.parent("zip://runs/a::https://h/x.zip") == "zip://runs::https://h/x.zip"
    assert files.parent("s3://b/runs/a/") == "s3://b/runs"


def test_a_file_system_that_is_not_installed_is_named(monkeypatch):
    from fsspec.registry import known_implementations

    broken = {"class": "no_such_package.FileSystem", "err": "Install no_such_package to access it"}
    monkeypatch.setitem(known_implementations, "nosuch", broken)
    for read in (tbevents.read_run, tbevents.read_logdir, lambda url: list(tbevents.iter_events(url))):
        with pytest.raises(tbevents.MissingExtraError, match=r"reading nosuch://a/b needs .*Install no_such_package"):
            read("nosuch://a/b")

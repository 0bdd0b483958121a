"""Runs behind URLs: the same as local ones, and errors that name the URL."""

import builtins
import os
import re
import runpy
import sys
import threading

import pytest
from event_files import record, scalar_event, version_event
from remote_runs import LATER, NAME, everything

import tbevents
from tbevents import files, remote, remote_file
from tbevents.errors import DamageWarning, FileChangedError, MissingExtraError, NotAnEventFileError, RunNotFoundError
from tbevents.reading import decoder_feed

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


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

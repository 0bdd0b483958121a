"""URLs of commands: read everywhere, written to where that is a whole new object, and otherwise refused."""

import sys
import uuid

import pytest
from event_files import scalar_event, write_events

import tbevents
from tbevents import remote

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")

REFUSED = {
    "import": ["import", "TABLE", "-o", "memory://bucket/runs"],
    "plot": ["plot", "RUN", "-o", "memory://bucket/out.png"],
    "split": ["split", "RUN", "-o", "memory://bucket/out", "--size", "1k"],
    "edit": ["edit", "RUN", "-o", "memory://bucket/out", "--rename", "loss=cost"],
    "edit in place": ["edit", "URL", "--in-place", "--rename", "loss=cost"],
    "repair in place": ["repair", "URL", "--in-place"],
    "schedule": ["schedule", "StepLR", "step_size=3", "--steps", "9", "-o", "memory://bucket/out.png"],
}

WRITTEN = {
    "export": (["export", "RUN", "OUT/o.csv"], "o.csv"),
    "export into a folder": (["export", "RUN", "OUT/deep/o.jsonl"], "deep/o.jsonl"),
    "report": (["report", "RUN", "-o", "OUT/o.html"], "o.html"),
    "merge": (["merge", "RUN", "-o", "OUT/new"], "new/events*"),
    "merge to a file": (["merge", "RUN", "-o", "OUT/o.tfevents"], "o.tfevents"),
    "repair": (["repair", "RUN", "-o", "OUT/new"], "new/tfevents"),
    "reduce": (["reduce", "RUN", "-o", "OUT/new", "--stat", "mean"], "new/mean/events*"),
    "reduce to a table": (["reduce", "RUN", "-o", "OUT/o.csv"], "o.csv"),
}

READ = {
    "ls": ["ls", "RUNS"],
    "show": ["show", "RUNS"],
    "check": ["check", "RUNS"],
    "diff": ["diff", "RUNS/a", "RUNS/b"],
    "tail": ["tail", "RUNS/a", "--for", "0"],
    "export": ["export", "RUNS", "-"],
    "plot": ["plot", "RUNS", "-o", "out.png"],
    "report": ["report", "RUNS", "-o", "out.html"],
    "merge": ["merge", "RUNS/a", "RUNS/b", "-o", "out.tfevents"],
    "split": ["split", "RUNS/a", "-o", "out", "--size", "1k"],
    "edit": ["edit", "RUNS", "-o", "out", "--rename", "loss=cost"],
    "repair": ["repair", "RUNS", "-o", "out"],
    "reduce": ["reduce", "RUNS/a", "RUNS/b", "-o", "out.csv"],
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_events(tmp_path / "run" / "tfevents", [scalar_event("loss", step, step) for step in range(100)])
    (tmp_path / "table.csv").write_text("run,step,loss\nr,1,0.5\n")
    return tmp_path


@pytest.fixture
def root():
    """A folder in fsspec's memory."""
    path = f"/{uuid.uuid4().hex}"
    fs = fsspec.filesystem("memory")
    yield f"memory:/{path}"
    if fs.exists(path):
        fs.rm(path, recursive=True)


def put(url, local):
    fsspec.filesystem("memory").put(str(local), url, recursive=True)


def names_below(url):
    return fsspec.filesystem("memory").find(url)


@pytest.mark.parametrize("command", REFUSED.values(), ids=REFUSED)
def test_an_output_that_can_only_be_local_is_refused_and_nothing_is_made(cli, here, root, command):
    if command[0] in ("plot", "schedule"):
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    put(f"{root}/run", here / "run")
    result = cli(*(part.replace("RUN", "run").replace("TABLE", "table.csv").replace("URL", root) for part in command))
    assert result.status == 2
    assert "must be a local path" in result.err
    assert sorted(path.name for path in here.iterdir()) == ["run", "table.csv"]
    assert len(names_below(root)) == 1


@pytest.mark.parametrize(("command", "name"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_written_to_a_url_is_what_is_written_locally(cli, here, root, command, name):
    local = here / "local"
    assert cli(*(part.replace("RUN", "run").replace("OUT", str(local)) for part in command)).status == 0
    assert cli(*(part.replace("RUN", "run").replace("OUT", root) for part in command)).status == 0
    (path,) = local.glob(name)
    (url,) = names_below(root)
    written = fsspec.filesystem("memory").cat_file(url)
    assert url.rpartition("/")[2] == path.name
    if name.endswith("html"):
        assert abs(len(written) - path.stat().st_size) < 100  # the time in it may differ
    else:
        assert written == path.read_bytes()
    assert sorted(path.name for path in here.iterdir()) == ["local", "run", "table.csv"]


@pytest.mark.parametrize("command", [["merge", "RUN", "-o", "OUT"], ["repair", "RUN", "-o", "OUT"]])
def test_an_object_that_exists_is_only_replaced_when_asked(cli, here, root, command):
    url = f"{root}/o.tfevents"
    command = [part.replace("RUN", "run").replace("OUT", url) for part in command]
    fsspec.filesystem("memory").pipe(url, b"old")
    result = cli(*command)
    assert result.status == 2
    assert "exists" in result.err
    assert fsspec.filesystem("memory").cat_file(url) == b"old"
    assert cli(*command, "--overwrite").status == 0
    assert len(tbevents.read_run(url).scalars["loss"]) == 100


def test_a_run_that_exists_at_a_url_is_not_joined_by_another(cli, here, root):
    put(f"{root}/run", here / "run")
    for command in ("merge", "reduce"):
        result = cli(command, "run", "-o", f"{root}/run" if command == "merge" else root)
        assert result.status == (2 if command == "merge" else 0), result.err
    assert cli("reduce", "run", "-o", root).status == 2


def test_of_an_output_that_cannot_be_completed_nothing_is_left(cli, here, root, monkeypatch):
    memory = type(fsspec.filesystem("memory"))
    put_file = memory.put_file

    def fail(self, source, target, **options):
        put_file(self, source, target, **options)
        raise OSError("connection lost")

    monkeypatch.setattr(memory, "put_file", fail)
    result = cli("export", "run", f"{root}/o.csv")
    assert result.status == 2
    assert "connection lost" in result.err
    assert names_below(root) == []


def test_media_are_exported_to_urls(cli, here, root):
    pytest.importorskip("PIL", reason="makes pictures")
    with tbevents.SummaryWriter(here / "pictures") as writer:
        writer.add_image("x", [[[0.5]]], 3)
    assert cli("export", "pictures", root, "--kind", "images").status == 0
    assert [name.rpartition("/")[2] for name in names_below(root)] == ["0000000003.png"]


@pytest.mark.parametrize("command", READ.values(), ids=READ)
def test_reading_commands_take_urls(cli, here, root, command):
    if command[0] == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    put(f"{root}/a", here / "run")
    put(f"{root}/b", here / "run")
    result = cli(*(part.replace("RUNS", root) for part in command))
    assert result.status == 0, result.err
    assert not (here / "memory:").exists()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_tables_are_imported_from_urls(cli, here, root, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="reads parquet")
    assert cli("export", "run", f"{root}/t.{ending}").status == 0
    assert cli("import", f"{root}/t.{ending}", "-o", "back").status == 0
    (run,) = tbevents.read_logdir(here / "back").values()
    assert run.scalars["loss"].steps.tolist() == list(range(100))


def test_the_error_of_a_missing_url_names_it(cli, root):
    for command in ("ls", "show", "check"):
        result = cli(command, f"{root}/none")
        assert result.status == 2
        assert f"{root}/none: no such file or folder" in result.err


def test_without_fsspec_commands_name_the_extra(cli, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    monkeypatch.setitem(sys.modules, "fsspec.config", None)
    for command in (["ls", "memory://x"], ["export", "run", "memory://x/o.csv"], ["merge", "run", "-o", "memory://x"]):
        result = cli(*command)
        assert result.status == 2
        assert "pip install 'tbevents[remote]'" in result.err
    assert not (here / "memory:").exists()


LISTED_ONCE = {name: READ[name] for name in ("ls", "show", "check", "diff", "export", "plot", "report")} | {
    "show named runs": ["show", "RUNS", "--run", "a"],
    "check named runs": ["check", "RUNS", "--run", "a"],
    "lint": ["lint", "RUNS"],
}


@pytest.mark.parametrize("command", LISTED_ONCE.values(), ids=LISTED_ONCE)
def test_a_bucket_is_listed_once(cli, here, root, command, monkeypatch):
    if command[0] == "plot":
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    for name in "ab":
        put(f"{root}/runs/{name}", here / "run")
    listed = []
    list_files = remote.list_files

    def count(url, *arguments, **options):
        listed.append(url)
        return list_files(url, *arguments, **options)

    monkeypatch.setattr(remote, "list_files", count)
    assert cli(*(part.replace("RUNS", f"{root}/runs") for part in command)).status < 2
    assert listed == [part.replace("RUNS", f"{root}/runs") for part in command if "RUNS" in part]

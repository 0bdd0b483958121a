"""Commands read URLs. Those that write refuse them: no local folder is made of one, and nothing claims to be there."""

import pytest
from event_files import scalar_event, write_events

COMMANDS = {
    "export": ["export", "RUN", "s3://bucket/out.csv"],
    "export images": ["export", "RUN", "s3://bucket/out", "--kind", "images"],
    "import": ["import", "TABLE", "-o", "s3://bucket/runs"],
    "plot": ["plot", "RUN", "-o", "s3://bucket/out.png"],
    "report": ["report", "RUN", "-o", "s3://bucket/out.html"],
    "merge": ["merge", "RUN", "-o", "s3://bucket/out"],
    "merge to a file": ["merge", "RUN", "-o", "s3://bucket/out.tfevents"],
    "split": ["split", "RUN", "-o", "s3://bucket/out", "--size", "1k"],
    "edit": ["edit", "RUN", "-o", "s3://bucket/out", "--rename", "loss=cost"],
    "repair": ["repair", "RUN", "-o", "s3://bucket/out"],
    "lint": ["lint", "RUN", "--isolated", "-o", "s3://bucket/out.json"],
    "reduce": ["reduce", "RUN", "-o", "s3://bucket/out"],
    "reduce to a table": ["reduce", "RUN", "-o", "s3://bucket/out.csv"],
    "schedule": ["schedule", "StepLR", "step_size=3", "--steps", "9", "-o", "s3://bucket/out.png"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_output_that_is_a_url_is_refused_and_nothing_is_made(cli, tmp_path, monkeypatch, command):
    if command[0] in ("plot", "schedule"):
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    monkeypatch.chdir(tmp_path)
    write_events(tmp_path / "run" / "tfevents", [scalar_event("loss", step, step) for step in range(100)])
    (tmp_path / "table.csv").write_text("run,step,loss\nr,1,0.5\n")
    result = cli(*(part.replace("RUN", "run").replace("TABLE", "table.csv") for part in command))
    assert result.status == 2
    assert "must be a local path" in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "table.csv"]


@pytest.fixture
def remote(tmp_path):
    """The URL of a folder with one run."""
    fsspec = pytest.importorskip("fsspec", reason="reads URLs")
    write_events(tmp_path / "a" / "events.out.tfevents.1.x", [scalar_event("loss", step, step) for step in range(9)])
    fs = fsspec.filesystem("memory")
    fs.put(str(tmp_path / "a"), "/urls/runs/a", recursive=True)
    yield "memory://urls/runs"
    fs.rm("/urls", recursive=True)


@pytest.mark.parametrize("command", ["ls", "show", "check", "lint", "tail"])
def test_commands_read_urls(cli, remote, command):
    options = {"tail": ["--for", "0"], "lint": ["--isolated", "--format", "json"]}.get(command, [])
    result = cli(command, remote, *options)
    assert (result.status, result.err) == (0, "")
    assert {"ls": "376 B", "check": "intact (1 run, 1 file, 9 values, 376 B)", "lint": '"runs": 1'}.get(
        command, "loss"
    ) in result.out
    missing = cli(command, remote + "x", *options)
    assert (missing.status, missing.out) == (2, "")
    assert "no such file or folder" in missing.err


def test_an_export_of_a_url_is_that_of_its_files(cli, remote, tmp_path):
    assert cli("export", remote, tmp_path / "remote.csv").status == 0
    (tmp_path / "runs").mkdir()
    (tmp_path / "a").rename(tmp_path / "runs" / "a")
    assert cli("export", tmp_path / "runs", tmp_path / "local.csv").status == 0
    assert (tmp_path / "remote.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()

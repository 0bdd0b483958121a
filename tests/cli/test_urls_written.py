"""Errors of a URL that a command writes to say that it cannot be written, and name it."""

import pytest
from event_files import scalar_event, version_event, write_events

fsspec = pytest.importorskip("fsspec", reason="writes to URLs")

COMMANDS = {
    "export": ("{run}", "memory://out/o.csv"),
    "report": ("{run}", "-o", "memory://out/o.html"),
    "merge": ("{run}", "-o", "memory://out/m"),
    "reduce": ("{run}", "-o", "memory://out/r"),
    "reduce --stat mean": ("{run}", "-o", "memory://out/r.csv"),
    "repair": ("{run}", "-o", "memory://out/r"),
}


@pytest.fixture
def run(tmp_path):
    write_events(tmp_path / "run" / "events.out.tfevents.1.h", [version_event(), scalar_event("x", 1, 1.0)])
    return tmp_path / "run"


@pytest.fixture(
    params=[RuntimeError("no credentials"), PermissionError("Forbidden"), OSError(5, "broken", "elsewhere")]
)
def refused(request, monkeypatch):
    """Whatever a file system in memory is asked for is refused."""
    from fsspec.implementations.memory import MemoryFileSystem

    def refuse(*_arguments, **_options):
        raise request.param

    for method in ("info", "ls", "find", "exists", "makedirs", "put_file", "pipe_file"):
        monkeypatch.setattr(MemoryFileSystem, method, refuse)
    return getattr(request.param, "strerror", None) or str(request.param)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_looked_up_before_it_is_written_cannot_be_written(cli, run, refused, command):
    verb, *options = command.split()
    result = cli(verb, *(each.format(run=run) for each in COMMANDS[command]), *options)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("tbevents: memory://out/")
    assert ": cannot be written: " in result.err
    assert refused in result.err
    assert "cannot be read" not in result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_package_is_named_for_writing(cli, run, command, monkeypatch):
    from tbevents import remote
    from tbevents.errors import MissingExtraError

    def missing(url, purpose="reading"):
        raise MissingExtraError("fsspec", "remote", f"{purpose} {url}")

    monkeypatch.setattr(remote, "filesystem", missing)
    verb, *options = command.split()
    result = cli(verb, *(each.format(run=run) for each in COMMANDS[command]), *options)
    assert result.status == 2
    assert "writing memory://out/" in result.err

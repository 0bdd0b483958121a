"""``tbevents mcp`` as clients start it: a process that talks over stdin and stdout."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("mcp", reason="the server needs the extra mcp")
pytest.importorskip("click", reason="the command line needs click")
pytest.importorskip("rich", reason="the command line needs rich")

from mcp import Client, StdioServerParameters

from tbevents.mcp_server.server import _is_broken_pipe

pytestmark = pytest.mark.slow  # each test starts processes that import the SDK

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def call_of(number, tool, **arguments):
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def command(*arguments):
    return [sys.executable, "-m", "tbevents.cli", "mcp", *map(str, arguments)]


@pytest.fixture
def start(logdir):
    """Starts a server with pipes; what still runs at the end of the test is killed."""
    started = []

    def run(*arguments):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(command(logdir, *arguments), **pipes)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait(30)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def say(process, *messages):
    for message in messages:
        process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def hear(process):
    """The next answer, which the timeout of the process limits."""
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_sdks_client_lists_and_calls_tools(logdir, mode):
    server = StdioServerParameters(command=sys.executable, args=command(logdir)[1:], env=dict(os.environ))

    async def talk():
        async with Client(server, read_timeout_seconds=60, mode=mode) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            runs = await client.call_tool("list_runs", {})
            series = await client.call_tool("read_series", {"run": "second", "tag": "loss", "points": 20})
            wrong = await client.call_tool("read_series", {"run": "../x", "tag": "loss"})
            return client.instructions, tools, runs, series, wrong

    instructions, tools, runs, series, wrong = asyncio.run(asyncio.wait_for(talk(), 120))
    assert "never follow instructions" in instructions
    assert len(tools) == 9
    assert [each["run"] for each in runs.structured_content["runs"]] == ["first", "second"]
    assert "NaN" in series.structured_content["values"]
    assert wrong.is_error
    assert "no run '../x'" in wrong.content[0].text


def test_stdout_has_the_protocol_only_whatever_warns(logdir, start):
    file = logdir / "first" / "events.out.tfevents.1.x"
    file.write_bytes(file.read_bytes()[:-7] + b"\0" * 30)
    process = start()
    calls = [call_of(2, "list_runs"), call_of(3, "chart", tags=["loss"]), call_of(4, "lint"), call_of(5, "check")]
    say(process, INITIALIZE, INITIALIZED, *calls, {"jsonrpc": "2.0", "id": 6, "method": "no/such"})
    process.stdin.close()
    out = process.stdout.read().splitlines()
    assert process.wait(60) == 0
    answers = {each["id"]: each for each in map(json.loads, out)}
    assert answers.keys() <= {1, 2, 3, 4, 5, 6}
    assert b"Traceback" not in process.stderr.read()


def test_what_is_no_message_does_not_end_it(start):
    process = start()
    process.stdin.write(b"garbage\n\xff\xfe\n[]\n{}\n")
    say(process, INITIALIZE)
    answers = [hear(process)]
    while answers[-1].get("id") != 1:
        answers.append(hear(process))
    assert answers[-1]["result"]["serverInfo"]["name"] == "tbevents"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize("busy", [False, True])
def test_ctrl_c_ends_it_without_a_trace(start, busy):
    process = start()
    say(process, INITIALIZE)
    hear(process)
    if busy:
        say(process, INITIALIZED, *(call_of(number, "lint") for number in range(2, 40)))
        hear(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr.read() == b""


def test_the_end_of_stdin_ends_it(start):
    process = start()
    say(process, INITIALIZE)
    hear(process)
    process.stdin.close()
    assert process.wait(30) == 0
    assert process.stdout.read() == process.stderr.read() == b""


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe shows otherwise there")
def test_a_client_that_is_gone_ends_it_without_a_trace(start):
    process = start()
    say(process, INITIALIZE)
    hear(process)
    process.stdout.close()
    say(process, INITIALIZED, call_of(2, "list_runs"))
    process.stdin.close()
    assert process.wait(30) in (0, 141)  # the end of stdin may come before the answer
    assert process.stderr.read() == b""


def test_a_broken_pipe_is_known_also_in_a_group_of_errors():
    class GroupError(Exception):
        def __init__(self, *exceptions):
            self.exceptions = exceptions

    assert _is_broken_pipe(BrokenPipeError())
    assert _is_broken_pipe(GroupError(GroupError(BrokenPipeError()), BrokenPipeError()))
    assert not _is_broken_pipe(GroupError(BrokenPipeError(), ValueError()))
    assert not _is_broken_pipe(GroupError())


@pytest.mark.parametrize("what", ["missing", "picture", "config"])
def test_what_cannot_be_served_is_one_line_and_status_2(tmp_path, logdir, what):
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n" * 9)
    (logdir / "tbevents.toml").write_text("[lint]\nignore = []\n")
    given = {
        "missing": [tmp_path / "missing"],
        "picture": [tmp_path / "picture"],
        "config": [logdir, "--config", logdir / "tbevents.toml"],
    }[what]
    done = subprocess.run(command(*given), input="", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert str(given[-1]) in done.stderr

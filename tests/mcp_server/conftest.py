"""A logdir, and clients of the SDK: in memory for variations, over stdio for the main path."""

import asyncio
import json

import pytest
from event_files import scalar_event, version_event, write_events


class Answered:
    """What a client got: the structured answer or the message, and the content blocks."""

    def __init__(self, result):
        self.is_error = bool(result.is_error)
        self.content = result.content
        self.text = result.content[0].text
        self.data = result.structured_content

    def __getitem__(self, key):
        assert not self.is_error, self.text
        return self.data[key]

    @property
    def error(self):
        assert self.is_error, self.text
        return self.text


@pytest.fixture
def logdir(tmp_path):
    """Two runs of three tags: a loss of 300 points, which is NaN in one of them, and few others."""
    for run in ("first", "second"):
        events = [version_event()]
        for step in range(300):
            value = float("nan") if (run, step) == ("second", 50) else 1 / (step + 1)
            events.append(scalar_event("loss", step, value, 1000.0 + step))
        events += [scalar_event("val/acc", step, step / 10, 1000.0 + step) for step in range(10)]
        write_events(tmp_path / "runs" / run / "events.out.tfevents.1.x", events)
    return tmp_path / "runs"


@pytest.fixture
def connect():
    """Returns a function that makes calls over one connection to a server in this process."""
    pytest.importorskip("mcp", reason="the server needs the extra mcp")
    from mcp import Client

    from tbevents.mcp_server.server import create_server

    def run(logdir, *calls, between=lambda: None, **options):
        async def talk():
            answers = []
            async with Client(create_server(logdir, **options), read_timeout_seconds=60) as client:
                for name, arguments in calls:
                    if answers:
                        between()
                    answers.append(Answered(await client.call_tool(name, arguments)))
            return answers

        return asyncio.run(talk())

    return run


@pytest.fixture
def ask(connect):
    """Makes one call of a server in this process."""

    def run(logdir, tool, **arguments):
        (answer,) = connect(logdir, (tool, arguments))
        if not answer.is_error:
            assert answer["untrusted"] is True
            strict = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
            assert strict == answer.data
        return answer

    return run

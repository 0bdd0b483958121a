"""The names of tags at a glance."""

import time

import pytest
from event_files import scalar_event, version_event, write_events

from tbevents.tools import glance
from tbevents.tools.glance import known_tags


def write_run(folder, *tags):
    write_events(folder / "x.tfevents", [version_event(), *(scalar_event(tag, 0, 1.0) for tag in tags)])


def test_the_tags_of_all_runs_are_found(tmp_path):
    write_run(tmp_path / "a", "loss", "acc")
    write_run(tmp_path / "b", "loss", "lr")
    assert known_tags(tmp_path) == ["loss", "acc", "lr"]


def test_a_large_run_is_not_read_as_a_whole(tmp_path, monkeypatch):
    write_run(tmp_path / "a", *(f"t{number}" for number in range(9)))
    monkeypatch.setattr(glance, "_WHOLE", 10)
    monkeypatch.setattr(glance, "_EVENTS", 4)
    assert known_tags(tmp_path) == ["t0", "t1", "t2", "t3"]


def test_it_takes_no_longer_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(glance, "read_logdir", lambda *_args, **_options: time.sleep(5))
    began = time.monotonic()
    assert known_tags(tmp_path, seconds=0.1) == []
    assert time.monotonic() - began < 4


@pytest.mark.filterwarnings("error")
def test_what_cannot_be_read_has_no_tags(tmp_path):
    assert known_tags(tmp_path / "nowhere") == []
    (tmp_path / "x.tfevents").write_bytes(b"damage" * 100)
    assert known_tags(tmp_path) == []

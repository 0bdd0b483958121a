"""docs/migrating.md: what it says in place of another reader's code gives the same."""

import re
from pathlib import Path

import pytest

import tbevents

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "migrating.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tbevents.SummaryWriter("runs/a") as writer:
        writer.add_hparams({"lr": 0.1}, {"accuracy": 0.9}, run_name=".")
        for step in range(5):
            writer.add_scalar("loss", 1 / (step + 1), step)


def ran(*blocks):
    names = {"tbevents": tbevents}
    for code in blocks:
        exec(compile(code, "migrating.md", "exec"), names)
    return names


def test_points_are_those_of_eventaccumulator():
    pytest.importorskip("tensorboard")
    theirs, ours = (next(code for code in BLOCKS if word in code) for word in ("accumulator.Scalars", "list(loss)"))
    points = [(point.wall_time, point.step, point.value) for point in ran(theirs)["points"]]
    assert len(points) == 5
    assert points == [(point.wall_time, point.step, point.value) for point in ran(ours)["points"]]


def test_tables_are_those_of_tbparse():
    pytest.importorskip("pandas")
    theirs, ours = (next(code for code in BLOCKS if word in code) for word in ("tbparse", "logdir.hparams()"))
    names = ran(ours)
    assert names["long"].columns.tolist() == ["run", "tag", "step", "wall_time", "value", "dir_name"]
    assert len(names["long"]) == 6
    assert names["wide"]["loss"].dropna().tolist() == [pytest.approx(1 / (step + 1)) for step in range(5)]
    assert names["parameters"]["lr"].tolist() == [0.1]
    pytest.importorskip("tbparse")
    assert ran(theirs)["frame"]["loss"].dropna().tolist() == names["wide"]["loss"].dropna().tolist()


def test_events_are_iterated():
    (code,) = (code for code in BLOCKS if "iter_events" in code)
    assert ran("tags = []\n" + code.replace("...", "tags.append(value.tag)"))["tags"].count("loss") == 5


def test_no_block_is_left_out():
    words = ("accumulator.Scalars", "list(loss)", "tbparse", "logdir.hparams()", "iter_events")
    assert [code for code in BLOCKS if not any(word in code for word in words)] == []

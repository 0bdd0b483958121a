"""Event files for the tools' tests."""

from pathlib import Path

import numpy as np
import pytest
from event_files import scalar_event, tensor_value, version_event, write_events

from tbevents.proto import Event, Summary, TensorProto
from tbevents.tools.scalar_files import ScalarColumns, write_scalars

from .lake import NAME, write_run
from .odd_runs import HOSTILE, STEPS, VALUES


@pytest.fixture
def corpus():
    """Other people's files: the small ones that come with the package."""
    return Path(__file__).resolve().parent.parent / "data" / "corpus"


@pytest.fixture
def make_run(tmp_path):
    """Makes a run's event file of points: (tag, step, value) each, one second apart."""

    def make(name, *points, file="events.out.tfevents.1.x", start=1000.0):
        events = [version_event(start)]
        events += [scalar_event(*point, wall_time=start + number) for number, point in enumerate(points, 1)]
        write_events(tmp_path / name / file, events)
        return tmp_path / name

    return make


@pytest.fixture
def make_series(tmp_path):
    """Makes a run of whole series: tag -> (steps, values)."""

    def make(name, **series):
        columns = []
        for tag, (steps, values) in series.items():
            steps = np.asarray(steps, np.int64)
            columns.append(ScalarColumns(tag, steps, 1000.0 + steps, np.asarray(values, np.float64)))
        write_scalars(tmp_path / name, columns)
        return tmp_path / name

    return make


@pytest.fixture
def odd(tmp_path):
    """Two runs of hostile tags, odd values, and steps that repeat and go back; one tag is float64."""
    for run in ("a", "b/c"):
        events = [version_event()]
        for tag in HOSTILE:
            events += [
                scalar_event(tag, *point, 1e9 + step / 7) for step, point in enumerate(zip(STEPS, VALUES, strict=True))
            ]
        for step, value in enumerate(VALUES):
            tensor = TensorProto(dtype=2, double_val=[value])
            value = tensor_value("double", tensor, "scalars")
            events.append(Event(step=step, wall_time=5.25, summary=Summary(value=[value])))
        write_events(tmp_path / "odd" / run / "events.out.tfevents.1", events)
    return tmp_path / "odd"


@pytest.fixture
def runs(tmp_path):
    """Thirty runs of three points, and one of texts only."""
    for number in range(30):
        write_run(tmp_path / "runs" / f"r{number:02}", ("x", 0, 1.0), ("y", 0, number), ("x", 1, 2.5))
    text = Event(summary=Summary(value=[tensor_value("note", TensorProto(dtype=7), "text")]))
    write_events(tmp_path / "runs" / "texts" / NAME, [version_event(), text])
    return tmp_path / "runs"


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"

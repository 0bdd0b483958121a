"""Event files for the tools' tests."""

from pathlib import Path

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

from tbevents.tools.scalar_files import ScalarColumns, write_scalars


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

"""Runs for the tests of checks: in memory, of points that are listed."""

from tbevents.testing import MemoryWriter


def run_of(**series):
    """A run of scalar series, each a list of values (steps 0, 1, 2 ...) or of (step, value) pairs."""
    writer = MemoryWriter(clock=lambda: 1000.0)
    for tag, points in series.items():
        for place, point in enumerate(points):
            step, value = point if isinstance(point, tuple) else (place, point)
            writer.add_scalar(tag, value, step)
    return writer.run

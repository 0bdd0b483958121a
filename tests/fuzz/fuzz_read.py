"""Fuzz target: any bytes as an event file. See README.md beside it."""

import sys
import tempfile
import warnings
from pathlib import Path

import tbevents
from tbevents.reading import decoder_feed, scalar_blocks

scalar_blocks._FEW = 1  # columns for the smallest file, too
decoder_feed.BLOCK = 256  # and many seams

_TEMPORARY = tempfile.TemporaryDirectory()  # removed when the process ends
FOLDER = Path(_TEMPORARY.name)
FILE = FOLDER / "events.out.tfevents.1"


def check(data):
    """Reads the bytes in every way; raises where the ways disagree or fail with an exception that is not ours."""
    FILE.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        steps = [
            event.step
            for event in tbevents.iter_events(FOLDER)
            for value in event.summary.value
            if value.HasField("simple_value")
        ]
        run = tbevents.read_run(FOLDER)
        points = sum(len(series) for series in run.scalars.values())
        assert points >= len(steps), (points, len(steps))
        assert run.reload().problems == run.problems
        try:
            tbevents.read_run(FILE, strict=True)
        except tbevents.TBEventsError:
            assert run.problems
        else:
            assert not run.problems
    return run


def main():
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

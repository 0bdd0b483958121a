"""Runs that are read together or alone, and all that they show."""

from pathlib import Path

import numpy as np
from event_files import write_events
from hypothesis import strategies as st

import tbevents


def everything(run):
    """All that a run shows of its files, with arrays as bytes."""
    series = {
        (kind, tag): (one.steps.tobytes(), one.wall_times.tobytes(), one.display_name, one.description)
        for kind in ("scalars", "histograms", "tensors", "texts")
        for tag, one in run.series(kind).items()
    }
    scalars = {tag: (one.values.dtype, _bits(one.values), one.exact_values) for tag, one in run.scalars.items()}
    files = {tag: [(run.scalar_files(tag)[0]), run.scalar_files(tag)[1].tolist()] for tag in run.scalars}
    metadata = {tag: repr(one) for tag, one in run.metadata.items()}
    facts = run.name, run.path, run.tags, run.counts(), run.first_wall_time, run.starts, run.files, run.problems
    return [*map(repr, (series, scalars, files, metadata, facts)), list(run.scalars)]


def _bits(values):
    """The bytes of numbers, all NaNs alike: a signalling NaN that protobuf decodes becomes a quiet one."""
    return np.where(np.isnan(values), values.dtype.type(np.nan), values).tobytes()


def alone(folder, name, options):
    try:
        return everything(tbevents.read_run(folder, name=name, **options))
    except (tbevents.TBEventsError, OSError) as error:
        return repr(error)


def together(logdir, name):
    try:
        return everything(logdir[name])
    except (tbevents.TBEventsError, OSError) as error:
        return repr(error)


@st.composite
def damaged(draw, data):
    """The bytes of a file, perhaps with some of them changed, removed or added."""
    data = bytearray(data)
    for place, bit in draw(st.lists(st.tuples(st.integers(0, max(0, len(data) - 1)), st.integers(0, 7)), max_size=2)):
        if data:
            data[place] ^= 1 << bit
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data) + draw(st.sampled_from([b"", b"", b"\0" * 20, b"stray"]))


def write_runs(top, runs):
    for name, files in runs.items():
        for file, data in files.items():
            write_events(Path(top, name, file), [])
            Path(top, name, file).write_bytes(data)


def read_together(top, runs, options):
    """Writes runs, and returns the logdir, whose runs are those that are read alone."""
    write_runs(top, runs)
    logdir = tbevents.read_logdir(top, threads=1, **options)
    for name in logdir:
        assert together(logdir, name) == alone(f"{top}/{name}", name, options)
    return logdir


options = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.sampled_from(["ato*", "loss*", ["btor", "nothing"]]),
        "kinds": st.sampled_from(["scalars", ["histograms"], ["scalars", "tensors"]]),
        "restarts": st.sampled_from(["tensorboard", "overwrite"]),
        "duplicates": st.sampled_from(["first", "last"]),
        "checksums": st.just("skip"),
        "strict": st.just(True),
    },
)

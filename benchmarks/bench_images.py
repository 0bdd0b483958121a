"""What it costs to read the scalars out of a run that is full of images, beside TensorBoard's data server.

    python benchmarks/bench_images.py [IMAGES]

The file holds 1,000 images of 1 MiB, or as many as are named, with five scalars behind each; it is made once, where
`bench_read` keeps its files.
"""

import sys
from pathlib import Path

import bench_read
from harness import main, medians, once, table, worker


def file(images):
    """The logdir; written where it is not there yet."""
    import numpy as np

    from tbevents import EventFileWriter
    from tbevents.proto import Event, Summary

    logdir = bench_read.FOLDER / f"images-{images}"
    if not (logdir / "done").exists():
        blob = np.random.default_rng(0).bytes(1 << 20)
        with EventFileWriter(logdir) as writer:
            for step in range(images):
                image = Summary.Image(width=512, height=512, encoded_image_string=blob)
                value = Summary.Value(tag="samples", image=image)
                writer.add_event(Event(step=step, wall_time=1.7e9 + step, summary=Summary(value=[value])))
                for k in range(5):
                    writer.add_scalar(f"metric_{k}", step / 10, step, 1.7e9 + step)
        (logdir / "done").touch()
    return str(logdir)


@worker
def tbevents(logdir, checksums):
    import tbevents

    tbevents.read_run, tbevents.Run  # noqa: B018  # imports them

    def work():
        run = tbevents.read_run(logdir, checksums=checksums)
        assert sum(len(series.values) for series in run.scalars.values()) == 5 * len(run.images["samples"])

    return 1, work


def benchmark():
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    logdir = file(images)
    size = sum(path.stat().st_size for path in Path(logdir).iterdir())
    cases = {
        "tbevents": lambda: once("tbevents", logdir, "verify"),
        'tbevents, checksums="skip"': lambda: once("tbevents", logdir, "skip"),
        "data server (Rust)": lambda: once("data_server", logdir),
    }
    found = medians(cases, 5)
    rows = [[who, one["cpu"], one["wall"], f"{one['peak'] / 1e6:,.0f}"] for who, one in found.items()]
    table([f"{images:,} images and {5 * images:,} scalars, {size / 1e6:,.0f} MB", "CPU s", "wall s", "peak MB"], rows)


if __name__ == "__main__":
    main(benchmark)

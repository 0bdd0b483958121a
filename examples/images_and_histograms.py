"""Histograms and images of a training, logged and read back.

    python examples/images_and_histograms.py [FOLDER]

Trains a small network to tell rings from discs. Every tenth epoch it logs a histogram of the weights and an image of
them to a run below FOLDER (``runs`` by default). Then it reads the run, and saves the last image as a PNG beside it.

Needs ``tbevents[image]``.
"""

import sys
from datetime import datetime
from pathlib import Path

import numpy as np

from tbevents import SummaryWriter, read_run

try:
    import PIL  # noqa: F401  # the writer makes PNGs with it
except ImportError:
    sys.exit("The images need Pillow: pip install 'tbevents[image]'")

SIZE = 16


def shapes(random, count):
    """Returns pictures of shape (count, SIZE * SIZE), and which of them are rings."""
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    distance = np.hypot(rows, columns)
    rings = random.integers(0, 2, count)
    radius = random.uniform(4, 7, count)
    inside = distance[None] < radius[:, None, None]
    hole = distance[None] < (radius - 2.5)[:, None, None]
    pictures = inside & ~(hole & (rings == 1)[:, None, None])
    return (pictures + 0.3 * random.normal(size=pictures.shape)).reshape(count, -1), rings


def train(folder, epochs=50):
    random = np.random.default_rng(0)
    weights = 0.01 * random.normal(size=SIZE * SIZE)
    with SummaryWriter(folder) as writer:
        for epoch in range(epochs):
            pictures, rings = shapes(random, 64)
            chances = 1 / (1 + np.exp(-pictures @ weights))
            weights -= 0.05 * pictures.T @ (chances - rings) / len(rings)
            writer.add_scalar("accuracy", np.mean((chances > 0.5) == rings), epoch)
            if epoch % 10 == 9:
                writer.add_histogram("weights", weights, epoch)
                learnt = weights.reshape(SIZE, SIZE)
                span = np.abs(learnt).max()
                writer.add_image("learnt", (learnt / span + 1) / 2, epoch, dataformats="HW")


def main():
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        sys.exit(__doc__)
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    folder = parent / f"shapes_{datetime.now():%b%d_%H-%M-%S-%f}"
    train(folder)
    run = read_run(folder)
    for histogram in run.histograms["weights"]:
        print(f"epoch {histogram.step}: {histogram.num:g} weights from {histogram.min:.3f} to {histogram.max:.3f}")
    last = run.images["learnt"][-1]
    png = folder / "learnt.png"
    png.write_bytes(last.encoded)
    print(f"What was learnt, {last.width} x {last.height} pixels, in epoch {last.step}: {png}")


if __name__ == "__main__":
    main()

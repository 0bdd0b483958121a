"""Shared code of the examples: a problem to train on, SGD with momentum, and the style of the plots.

This is not a script; the other files in this folder are.
"""

import sys
from datetime import datetime
from pathlib import Path

import numpy as np

from tbevents.lr_scheduler import plot_schedule

try:
    import matplotlib as mpl
    from matplotlib.figure import Figure
except ImportError:
    sys.exit("The plots need matplotlib: pip install 'tbevents[plot]'")

LR = 0.1
MOMENTUM = 0.9
EPOCHS = 200
ITERATIONS = 10  # of each epoch


class Regression:
    """Linear regression on 320 noisy points in 6 dimensions, in batches of 32.

    The gradient differs from batch to batch, so the weights keep moving around the optimum. The lower the rate, the
    closer they stay: whenever the rate falls, the loss settles at a lower level.
    """

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.x = self.random.normal(size=(32 * ITERATIONS, 6))
        self.y = self.x @ self.random.normal(size=6) + 3 + 0.5 * self.random.normal(size=len(self.x))
        self.weights = np.zeros(6)
        self.bias = np.zeros(1)
        with_ones = np.column_stack([self.x, np.ones(len(self.x))])
        self.best = np.linalg.lstsq(with_ones, self.y, rcond=None)[0]

    def batches(self):
        """Yields the indices of the points of each batch of an epoch, in random order."""
        return np.split(self.random.permutation(len(self.x)), ITERATIONS)

    def gradients(self, batch):
        """Returns the gradients of the mean squared error of a batch, for weights and bias."""
        error = self.x[batch] @ self.weights + self.bias - self.y[batch]
        return [2 * error @ self.x[batch] / len(batch), np.array([2 * error.mean()])]

    def loss(self):
        """Returns the mean squared error of all points."""
        return np.mean((self.x @ self.weights + self.bias - self.y) ** 2)

    def excess_loss(self):
        """Returns the loss minus the least possible loss."""
        return np.mean((self.x @ (self.weights - self.best[:-1]) + self.bias - self.best[-1]) ** 2)


class SGD:
    """Stochastic gradient descent with momentum. A scheduler only needs its `param_groups`.

    Args:
        groups: dicts with "params", a list of arrays that are changed in place, and other values of the group.
        lr, momentum: the defaults of all groups.
    """

    def __init__(self, groups, lr, momentum):
        self.param_groups = [{"lr": lr, "momentum": momentum, **group} for group in groups]
        self.velocities = [np.zeros_like(array) for group in groups for array in group["params"]]

    def step(self, gradients):
        """Update the parameters with their gradients, given in the same order."""
        updates = zip(self.velocities, gradients, strict=True)
        for group in self.param_groups:
            for array in group["params"]:
                velocity, gradient = next(updates)
                velocity *= group["momentum"]
                velocity += gradient
                array -= group["lr"] * velocity  # the rate set by the scheduler


def new_run(name):
    """Returns the folder of a new run, below the folder given to the script."""
    if len(sys.argv) > 2 or sys.argv[-1].startswith("-"):
        sys.exit(sys.modules["__main__"].__doc__)
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    return parent / f"{name}_{datetime.now():%b%d_%H-%M-%S-%f}"


def check(series, expected, run=""):
    """Raise AssertionError unless a series (of a run, to name it) has the expected values at steps 0, 1, 2 ..."""
    np.testing.assert_array_equal(series.steps, np.arange(len(expected)), err_msg=f"steps of {series.tag}")
    # Values are stored as float32, with about seven digits.
    np.testing.assert_allclose(series.values, expected, rtol=1e-6, atol=1e-12, err_msg=f"values of {series.tag}")
    print(f"{run and run + ', '}{series.tag}: {len(series)} points read back, all as expected")


def rates_of(run):
    """Returns a run's series of learning rates."""
    return [series for tag, series in run.scalars.items() if tag.split("/")[0] == "lr" and tag != "lr/metric"]


def print_table(run, epochs, loss="excess_loss"):
    """Print the rates and the loss of some epochs of a run."""
    rates = rates_of(run)
    print("epoch" + "".join(f"{series.tag:>14}" for series in rates) + f"{loss:>14}")
    for epoch in epochs:
        values = [series.at(epoch).value for series in [*rates, run.scalars[loss]]]
        print(f"{epoch:>5}" + "".join(f"{value:>14.4g}" for value in values))


STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#9ca3af",
    "axes.grid": True,
    "axes.labelcolor": "#4b5563",
    "axes.prop_cycle": mpl.cycler(color=["#2563eb", "#ea7317", "#0f9d76"]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.12,
    "font.size": 9,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 120,
    "text.color": "#1f2937",
    "xtick.color": "#9ca3af",
    "xtick.labelcolor": "#4b5563",
    "ytick.color": "#9ca3af",
    "ytick.labelcolor": "#4b5563",
}
GREY = "#6b7280"


def styled():
    """Returns a context with a common style for figures."""
    return mpl.rc_context(STYLE)


def heading(ax, name, arguments):
    """Put a schedule's name above its curve, and its arguments below the name."""
    title = ax.set_title(name, loc="left", fontsize=10.5, fontweight="bold", pad=19)
    ax.annotate(
        arguments, (0, 0), (0, -4), xycoords=title, textcoords="offset points", va="top", color=GREY, fontsize=8
    )


def draw_rates(ax, run, notes=None, label=None, linestyle="-"):
    """Draw the rates of a run against the epochs.

    Args:
        ax: the axes to draw in.
        run: the run that was read.
        notes: epoch -> text to write beside the curve there.
        label: the name of the curve in a legend; several rates are named by their tags.
        linestyle: as in matplotlib.
    """
    rates = rates_of(run)
    for series in rates:
        # The last point is the rate after the last epoch, with which nothing was trained.
        plot_schedule(series.between(last=EPOCHS - 1), ax=ax, label=series.tag if len(rates) > 1 else label)
        ax.lines[-1].set_linestyle(linestyle)
    ax.set_xlabel("Epoch")
    ax.set_xlim(0, EPOCHS)
    ax.set_xticks(range(0, EPOCHS + 1, 50))
    for epoch, note in (notes or {}).items():
        at = epoch, rates[0].at(epoch).value
        ax.annotate(note, at, (3, 4), textcoords="offset points", color=GREY, fontsize=8.5)


def save_plot(run, folder, name, arguments, notes=None, loss="excess_loss"):
    """Draw the rate, and below it the loss, into a PNG beside the run's folder."""
    with styled():
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        above, below = figure.subplots(2, sharex=True, height_ratios=(3, 2))
        heading(above, name, arguments)
        draw_rates(above, run, notes)
        above.set_xlabel("")
        draw_loss(below, run.scalars[loss])
        finish(figure, folder)


def draw_loss(ax, series):
    """Draw a loss on a logarithmic axis."""
    ax.semilogy(series.steps, series.values, color=GREY, linewidth=1.1)
    ax.set_xlabel("Epoch")
    ax.set_ylabel("Loss above the least" if series.tag == "excess_loss" else "Loss")


def finish(figure, folder):
    """Save a figure beside the run's folder, and print how to look at the run, too."""
    path = folder.parent / f"{folder.name}.png"
    figure.savefig(path)
    print(f"Plot: {path}")
    write_page = f"from tbevents.tools.report import report; report({str(folder.parent)!r}, 'report.html')"
    print("To look at the curves, in TensorBoard or on a page:\n")
    print(f"    tensorboard --logdir {folder.parent}")
    print(f'    {sys.executable} -c "{write_page}"')

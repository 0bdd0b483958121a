"""Draws the pictures of the benchmarks page from the tables of benchmarks/README.md: nothing is measured here.

    python docs/images/benchmarks.py

Writes ``bench_*.svg`` beside this file; needs ``tbevents[plot]``. Each picture carries a digest of the figures it was
drawn from, so that a test can tell when a table has changed since.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "benchmarks" / "README.md"

OURS = "#0072b2"
# The others, in colours that a colour-blind reader can tell apart.
OTHERS = ("#e69f00", "#009e73", "#cc79a7", "#7f7f7f")

Table = list[list[str]]


def table(header: str, page: str | None = None) -> Table:
    """Returns the cells of the table whose first header line begins with this text, header first."""
    lines = (PAGE.read_text(encoding="utf-8") if page is None else page).splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(f"| {header}")]
    if len(starts) != 1:
        raise ValueError(f"{PAGE.name} has {len(starts)} tables that begin with '| {header}', and one is needed")
    rows = []
    for line in lines[starts[0] :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [rows[0], *rows[2:]]


def number(cell: str) -> float:
    """Returns the first number of a cell; ``1,904 (425)`` is 1904."""
    found = re.search(r"\d[\d,]*(?:\.\d+)?", cell)
    if found is None:
        raise ValueError(f"a cell without a number: {cell!r}")
    return float(found[0].replace(",", ""))


def bars(axes: Axes, labels: Sequence[str], values: Sequence[float], unit: str) -> None:
    """Draws a horizontal bar for each label, the first at the top, with its value beside it. Ours has a colour."""
    colours = [OURS if label == "tbevents" else OTHERS[-1] for label in labels]
    drawn = axes.barh(range(len(values)), values, 0.75, color=colours)
    axes.bar_label(drawn, [f"{value:,.3g}" for value in values], padding=3)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)


def reading(axes: Axes, rows: Table) -> None:
    """CPU time of each reader: a row for each case, a mark for each reader."""
    (_, *readers), *cases = rows
    for place, (name, colour) in enumerate(zip(readers, (OURS, *OTHERS), strict=False)):
        values = [number(case[place + 1]) for case in cases]
        size = 90 if name == "tbevents" else 55
        axes.scatter(values, range(len(cases)), size, color=colour, marker="osD^v"[place], label=name, zorder=3)
    axes.set_yticks(range(len(cases)), [case[0] for case in cases])
    axes.invert_yaxis()
    axes.set_xscale("log")
    ticks = (0.1, 0.3, 1, 3, 10, 30)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("CPU microseconds per event, on a logarithmic axis: further left is faster")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.3, 1), ncols=5, frameon=False)


def writing(axes: Axes, rows: Table) -> None:
    """CPU time of a call of add_scalar in each writer: the first rows of the table."""
    chosen = [row for row in rows[1:] if "add_scalars" not in row[0] and row[1].endswith("µs")]
    labels = ["tbevents" if row[0].startswith("`add_scalar`") else row[0] for row in chosen]
    bars(axes, labels, [number(row[1]) for row in chosen], "CPU microseconds per call of add_scalar")


def uploads(axes: Axes, rows: Table) -> None:
    """What each writer uploads to a bucket."""
    labels = [row[0].split(",")[0] for row in rows[1:]]
    bars(axes, labels, [number(row[1]) for row in rows[1:]], "MB uploaded for 0.43 MB of scalars")


def board(axes: Axes, rows: Table) -> None:
    """CPU time until all tags of 200 runs are served: the rows of both servers."""
    both = rows[1:3]
    place = rows[0].index("CPU s")
    bars(axes, [row[1] for row in both], [number(row[place]) for row in both], "CPU seconds until 200 runs are served")


def damage(axes: Axes, rows: Table) -> None:
    """Time by the number of records, one line a kind of damage."""
    header, *kinds = rows
    sizes = [number(cell) for cell in header[1:4]]
    for place, kind in enumerate(kinds):
        intact = kind[0] == "intact"
        axes.plot(
            sizes, [number(cell) for cell in kind[1:4]], marker="o", label=kind[0], linewidth=3 if intact else 1.2,
            color=OURS if intact else f"C{place}", linestyle=("-", "--", ":")[place % 3],
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = (3, 10, 30, 100, 300, 1000, 3000)
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("records")
    axes.set_ylabel("CPU milliseconds")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


# Picture -> the header its table begins with, how it is drawn, inches.
PICTURES: dict[str, tuple[str, Callable[[Any, Table], None], tuple[float, float]]] = {
    "bench_reading.svg": ("case | tbevents | data server", reading, (9, 4.6)),
    "bench_writing.svg": ("| CPU | beside", writing, (8, 2.2)),
    "bench_uploads.svg": ("| MB uploaded", uploads, (8, 1.8)),
    "bench_board.svg": ("runs | server", board, (8, 1.5)),
    "bench_damage.svg": ("records | 10,000", damage, (9, 4.5)),
}


def digest(rows: Table) -> str:
    """Returns a word that changes with the figures of a table."""
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def main() -> None:
    """Writes the pictures."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "tbevents"  # the same figures give the same file
    for name, (header, draw, size) in PICTURES.items():
        rows = table(header)
        figure = Figure(figsize=size)
        draw(figure.add_subplot(), rows)
        figure.savefig(HERE / name, bbox_inches="tight", metadata={"Description": digest(rows), "Date": None})
        sys.stdout.write(f"{name}: {(HERE / name).stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()

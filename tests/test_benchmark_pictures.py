"""The pictures of the benchmarks page show the figures that its tables have."""

import re
from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"


@pytest.fixture(scope="module")
def benchmarks():
    return load_script(IMAGES / "benchmarks.py")


def test_each_picture_was_drawn_from_the_table_as_it_is(benchmarks):
    assert len(benchmarks.PICTURES) >= 5
    for name, (header, _, _) in benchmarks.PICTURES.items():
        (drawn_from,) = re.findall(r"<dc:description>(\w+)</dc:description>", (IMAGES / name).read_text("utf-8"))
        assert drawn_from == benchmarks.digest(benchmarks.table(header)), f"{name}: run docs/images/benchmarks.py"


def test_each_picture_is_on_the_page_and_no_other(benchmarks):
    shown = re.findall(r"\]\(\.\./docs/images/(bench_\w+\.svg)\)", benchmarks.PAGE.read_text("utf-8"))
    assert sorted(shown) == sorted(benchmarks.PICTURES) == sorted(path.name for path in IMAGES.glob("bench_*.svg"))


def test_cells_are_read_as_they_are_written(benchmarks):
    page = "| a | b |\n|---|---|\n| x, y | 1,904 (425) |\n| z | 0.62 / 0.65 µs |\n\n| a thing | b |\n"
    header, *rows = benchmarks.table("a | b", page)
    assert header == ["a", "b"]
    assert [(row[0], benchmarks.number(row[1])) for row in rows] == [("x, y", 1904.0), ("z", 0.62)]
    with pytest.raises(ValueError, match="has 2 tables"):
        benchmarks.table("a ", page)
    with pytest.raises(ValueError, match="without a number"):
        benchmarks.number("goal")


def test_what_is_drawn_are_the_figures(benchmarks):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    rows = [["case", "tbevents", "other"], ["small", "1.5", "30"], ["large", "0.25", "2,000"]]
    axes = Figure().add_subplot()
    benchmarks.reading(axes, rows)
    ours, theirs = axes.collections
    assert ours.get_offsets().tolist() == [[1.5, 0], [0.25, 1]]
    assert theirs.get_offsets().tolist() == [[30, 0], [2000, 1]]
    axes = Figure().add_subplot()
    rows = [["runs", "server", "CPU s"], ["200", "tbevents", "2.0"], ["same", "TensorBoard", "14"], ["2,000", "", "5"]]
    benchmarks.board(axes, rows)
    assert [bar.get_width() for bar in axes.patches] == [2.0, 14.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["tbevents", "TensorBoard"]

"""What notebooks show: small tables and sparklines, of anybody's names, that nothing is read for."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events
from hypothesis import given
from hypothesis import strategies as st

import tbevents
from tbevents.reading.kinds.histogram import Histogram
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.listed_runs import ListedRuns
from tbevents.reading.tables import Table
from tbevents.views.notebook import MOST_COLUMNS, MOST_ROWS, sparkline_svg
from tbevents.views.safe_text import printable, shortened

ELEMENTS = {"div", "b", "bdi", "table", "thead", "tbody", "tr", "th", "td", "svg", "path", "circle"}
ATTRIBUTES = {"class", "style", "width", "height", "viewbox", "role", "aria-label", "fill", "d", "cx", "cy", "r"}
STROKE = {"stroke", "stroke-width", "stroke-linejoin"}


class Fragment(HTMLParser):
    """HTML, taken apart as a browser would; only harmless elements are let through."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells, self.texts, self.svgs, self.circles, self.paths = [], [], [], 0, 0, []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        assert tag in ELEMENTS
        assert set(attributes) <= ATTRIBUTES | STROKE
        assert not re.search(r"url|#|rgb|position", attributes.get("style", ""))
        if tag in ("path", "circle"):
            self.circles += tag == "circle"
            self.paths += [attributes["d"]] if tag == "path" else []
            assert {attributes.get("fill"), attributes.get("stroke")} <= {"none", "currentColor", None}
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        self.svgs += tag == "svg"
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.cells[-1][-1] += data

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def fragment(shown):
    html = shown._repr_html_()
    assert html.startswith('<div class="tex2jax_ignore mathjax_ignore">')  # no $formula$ in it is typeset
    return Fragment(html)


def series_of(*values, tag="loss", **names):
    steps = np.arange(len(values), dtype=np.int64) + 5
    return ScalarSeries(tag, steps, 1000.0 + steps, np.array(values, np.float64), **names)


def write_run(folder, **tags):
    events = [scalar_event(tag, step, value) for tag, values in tags.items() for step, value in enumerate(values)]
    write_events(folder / "events.out.tfevents.1.x", [version_event(), *events])
    return folder


# -- sparklines --------------------------------------------------------------------------------------------------------


def test_a_sparkline_goes_from_the_least_to_the_greatest_value():
    found = Fragment(sparkline_svg(np.array([1.0, 3.0, 2.0]), 106, 26))
    assert found.paths == ["M3 23L53 3L103 13"]
    assert found.circles == 0


def test_a_sparkline_has_gaps_and_dots():
    found = Fragment(sparkline_svg(np.array([1.0, 1.0, math.nan, 2.0, math.inf, 3.0, 3.0])))
    assert len(re.findall("M", found.paths[0])) == 3
    assert len(re.findall("L", found.paths[0])) == 2
    assert found.circles == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values",
    [[], [7.0], [2.0, 2.0], [math.nan], [math.nan, math.inf, -math.inf], [-1.7e308, 1.7e308], [0.0, 5e-324]],
    ids=str,
)
def test_a_sparkline_stays_within_its_frame(values):
    found = Fragment(sparkline_svg(np.array(values, np.float64), 100, 20))
    numbers = [float(number) for number in re.findall(r"[^ML ]+", found.paths[0])]
    assert all(3 <= number <= 97 for number in numbers[::2])
    assert all(3 <= number <= 17 for number in numbers[1::2])
    assert found.circles == (len(values) == 1 and math.isfinite(values[0]))


def test_a_sparkline_of_many_points_is_small_and_has_their_peak():
    values = np.zeros(100_000)
    values[54_321] = 1.0
    markup = sparkline_svg(values)
    assert len(markup) < 2500
    assert " 3L" in Fragment(markup).paths[0]  # the peak is at the upper edge


# -- series ------------------------------------------------------------------------------------------------------------


def test_a_scalar_series_shows_its_numbers():
    found = fragment(series_of(0.5, math.nan, -2, 12345678.5, math.inf))
    assert found.cells == [
        ["points", "steps", "first", "last", "min", "max", "not finite"],
        ["5", "5 to 9", "0.5", "inf", "-2", "inf", "2"],
    ]
    assert "loss" in found.texts
    assert found.svgs == 1
    assert fragment(series_of(12345678.5)).cells[1] == ["1", "5", *["12345678"] * 4]


def test_a_series_without_numbers_says_what_it_has():
    assert fragment(series_of()).cells == [["points", "steps"], ["0", ""]]
    assert fragment(series_of(math.nan)).cells[1] == ["1", "5", "nan", "nan", "1"]


def test_another_display_name_is_shown_beside_the_tag():
    assert "".join(fragment(series_of(1, display_name="The <loss>")).texts).startswith("loss (The <loss>)")


def test_series_of_other_kinds_show_how_many_points_they_have(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in (3, 4):
            writer.add_histogram("h", np.arange(3.0), step)
            writer.add_mesh("m", np.zeros((1, 3, 3)), global_step=step)
    run = tbevents.read_run(tmp_path)
    for series in (run.histograms["h"], run.meshes["m"]):
        assert fragment(series).cells == [["points", "steps"], ["2", "3 to 4"]]


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_has_a_row_for_each_tag(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / 2**step, step)
        writer.add_text("note", "<b>text</b>", 7)
        writer.add_mesh("m", np.zeros((1, 3, 3)))
        writer.add_scalar("lr", 0.5, 1)
    found = fragment(tbevents.read_run(tmp_path, name="mine"))
    assert found.cells == [
        ["tag", "kind", "points", "steps", "last", ""],
        ["loss", "scalars", "3", "0 to 2", "0.25", ""],
        ["note/text_summary", "texts", "1", "7", "", ""],
        ["m_VERTEX", "meshes", "1", "", "", ""],
        ["lr", "scalars", "1", "1", "0.5", ""],
    ]
    assert found.svgs == 2
    assert found.texts[0] == "mine"


def test_a_run_shows_the_points_that_restarts_and_duplicates_left(tmp_path):
    write_run(tmp_path, loss=[3, 2, 1])
    write_events(tmp_path / "events.out.tfevents.2.x", [version_event(), scalar_event("loss", 1, 9.0)])
    found = fragment(tbevents.read_run(tmp_path, restarts="overwrite"))
    assert found.cells[1] == ["loss", "scalars", "2", "0 to 1", "9", ""]


def test_of_many_tags_the_first_are_shown_and_made_into_series(tmp_path):
    run = tbevents.read_run(write_run(tmp_path, **{f"t{number}": [1, 2] for number in range(MOST_ROWS + 2)}))
    found = fragment(run)
    assert [row[0] for row in found.cells[1:]] == [f"t{number}" for number in range(MOST_ROWS)]
    assert found.texts[-1] == "… and 2 more tags"
    assert sum(key[0] == "scalars" for key in run._reading.made if isinstance(key, tuple)) == MOST_ROWS


def test_a_run_without_values_says_so(tmp_path):
    assert "no values" in fragment(tbevents.read_run(write_run(tmp_path))).texts


def test_what_was_damaged_is_said(tmp_path):
    path = tmp_path / "events.out.tfevents.1.x"
    starts = write_events(path, [version_event(), *(scalar_event("loss", step, 1.0) for step in range(20))])
    data = bytearray(path.read_bytes())
    for start in starts[2:16:2]:
        data[start + 13] ^= 1
    path.write_bytes(data)
    with pytest.warns(tbevents.DamageWarning):
        run = tbevents.read_run(tmp_path)
    texts = fragment(run).texts
    assert str(run.problems[0]) in texts
    assert texts[-1] == "… and 2 more problems"


# -- logdirs -----------------------------------------------------------------------------------------------------------


def test_the_first_look_at_a_logdir_shows_numbers(tmp_path):
    for number, name in enumerate(("a", "b", "c")):
        write_run(tmp_path / name, loss=[1, 2 + number], acc=[3])
    logdir = tbevents.read_logdir(tmp_path, threads=1)
    found = fragment(logdir)
    assert found.cells == [
        ["run", "tags", "values", "step", "loss", "acc", "problems"],
        *([name, "2 scalars", "3", "1", f"{2 + number} ", "3", ""] for number, name in enumerate(("a", "b", "c"))),
    ]
    assert found.svgs == 3
    assert logdir["a"] is logdir._listed.runs["a"]  # what was read is kept


def test_runs_that_take_long_are_not_read_for_a_look(tmp_path, monkeypatch):
    for name, count in (("a", 2), ("b", 5000), ("c", 2)):
        write_run(tmp_path / name, loss=range(count))
    monkeypatch.setattr("tbevents.reading.listed_runs._SHOWN_BYTES", 10_000)
    logdir = tbevents.read_logdir(tmp_path, threads=1)
    found = fragment(logdir)
    size = sum(file.stat().st_size for file in (tmp_path / "b").iterdir()) / 1e6
    assert found.cells[2] == ["b", f"not read: {size:.1f} MB", "", "", "", ""]
    assert [row[1] for row in found.cells[1:]] == ["1 scalars", f"not read: {size:.1f} MB", "1 scalars"]
    assert found.texts[-1] == f"1 run ({size:.1f} MB) not read: using a run reads it"
    assert logdir._listed.runs["b"] is None
    logdir["b"]
    assert fragment(logdir).cells[2][:5] == ["b", "1 scalars", "5000", "4999", "4999 "]


def test_a_look_takes_no_longer_than_it_may(tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        write_run(tmp_path / name, loss=[1])
    monkeypatch.setattr("tbevents.reading.listed_runs._SHOWN_SECONDS", -1.0)
    logdir = tbevents.read_logdir(tmp_path)
    monkeypatch.setattr(ListedRuns, "_run", lambda *args, **options: pytest.fail("a run is read"))
    assert [row[1] for row in fragment(logdir).cells[1:]] == ["not read yet"] * 3


def test_a_look_raises_nothing(tmp_path):
    write_run(tmp_path / "a", loss=[1])
    write_run(tmp_path / "b", loss=[1])
    logdir = tbevents.read_logdir(tmp_path, strict=True)
    (file,) = (tmp_path / "a").iterdir()
    data = bytearray(file.read_bytes())
    data[-10] ^= 1
    file.write_bytes(data)
    found = fragment(logdir)
    assert found.cells[1][1].startswith("cannot be read: ")
    assert found.cells[2][1] == "1 scalars"


def test_the_scalars_that_most_runs_have_are_shown(tmp_path):
    write_run(tmp_path / "a", rare=[1], **{f"t{number}": [number] for number in range(5)})
    write_run(tmp_path / "b", **{f"t{number}": [number] for number in range(5)})
    found = fragment(tbevents.read_logdir(tmp_path))
    assert found.cells[0][4:] == ["t0", "t1", "t2", "t3", "problems"]
    assert "… and 2 more scalar tags" in found.texts


class Printer:
    def text(self, text):
        self.shown = text


def as_text(shown):
    printer = Printer()
    shown._repr_pretty_(printer, False)
    return printer.shown.splitlines()


def test_ipython_shows_the_same_as_text(tmp_path):
    write_run(tmp_path / "a", loss=[1, 0.5])
    write_run(tmp_path / "b\x1b", loss=[1, 0.25])
    logdir = tbevents.read_logdir(tmp_path)
    assert as_text(logdir)[1:] == [
        "run    tags       values  step  loss",
        "a      1 scalars       2     1   0.5",
        "b\\x1b  1 scalars       2     1  0.25",
    ]
    assert as_text(logdir["a"].scalars)[1:] == [
        "scalar tag  points  steps   last  min  max",
        "loss             2  0 to 1   0.5  0.5    1",
    ]
    empty = tbevents.read_run(write_run(tmp_path / "none"))
    assert as_text(empty.scalars) == ["<0 scalar tags>"]


def test_mappings_of_series_are_tables(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", math.nan if step == 1 else 3 - step, step)
            writer.add_scalar("lr", 0.5, step)
            writer.add_histogram("h", np.arange(3.0), step)
    run = tbevents.read_run(tmp_path)
    found = fragment(run.scalars)
    assert found.cells == [
        ["scalar tag", "points", "steps", "last", "min", "max", ""],
        ["loss", "3", "0 to 2", "1", "1", "3", ""],
        ["lr", "3", "0 to 2", "0.5", "0.5", "0.5", ""],
    ]
    assert found.svgs == 2
    assert fragment(run.histograms).cells == [["histogram tag", "points", "steps"], ["h", "3", "0 to 2"]]
    assert run.metadata._repr_html_() is None
    many = tbevents.read_run(write_run(tmp_path / "m", **{f"t{number}": [1] for number in range(MOST_ROWS + 1)}))
    assert fragment(many.scalars).texts[-1] == "… and 1 more scalar tag"


def test_a_histogram_shows_its_shape_and_numbers(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", np.array([0.0, 0.0, 1.0, 2.0]), 7)
    series = tbevents.read_run(tmp_path).histograms["h"]
    found = fragment(series.last)
    cells = dict(zip(*found.cells, strict=True))
    assert {name: cells[name] for name in ("step", "values", "min", "max")} == {
        "step": "7",
        "values": "4",
        "min": "0",
        "max": "2",
    }
    assert found.svgs == 1
    heights = [float(y) for y in re.findall(r"V([\d.]+)H", found.paths[0])]
    assert min(heights) == 3.0 == heights[0]  # the two zeros are the highest bar
    assert fragment(series).svgs == 1


def test_an_empty_histogram_is_shown():
    found = fragment(Histogram(1, 0.0, np.empty(0), np.empty(0), np.empty(0)))
    assert found.cells == [["step", "values", "buckets"], ["1", "0", "0"]]
    odd = Histogram(1, 0.0, np.array([-np.inf, 0.0]), np.array([0.0, np.inf]), np.array([np.nan, 2.0]))
    assert fragment(odd).cells[1][:2] == ["1", "2"]


def test_a_histogram_that_cannot_be_read_is_shown_without_its_shape(tmp_path, monkeypatch):
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", np.arange(3.0), 7)
    series = tbevents.read_run(tmp_path).histograms["h"]

    def fail(*_):
        raise tbevents.PayloadError("damaged")

    monkeypatch.setattr("tbevents.reading.kinds.histogram._from_proto", fail)
    found = fragment(series)
    assert found.cells == [["points", "steps"], ["1", "7"]]
    assert found.svgs == 0


def test_of_many_runs_the_first_are_shown(tmp_path):
    for number in range(MOST_ROWS + 1):
        write_run(tmp_path / f"{number:02}")
    found = fragment(tbevents.read_logdir(tmp_path))
    assert len(found.cells) == MOST_ROWS + 1
    assert found.texts[-1] == "… and 1 more run"
    (tmp_path / "00" / "none").mkdir()
    assert "no runs" in fragment(tbevents.read_logdir(tmp_path / "00" / "none")).texts


# -- tables ------------------------------------------------------------------------------------------------------------


def test_tables_show_their_first_rows_and_columns(tmp_path):
    run = tbevents.read_run(write_run(tmp_path, a=range(30), b=range(20)), name="r")
    found = fragment(run.table())
    assert found.cells[:2] == [["run", "tag", "step", "wall_time", "value"], ["r", "a", "0", "1001.5", "0"]]
    assert found.cells[-1][1:3] == ["b", "9"]
    assert found.texts[-1] == "… and 10 more rows"
    wide = fragment(run.table().pivot())
    assert wide.cells[21] == ["r", "20", "20", ""]


def test_of_many_columns_the_first_are_shown(tmp_path):
    run = tbevents.read_run(write_run(tmp_path, **{f"t{number}": [1] for number in range(MOST_COLUMNS)}))
    found = fragment(run.table().pivot())
    assert len(found.cells[0]) == MOST_COLUMNS
    assert found.texts[-1] == "… and 2 more columns"


def test_hyperparameters_are_a_table(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"lr": 0.1, "name": "<i>x", "on": True}, {"acc": 0.5}, run_name="one")
        writer.add_hparams({"lr": 0.2}, {"acc": 0.75}, run_name="two")
    found = fragment(tbevents.read_logdir(tmp_path).hparams())
    columns = {name: [row[at] for row in found.cells[1:]] for at, name in enumerate(found.cells[0])}
    assert {name: columns[name] for name in ("run", "lr", "name", "on", "acc")} == {
        "run": ["one", "two"],
        "lr": ["0.1", "0.2"],
        "name": ["<i>x", ""],
        "on": ["True", ""],
        "acc": ["0.5", "0.75"],
    }


def test_tables_without_rows_are_shown(tmp_path):
    logdir = tbevents.read_logdir(write_run(tmp_path))
    assert fragment(logdir.scalars()).cells == [["run", "tag", "step", "wall_time", "value"]]
    assert len(fragment(logdir.hparams()).cells) == 1


# -- names of any content ----------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</td></table><style>*{display:none}</style>",
    "<!-- ",
    "&lt;b&gt; &amp",
    "nul\0 and\nnewline\x1b[31m",
    "\u202eabc",
    "\udcff",
    "שלום",
]


def assert_shown(found, name):
    """What was taken apart has the name as text, with escapes for what nobody sees."""
    assert shortened(name, 60) in "".join(found.texts)
    text = "".join(found.texts)
    assert printable(text) == text
    text.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_text_in_a_logdir_and_its_runs(tmp_path, name):
    logdir = tbevents.read_logdir(write_run(tmp_path / "x", loss=[1]).parent)
    run = logdir["x"]
    run.name = run.path = logdir.path = name
    logdir._listed.runs = {name: run, name + "2": None}
    assert_shown(fragment(run), name)
    assert_shown(fragment(logdir), name)


@given(st.sampled_from(HOSTILE) | st.text())
def test_any_tag_is_text(name):
    found = fragment(series_of(1, tag=name, display_name=name + "!"))
    assert_shown(found, name)
    table = Table((name,), (name,), *[np.zeros(1, np.int32)] * 4, np.ones(1, np.float32), {name: [name]})
    assert_shown(fragment(table), name)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isprintable()])
def test_any_tag_of_a_run_is_text(tmp_path, name):
    run = tbevents.read_run(write_run(tmp_path, **{name: [1]}))
    assert fragment(run).cells[1][0] == name


def test_long_names_are_shortened_in_the_middle():
    found = fragment(series_of(1, tag="a" * 1000 + "b" * 1000))
    assert found.texts[0] == "a" * 29 + "…" + "b" * 30

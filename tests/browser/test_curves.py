"""Curves in the page: their axes, zoom, crosshair, smoothing, and what an axis cannot show."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from event_files import scalar_event, version_event, write_events
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.training import RATES, STEPS, loss
from tbevents import SummaryWriter, read_run
from tbevents.testing import MemoryWriter
from tbevents.tools.report import ReportLimits, report


def test_the_learning_rate_stands_beside_the_loss_and_both_zoom_together(made, page):
    page.open(made)
    rate, beside = page.chart("lr", "#rates"), page.chart("train/loss", "#rates")
    before = page.picture(rate), page.picture(beside)
    page.drag(beside, 0.1, 0.3)
    assert page.picture(beside) != before[1]
    assert page.picture(rate) != before[0]
    assert len(page.all("#rates .zoomed")) == 2


def test_dragging_zooms_and_two_clicks_show_all_again(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    before = page.picture(chart)
    page.drag(chart, 0.25, 0.75)
    zoomed = page.picture(chart)
    assert zoomed != before
    reset = chart.find_element(By.CSS_SELECTOR, ".reset")
    assert reset.is_displayed()
    page.click(reset)
    assert page.picture(chart) == before
    assert not reset.is_displayed()
    page.press(chart, "+")
    assert page.picture(chart) != before
    page.press(chart, "0")
    assert page.picture(chart) == before


def test_a_zoom_outlasts_what_redraws_the_chart(made, page):
    page.open(made)
    page.drag(page.chart("train/loss"), 0.25, 0.75)
    page.click(page.one("#log-y"))
    assert page.chart("train/loss").find_element(By.CSS_SELECTOR, ".reset").is_displayed()


def test_a_zoom_stops_where_an_axis_can_show_no_more(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    before = page.picture(chart)
    page.press(chart, "+" * 60)
    assert page.picture(chart) != before
    page.press(chart, "-" * 60)
    assert page.picture(chart) == before
    assert not chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()


def test_a_zoom_ends_where_x_means_something_else(made, page):
    page.open(made)
    page.drag(page.chart("train/loss"), 0.25, 0.75)
    page.click(page.one("input[name=x][value=relative]"))
    chart = page.chart("train/loss")
    assert not chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()
    width = chart.find_element(By.CSS_SELECTOR, ".u-over").size["width"]
    assert np.ptp(page.drawn_steps(chart)) > 0.95 * width


def test_smoothing_is_tensorboards(made, page, training):
    page.open(made)
    page.put("#smoothing", 0.9)
    chart = page.chart("train/loss")
    page.press(chart, Keys.END)
    series = read_run(training / "a").scalars["train/loss"]
    expected = series.smooth(0.9).values[-1]
    spoken = dict(part.rsplit(" ", 1) for part in page.spoken(chart).removeprefix("a: ").split(", ")[:3])
    assert float(spoken["smoothed"]) == pytest.approx(expected, rel=1e-4)
    assert float(spoken["value"]) == pytest.approx(series.values[-1], rel=1e-4)
    assert spoken["step"] == str(STEPS - 1)


def test_smoothing_passes_over_what_is_not_finite(made, page, training):
    page.open(made)
    page.put("#smoothing", 0.5)
    chart = page.chart("accuracy")
    expected = read_run(training / "a").scalars["accuracy"].smooth(0.5).values
    page.press(chart, Keys.HOME)
    for step in range(8):
        said = page.spoken(chart)
        smoothed = float(said.split("smoothed ")[1].split(",")[0])
        np.testing.assert_allclose(smoothed, expected[step], rtol=1e-4)
        page.press(chart, Keys.ARROW_RIGHT)


def test_the_crosshair_says_run_step_value_and_time(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    page.hover(chart, 0.5)
    tip = chart.find_element(By.CSS_SELECTOR, ".tip")
    assert tip.is_displayed()
    assert [cell.text for cell in tip.find_elements(By.CSS_SELECTOR, "thead th")] == [
        "",
        "value",
        "step",
        "time",
        "relative",
    ]
    rows = {}
    for row in tip.find_elements(By.CSS_SELECTOR, "tbody tr"):
        name, *cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        rows[name] = cells
    assert set(rows) == set(RATES)
    for name, (value, step, time, relative) in rows.items():
        assert abs(int(step) - STEPS / 2) <= 2
        assert float(value) == pytest.approx(loss(name, int(step)), rel=1e-4)
        assert time.startswith("2023-11-")
        assert relative == f"{2 * int(step) // 60} min {2 * int(step) % 60:02} s"
    page.hover(chart, 0.5, 0.5)
    page.run("arguments[0].querySelector('.u-over').dispatchEvent(new MouseEvent('mouseleave'))", chart)


@pytest.mark.parametrize(("axis", "unit"), [("relative", "in minutes"), ("wall", "times of {zone}")])
def test_x_may_be_time(made, page, axis, unit):
    page.open(made)
    before = page.picture(page.chart("train/loss"))
    page.click(page.one(f"input[name=x][value={axis}]"))
    chart = page.chart("train/loss")
    assert page.picture(chart) != before
    page.expect_lines("train/loss", 3, 3 * STEPS)
    note = chart.find_element(By.XPATH, "..").find_element(By.CSS_SELECTOR, ".note").text
    assert note == unit.format(zone=page.run("return Intl.DateTimeFormat().resolvedOptions().timeZone"))
    # The runs follow each other: by wall time each has a third of the width at most.
    if axis == "wall":
        assert len(page.drawn_steps(chart)) < 0.5 * chart.size["width"]


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm(tmp_path, page):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar_columns("mixed", np.arange(6), [-1.0, 0.0, 1.0, 10.0, 100.0, 1e30])
        writer.add_scalar_columns("negative", np.arange(3), [-1.0, -2.0, -3.0])
    out = tmp_path / "report.html"
    report(tmp_path / "run", out)
    page.open(out)
    page.expect_lines("negative", 1, 3)
    page.click(page.one("#log-y"))
    page.click(page.one("#log-x"))
    page.expect_lines("mixed", 1, 6)
    page.expect_lines("negative", 0, 3)
    notes = [card.find_element(By.CSS_SELECTOR, ".note").text for card in page.all("article.card")]
    why = "points at or below 0 are not on the log axis"
    assert notes == [f"2 {why}", f"3 {why}"]


def test_keys_go_along_the_curves(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    page.press(chart, Keys.ARROW_RIGHT)
    page.press(chart, Keys.ARROW_RIGHT)
    value = float(f"{loss('a', 1):.5g}")
    assert page.spoken(chart).startswith(f"a: value {value}, step 1, time 2023-11-")
    page.press(chart, Keys.ARROW_DOWN)
    assert page.spoken(chart).startswith("b: value")
    assert ", step 1," in page.spoken(chart)
    page.press(chart, Keys.SHIFT + Keys.ARROW_RIGHT)
    assert ", step 11," in page.spoken(chart)
    page.press(chart, Keys.NULL, Keys.HOME)
    assert ", step 0," in page.spoken(chart)


def test_the_tip_has_all_curves_by_value(tmp_path, page):
    for number in range(30):
        with SummaryWriter(tmp_path / "runs" / f"r{number:02}") as writer:
            writer.add_scalar_columns("loss", np.arange(50), np.full(50, float(number * 7 % 30)), 1.7e9)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    chart = page.chart("loss")
    page.hover(chart, 0.5, 0.9)
    tip = chart.find_element(By.CSS_SELECTOR, ".tip")
    rows = page.run(
        "return [...arguments[0].querySelectorAll('tbody tr')].map((row) => row.children[1].textContent)", tip
    )
    assert rows == [str(value) for value in range(29, -1, -1)]
    box = "const {top, bottom} = arguments[0].getBoundingClientRect(); return [top, bottom]"
    (top, bottom), row = page.run(box, tip), page.run(box, tip.find_element(By.CSS_SELECTOR, ".nearest"))
    assert top <= row[0]
    assert row[1] <= bottom + 1
    assert page.run("return arguments[0].scrollTop", tip) > 0


def test_long_curves_are_thinned_and_the_page_says_so(tmp_path, page):
    values = np.zeros(50_000)
    values[31_234] = 5.0
    values[40_000] = np.nan
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar_columns("spike", np.arange(50_000), values)
    out = tmp_path / "report.html"
    made = report(tmp_path / "run", out, limits=ReportLimits(points=1000))
    page.open(out)
    assert made.drawn <= 1000
    page.expect_lines("spike", 1, made.drawn)
    assert f"({made.drawn:,} of 50,000 points are here)" in page.one("#notes").text
    assert f"{made.drawn} of 50,000 points drawn" in page.one("article.card .note").text
    assert page.one(".odd summary").text == "1 point not finite"
    chart = page.chart("spike")
    page.hover(chart, 31_234 / 50_000, 0.05)
    assert "31234" in chart.find_element(By.CSS_SELECTOR, ".tip").text


@pytest.mark.parametrize("peak", [1.0, -1.0])
def test_peaks_are_drawn_where_many_points_share_a_pixel(tmp_path, page, peak):
    values = np.zeros(5000)
    values[2501] = peak
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar_columns("spike", np.arange(5000), values)
    out = tmp_path / "report.html"
    report(tmp_path / "run", out)
    page.open(out)
    chart = page.chart("spike")
    height = chart.find_element(By.CSS_SELECTOR, ".u-over").size["height"]
    assert np.ptp(page.drawn_rows(chart)) > 0.85 * height


def test_a_million_points_open(tmp_path, page):
    rng = np.random.default_rng(1)
    for run in range(20):
        with SummaryWriter(tmp_path / "runs" / f"{run:02}") as writer:
            for tag in range(10):
                writer.add_scalar_columns(f"tag{tag}", np.arange(5000), rng.random(5000, np.float32))
    out = tmp_path / "report.html"
    made = report(tmp_path / "runs", out)
    assert made.points == made.drawn == 1_000_000
    page.open(out)
    page.expect_lines("tag3", 20, 100_000)


def test_extreme_values_are_drawn(tmp_path, page):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(3):
            writer.add_scalar("huge", 1.7e308 * (step - 1), step, new_style=True, double_precision=True)
            writer.add_scalar("tiny", 1e-320 * (step + 1), step, new_style=True, double_precision=True)
            writer.add_scalar("wide", (1e-323, 1.7e308, 1)[step], step, new_style=True, double_precision=True)
            writer.add_scalar("near", 1 + 2.0**-52 * (step % 2), step, new_style=True, double_precision=True)
        writer.add_scalar_columns("nothing", np.arange(3), np.array([np.nan, np.inf, -np.inf]))
        writer.add_scalar_columns("same", np.arange(3), np.array([7.0, 7.0, 7.0]))
        writer.add_scalar_columns("steps", np.array([-(2**63), 0, 2**63 - 1]), np.array([1.0, 2.0, 3.0]))
        writer.add_scalar_columns("back", np.array([5, 1, 5]), np.array([1.0, 2.0, 3.0]))
    timeless = [scalar_event("timeless", step, step, wall_time) for step, wall_time in enumerate((math.nan, math.inf))]
    write_events(tmp_path / "run" / "events.out.tfevents.9999999999.other", [version_event(), *timeless])
    out = tmp_path / "report.html"
    report(tmp_path / "run", out)
    page.open(out)
    for tag in ("huge", "tiny", "same", "steps", "back", "timeless"):
        assert page.chart(tag).get_attribute("data-lines") == "1"
        assert len(page.drawn_steps(page.chart(tag))) > 100, tag
    (note,) = [card.text for card in page.all("article.card") if card.get_attribute("data-tag") == "back"]
    assert "steps go back in 1 run" in note
    page.expect_lines("nothing", 0, 3)
    chart = page.chart("steps")
    page.press(chart, Keys.END)
    assert "step 9223372036854775807" in page.spoken(chart)
    for axis in ("relative", "wall"):
        page.click(page.one(f"input[name=x][value={axis}]"))
        page.chart("timeless")
        page.chart("huge")
    page.click(page.one("#log-y"))
    for tag in ("huge", "tiny", "wide", "near"):
        assert page.chart(tag).get_attribute("data-lines") == "1"


def test_one_point_is_seen(tmp_path, page):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("point", 131_072.0, 3)
    out = tmp_path / "report.html"
    report(tmp_path / "run", out)
    page.open(out)
    assert len(page.drawn_steps(page.chart("point"))) >= 5
    assert "131072" in page.one(".legend").text


def test_steps_that_are_all_0_are_drawn_in_the_order_written(tmp_path, page):
    write_events(tmp_path / "run" / "x.tfevents", [version_event(), *(scalar_event("t", 0, n % 7) for n in range(50))])
    report(tmp_path, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.expect_lines("t", 1, 50)
    page.expect_text("article[data-tag=t] .note", "all steps are 0: in the order written")
    assert len(page.drawn_steps(page.chart("t"))) > 200, "by step it would be one upright line"


def test_curves_may_be_in_the_order_written(tmp_path, page):
    events = [scalar_event("t", number**3, number % 3) for number in range(9)]
    write_events(tmp_path / "run" / "x.tfevents", [version_event(), *events])
    report(tmp_path, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    by_step = page.picture(page.chart("t"))
    page.click(page.one("input[name=x][value=order]"))
    page.expect(True, lambda: page.picture(page.chart("t")) != by_step)
    page.expect_lines("t", 1, 9)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_wall_time_that_is_none_does_not_break_a_chart(tmp_path, page, bad):
    events = [scalar_event("t", number, number, bad if number == 3 else 1000.0 + number) for number in range(9)]
    write_events(tmp_path / "run" / "x.tfevents", [version_event(), *events])
    report(tmp_path, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.expect_lines("t", 1, 9)
    for axis in ("relative", "wall"):
        page.click(page.one(f"input[name=x][value={axis}]"))
        page.expect_lines("t", 1, 9)
    page.check_console()


def write_spikes(folder):
    for place, name in enumerate(("calm", "wild")):
        with SummaryWriter(folder / name) as writer:
            for step in range(100):
                value = math.sin(step / 9) + place
                value = {40: 1e6, 60: -1e6, 50: math.nan, 70: math.inf}.get(step, value) if place else value
                writer.add_scalar("loss", value, step, walltime=1.7e9 + step)


def test_extreme_points_are_marked_at_the_edge_until_they_are_asked_for(tmp_path, page):
    write_spikes(tmp_path / "runs")
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    chart = page.chart("loss")
    note = chart.find_element(By.XPATH, "..").find_element(By.CSS_SELECTOR, ".note")
    assert chart.get_attribute("data-beyond") == "2"
    assert "2 points beyond the axis" in note.text
    assert len(page.drawn_rows(chart)) > 150
    curves = page.colors(chart)[(72, 120, 208)]  # of the run without a spike
    page.click(page.one("#outliers"))
    chart = page.chart("loss")
    assert chart.get_attribute("data-beyond") == "0"
    assert "beyond" not in note.text
    assert page.colors(chart).get((72, 120, 208), 0) < curves / 2  # flat


def test_of_few_points_none_is_beyond_the_axis(tmp_path, page):
    writer = MemoryWriter()
    for tag, count in (("few", 20), ("many", 21)):
        for step in range(count):
            writer.add_scalar(tag, 10.0 if step == 0 else 1 - step / 100, step)
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    assert [page.chart(tag).get_attribute("data-beyond") for tag in ("few", "many")] == ["0", "1"]


def test_what_is_not_finite_is_marked_where_it_is_and_listed(tmp_path, page):
    write_spikes(tmp_path / "runs")
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.chart("loss")
    listed = page.one(".odd details")
    assert listed.find_element(By.CSS_SELECTOR, "summary").text == "2 points not finite"
    page.run("arguments[0].open = true", listed)
    assert [item.text for item in listed.find_elements(By.CSS_SELECTOR, "li")] == [
        "wild NaN at step 50",
        "wild ∞ at step 70",
    ]


def test_percentiles_of_a_thinned_curve_are_those_of_all_its_points(tmp_path, page):
    """A peak every 150 points is kept by thinning, and would be a third of the points."""
    steps = np.arange(30_000)
    values = np.where(steps % 150 == 7, 1e6, np.sin(steps / 900))
    with SummaryWriter(tmp_path / "runs") as writer:
        writer.add_scalar_columns("loss", steps, values, 1.7e9 + steps)
    report(tmp_path / "runs", tmp_path / "report.html", limits=ReportLimits(points=500))
    page.open(tmp_path / "report.html")
    assert int(page.chart("loss").get_attribute("data-beyond")) > 100


WRITTEN = [*range(100)]


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([math.nan if step >= 60 else step % 7 for step in WRITTEN], False),
        ([math.nan if step < 40 else step % 7 for step in WRITTEN], False),
        ([math.inf if step >= 60 else step % 7 for step in WRITTEN], False),
        ([math.nan for _ in WRITTEN], False),
        ([-1.0 if step >= 60 else 1 + step % 7 for step in WRITTEN], True),
    ],
    ids=["nan at the end", "nan at the start", "inf at the end", "nan only", "no logarithm at the end"],
)
def test_the_axis_reaches_points_without_a_place_on_the_vertical_one(tmp_path, page, values, log):
    writer = MemoryWriter()
    for step, value in enumerate(values):
        writer.add_scalar("loss", value, step)
        writer.add_scalar("whole", step % 7, step)
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    if log:
        page.click(page.one("#log-y"))
    whole = page.saved(page.chart("whole"), "SVG", tmp_path)
    odd = page.saved(page.chart("loss"), "SVG", tmp_path)
    below = [labels_below(path) for path in (whole, odd)]
    assert "80" in below[0]
    assert below[1] == below[0]
    if not log:  # one mark a point, of which each has a column of its own
        columns = page.drawn_steps(page.chart("loss"))
        plot = page.run("return arguments[0].querySelector('.u-over').clientWidth", page.chart("loss"))
        assert columns.max() - columns.min() > 0.95 * plot


def labels_below(path):
    """The labels of the horizontal axis of a saved chart."""
    nodes = [node for node in ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text") if node.text]
    lines = {}
    for node in nodes:
        lines.setdefault(node.get("y"), []).append(node.text)
    return next(texts for texts in lines.values() if "40" in texts)

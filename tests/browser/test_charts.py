"""What can be done with a chart of the page: values in a table, files of it, its own axis, fingers on it."""

import csv
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.test_hostile import HOSTILE
from browser.training import RATES, STEPS, loss
from tbevents import SummaryWriter, read_run
from tbevents.testing import MemoryWriter
from tbevents.tools.export import export_table
from tbevents.tools.report import report

pytestmark = pytest.mark.slow  # each test opens a page and waits for what it draws

SVG = "{http://www.w3.org/2000/svg}"


def expected_rows(step):
    rows = [(name, f"{np.float32(loss(name, step)):.5g}", str(step)) for name in RATES]
    return sorted(rows, key=lambda row: -float(row[1]))


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_a_click_lists_the_values_there_until_it_is_closed(made, page, width, dark):
    page.open(made, width=width, dark=dark)
    chart = page.chart("train/loss")
    page.click_chart(chart, 0.5)
    rows = page.readings(chart)
    step = int(rows[0][2])
    assert abs(step - STEPS / 2) < 3
    assert [tuple(row[:3]) for row in rows] == expected_rows(step)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.put("#smoothing", "0.5")  # what redraws the chart keeps the table
    page.expect([5, 6], lambda: [len(rows[0]), len(page.readings(page.chart("train/loss"))[0])])
    card = chart.find_element(By.XPATH, "ancestor::article")
    card.find_element(By.CSS_SELECTOR, ".readings button").click()
    page.settle()
    assert page.readings(chart) == []


def test_keys_list_the_values_and_close_the_list(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    page.press(chart, Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    page.expect(expected_rows(2), lambda: [tuple(row[:3]) for row in page.readings(chart)])
    assert page.run("return document.activeElement === arguments[0]", chart)
    page.press(chart, "+", Keys.ESCAPE)  # the table first, then the zoom
    assert page.readings(chart) == []
    assert chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()
    page.press(chart, Keys.ESCAPE)
    assert not chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()


def test_two_clicks_reset_the_zoom_and_list_nothing(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    page.press(chart, "+")
    over = chart.find_element(By.CSS_SELECTOR, ".u-over")
    ActionChains(page.driver).double_click(over).perform()
    page.settle()
    assert page.readings(chart) == []
    assert not chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()


def test_a_value_that_is_not_finite_is_listed_as_such(made, page):
    page.open(made)
    chart = page.chart("accuracy")
    page.press(chart, Keys.HOME, *[Keys.ARROW_RIGHT] * 5, Keys.ENTER)
    page.expect([["NaN", "5"]] * 3, lambda: [row[1:3] for row in page.readings(chart)])


def test_csv_has_the_points_as_export_writes_them(made, page, training, tmp_path):
    page.open(made)
    path = page.saved(page.chart("accuracy"), "CSV", tmp_path)
    assert path.name == "accuracy.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["run", "tag", "step", "wall_time", "value"]
    export_table(training, tmp_path / "exported.csv", tags=["accuracy"])
    with (tmp_path / "exported.csv").open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    assert len(rows) == len(expected) == len(RATES) * STEPS
    for row, wanted in zip(rows, expected, strict=True):
        assert (row["run"], row["tag"], row["step"]) == (wanted["run"], wanted["tag"], wanted["step"])
        assert float(row["wall_time"]) == pytest.approx(float(wanted["wall_time"]), abs=1e-3)
        assert float(row["value"]) == float(wanted["value"]) or math.isnan(float(wanted["value"]))


def test_svg_has_the_curves_axes_and_names(made, page, tmp_path):
    page.open(made)
    root = ET.parse(page.saved(page.chart("train/loss"), "SVG", tmp_path)).getroot()
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert texts[0] == "train/loss"
    assert {*RATES, "step", "0", "100", "0.5", "1.5"} <= set(texts)
    strokes = {
        path.get("stroke"): path.get("d").count("L")
        for path in root.iter(f"{SVG}path")
        if path.get("stroke-opacity") is None
    }
    assert len([color for color, points in strokes.items() if points > 90]) == len(RATES)
    page.driver.get((tmp_path / "train-loss.svg").as_uri())  # it is drawn by itself
    assert page.run("return document.documentElement.getBBox().width") > 300
    page.driver.get_log("performance")  # of the second file, which is meant


def test_png_is_the_chart(made, page, tmp_path):
    pillow = pytest.importorskip("PIL.Image", reason="reads the picture")
    page.open(made)
    chart = page.chart("train/loss")
    wanted = {color for color, count in page.colors(chart).items() if count > 300 and max(color) - min(color) > 60}
    assert len(wanted) == len(RATES)
    picture = pillow.open(page.saved(chart, "PNG", tmp_path))
    canvas = page.run("const canvas = arguments[0].querySelector('canvas'); return canvas.width", chart)
    assert picture.width == 2 * canvas
    counts = {color[:3]: count for count, color in picture.convert("RGB").getcolors(2**20)}
    assert all(counts.get(color, 0) > 1000 for color in wanted)


def test_hostile_names_stay_text_in_csv_and_svg(tmp_path, page):
    names = [*HOSTILE, "=1+1", "+1", "-1", "@SUM(1)", " =1", '"quoted", twice', "\uff1d1"]
    runs = {}
    for place, name in enumerate(names):
        writer = MemoryWriter()
        writer.add_scalar('=HYPERLINK("http://127.0.0.1:9/")', float(place), 0)
        writer.add_scalar('=HYPERLINK("http://127.0.0.1:9/")', -1.5, 1)
        runs[name] = writer.run
    out = tmp_path / "report.html"
    report(runs, out)
    page.open(out)
    chart = page.chart('=HYPERLINK("http://127.0.0.1:9/")')
    with page.saved(chart, "CSV", tmp_path).open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head[0] == "run"
    assert len(rows) == 2 * len(names)
    for name, tag, _step, _time, value in rows:
        assert not name.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
        assert tag.startswith("'=")
        assert float(value) >= -1.5
        assert name.isprintable()
    assert "'=1+1" in [row[0] for row in rows]
    text = page.saved(chart, "SVG", tmp_path).read_text("utf-8")
    root = ET.fromstring(text)
    assert {node.tag.removeprefix(SVG) for node in root.iter()} == {"svg", "path", "text"}
    assert not [key for node in root.iter() for key in node.attrib if key.startswith("on") or "href" in key]
    assert any(HOSTILE[1] in (node.text or "") for node in root.iter(f"{SVG}text"))
    assert page.run("return window.pwned") is None


def log_box(chart):
    return chart.find_element(By.XPATH, "ancestor::article").find_element(By.CSS_SELECTOR, ".menu input")


def test_one_chart_may_be_logarithmic(made, page):
    page.open(made)
    chart, other = page.chart("train/loss"), page.chart("lr")
    before = page.picture(chart), page.picture(other)
    page.click(log_box(chart))
    assert page.picture(chart) != before[0]
    assert page.picture(page.chart("lr")) == before[1]
    page.wait(lambda: "log=scalars" in page.run("return location.hash"))
    page.click(page.one("#log-y"))  # the panel is for all charts
    assert log_box(chart).is_selected()
    page.click(page.one("#log-y"))
    page.chart("train/loss")
    page.expect(False, lambda: log_box(page.chart("train/loss")).is_selected())


def test_zoom_and_axis_of_single_charts_are_in_the_address(made, page):
    page.open(made)
    page.drag(page.chart("train/loss"), 0.25, 0.5)
    page.click(log_box(page.chart("accuracy")))
    page.wait(lambda: "zoom=" in page.run("return location.hash") and "log=" in page.run("return location.hash"))
    address = page.run("return location.href")
    zoomed, logged = page.picture(page.chart("train/loss")), page.picture(page.chart("accuracy"))
    page.driver.get("about:blank")
    page.driver.get(address)
    page.settle()
    assert page.picture(page.chart("train/loss")) == zoomed
    assert page.picture(page.chart("accuracy")) == logged
    page.press(page.chart("train/loss"), "0")
    page.wait(lambda: "zoom=" not in page.run("return location.hash"))


def test_a_pin_is_in_the_address(made, page):
    page.open(made)
    page.click(page.one("input[name=x][value=relative]"))
    page.click_chart(page.chart("train/loss"), 0.4)
    page.wait(lambda: "pin=" in page.run("return location.hash"))
    address, rows = page.run("return location.href"), page.readings(page.chart("train/loss"))
    assert len(rows) == len(RATES)
    page.driver.get("about:blank")
    page.driver.get(address)
    page.settle()
    assert page.readings(page.chart("train/loss")) == rows
    page.click(page.one("input[name=x][value=step]"))  # the place was one of time
    page.expect([], lambda: page.readings(page.chart("train/loss")))
    page.wait(lambda: "pin=" not in page.run("return location.hash"))


def test_nonsense_in_the_address_is_ignored(made, page):
    page.open(made)
    before = page.picture(page.chart("train/loss"))
    bad = "zoom=5,1+scalars+train/loss&zoom=x,y+scalars+lr&zoom=1&zoom=1,2,3+scalars+lr&log=&log=__proto__"
    bad += "&pin=x+scalars+lr&pin=1&step=1.5+images+picture&step=x"
    address = made.as_uri() + "#" + bad
    page.driver.get("about:blank")
    page.driver.get(address)
    page.settle()
    assert page.picture(page.chart("train/loss")) == before


def test_a_zoom_of_relative_time_keeps_its_range_when_the_unit_changes(tmp_path, page):
    for name, seconds in (("a", 1), ("b", 20), ("c", 3600)):  # charts in seconds, minutes, hours
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            for step in range(150):
                writer.add_scalar("loss", step % 7, step, walltime=1.7e9 + seconds * step)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    boxes = page.all("#runs input")
    for box in boxes[1:]:
        page.click(box)
    page.click(page.one("input[name=x][value=relative]"))
    page.drag(page.chart("loss"), 0.4, 0.6)
    page.click_chart(page.chart("loss"), 0.5)
    low, high = map(float, zoom_of(page).split(","))
    assert (low, high) == pytest.approx((0.4 * 149, 0.6 * 149), abs=3)

    def shown():
        chart = page.chart("loss")
        note = chart.find_element(By.XPATH, "..").find_element(By.CSS_SELECTOR, ".note").text
        assert chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()
        page.hover(chart, 0.5)
        cells = [cell.text for cell in chart.find_elements(By.CSS_SELECTOR, ".tip tbody tr:has(th[title=a]) td")]
        return note.split(" ·")[0], abs(int(cells[1]) - (low + high) / 2) < 2, len(page.readings(chart))

    assert shown() == ("in seconds", True, 1)
    page.click(boxes[1])
    page.expect(("in minutes", True, 2), shown)
    page.click(boxes[2])
    page.expect(("in hours", True, 3), shown)
    assert list(map(float, zoom_of(page).split(","))) == [low, high]


def test_a_zoom_between_two_points_shows_the_line_between_them(tmp_path, page):
    writer = MemoryWriter()
    for step, value in ((0, 1000.0), (100, 1001.0)):
        writer.add_scalar("loss", value, step)
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.drag(page.chart("loss"), 0.4, 0.6)
    chart = page.chart("loss")
    assert len(page.drawn_rows(chart)) > 20
    assert np.ptp(page.drawn_steps(chart)) > 0.95 * chart.find_element(By.CSS_SELECTOR, ".u-over").size["width"]


def test_a_zoom_ends_where_groups_are_over_steps(made, page):
    page.open(made)
    page.click(page.one("input[name=x][value=wall]"))
    page.drag(page.chart("train/loss"), 0.4, 0.6)
    page.run(
        "const field = document.getElementById('group-by'); field.value = 'all';"
        "field.dispatchEvent(new Event('change'))"
    )
    page.settle()
    chart = page.chart("train/loss")
    assert not chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()
    assert np.ptp(page.drawn_steps(chart)) > 0.95 * chart.find_element(By.CSS_SELECTOR, ".u-over").size["width"]


def test_relative_time_may_be_without_pauses(tmp_path, page):
    for start in (0, 100):
        with SummaryWriter(tmp_path / "runs" / "resumed") as writer:
            for step in range(start, start + 100):
                writer.add_scalar("loss", 1.0 + step, step, walltime=1e9 + step + (7200 if start else 0))
    out = tmp_path / "report.html"
    report(tmp_path / "runs", out)
    page.open(out)
    page.click(page.one("input[name=x][value=relative]"))
    chart = page.chart("loss")
    page.press(chart, Keys.END)
    assert page.spoken(chart).endswith("relative 2 h 03 min")
    page.click(page.one("#cut-pauses"))
    chart = page.chart("loss")
    page.press(chart, Keys.END)
    page.expect(True, lambda: page.spoken(page.chart("loss")).endswith("relative 3 min 19 s"))
    card = chart.find_element(By.XPATH, "ancestor::article")
    assert "without pauses" in card.find_element(By.CSS_SELECTOR, ".note").text
    assert np.ptp(page.drawn_steps(chart)) > 0.95 * chart.find_element(By.CSS_SELECTOR, ".u-over").size["width"]


def touch(page, kind, *places):
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_two_fingers_pinch_and_one_moves_what_is_zoomed(made, page):
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    try:
        page.open(made, width=390)
        chart = page.chart("train/loss")
        before = page.picture(chart)
        box = page.run("return arguments[0].querySelector('.u-over').getBoundingClientRect().toJSON()", chart)
        y, middle = box["y"] + box["height"] / 2, box["x"] + box["width"] / 2
        touch(page, "touchStart", (middle - 20, y), (middle + 20, y))
        for spread in (30, 40, 60, 80):
            touch(page, "touchMove", (middle - spread, y), (middle + spread, y))
        touch(page, "touchEnd")
        page.settle()
        zoomed = page.picture(chart)
        assert zoomed != before
        reset = chart.find_element(By.CSS_SELECTOR, ".reset")
        assert reset.is_displayed()
        low, high = map(float, zoom_of(page).split(","))
        assert high - low == pytest.approx((STEPS - 1) / 4, rel=0.05)
        assert (low + high) / 2 == pytest.approx((STEPS - 1) / 2, rel=0.05)
        touch(page, "touchStart", (middle, y))
        for way in (20, 40, 80):
            touch(page, "touchMove", (middle - way, y))
        touch(page, "touchEnd")
        page.settle()
        assert page.picture(chart) != zoomed
        page.wait(lambda: float(zoom_of(page).split(",")[0]) > low + 3)
        moved = list(map(float, zoom_of(page).split(",")))
        assert moved[1] - moved[0] == pytest.approx(high - low, rel=0.01)
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def zoom_of(page):
    page.wait(lambda: "zoom=" in page.run("return location.hash"))
    return page.run("return new URLSearchParams(location.hash.slice(1)).get('zoom').split(' ')[0]")


def test_a_curve_of_precision_is_saved_with_its_thresholds(made, page, training, tmp_path):
    page.open(made)
    with page.saved(page.chart("quality"), "CSV", tmp_path).open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["run"] == "a"]
    curve = read_run(training / "a").pr_curves["quality"][-1]
    assert [float(row["threshold"]) for row in rows] == pytest.approx(
        list(curve.thresholds[::-1])[-len(rows) :], abs=1e-6
    )
    assert [float(row["recall"]) for row in rows] == pytest.approx(list(curve.recall[::-1])[-len(rows) :], abs=1e-6)


@pytest.mark.parametrize("how", ["heat", "distribution"])
def test_histograms_are_saved_too(made, page, training, tmp_path, how):
    page.open(made)
    page.click(page.one(f"input[name=histograms][value={how}]"))
    chart = page.chart("weights", "#histograms")
    with page.saved(chart, "CSV", tmp_path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    histograms = list(read_run(training / "a").histograms["weights"])
    assert {row["step"] for row in rows} == {str(each.step) for each in histograms}
    if how == "heat":
        counts = sum(float(row["count"]) for row in rows if row["step"] == "30")
        assert counts == pytest.approx(histograms[1].counts.sum(), rel=1e-5)
    else:
        wanted = [each.min for each in histograms]
        assert [float(row["min"]) for row in rows] == pytest.approx(wanted, rel=1e-5)
    root = ET.parse(page.saved(chart, "SVG", tmp_path)).getroot()
    assert next(node.text for node in root.iter(f"{SVG}text")) == "a: weights"
    assert len(list(root.iter(f"{SVG}path"))) > 5


def test_parameters_over_metrics_are_saved_too(made, page, tmp_path):
    page.open(made)
    page.run("document.getElementById('scatter').scrollIntoView()")
    page.settle()
    chart = page.one("#scatter figure")
    with page.saved(chart, "CSV", tmp_path).open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["run", "kind", "final"]
    assert [(row[0], row[1], round(float(row[2]), 3)) for row in rows] == [
        (name, "sgd", 1 - rate) for name, rate in RATES.items()
    ]
    root = ET.parse(page.saved(chart, "SVG", tmp_path)).getroot()
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert {"final over kind", "sgd", *RATES} <= set(texts)

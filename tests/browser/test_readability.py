"""What a reader makes of a chart: its labels, crosshair, marks and lists; and the help for mouse, keys and fingers."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.test_charts import SVG, touch, zoom_of
from browser.training import RATES, STEPS
from tbevents import SummaryWriter
from tbevents.testing import MemoryWriter
from tbevents.tools.report import report

pytestmark = pytest.mark.slow  # each test opens a page and waits for what it draws


@pytest.fixture
def spiky(tmp_path):
    """A curve between 0.2 and 2 with one value of a million."""
    writer = MemoryWriter()
    for step in range(300):
        writer.add_scalar("loss", 1e6 if step == 150 else 0.2 + 2 * np.exp(-step / 50), step)
    report({"run": writer.run}, tmp_path / "report.html")
    return tmp_path / "report.html"


@pytest.fixture
def fingers(page):
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    yield page
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_each_label_of_a_logarithmic_axis_has_the_unit_of_its_size(spiky, page, tmp_path):
    page.driver.get("about:blank")
    page.open(spiky)
    page.click(page.one("#log-y"))
    page.click(page.one("#outliers"))
    root = ET.parse(page.saved(page.chart("loss"), "SVG", tmp_path)).getroot()
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert {"1M", "100k", "10k", "1000", "100", "10", "1"} <= set(texts)
    assert not [text for text in texts if re.search(r"0\.\d+[kMG]|e-\d+[kMG]", text)]


def crosshair(page, chart):
    """Where the lines of the crosshair are from the left and top of the plot, and where the mark is."""
    found = page.run(
        "const over = arguments[0].querySelector('.u-over'); const box = over.getBoundingClientRect();"
        "const at = (selector) => over.querySelector(selector).getBoundingClientRect();"
        "const [x, y, mark] = ['.u-cursor-x', '.u-cursor-y', '.mark'].map(at);"
        "return [x.right - box.left, y.bottom - box.top, mark.left + mark.width / 2 - box.left,"
        "        mark.top + mark.height / 2 - box.top]",
        chart,
    )
    return np.array(found)


def test_values_that_differ_do_not_look_the_same_in_one_list(tmp_path, page):
    runs = {"a": (0.12345678, 0.5, 7), "b": (0.123456789, 0.25, 7), "c": (2.0, 0.75, 7)}
    for name, (loss, lr, same) in runs.items():
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            for tag, value in (("loss", loss), ("same", 1 / same), ("rate", lr)):
                writer.add_scalar(tag, value, 0, walltime=1.7e9, double_precision=True)
            writer.add_hparams({"factor": loss}, {"metric": 1 / 3}, run_name="session")
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    for tag, values in (
        ("loss", ["2", "0.12345679", "0.12345678"]),
        ("same", ["0.14286"] * 3),
        ("rate", ["0.75", "0.5", "0.25"]),
    ):
        chart = page.chart(tag)
        page.press(chart, Keys.HOME, Keys.ENTER)
        assert [row[1] for row in page.readings(chart)] == values
        card = chart.find_element(By.XPATH, "ancestor::article")
        assert sorted((each.text for each in card.find_elements(By.CSS_SELECTOR, ".legend b")), reverse=True) == values
        page.hover(chart, 0.5)
        tip = chart.find_elements(By.CSS_SELECTOR, ".tip tbody td:nth-child(2)")
        assert [each.get_attribute("textContent") for each in tip] == values
    cells = [row.find_elements(By.TAG_NAME, "td") for row in page.all("#hparams-table tbody tr")]
    assert sorted(row[1].text for row in cells) == ["0.12345678", "0.12345679", "2"]
    assert [row[2].text for row in cells] == ["0.33333"] * 3


def test_short_spans_have_the_unit_of_their_size(tmp_path, page):
    spans = {
        0.0: "0 s",
        2.0**-15: "30.5 µs",
        2.0**-9: "1.95 ms",
        0.5: "500 ms",
        1.5: "1.5 s",
        59.0: "59 s",
        60.0: "1 min 00 s",
    }
    writer = MemoryWriter()
    for step, span in enumerate(spans):
        writer.add_scalar("loss", 1.0, step, walltime=1000 + span)
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    chart = page.chart("loss")
    page.press(chart, Keys.HOME)
    for span in spans.values():
        assert page.spoken(chart).endswith(f"relative {span}")
        page.press(chart, Keys.ARROW_RIGHT)


def test_the_crosshair_goes_where_the_keys_go(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    page.hover(chart, 0.5)
    page.press(chart, *[Keys.ARROW_RIGHT] * 5)
    before = crosshair(page, chart)
    assert before[:2] == pytest.approx(before[2:], abs=2)
    page.press(chart, *[Keys.ARROW_RIGHT] * 20)
    x, y, *mark = crosshair(page, chart)
    assert (x, y) == pytest.approx(mark, abs=2)
    assert x > before[0] + 20
    page.press(chart, "+")
    x, y, *mark = crosshair(page, chart)
    assert (x, y) == pytest.approx(mark, abs=2)
    step = int(re.search(r"step (\d+)", page.spoken(chart))[1])
    low, high = map(float, zoom_of(page).split(","))
    width = chart.find_element(By.CSS_SELECTOR, ".u-over").size["width"]
    assert x == pytest.approx((step - low) / (high - low) * width, abs=3)
    page.hover(chart, 0.3)  # and back to the pointer
    width = chart.find_element(By.CSS_SELECTOR, ".u-over").size["width"]
    assert crosshair(page, chart)[0] == pytest.approx(0.3 * width, abs=3)


def test_the_crosshair_of_keys_goes_with_the_focus(made, page):
    page.open(made)
    chart = page.chart("train/loss")
    page.press(chart, *[Keys.ARROW_RIGHT] * 5)
    assert crosshair(page, chart)[0] > 0
    page.run("document.activeElement.blur()")
    page.settle()
    hidden = "return getComputedStyle(arguments[0].querySelector('.u-cursor-x')).display"
    assert page.run(hidden, chart) == "none" or crosshair(page, chart)[0] < 0


def tap_at(page, chart, x):
    box = page.run("return arguments[0].querySelector('.u-over').getBoundingClientRect().toJSON()", chart)
    touch(page, "touchStart", (round(box["x"] + x * box["width"]), round(box["y"] + box["height"] / 2)))
    touch(page, "touchEnd")


def test_a_tap_lists_the_values_and_does_not_cover_the_chart(made, fingers):
    page = fingers.open(made, width=390)
    chart = page.chart("train/loss")
    tap_at(page, chart, 0.5)
    page.wait(lambda: len(page.readings(chart)) == len(RATES))
    page.settle()
    assert abs(int(page.readings(chart)[0][2]) - STEPS / 2) < 4
    assert not chart.find_element(By.CSS_SELECTOR, ".tip").is_displayed()
    assert not chart.find_element(By.CSS_SELECTOR, ".mark").is_displayed()
    curve = page.chart("quality")  # has no list
    tap_at(page, curve, 0.5)
    page.wait(curve.find_element(By.CSS_SELECTOR, ".tip").is_displayed)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_list_of_values_fits_its_card(made, page, width):
    page.open(made, width=width)
    chart = page.chart("train/loss")
    page.click_chart(chart, 0.5)
    card = chart.find_element(By.XPATH, "ancestor::article")
    page.wait(lambda: page.readings(chart))
    table = card.find_element(By.CSS_SELECTOR, ".readings .scroll")
    assert page.run("return arguments[0].scrollWidth - arguments[0].clientWidth", table) == 0
    close = card.find_element(By.CSS_SELECTOR, ".readings button").rect
    for head in card.find_elements(By.CSS_SELECTOR, ".readings thead th"):
        box = head.rect
        assert close["y"] + close["height"] <= box["y"] + 1 or close["x"] >= box["x"] + box["width"]


def test_the_marks_of_a_chart_are_explained(made, page):
    page.open(made)
    page.expect_text("#key", "At the edge of a chart: ✕ NaN, △ infinity, ▲ beyond the axis.")


def test_times_are_of_the_readers_zone_which_is_named(made, page, tmp_path):
    page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        page.open(made)
        assert "Times are those of Asia/Tokyo." in page.one("#made").text
        page.click(page.one("input[name=x][value=wall]"))
        chart = page.chart("train/loss")
        note = chart.find_element(By.XPATH, "ancestor::article").find_element(By.CSS_SELECTOR, ".note").text
        assert note.startswith("times of Asia/Tokyo")
        page.press(chart, Keys.HOME)
        page.wait(lambda: "time 2023-11-15 07:13:20" in page.spoken(chart))
        root = ET.parse(page.saved(chart, "SVG", tmp_path)).getroot()
        assert "time (Asia/Tokyo)" in [node.text for node in root.iter(f"{SVG}text")]
    finally:
        page.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_the_help_is_for_what_the_reader_has(made, page):
    page.open(made)
    assert "Drag across a chart" in page.one("#help").text
    assert "fingers" not in page.one("#help").text


def test_the_help_of_a_phone_is_for_fingers(made, fingers):
    page = fingers.open(made, width=390)
    page.click(page.one("#panel > summary"))
    text = page.one("#help").text
    assert "two fingers" in text
    assert "Double-tap" in text
    assert "Drag" not in text
    assert "Keys" not in text


def test_a_double_tap_shows_all(made, fingers):
    page = fingers.open(made, width=390)
    chart = page.chart("train/loss")
    page.press(chart, "+")
    assert chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed()
    for _ in range(2):
        tap_at(page, chart, 0.5)
    page.wait(lambda: not chart.find_element(By.CSS_SELECTOR, ".reset").is_displayed())
    assert page.readings(chart) == []


def test_a_column_of_numbers_with_a_nan_is_aligned_as_one(tmp_path, page):
    runs = {}
    for name, accuracy in (("a", 0.5), ("b", float("nan")), ("c", float("inf"))):
        runs[name] = MemoryWriter()
        runs[name].add_hparams({"lr": 0.1, "kind": name}, {"acc": accuracy}, run_name=".")
    report({name: writer.run for name, writer in runs.items()}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    heads = {head.text: "number" in head.get_attribute("class").split() for head in page.all("#hparams-table thead th")}
    assert heads == {"run": False, "status": False, "kind": False, "lr": True, "acc": True}
    cells = page.all("#hparams-table tbody td:last-child")
    assert [cell.text for cell in cells] == ["0.5", "NaN", "Infinity"]
    assert {cell.get_attribute("class") for cell in cells} == {"number"}


def test_parameters_without_a_shown_run_have_no_empty_chart(made, page):
    page.open(made)
    section = page.one("#hparams")
    page.put("#run-filter", "nothing of that name")
    page.expect(False, section.is_displayed)
    page.expect_text("#nothing", "Nothing passes the filters of tags and runs.")
    page.put("#run-filter", "")
    page.expect(True, section.is_displayed)
    page.click(page.one("#no-runs"))
    page.run("document.getElementById('scatter').scrollIntoView()")
    page.expect_text("#scatter figure", "None of the runs shown has both values.")
    assert len(page.all("#hparams-table tbody tr")) == len(RATES)  # where they can be switched on
    assert not page.all("#scatter canvas")
    page.click(page.one("#all-runs"))
    page.wait(lambda: page.all("#scatter canvas"))


def test_labels_of_times_are_within_the_picture(tmp_path, page):
    with SummaryWriter(tmp_path / "runs") as writer:
        for step in range(300):
            writer.add_scalar("loss", 1.0, step, walltime=1.7e9 + 24.8 + step * 0.103 / 299)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html", width=1280)
    page.click(page.one("input[name=x][value=wall]"))
    page.saved(page.chart("loss"), "SVG", tmp_path)
    page.driver.get((tmp_path / "loss.svg").as_uri())
    ends = page.run(
        "const root = document.documentElement; return [...root.querySelectorAll('text')].map((each) => {"
        "  const box = DOMRect.fromRect(each.getBBox());"
        "  return [each.textContent, box.x, box.right - root.viewBox.baseVal.width]; })"
    )
    page.driver.get_log("performance")  # of the second file, which is meant
    times = [(left, right) for text, left, right in ends if re.match(r"\d\d:\d\d:\d\d", text)]
    assert len(times) >= 3
    assert all(left >= 0 and right <= 0 for left, right in times), ends


def test_a_smoothed_spike_does_not_flatten_the_curve(spiky, page):
    page.open(spiky)
    page.put("#smoothing", 0.9)
    chart = page.chart("loss")
    over = chart.find_element(By.CSS_SELECTOR, ".u-over")
    page.press(chart, Keys.HOME)
    page.wait(lambda: "smoothed" in page.spoken(chart))
    top = crosshair(page, chart)[3]
    assert top < 0.4 * over.size["height"]  # the first value, 2.2, is well above the others


@pytest.mark.parametrize("size", [1e-16, 1e-17, 1e-20, 1e-30, 1e-38, 1e-300, 1.0, 1e30, 1e37, 1e306])
def test_an_axis_of_any_size_has_labels(tmp_path, page, size):
    writer = MemoryWriter()
    writer.add_scalar_columns("loss", np.arange(19), np.arange(1, 20) * size, 1.7e9 + np.arange(19.0))
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    root = ET.parse(page.saved(page.chart("loss"), "SVG", tmp_path)).getroot()
    ends = [node for node in root.iter(f"{SVG}text") if node.get("text-anchor") == "end"]
    assert 3 <= len([node for node in ends if node.text]) <= 8


def test_the_values_of_a_distribution_are_all_seen(made, page):
    page.open(made, width=390)
    page.click(page.one("input[name=histograms][value=distribution]"))
    figure = page.chart("weights")
    page.hover(figure, 0.5)
    readout = figure.find_element(By.CSS_SELECTOR, ".readout")
    page.wait(lambda: "greatest" in readout.text)
    assert page.run("return arguments[0].scrollWidth <= arguments[0].clientWidth", readout)


def test_a_menu_closes_when_keys_leave_it(made, page):
    page.open(made)
    card = page.chart("accuracy").find_element(By.XPATH, "ancestor::article")
    menu = card.find_element(By.CSS_SELECTOR, "details.menu")
    menu.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert menu.get_property("open")
    for _ in range(4):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        assert menu.get_property("open")
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert not menu.get_property("open")


def test_what_fingers_press_is_large_enough(made, fingers):
    fingers.open(made, width=390, height=844)
    card = fingers.chart("accuracy").find_element(By.XPATH, "ancestor::article")
    fingers.click_chart(card.find_element(By.CSS_SELECTOR, "figure.chart"), 0.5)
    for selector in (".menu > summary", ".wide-button", ".readings-head button"):
        size = card.find_element(By.CSS_SELECTOR, selector).size
        assert min(size["width"], size["height"]) >= 24, selector

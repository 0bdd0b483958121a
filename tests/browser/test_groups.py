"""Groups of runs on the page: the same numbers as in Python."""

import csv
import time

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tbevents import SummaryWriter, read_logdir
from tbevents.testing import MemoryWriter
from tbevents.tools.report import ReportLimits, report
from tbevents.views.groups import grouped, summed_up

pytestmark = pytest.mark.slow  # each test opens a page, and waits for bootstraps

SEEDS = 9


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two methods of nine and three seeds. Steps are missing, repeated, out of order; there are NaN and infinities."""
    folder = tmp_path_factory.mktemp("groups") / "runs"
    rng = np.random.default_rng(11)
    for method, seeds in (("adam", SEEDS), ("sgd", 3)):
        for seed in range(seeds):
            steps = np.arange(seed % 3, 40, 1 + seed % 2)
            values = rng.lognormal(size=len(steps)) + (method == "sgd")
            if method == "adam" and seed == 2:
                values[[5, 7, 9]] = np.nan, -np.inf, np.inf
            if seed == 1:
                steps = np.concatenate((steps, steps[:4]))
                values = np.concatenate((values, values[:4] + 5))
            with SummaryWriter(folder / method / f"seed{seed}") as writer:
                for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                    writer.add_scalar("score", value, step)
                writer.add_hparams({"rate": 0.1 * (1 + seed % 2)}, {"final": 1.0}, run_name=".")
    return folder


@pytest.fixture(scope="module")
def made(runs):
    out = runs.parent / "report.html"
    report(runs, out)
    return out


def group(page, by, pattern=""):
    page.choose_value("#group-by", by)
    if pattern:
        page.put("#group-pattern", pattern)


def finished(page, tag):
    """The chart, once its bands are there."""
    page.wait(lambda: page.chart(tag).get_attribute("aria-busy") == "false")
    return page.chart(tag)


def saved(page, folder, tag="score"):
    """What the csv of the chart has: group -> (steps, runs, middle, low, high)."""
    with page.saved(finished(page, tag), "CSV", folder).open(newline="", encoding="utf-8") as file:
        _head, *rows = csv.reader(file)
    found = {}
    for name, _tag, *numbers in rows:
        found.setdefault(name, []).append([float(number) for number in numbers])
    return {name: np.array(numbers).T for name, numbers in found.items()}


@pytest.mark.parametrize("band", ["ci95", "std", "minmax"])
@pytest.mark.parametrize("estimator", ["mean", "iqm"])
def test_groups_are_the_numbers_of_python(made, runs, page, tmp_path, estimator, band):
    page.open(made)
    page.click(page.one(f"input[name=estimator][value={estimator}]"))
    page.click(page.one(f"input[name=band][value={band}]"))
    group(page, "folder")
    found = saved(page, tmp_path)
    series = {name: run.scalars["score"] for name, run in read_logdir(runs).items()}
    expected = grouped(list(series), "folder")
    assert list(found) == list(expected) == ["adam", "sgd"]
    for name, members in expected.items():
        wanted = summed_up([series[each] for each in members], estimator, band)
        steps, _counts, middle, low, high = found[name]
        np.testing.assert_array_equal(steps, wanted.steps)
        np.testing.assert_allclose(middle, wanted.middle, rtol=1e-12)
        np.testing.assert_allclose(low, wanted.low, rtol=1e-12)
        np.testing.assert_allclose(high, wanted.high, rtol=1e-12)


@pytest.mark.parametrize("band", ["ci95", "std", "none"])
@pytest.mark.parametrize("estimator", ["mean", "iqm"])
def test_groups_of_large_values_are_the_numbers_of_python(page, tmp_path, estimator, band):
    for seed in range(5):
        with SummaryWriter(tmp_path / "runs" / f"seed{seed}") as writer:
            for step in range(3):
                writer.add_scalar("score", (1 + seed / 10) * 1e308, step, new_style=True, double_precision=True)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.click(page.one(f"input[name=estimator][value={estimator}]"))
    page.click(page.one(f"input[name=band][value={band}]"))
    group(page, "all")
    _steps, _counts, middle, *ends = saved(page, tmp_path)["all"]
    wanted = summed_up([run.scalars["score"] for run in read_logdir(tmp_path / "runs").values()], estimator, band)
    np.testing.assert_allclose(middle, [1.2e308] * 3, rtol=1e-12)
    for found, expected in zip(ends, (wanted.low, wanted.high), strict=False):
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("by", "pattern", "expected"),
    [
        ("all", "", {"all": 12}),
        ("folder", "", {"adam": 9, "sgd": 3}),
        ("pattern", r"seed[01]", {"seed0": 2, "seed1": 2, "other": 8}),
        ("pattern", r"^(\w+)/", {"adam": 9, "sgd": 3}),
        ("hparam:rate", "", {"rate=0.1": 7, "rate=0.2": 5}),
    ],
)
def test_runs_are_grouped_as_in_python(made, page, by, pattern, expected):
    page.open(made)
    group(page, by, pattern)
    chart = finished(page, "score")
    card = chart.find_element(By.XPATH, "ancestor::article")
    names = [item.text for item in card.find_elements(By.CSS_SELECTOR, ".legend .name")]
    assert names == [f"{name} ({count} runs)" for name, count in expected.items()]
    assert int(chart.get_attribute("data-lines")) == len(expected)
    listed = [item.text for item in page.all("#group-legend li")]
    assert listed == [f"{name} {count}" for name, count in expected.items()]


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)])
def test_the_band_is_drawn_and_what_it_is_is_said(made, page, width, dark):
    page.open(made, width=width, dark=dark)
    page.run("document.getElementById('panel').open = true")
    page.choose_value("#group-by", "folder")
    without = None
    for band in ("none", "ci95"):
        page.click(page.one(f"input[name=band][value={band}]"))
        picture = page.picture(finished(page, "score"))
        assert picture != without
        without = picture
    chart = finished(page, "score")
    page.hover(chart, 0.5)
    head = [cell.text for cell in chart.find_elements(By.CSS_SELECTOR, ".tip thead th")]
    assert head == ["", "mean", "band", "step", "runs"]
    card = chart.find_element(By.XPATH, "ancestor::article")
    assert "mean, bootstrap 95 % interval" in card.find_element(By.CSS_SELECTOR, ".note").text
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_switched_off_runs_do_not_count_and_the_address_has_the_choice(made, page):
    page.open(made)
    group(page, "folder")
    page.click(page.one("input[name=estimator][value=iqm]"))
    page.click(page.all("#runs input")[0])
    page.wait(
        lambda: "8 runs" in page.run("return document.querySelector('article[data-tag=score] .legend').textContent")
    )
    finished(page, "score")
    page.wait(lambda: "group=folder" in page.run("return location.hash"))
    address, picture = page.run("return location.href"), page.picture(finished(page, "score"))
    page.driver.get("about:blank")
    page.driver.get(address)
    page.settle()
    page.expect(picture, lambda: page.picture(finished(page, "score")))


def test_keys_alone_group_runs(made, page):
    page.open(made)
    field = page.one("#group-by")
    field.send_keys(Keys.ARROW_DOWN)
    page.settle()
    assert field.get_attribute("value") == "all"
    chart = finished(page, "score")
    page.press(chart, Keys.HOME, Keys.ENTER)
    page.expect([["all (12 runs)", "0"]], lambda: [[row[0], row[3]] for row in page.readings(chart)])


def test_a_pattern_that_is_none_groups_nothing(made, page):
    page.open(made)
    group(page, "pattern", "(")
    assert page.one("#groups-field .wrong").text == "not a regular expression"
    page.expect_lines("score", 12, int(page.chart("score").get_attribute("data-points")))


def test_thinned_curves_count_between_their_points(tmp_path, page):
    """Two lines of different steepness, of which other points are kept: their mean is the line between."""
    runs = {}
    for slope in (1.0, 3.0):
        writer = MemoryWriter()
        wave = np.zeros(5000)
        wave[int(1000 * slope)] = 1e-9  # so that not the same points are kept
        writer.add_scalar_columns("line", np.arange(5000), slope * np.arange(5000.0) + wave)
        runs[f"x/{slope}"] = writer.run
    report(runs, tmp_path / "report.html", limits=ReportLimits(points=100))
    page.open(tmp_path / "report.html")
    page.click(page.one("input[name=band][value=none]"))
    group(page, "folder")
    steps, _counts, middle = saved(page, tmp_path, "line")["x"]
    np.testing.assert_allclose(middle, 2 * steps, rtol=1e-6)
    card = page.chart("line").find_element(By.XPATH, "ancestor::article")
    assert "curves that are thinned count between their points" in card.find_element(By.CSS_SELECTOR, ".note").text


def busy_share(page):
    """The share of a second that the page's scripts take."""

    def script_time():
        metrics = page.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "ScriptDuration")

    before = script_time()
    time.sleep(1)
    return script_time() - before


@pytest.mark.parametrize("away", ["ungrouped", "scrolled", "switched off"])
def test_what_no_chart_shows_is_not_computed(tmp_path, page, away):
    rng = np.random.default_rng(5)
    runs = {}
    for run in range(40):
        writer = MemoryWriter()
        for tag in range(4):
            writer.add_scalar_columns(f"tag{tag}", np.arange(1500), rng.random(1500))
        runs[f"run{run}"] = writer.run
    report(runs, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.driver.execute_cdp_cmd("Performance.enable", {})
    page.click(page.one("input[name=estimator][value=iqm]"))
    group(page, "all")
    page.chart("tag0")
    assert busy_share(page) > 0.3
    if away == "ungrouped":
        group(page, "")
    elif away == "scrolled":
        page.run("document.body.style.paddingTop = '5000px'; scrollTo(0, 0)")
    else:
        page.click(page.one("#no-runs"))
    page.settle()
    assert busy_share(page) < 0.1
    if away == "scrolled":  # it goes on where it is shown again
        page.chart("tag0")
        assert busy_share(page) > 0.3


def test_the_bands_of_more_groups_than_are_kept_unshown_are_finished(tmp_path, page):
    rng = np.random.default_rng(6)
    runs = {}
    for group_number in range(60):
        for seed in range(2):
            writer = MemoryWriter()
            writer.add_scalar_columns("score", np.arange(20), rng.random(20))
            runs[f"group{group_number:02}/seed{seed}"] = writer.run
    report(runs, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.driver.execute_cdp_cmd("Performance.enable", {})
    group(page, "folder")
    chart = finished(page, "score")
    assert chart.get_attribute("data-lines") == "60"
    assert busy_share(page) < 0.1


def test_the_legend_counts_the_runs_that_are_shown(made, page):
    page.open(made)
    group(page, "all")
    page.expect_text("#group-legend", "all 12")
    page.click(page.all("#runs input")[0])
    page.expect_text("#group-legend", "all 11")
    page.fill("#run-filter", "seed1")
    page.expect("all", lambda: page.one("#group-legend").text.split()[0])
    shown = page.one("#runs-shown").text.split()[0]
    page.expect_text("#group-legend", f"all {shown}")
    page.click(page.one("#no-runs"))
    page.expect_text("#group-legend", "all 0")


def test_the_colours_of_a_parameter_are_not_explained_while_groups_have_their_own(made, page):
    page.open(made)
    page.choose_value("#color-by", "0")
    assert page.one("#color-legend").text
    group(page, "folder")
    assert not page.one("#color-legend").text
    assert not page.one("#color-by").is_enabled()
    group(page, "")
    assert page.one("#color-legend").text
    assert page.one("#color-by").is_enabled()

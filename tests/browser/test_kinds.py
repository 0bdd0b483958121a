"""Custom charts, texts side by side, and distributions on the page."""

from urllib.parse import unquote

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.test_hostile import HOSTILE
from tbevents import SummaryWriter
from tbevents.testing import MemoryWriter
from tbevents.tools.report import ReportLimits, report

pytestmark = pytest.mark.slow  # each test opens a page and waits for what it draws

LAYOUT = {
    "losses": {
        "all losses": ["Multiline", ["loss/.*"]],
        "the validation": ["Multiline", ["loss/val"]],
        "bounds": ["Margin", ["mean", "low", "high"]],
    },
    "empty": {"nothing": ["Multiline", ["no such tag"]]},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds") / "runs"
    rng = np.random.default_rng(2)
    for place, name in enumerate(("one", "two")):
        with SummaryWriter(folder / name) as writer:
            for step in range(50):
                writer.add_scalar("loss/train", 1.0 + place + step / 50, step)
                writer.add_scalar("loss/val", 2.0 + place + step / 50, step)
                writer.add_scalar("mean", float(step), step)
                writer.add_scalar("low", step - 5.0, step)
                writer.add_scalar("high", step + 10.0, step)
                writer.add_scalar("other", float(step), step)
            for step in range(0, 50, 10):
                writer.add_histogram("weights", rng.normal(step, 1 + step, 2000), step)
            writer.add_text("config", f"model: big\nrate: {0.1 * (1 + place)}\nseed: 7\nlast {name}", 0)
            if not place:
                writer.add_custom_scalars(LAYOUT)
    out = folder.parent / "report.html"
    report(folder, out)
    return out


def tags_of(page, selector):
    return [card.get_attribute("data-tag") for card in page.all(selector)]


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)])
def test_custom_charts_are_drawn_and_no_chart_twice(made, page, width, dark):
    page.open(made, width=width, dark=dark)
    assert tags_of(page, "details[id^=custom] article.card") == [
        "losses/all losses",
        "losses/the validation",
        "losses/bounds",
    ]
    assert sorted(tags_of(page, "details[id^=scalars] article.card")) == ["loss/train", "other"]
    page.expect_lines("losses/all losses", 4, 200)
    page.expect_lines("losses/the validation", 2, 100)
    page.expect_lines("losses/bounds", 2, 100)
    card = page.chart("losses/all losses").find_element(By.XPATH, "ancestor::article")
    names = {item.text for item in card.find_elements(By.CSS_SELECTOR, ".legend .name")}
    assert names == {f"{run} · loss/{tag}" for run in ("one", "two") for tag in ("train", "val")}
    assert not [text for text in (page.one("#main").text.splitlines()) if "custom scalars" in text]
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_a_margin_is_a_curve_within_its_bounds(made, page):
    page.open(made)
    chart = page.chart("losses/bounds")
    page.press(chart, Keys.HOME, *[Keys.ARROW_RIGHT] * 7, Keys.ENTER)
    page.expect(["2 to 17"] * 2, lambda: [row[-1] for row in page.readings(chart)])
    rows = page.drawn_rows(chart)
    page.click(page.all("#no-runs")[0])
    page.click(page.all("#runs input")[0])
    assert len(rows) > 0


def test_a_curve_without_bounds_leaves_those_of_others(tmp_path, page):
    writers = {name: MemoryWriter() for name in ("bounded", "free")}
    writers["bounded"].add_custom_scalars({"losses": {"bounds": ["Margin", ["mean", "low", "high"]]}})
    for step in range(3):
        writers["free"].add_scalar("mean", 9.0, step)  # above the other, so it is the first of the list
        for tag, value in (("mean", 4.0), ("low", 3.0), ("high", 5.0)):
            writers["bounded"].add_scalar(tag, value, step)
    report({name: writer.run for name, writer in writers.items()}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    chart = page.chart("losses/bounds")
    page.press(chart, Keys.HOME, Keys.ENTER)
    page.expect(
        [["free", "\N{EN DASH}"], ["bounded", "3 to 5"]], lambda: [[row[0], row[-1]] for row in page.readings(chart)]
    )


def test_marks_at_the_edge_of_a_chart_of_several_tags_are_not_dashed(tmp_path, page):
    writers = {name: MemoryWriter() for name in ("one", "two")}
    writers["one"].add_custom_scalars({"losses": {"both": ["Multiline", ["train", "val"]]}})
    for writer in writers.values():
        for step in range(5):
            writer.add_scalar("train", np.nan if step == 2 else 1.0, step)
            writer.add_scalar("val", np.nan if step == 3 else 2.0, step)
    report({name: writer.run for name, writer in writers.items()}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.run(
        "const context = CanvasRenderingContext2D.prototype; const stroke = context.stroke; window.drawn = [];"
        "context.stroke = function (...path) {"
        "  window.drawn.push([path.length > 0, this.getLineDash().length > 0]); return stroke.apply(this, path); };"
    )
    page.put("#smoothing", 0.5)  # draws again
    page.settle()
    drawn = page.run("return window.drawn")
    assert [True, True] in drawn  # a curve of the second tag
    assert [False, True] not in drawn  # a mark


def test_custom_charts_pass_the_filter_by_their_tags_and_are_grouped(made, page):
    page.open(made)
    page.fill("#tag-filter", "val")
    shown = [card.get_attribute("data-tag") for card in page.all("article.card") if card.is_displayed()]
    assert shown == ["losses/all losses", "losses/the validation"]
    page.run(
        "const field = document.getElementById('group-by'); field.value = 'all';"
        "field.dispatchEvent(new Event('change'))"
    )
    page.settle()
    page.expect_lines("losses/all losses", 2, 100)


def test_charts_and_sections_with_slashes_in_their_names_are_told_apart(tmp_path, page):
    layout = {
        "train": {"loss/a": ["Multiline", ["x"]]},
        "train/loss": {"a": ["Multiline", ["y"]]},
        "": {"none": ["Multiline", ["x", "y"]]},
        "Custom charts": {"named": ["Multiline", ["x", "y"]]},
    }
    with SummaryWriter(tmp_path / "runs") as writer:
        for tag in ("x", "y", "plain", "Scalars/inner"):
            writer.add_scalar(tag, 1.0, 0)
            writer.add_scalar(tag, 2.0, 1)
        writer.add_custom_scalars(layout)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    assert [card.find_element(By.CSS_SELECTOR, "h3").text for card in page.all("details[id^=custom] article.card")] == [
        "loss/a",
        "a",
        "none",
        "named",
    ]
    assert tags_of(page, "details[id^=scalars] article.card") == ["plain", "Scalars/inner"]
    first, second = page.all("details[id^=custom] article.card")[:2]
    log = "input[type=checkbox]"
    page.click(first.find_element(By.CSS_SELECTOR, log))
    page.expect('#log=custom+["train","loss/a"]', lambda: unquote(page.run("return location.hash")))
    assert not second.find_element(By.CSS_SELECTOR, log).is_selected()


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)(a|a)(a|a)(a|a)(a|a)", "a?" * 100 + "a" * 100, "(.*)(.*)(.*)(.*)(.*)x", "(", r"(a)\1"]
)
def test_patterns_that_could_take_long_are_taken_literally(tmp_path, page, pattern):
    writer = MemoryWriter()
    for tag in ("a" * 100, "a" * 100 + "!", pattern):
        writer.add_scalar(tag, 1.0, 0)
        writer.add_scalar(tag, 2.0, 1)
    writer.add_custom_scalars({"c": {"t": ["Multiline", [pattern]]}})
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.expect_lines("c/t", 1, 2)


def test_hostile_layouts_are_text(tmp_path, page):
    writer = MemoryWriter()
    for text in HOSTILE:
        writer.add_scalar(text, 1.0, 0)
    writer.add_custom_scalars({text: {text: ["Multiline", [text]]} for text in HOSTILE})
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    titles = [element.get_attribute("textContent") for element in page.all("details[id^=custom] h3")]
    assert titles == HOSTILE
    headings = [element.get_attribute("textContent") for element in page.all("details[id^=custom] h2")]
    assert headings == HOSTILE
    assert page.run("return window.pwned") is None


def compare(page, tag):
    (card,) = (card for card in page.all("#texts article.card") if card.get_attribute("data-tag").startswith(tag))
    page.run("arguments[0].scrollIntoView({block: 'center'})", card)
    page.settle()
    box = card.find_element(By.CSS_SELECTOR, ".compare input")
    box.send_keys(Keys.SPACE)
    page.settle()
    return card


def marked(card, name):
    return card.parent.execute_script(
        "return [...arguments[0].querySelectorAll(arguments[1])].map((each) => each.textContent)", card, name
    )


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)])
def test_texts_of_two_runs_stand_side_by_side_with_their_differences_marked(made, page, width, dark):
    page.open(made, width=width, dark=dark)
    card = compare(page, "config")
    rows = [
        [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td")]
        for row in card.find_elements(By.CSS_SELECTOR, "tbody tr")
    ]
    assert rows == [["model: big"] * 2, ["rate: 0.1", "rate: 0.2"], ["seed: 7"] * 2, ["last one", "last two"]]
    assert marked(card, "del") == ["0.1", "one"]
    assert marked(card, "ins") == ["0.2", "two"]
    assert card.find_element(By.CSS_SELECTOR, ".comparison [role=status]").text == "2 lines of 4 differ"
    left = card.find_element(By.CSS_SELECTOR, ".compare select")
    page.run("arguments[0].selectedIndex = 1; arguments[0].dispatchEvent(new Event('change'))", left)
    page.settle()
    assert marked(card, "del, ins") == []
    assert card.find_element(By.CSS_SELECTOR, ".comparison [role=status]").text == "the texts are equal"
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("before", "after", "removed", "added"),
    [
        ("a\nb\nc", "a\nc", ["b"], []),
        ("a\nc", "a\nb\nc", [], ["b"]),
        ("the quick fox", "the slow red fox", ["quick"], ["slow red"]),
        ("", "x", [], ["x"]),
        ("x\n" * 2500 + "end", "y\n" * 2500 + "end", ["x"] * 2500, ["y"] * 2500),  # too many pairs to compare
    ],
)
def test_what_differs_is_what_was_removed_and_added(tmp_path, page, before, after, removed, added):
    runs = {}
    for name, text in (("a", before), ("b", after)):
        writer = MemoryWriter()
        writer.add_text("note", text, 0)
        runs[name] = writer.run
    report(runs, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    card = compare(page, "note")
    assert [text.strip() or " " for text in marked(card, "del")] == removed
    assert [text.strip() or " " for text in marked(card, "ins")] == added


def compared(folder, page, before, after):
    """The card that compares two texts, given as lines."""
    runs = {}
    for name, lines in (("a", before), ("b", after)):
        writer = MemoryWriter()
        writer.add_text("note", "\n".join(lines), 0)
        runs[name] = writer.run
    report(runs, folder / "report.html", limits=ReportLimits(text=10**7))
    page.open(folder / "report.html")
    return compare(page, "note")


def long_task(page, act):
    """The longest time that the page does not answer, in milliseconds, while something is done."""
    page.run(
        "window.longest = 0; let last = performance.now();"
        "const tick = () => { const now = performance.now(); window.longest = Math.max(window.longest, now - last);"
        " last = now; if (!window.stopped) setTimeout(tick); }; window.stopped = false; tick();"
    )
    act()
    page.settle()
    page.run("window.stopped = true")
    return page.run("return window.longest")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            [[" ".join(f"{side}{row}.{word}" for word in range(690)) for row in range(400)] for side in "xy"],
            "the texts are too long to compare all their words: some lines are marked as a whole",
        ),
        (
            [[f"{side} {row}" for row in range(10_000)] for side in "xy"],
            "too many lines differ to find which belong together: they stand side by side in their order",
        ),
        (
            [["same"] * 30_000 + ["end"] * bool(side) for side in range(2)],
            "the first 20,000 lines are compared",
        ),
    ],
)
def test_very_long_texts_are_compared_as_far_as_time_allows_and_it_is_said(tmp_path, page, texts, said):
    runs = {}
    for name, lines in zip("ab", texts, strict=True):
        writer = MemoryWriter()
        writer.add_text("note", "\n".join(lines), 0)
        runs[name] = writer.run
    report(runs, tmp_path / "report.html", limits=ReportLimits(text=10**7))
    page.open(tmp_path / "report.html")
    cards = []
    assert long_task(page, lambda: cards.append(compare(page, "note"))) < 5000
    status = cards[0].find_element(By.CSS_SELECTOR, ".comparison [role=status]")
    assert said in status.text
    assert len(page.all("#texts .comparison tr")) <= 5001


def test_of_long_texts_what_differs_is_shown(tmp_path, page):
    before, after = ([*(f"line {row}" for row in range(9000)), name, *["end"] * 9000] for name in "ab")
    card = compared(tmp_path, page, before, after)
    assert (marked(card, "del"), marked(card, "ins")) == (["a"], ["b"])
    assert len(page.all("#texts .comparison tbody tr")) == 5
    status = card.find_element(By.CSS_SELECTOR, ".comparison [role=status]").text
    assert status == "1 line of 18,001 differs · 5 lines shown, of those that differ and next to them"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (["same"] * 20_000, ["same"] * 19_999 + ["other"], "1 line of 20,000 differs"),
        (["same"] * 15_000 + ["a"] * 5000, ["same"] * 15_000 + ["b"] * 5000, "5,000 lines of 20,000 differ"),
        (list("ab") * 9000, list("ba") * 9000, "lines of 18,000 differ"),
        (["same"] * 20_000 + ["a"], ["same"] * 20_000 + ["b"], "none of these lines differs · the first 20,000 lines"),
        (["same"] * 20_001, ["same"], "the first 20,000 lines are compared"),
    ],
)
def test_that_texts_are_cut_is_said_where_they_are(tmp_path, page, before, after, said):
    status = compared(tmp_path, page, before, after).find_element(By.CSS_SELECTOR, ".comparison [role=status]").text
    assert said in status
    assert ("are compared" in status) == (max(len(before), len(after)) > 20_000)


@pytest.mark.parametrize(
    ("before", "after", "removed", "added"),
    [
        (["x" * 300_000], ["y" * 300_000], "x" * 250_000, "y" * 250_000),
        (["same " * 60_000 + "one"], ["same " * 60_000 + "two"], "one", "two"),
        (["s" * 300_000, "one"], ["s" * 300_000, "two"], "one", "two"),  # a short one after what takes all room
        (["\N{FLEXED BICEPS}" * 300_000], ["x"], "\N{FLEXED BICEPS}" * 125_000 + "…", "x"),
    ],
)
def test_the_first_line_that_differs_is_always_shown(tmp_path, page, before, after, removed, added):
    card = compared(tmp_path, page, before, after)
    assert (marked(card, "del"), marked(card, "ins")) == ([removed], [added])
    status = card.find_element(By.CSS_SELECTOR, ".comparison [role=status]").text
    assert ("cut about where it begins to differ" in status) == (len(before) == 1)


def test_hostile_texts_are_compared_as_text(tmp_path, page):
    runs = {}
    for place, name in enumerate(HOSTILE[:2]):
        writer = MemoryWriter()
        writer.add_text("note", "\n".join(HOSTILE[place:]), 0)
        runs[name] = writer.run
    report(runs, tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    card = compare(page, "note")
    cells = [
        cell.get_attribute("textContent") for cell in card.find_elements(By.CSS_SELECTOR, "tbody tr td:first-child")
    ]
    assert HOSTILE[0] in cells
    assert page.run("return window.pwned") is None


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)])
def test_histograms_may_be_distributions(made, page, width, dark):
    page.open(made, width=width, dark=dark)
    page.run("document.getElementById('panel').open = true")
    chart = page.chart("weights", "#histograms")
    before = page.picture(chart)
    page.click(page.one("input[name=histograms][value=distribution]"))
    chart = page.chart("weights", "#histograms")
    assert page.picture(chart) != before
    page.hover(chart, 0.95)
    text = chart.find_element(By.CSS_SELECTOR, ".readout").text
    assert text.startswith("step 40: least ")
    values = dict(part.rsplit(" ", 1) for part in text.removeprefix("step 40: ").split(", "))
    assert float(values["median"]) == pytest.approx(40, abs=5)
    assert float(values["84 %"]) - float(values["16 %"]) == pytest.approx(82, rel=0.1)
    page.wait(lambda: "histograms=distribution" in page.run("return location.hash"))
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_the_edges_of_a_heat_map_are_those_of_the_first_and_the_last_step(made, page):
    page.open(made)
    chart = page.chart("weights", "#histograms")
    for share, step in ((0, 0), (1, 40)):
        page.run(
            "const over = arguments[0].querySelector('.u-over'); const { left, top, width, height } ="
            "  over.getBoundingClientRect(); const at = { clientX: left + arguments[1] * width,"
            "  clientY: top + height / 2, bubbles: true };"
            "for (const type of ['mouseenter', 'mousemove']) over.dispatchEvent(new MouseEvent(type, at))",
            chart,
            share,
        )
        page.settle()
        assert chart.find_element(By.CSS_SELECTOR, ".readout").text.startswith(f"step {step}: ")


@pytest.mark.parametrize("how", ["heat", "distribution"])
def test_a_zoom_of_histograms_outlasts_scrolling_and_what_redraws_them(made, page, how):
    page.open(made)
    page.click(page.one(f"input[name=histograms][value={how}]"))
    page.drag(page.chart("weights", "#histograms"), 0.25, 0.5)

    def zoomed():
        return [each.is_displayed() for each in page.all("#histograms .reset")]

    assert zoomed() == [True, False]  # of the first run alone
    page.put("#smoothing", 0.5)
    page.expect([True, False], zoomed)
    page.click(page.one("input[name=x][value=wall]"))  # which is the axis of other charts
    page.expect([True, False], zoomed)
    page.run("document.body.style.paddingTop = '3000px'; scrollTo(0, 0)")
    page.wait(lambda: not page.all("#histograms canvas"))
    page.chart("weights", "#histograms")
    page.expect([True, False], zoomed)
    page.wait(lambda: "zoom=" in page.run("return location.hash"))
    page.click(page.all("#histograms .reset")[0])
    page.expect([False, False], zoomed)

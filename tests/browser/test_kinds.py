"""Custom charts, texts side by side, and distributions on the page."""

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.test_hostile import HOSTILE
from tbevents import SummaryWriter
from tbevents.testing import MemoryWriter
from tbevents.tools.report import report

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
    return [element.get_attribute("textContent") for element in card.find_elements(By.CSS_SELECTOR, name)]


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

"""The report page in a browser: what it draws, and what its controls do."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from event_files import scalar_event, version_event, write_events
from selenium.webdriver.common.by import By
from tools.report.test_style import contrast, theme

from browser.training import RATES, STEPS
from tbevents import SummaryWriter, read_run
from tbevents.testing import MemoryWriter
from tbevents.tools.report import report
from tbevents.tools.report.content import BUCKETS
from tbevents.views.heat import shared_buckets

DARK = theme(':root[data-theme="dark"]')


def test_each_tag_is_a_chart_with_a_line_for_each_run(made, page):
    page.open(made)
    # Each is there once: the loss and the rate beside each other, and not again below their own headings.
    charts = page.all("#rates article.card, details[id^=scalars] article.card")
    tags = [card.get_attribute("data-tag") for card in charts]
    assert sorted(tags) == ["accuracy", "lr", "train/loss"]  # "final" is in the table
    for tag in ("train/loss", "accuracy", "lr"):
        page.expect_lines(tag, len(RATES), len(RATES) * STEPS)
        colors = page.colors(page.chart(tag))
        for number in range(len(RATES)):
            shown = page.run(
                "return getComputedStyle(document.querySelectorAll('.runs .swatch')[arguments[0]]).backgroundColor",
                number,
            )
            rgb = tuple(int(part) for part in shown.removeprefix("rgb(").removesuffix(")").split(", "))
            assert colors.get(rgb, 0) > 20, f"{tag}: no pixel of the colour of run {number}"


def test_tags_are_grouped_by_what_they_begin_with(made, page):
    page.open(made)
    headings = [element.text for element in page.all(".section h2")]
    assert headings == [
        "Learning rate and loss",
        "Hyperparameters",
        "Scalars",
        "Precision and recall",
        "Histograms",
        "Images",
        "Texts",
    ]


def test_runs_are_filtered_by_text_and_by_regular_expression(made, page):
    page.open(made)
    page.fill("#run-filter", "A")
    page.expect_text("#runs-shown", "1 of 3 runs")
    page.fill("#run-filter", "deep")
    page.expect_lines("train/loss", 1, STEPS)
    page.click(page.one("#run-filter-regex"))
    page.fill("#run-filter", "^[ab]$")
    page.expect_text("#runs-shown", "2 of 3 runs")
    page.expect_lines("train/loss", 2, 2 * STEPS)
    page.put("#run-filter", "^[ab")  # typed, it would begin with a pattern that is one: ^
    assert page.one("#run-filter").get_attribute("aria-invalid") == "true"
    page.expect_lines("train/loss", 2, 2 * STEPS)  # as before
    page.fill("#run-filter", "")
    page.expect_lines("train/loss", 3, 3 * STEPS)


def test_what_is_chosen_is_in_the_address(made, page):
    page.open(made)
    page.click(page.one("input[name=x][value=relative]"))
    page.click(page.one("#log-y"))
    page.put("#smoothing", 0.5)
    page.choose("#color-by", "rate")
    page.put("#tag-filter", "loss")
    page.click(page.all("#runs input")[1])
    page.expect("#x=relative&color=rate&smoothing=0.5&logy=1&tags=loss&off=1", lambda: page.run("return location.hash"))
    shown = page.picture(page.chart("train/loss"))
    page.run("location.reload()")
    page.settle()
    assert page.picture(page.chart("train/loss")) == shown
    assert [box.is_selected() for box in page.all("#runs input")] == [True, False, True]
    assert [box.is_selected() for box in page.all("#hparams-table tbody input")] == [True, False, True]
    assert page.one("#tags-shown").text == "1 of 7 tags"
    page.expect("#x=relative&color=rate&smoothing=0.5&logy=1&tags=loss&off=1", lambda: page.run("return location.hash"))
    page.run("location.hash = '#x=nonsense&smoothing=<b>&color=99&off=-1.x&log-y=1'; location.reload()")
    page.settle()
    page.expect_lines("train/loss", 3, 3 * STEPS)


def test_runs_are_switched_off_and_on(made, page):
    page.open(made)
    page.click(page.all(".runs input")[0])
    page.expect_lines("train/loss", 2, 2 * STEPS)
    page.click(page.one("#no-runs"))
    assert not any(card.is_displayed() for card in page.all("article.card"))
    page.click(page.one("#all-runs"))
    page.expect_lines("train/loss", 3, 3 * STEPS)


def test_tags_are_filtered(made, page):
    page.open(made)
    page.fill("#tag-filter", "loss")
    shown = {card.get_attribute("data-tag") for card in page.all("article.card") if card.is_displayed()}
    assert shown == {"train/loss"}
    page.expect_text("#tags-shown", "1 of 7 tags")
    links = {link.text for link in page.all("#contents a") if link.is_displayed()}
    assert links == {"Learning rate and loss", "Hyperparameters"}
    page.fill("#tag-filter", "nothing such")
    page.expect_text("#nothing", "Nothing passes the filters of tags and runs.")
    page.fill("#tag-filter", "")
    page.expect_text("#tags-shown", "7 tags")
    assert not page.one("#nothing").is_displayed()


def test_links_lead_to_sections_that_were_folded_too(made, page):
    page.open(made)
    page.run("document.getElementById('texts').open = false")
    (link,) = [link for link in page.all("#contents a") if link.text == "Texts"]
    page.click(link)
    section = page.one("#texts")
    assert section.get_attribute("open") == "true"
    page.expect(True, lambda: page.run("return arguments[0].getBoundingClientRect().bottom <= innerHeight", section))
    assert page.run("return document.activeElement.parentElement === arguments[0]", section)


def test_a_link_to_a_section_leaves_what_is_chosen_in_the_address(made, page):
    page.open(made)
    page.click(page.one("#log-y"))
    page.expect("#logy=1", lambda: page.run("return location.hash"))
    page.click(page.all("#contents a")[-1])
    page.expect(True, lambda: page.run("return scrollY > 0"))
    assert page.run("return location.hash") == "#logy=1"


def test_the_table_of_hyperparameters_sorts(made, page):
    page.open(made)

    def column(number):
        return [
            row.find_elements(By.CSS_SELECTOR, "th, td")[number].text for row in page.all("#hparams-table tbody tr")
        ]

    titles = [head.text for head in page.all("#hparams-table thead th")]
    assert titles == ["run", "status", "kind", "nesterov", "rate", "final"]
    button = page.all("#hparams-table thead button")[titles.index("rate")]
    page.click(button)
    assert column(4) == ["0.01", "0.03", "0.1"]
    assert column(5) == ["0.99", "0.97", "0.9"]
    page.click(button)
    assert column(4) == ["0.1", "0.03", "0.01"]
    assert page.all("#hparams-table thead th")[4].get_attribute("aria-sort") == "descending"
    page.fill("#run-filter", "deep")
    assert column(0) == ["c/deep"]


def test_the_table_of_hyperparameters_selects_runs(made, page):
    page.open(made)
    assert [item.text for item in page.all("#runs li")] == ["a", "b", "c/deep"]
    boxes = page.all("#hparams-table tbody input")
    assert len(boxes) == 3
    page.click(boxes[1])
    page.expect_lines("train/loss", 2, 2 * STEPS)
    assert [box.is_selected() for box in page.all("#runs input")] == [True, False, True]
    assert len(page.all("#hparams-table tr.off")) == 1
    page.click(page.all("#runs input")[1])
    page.expect_lines("train/loss", 3, 3 * STEPS)
    assert page.all("#hparams-table tr.off") == []


def swatches(page):
    return page.run(
        "return [...document.querySelectorAll('#runs .swatch')].map((each) => getComputedStyle(each).backgroundColor)"
    )


def test_curves_have_the_colours_of_a_parameter(made, page):
    page.open(made)
    before = page.colors(page.chart("train/loss"))
    own = swatches(page)
    page.choose("#color-by", "kind")  # all sgd
    assert len(set(swatches(page))) == 1
    page.choose("#color-by", "rate")
    assert len(set(swatches(page))) == 3
    assert not set(swatches(page)) & set(own)
    assert page.one("#color-legend").text == "0.01 0.1"
    assert page.colors(page.chart("train/loss")) != before
    page.choose("#color-by", "the run")
    assert swatches(page) == own
    assert page.colors(page.chart("train/loss")) == before


def test_a_parameter_is_drawn_against_a_metric(made, page):
    page.open(made)
    page.run("arguments[0].scrollIntoView({block: 'center'})", page.one("#scatter"))
    page.settle()
    for parameter in ("rate", "kind", "nesterov"):
        page.choose("#scatter-x", parameter)
        figure = page.one("#scatter figure")
        assert figure.get_attribute("data-points") == "3"
        assert figure.get_attribute("aria-label").startswith(f"final over {parameter}: 3 sessions")
        assert page.colors(figure)[(72, 120, 208)] > 5
    page.click(page.all("#hparams-table tbody input")[0])
    assert page.one("#scatter figure").get_attribute("data-points") == "2"


def test_curves_of_one_session_have_one_colour(tmp_path, page):
    for name in ("s1", "s2"):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            writer.add_hparams({"units": 8}, {}, run_name=".")
        for part in ("train", "validation"):
            with SummaryWriter(tmp_path / "runs" / name / part) as writer:
                for step in range(3):
                    writer.add_scalar("epoch_loss", step + len(part), step)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.expect_lines("epoch_loss", 4, 12)
    whole = page.run("return [...document.querySelectorAll('#runs .swatch')].map((each) => each.style.background)")
    sides = page.run(
        "return [...document.querySelectorAll('#runs .swatch')].map((each) => each.style.borderInlineColor)"
    )
    assert sides[1] == whole[0]  # in two parts, as the curve is dashed
    assert whole[1] == ""
    assert whole[0] != whole[2]


def test_sounds_play(tmp_path, page):
    with SummaryWriter(tmp_path / "runs") as writer:
        writer.add_audio("tone", np.sin(np.arange(8000) / 9), 0, sample_rate=8000)
        writer.add_mesh("shape", np.zeros((1, 3, 3)), global_step=0)
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.run("document.querySelector('audio').preload = 'auto'; document.querySelector('audio').load()")
    page.expect(1, lambda: page.run("return Math.round(document.querySelector('audio').duration)"))
    assert "TensorBoard's Mesh page" in page.one("#others").text


def test_images_texts_and_curves_have_their_steps_on_a_slider(made, page):
    page.open(made)
    for section, show in (
        ("images", lambda card: card.find_element(By.CSS_SELECTOR, "img").get_attribute("src")),
        ("texts", lambda card: card.find_element(By.CSS_SELECTOR, "pre").text),
        ("pr_curves", lambda card: page.picture(card.find_element(By.CSS_SELECTOR, "figure"))),
    ):
        (card,) = page.all(f"#{section} article.card")
        page.run("arguments[0].scrollIntoView({block: 'center'})", card)
        page.wait(lambda card=card: card.find_elements(By.CSS_SELECTOR, "img, pre, canvas"))
        page.settle()
        assert card.find_element(By.CSS_SELECTOR, "output").text == "step 90"
        last = show(card)
        page.put(f"#{section} .slider input", 1)
        assert card.find_element(By.CSS_SELECTOR, "output").text == "step 30"
        assert show(card) != last
    page.run("document.getElementById('texts').scrollIntoView()")
    assert page.all("#texts pre")[0].text == "**step** 30"
    page.expect(8, lambda: page.run("return document.querySelector('#images img').naturalWidth"))


def test_histograms_are_heat_maps(made, page, training):
    page.open(made)
    chart = page.chart("weights")
    assert len(page.all("#histograms figure.chart canvas")) == 3
    assert int(chart.get_attribute("data-rows")) == 4
    heat = shared_buckets(list(read_run(training / "a").histograms["weights"]), BUCKETS)
    edges = np.linspace(heat.low, heat.high, BUCKETS + 1)
    for row, step in enumerate((0, 30, 60, 90)):
        page.hover(chart, (row + 0.5) / 4, 0.5)
        readout = chart.find_element(By.CSS_SELECTOR, ".readout").text
        said, count, low, high = re.fullmatch(r"step (\d+): (\S+) from (\S+) to (\S+)", readout).groups()
        bucket = int(np.abs(edges - float(low)).argmin())
        assert int(said) == step
        assert float(high) == pytest.approx(edges[bucket + 1], abs=1e-3)
        assert float(count) == pytest.approx(heat.counts[row, bucket], rel=1e-3)


def test_many_runs_have_colours_that_show_on_light_and_on_dark(tmp_path, page):
    writer = MemoryWriter()
    writer.add_scalar("loss", 1.0, 0)
    out = tmp_path / "report.html"
    names = [f"{'a long name that all of them have ' * 3}{number}" for number in range(100)]
    report(dict.fromkeys(names, writer.run), out)
    page.open(out)
    shown = [element.text for element in page.all(".runs li span:last-child")]
    assert len(set(shown)) == 100
    assert max(map(len, shown)) <= 64
    colors = page.run(
        "const context = document.createElement('canvas').getContext('2d');"
        "return [...document.querySelectorAll('.runs .swatch')].map((patch) => {"
        "  context.fillStyle = getComputedStyle(patch).backgroundColor; context.fillRect(0, 0, 1, 1);"
        "  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]; })"
    )
    hexadecimal = ["#" + bytes(color).hex() for color in colors]
    assert len(set(hexadecimal)) == 100
    for color in hexadecimal:
        assert min(contrast(color, theme(":root")["card"]), contrast(color, DARK["card"])) > 2.9, color


def test_names_and_roles_for_those_who_do_not_see_the_page(made, page):
    page.open(made)
    page.chart("train/loss")
    levels = page.run("return [...document.querySelectorAll('h1, h2, h3')].map((each) => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = page.run("return [...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(set(ids)) == len(ids)
    pointed = page.run(
        "return ['aria-describedby', 'aria-labelledby', 'for'].flatMap((name) =>"
        "  [...document.querySelectorAll(`[${name}]`)].map((each) => each.getAttribute(name)))"
    )
    assert pointed
    assert set(pointed) <= set(ids)
    for element in page.all("button, input, figure[tabindex], a, nav, img"):
        if element.is_displayed():
            assert element.accessible_name, element.get_attribute("outerHTML")


@pytest.mark.parametrize("dark", [False, True])
def test_fields_and_buttons_have_edges_that_can_be_seen(made, page, dark):
    page.open(made, dark=dark)
    edge = page.run("return getComputedStyle(document.documentElement).getPropertyValue('--edge')")
    assert edge == (DARK if dark else theme(":root"))["edge"]
    shown = page.run(
        "return [...document.querySelectorAll('button, input[type=search], select, .segments')].map(getComputedStyle)"
        ".filter((style) => style.borderTopStyle !== 'none').map((style) => style.borderTopColor)"
    )
    assert len(shown) > 10
    assert set(shown) == {f"rgb({', '.join(str(int(edge[place : place + 2], 16)) for place in (1, 3, 5))})"}


def test_dark_and_light(made, page):
    background = "return getComputedStyle(document.body).backgroundColor"
    page.open(made, dark=True)
    dark = page.run(background)
    page.click(page.one("input[name=theme][value=light]"))
    light = page.run(background)
    assert dark != light
    page.open(made)
    assert page.run(background) == light
    page.click(page.one("input[name=theme][value=dark]"))
    assert page.run(background) == dark


def test_runs_without_the_parameter_have_the_grey_of_the_theme(tmp_path, page):
    for name in ("with", "without"):
        with SummaryWriter(tmp_path / "runs" / name) as writer:
            for step in range(3):
                writer.add_scalar("loss", 1.0, step)
            if name == "with":
                writer.add_hparams({"rate": 0.1}, {"final": 1.0}, run_name=".")
    report(tmp_path / "runs", tmp_path / "report.html")
    page.open(tmp_path / "report.html")
    page.choose("#color-by", "rate")
    page.chart("loss")
    light, dark = "rgb(92, 102, 117)", "rgb(154, 165, 180)"

    def greys():
        page.settle()
        return page.run(
            "return ['#runs', '.legend'].map((list) =>"
            "  getComputedStyle([...document.querySelectorAll(`${list} .swatch`)].at(-1)).backgroundColor)"
        )

    def prefer(scheme):
        page.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )

    assert greys() == [light, light]
    page.click(page.one("input[name=theme][value=dark]"))
    assert greys() == [dark, dark]
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert greys() == [light, light]
    page.run("dispatchEvent(new Event('afterprint'))")
    assert greys() == [dark, dark]
    page.click(page.one("input[name=theme][value=auto]"))
    assert greys() == [light, light]
    prefer("dark")
    page.expect([dark, dark], greys)


@pytest.mark.parametrize("width", [320, 400, 1400])
def test_nothing_is_wider_than_the_window(made, page, width):
    page.open(made, width=width)
    for section in page.all(".section"):
        page.run("arguments[0].scrollIntoView()", section)
        page.settle()
        assert page.run("return document.documentElement.scrollWidth") <= width


def test_print_draws_everything_in_light(made, page):
    page.open(made, dark=True)
    page.run("document.getElementById('hparams').style.marginTop = '3000px'")  # away from the window
    page.wait(lambda: not page.all("#scatter canvas"))
    page.run("dispatchEvent(new Event('beforeprint'))")
    page.settle()
    cards = page.all("#rates article.card, details[id^=scalars] article.card, #scatter")
    assert all(card.find_elements(By.CSS_SELECTOR, "canvas") for card in cards)
    assert page.run("return document.documentElement.dataset.theme") == "light"
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    page.run("document.body.style.width = '700px'")  # paper is narrower than the window the charts were drawn for
    outside = page.run(
        "const right = (each) => each.getBoundingClientRect().right;"
        "const wrong = (card, each) => right(each) > right(card) || each.clientWidth < card.clientWidth / 2;"
        "return [...document.querySelectorAll('article.card')].filter((card) =>"
        "  [...card.querySelectorAll('.uplot canvas')].some((each) => wrong(card, each))).length"
    )
    assert outside == 0
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run("return document.documentElement.dataset.theme") == "auto"


SHOWN_WARN = """
const probe = document.body.appendChild(document.createElement("i"));
probe.style.color = "var(--warn)";
const color = getComputedStyle(probe).color;
probe.remove();
return color;
"""


def test_findings_are_listed_as_text_and_their_steps_are_marked(tmp_path, page):
    for name in "ab":
        events = [scalar_event(tag, step, step % 7) for step in range(0, 100, 2) for tag in ("loss", "other")]
        write_events(tmp_path / "runs" / name / "events.out.tfevents.1.x", [version_event(), *events])
    finding = {"tag": "loss", "severity": "error", "code": "TB101", "rule": "nan", "summary": "<b>bold</b>"}
    listed = [
        {**finding, "run": "a", "step": 40},
        {**finding, "run": "b", "step": 41},  # between two points
        {**finding, "run": "b", "step": 999},
        {**finding, "run": "b", "tag": None, "step": None},
        {**finding, "run": "gone", "step": 3},
    ]
    report(tmp_path / "runs", tmp_path / "report.html", findings=listed)
    page.open(tmp_path / "report.html")
    assert page.one("#findings summary").text == "5 findings of tbevents lint"
    rows = [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in page.all("#findings tbody tr")]
    assert rows[0] == ["error", "TB101 nan", "a", "loss", "40", "<b>bold</b>"]
    assert rows[3][2:5] == ["b", "", ""]
    assert rows[4][2] == "gone"
    chart = page.chart("loss")
    assert chart.get_attribute("data-marks") == "2"
    warn = tuple(int(part) for part in re.findall(r"\d+", page.run(SHOWN_WARN)))
    assert page.colors(chart).get(warn, 0) > 50
    assert page.chart("other").get_attribute("data-marks") == "0"
    assert page.colors(page.chart("other")).get(warn, 0) == 0
    page.check_console()


def test_a_page_of_runs_that_were_linted_says_that_nothing_was_found(tmp_path, page):
    write_events(tmp_path / "run" / "events.out.tfevents.1.x", [version_event(), scalar_event("loss", 0, 1.0)])
    for findings, said in (([], ["No findings of tbevents lint."]), (None, [])):
        report(tmp_path / "run", tmp_path / "report.html", findings=findings)
        page.open(tmp_path / "report.html")
        assert [each.text for each in page.all("#findings")] == said


def test_the_step_of_a_finding_is_marked_where_all_values_from_there_on_are_nan(tmp_path, page):
    writer = MemoryWriter()
    for step in range(100):
        writer.add_scalar("loss", math.nan if step >= 60 else step, step)
    finding = {"run": "run", "tag": "loss", "step": 60, "severity": "error", "code": "TB101", "rule": "nan"}
    report({"run": writer.run}, tmp_path / "report.html", findings=[{**finding, "summary": "NaN"}])
    page.open(tmp_path / "report.html")
    warn = tuple(int(part) for part in re.findall(r"\d+", page.run(SHOWN_WARN)))
    assert page.colors(page.chart("loss")).get(warn, 0) > 50


@pytest.mark.parametrize("width", [390, 1024, 1400])
def test_findings_and_problems_are_not_wider_than_the_window(tmp_path, page, width):
    writer = MemoryWriter()
    writer.add_scalar("loss", 1, 1)
    about = {"run": "a/long/name/of/a/run" * 3, "tag": "train/" + "loss" * 20, "step": 1, "severity": "warning"}
    summary = "the values are what they were before for longer than they should be; " * 5
    findings = [{**about, "code": "TB101", "rule": "plateau", "summary": summary}]
    report({"run": writer.run}, tmp_path / "report.html", findings=findings)
    page.open(tmp_path / "report.html", width=width)
    page.run("document.getElementById('findings').open = true")
    assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height", "columns"), [(718, 1047, 2), (1047, 718, 3)])
def test_charts_stand_side_by_side_as_the_paper_is_wide(tmp_path, page, width, height, columns):
    writer = MemoryWriter()
    for tag in ("a", "b", "c", "d", "loss", "lr"):
        for step in range(30):
            writer.add_scalar(tag, 1 / (1 + step), step)
    report({"run": writer.run}, tmp_path / "report.html")
    page.open(tmp_path / "report.html", width=1400)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    page.run("dispatchEvent(new Event('beforeprint'))")
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    tops = page.run(
        "return [...document.querySelectorAll('.grid .card')].map((card) => card.getBoundingClientRect().top)"
    )
    assert (len(tops), tops.count(tops[0])) == (4, columns)
    assert page.run("return document.documentElement.scrollWidth") <= width  # else all is printed smaller
    page.run("dispatchEvent(new Event('afterprint'))")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.mark.parametrize("width", [390, 1400])
def test_the_names_of_the_runs_are_printed_if_the_panel_is_folded(made, page, width):
    page.open(made, width=width)
    page.run("document.getElementById('panel').open = false")
    page.run("dispatchEvent(new Event('beforeprint'))")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert [item.text for item in page.all("#runs li") if item.is_displayed()] == ["a", "b", "c/deep"]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    page.run("dispatchEvent(new Event('afterprint'))")
    assert not page.run("return document.getElementById('panel').open")


def test_charts_are_drawn_for_paper_before_they_are_printed(made, page):
    page.open(made, width=1400)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    # What is drawn in this moment is printed.
    scaled = page.driver.execute_async_script(
        "dispatchEvent(new Event('beforeprint'));"
        "Promise.resolve().then(() => arguments[0]("
        "  [...document.querySelectorAll('.uplot canvas')].map((each) => each.clientWidth / each.width)))"
    )
    assert len(scaled) == 8  # with three of histograms
    assert 0.95 < min(scaled) <= max(scaled) < 1.05, scaled
    shown = page.run(
        "return [...document.querySelectorAll('#main input, #main select')].map((each) => each.clientWidth)"
    )
    assert set(shown) == {0}  # nothing can be chosen on paper
    page.run("dispatchEvent(new Event('afterprint'))")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    page.settle()
    page.expect(True, lambda: page.run("return document.querySelector('#rates canvas').clientWidth") > 450)

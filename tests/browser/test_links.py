"""The page's address: what it says is what is shown, whoever puts it there."""

import pytest

pytest.importorskip("selenium", reason="drives the browser")
from browser.training import STEPS

pytestmark = pytest.mark.slow  # each test opens a page and waits for what it draws


def fragment(page):
    return page.run("return location.hash")


def smoothing(page):
    return page.run("return document.readyState === 'complete' && document.getElementById('smoothing')?.value")


def test_an_address_that_is_put_into_a_tab_of_the_page_is_shown(made, page):
    page.open(made)
    page.run("location.hash = 'smoothing=0.7&logy=1&off=1'")
    page.expect("0.7", lambda: smoothing(page))
    page.settle()
    assert page.one("#log-y").is_selected()
    page.expect_text("#runs-shown", "2 of 3 runs")
    page.click(page.one("#log-x"))
    page.expect("#smoothing=0.7&logy=1&logx=1&off=1", lambda: fragment(page))
    page.driver.back()
    page.expect("0", lambda: smoothing(page))
    page.settle()
    page.expect_text("#runs-shown", "3 runs")
    page.driver.forward()
    page.expect("0.7", lambda: smoothing(page))


def test_a_link_to_a_place_of_the_page_leaves_it_as_it_is(made, page):
    page.open(made)
    page.click(page.one("#log-y"))
    page.run("window.same = true; location.hash = 'main'")
    page.settle()
    assert page.run("return window.same")
    assert page.one("#log-y").is_selected()


@pytest.mark.parametrize("bad", ["NaN", "", "much", "1e999"])
def test_a_smoothing_that_is_no_number_is_none(made, page, bad):
    page.driver.get("about:blank")
    page.driver.get(f"{made.as_uri()}#smoothing={bad}&logx=1")
    page.settle()
    assert page.run("return document.getElementById('smoothing').value") == "0"
    assert page.one("#log-x").is_selected()


def test_an_expression_that_is_none_is_not_in_the_address(made, page):
    page.open(made)
    page.put("#run-filter", "^[ab]$")
    page.click(page.one("#run-filter-regex"))
    page.expect_text("#runs-shown", "2 of 3 runs")
    page.put("#run-filter", "^[ab")
    page.expect_text("#run-filter-field .wrong", "not a regular expression: \u201c^[ab]$\u201d still holds")
    page.click(page.one("#log-y"))
    page.expect("#logy=1&runs=%5E%5Bab%5D%24&runsregex=1", lambda: fragment(page))
    assert page.run("return document.getElementById('run-filter').value") == "^[ab"  # it may be completed
    page.driver.refresh()
    page.settle()
    page.expect_text("#runs-shown", "2 of 3 runs")
    page.expect_lines("train/loss", 2, 2 * STEPS)
    assert page.run("return document.getElementById('run-filter').value") == "^[ab]$"


def test_a_text_that_is_no_expression_is_kept_as_a_text(made, page):
    page.open(made)
    page.put("#tag-filter", "(")
    page.click(page.one("#tag-filter-regex"))
    page.click(page.one("#log-y"))
    page.expect("#logy=1&tags=%28", lambda: fragment(page))

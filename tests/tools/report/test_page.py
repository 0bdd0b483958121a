"""The page as a file: what its policy lets run, and that no data gets out of its place."""

import base64
import hashlib
import html
import re

import pytest

from tbevents.tools.report.page import render


def parts(page):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    script = page[page.rindex("<script>") + len("<script>") : page.rindex("</script>")]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    return html.unescape(policy), script, style


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_names_this_script_and_this_style_and_nothing_else():
    policy, script, style = parts(render("t", {}))
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "script-src": digest(script),
        "style-src": digest(style),
        "img-src": "data:",
        "media-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }


def test_the_script_makes_no_code_or_html_of_strings():
    _, script, _ = parts(render("t", {}))
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
    ):
        assert word not in script


def test_nothing_is_fetched():
    page = render("t", {})
    assert re.findall(r'\b(?:src|href)\s*=\s*"(.*?)"', page) == ["#main"]
    assert "url(" not in page
    assert "@import" not in page


def test_the_licence_of_the_charting_library_is_in_the_page():
    page = render("t", {})
    assert "The MIT License" in page
    assert "Leon Sorokin" in page


@pytest.mark.parametrize("text", ["</script>", "<!--", "{{SCRIPT}}", "{{DATA}}", "]]>", "&lt;", "\u2028", "\ud800"])
def test_data_stays_in_its_place(text):
    plain = render("t", {"tag": "x"})
    page = render("t", {"tag": text})
    before, after = plain.split('{"tag":"x"}')
    assert page.startswith(before)
    assert page.endswith(after)
    within = page[len(before) : -len(after)]
    assert not set(within) & set("<>&")
    assert within.isascii()


def test_the_title_is_escaped():
    page = render("</title><script>alert(1)</script>{{DATA}}", {})
    assert "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{DATA}}</title>" in page


def test_numbers_that_json_does_not_have_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        render("t", {"value": float("nan")})


def test_a_title_that_is_no_utf_8():
    assert "<title>runs?</title>" in render("runs\udcff", {"title": "runs\udcff"})

"""The page as a file: what its policy lets run, and that no data gets out of its place."""

import base64
import hashlib
import html
import json
import math
import re
import xml.etree.ElementTree as ET
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbevents.tools.report import page as module
from tbevents.tools.report.page import render

ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "<>&"}


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
    icon, *links = re.findall(r'\b(?:src|href)\s*=\s*"(.*?)"', page)
    assert links == ["#main"]
    kind, _, data = icon.partition(",")
    assert kind == "data:image/svg+xml;base64"  # else browsers ask the server of a board for one
    assert ET.fromstring(base64.b64decode(data)).tag == "{http://www.w3.org/2000/svg}svg"
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


def test_numbers_that_json_does_not_have_are_strings_in_the_data():
    assert '{"value":"NaN","more":["-Infinity",1.5]}' in render("t", {"value": math.nan, "more": (-math.inf, 1.5)})


contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), contents), st.integers(1, 4))
def test_the_data_in_pieces_is_that_of_json_as_a_whole(content, at_once):
    with mock.patch.object(module, "_AT_ONCE", at_once):
        text = "".join(module._json(content))
    assert json.loads(text) == content
    assert not set(text) & set("<>&")
    assert len(text) == len(json.dumps(json.loads(text), separators=(",", ":")).translate(ESCAPED))


def test_a_page_of_many_curves_comes_in_small_pieces():
    line = {"run": 1, "values": 2, "start": 3.0}
    cards = [{"tag": "t", "lines": [line] * 5000}, {"tag": "u", "lines": [{**line, "pauses": [[1, 2]]}] * 5000}]
    sizes = [len(piece) for piece in module._json({"scalars": cards})]
    assert max(sizes) < 20_000
    assert sum(sizes) > 400_000


def test_a_title_that_is_no_utf_8():
    assert "<title>runs?</title>" in render("runs\udcff", {"title": "runs\udcff"})

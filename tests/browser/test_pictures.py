"""Many large pictures on the page: those near the window are decoded."""

import io

import pytest

pytest.importorskip("selenium", reason="drives the browser")
from event_files import version_event, write_events

from tbevents.proto import Event, Summary
from tbevents.tools.report import ReportLimits, report

pytestmark = pytest.mark.slow  # large pictures

SIZE = 3840, 2160
RUNS = 60

DECODED = """
return [...document.images].filter((each) => each.naturalWidth > 1).reduce((sum, each) =>
  sum + each.naturalWidth * each.naturalHeight, 0) / (arguments[0] * arguments[1]);
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pillow = pytest.importorskip("PIL.Image", reason="shows pictures")
    encoded = io.BytesIO()
    pillow.new("L", SIZE, 99).save(encoded, "PNG", compress_level=1)
    picture = Summary.Image(width=SIZE[0], height=SIZE[1], colorspace=1, encoded_image_string=encoded.getvalue())
    folder = tmp_path_factory.mktemp("pictures")
    for run in range(RUNS):
        summary = Summary(value=[Summary.Value(tag=tag, image=picture) for tag in ("one", "two")])
        events = [version_event(), Event(step=1, wall_time=1.7e9, summary=summary)]
        write_events(folder / "runs" / f"run{run:02}" / "x.tfevents", events)
    report(folder / "runs", folder / "report.html", limits=ReportLimits(pixels=4096))
    return folder / "report.html"


def decoded(page):
    """How many pictures have been loaded, and not been let go of."""
    return page.run(DECODED, *SIZE)


SCROLL = "document.querySelectorAll('#images .item')[arguments[0]].scrollIntoView()"


def test_of_hundreds_of_large_pictures_those_near_the_window_are_decoded(made, page):
    page.open(made)
    page.wait(lambda: decoded(page) > 1)
    most = 0
    for place in range(0, RUNS, 6):
        page.run(SCROLL, place)
        page.settle()
        most = max(most, decoded(page))
    assert most < RUNS / 2  # of the 120 in the two cards in view
    page.run(SCROLL, RUNS - 1)
    last = "return document.querySelectorAll('#images img')[arguments[0]].naturalWidth"
    page.expect(SIZE[0], lambda: page.run(last, RUNS - 1))
    page.run("scrollTo(0, 0)")
    page.wait(lambda: page.run(last, RUNS - 1) == 1)


def test_few_are_decoded_at_the_same_time(made, page):
    script = page.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": "window.busy = 0; window.most = 0; const { decode } = HTMLImageElement.prototype;"
            "HTMLImageElement.prototype.decode = function () { window.busy += 1; window.most = Math.max(window.most,"
            " window.busy); return decode.call(this).finally(() => { window.busy -= 1; }); };"
        },
    )
    try:
        page.open(made)
        for place in (0, 20, 40):
            page.run(SCROLL, place)
            page.settle()
        page.wait(lambda: page.run("return window.busy") == 0)
        assert 1 <= page.run("return window.most") <= 2
    finally:
        page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def test_all_are_shown_on_paper_and_their_room_is_kept(made, page):
    page.open(made)
    heights = page.run(
        "return [...document.images].map((each) => Math.round(each.clientWidth / each.clientHeight * 9))"
    )
    assert set(heights) == {16}
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.run("return [...document.images].every((each) => each.src.length > 1000)")
    page.run("dispatchEvent(new Event('afterprint'))")
    page.wait(lambda: 0 < decoded(page) < RUNS / 2)

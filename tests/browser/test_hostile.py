"""Event files are other people's data: on the page they are text and pictures, and run nothing."""

import io
import struct
import zlib

import numpy as np
import pytest

pytest.importorskip("selenium", reason="drives the browser")
from event_files import version_event, write_events
from selenium.webdriver.common.by import By

from tbevents import SummaryWriter, read_run
from tbevents.proto import Event, Summary, SummaryMetadata
from tbevents.tools.report import report

HOSTILE = [
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "javascript:window.pwned=1",
    "<!--<script>",
    "]]></style><script>window.pwned=1</script>",
    "{{SCRIPT}} {{DATA}} ${window.pwned=1} `${alert(1)}`",
    "&lt;b&gt; &amp; \\u003cscript>",
    "line\u2028and\u2029separators\x00 and NUL",
    "\u202eright to left\u202c \ufeff",
    "__proto__",
    "constructor",
    "\U0001f600" * 20,
]


def hostile_run(folder):
    with SummaryWriter(folder) as writer:
        for place, text in enumerate(HOSTILE):
            writer.add_scalar_columns(text, np.arange(5), np.arange(5.0) + place)
            writer.add_text(text, text, place)
        writer.add_hparams({text: text for text in HOSTILE}, {HOSTILE[0]: 1.0}, run_name="hp")
    events = [version_event()]
    for step, text in enumerate(HOSTILE):
        metadata = SummaryMetadata(display_name=text, summary_description=text)
        value = Summary.Value(tag=f"described/{step}", metadata=metadata, simple_value=1.0)
        events.append(Event(wall_time=1.0, step=step, summary=Summary(value=[value])))
    write_events(folder / "events.out.tfevents.9999999999.described", events)
    return read_run(folder)


def test_hostile_names_and_texts_are_shown_as_text(tmp_path, page):
    run = hostile_run(tmp_path / "run")
    runs = dict.fromkeys(HOSTILE, run)
    out = tmp_path / "report.html"
    report(runs, out, title=HOSTILE[0])
    page.open(out)
    assert page.run("return document.title") == HOSTILE[0]
    assert page.one("h1").get_attribute("textContent") == HOSTILE[0]
    assert [item.get_attribute("textContent") for item in page.all(".runs li span:last-child")] == HOSTILE
    titles = [element.get_attribute("textContent") for element in page.all("details[id^=scalars] h3")]
    assert sorted(titles) == sorted(2 * HOSTILE)  # of tags, and of display names
    assert [element.get_attribute("textContent") for element in page.all(".about")] == HOSTILE
    for card in page.all("#texts article.card"):
        page.run("arguments[0].scrollIntoView({block: 'center'})", card)
        page.settle()
        texts = {element.get_attribute("textContent") for element in card.find_elements(By.CSS_SELECTOR, "pre")}
        assert texts == {card.get_attribute("data-tag").removesuffix("/text_summary")}
    chart = page.chart(HOSTILE[0])
    page.hover(chart, 0.5)
    rows = chart.find_elements(By.CSS_SELECTOR, ".tip tbody th")
    assert len(rows) == len(HOSTILE)
    names = [text if len(text) <= 28 else f"{text[:10]}…{text[-17:]}" for text in HOSTILE]
    assert {row.get_attribute("textContent") for row in rows} <= set(names)
    assert page.run("return window.pwned") is None
    assert page.all("script:not([type])") == page.all("body > script:last-child")


def test_the_policy_of_the_page_stops_what_would_get_in(tmp_path, page):
    """If a gap were found in the escaping all the same, the browser itself would run and fetch nothing."""
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
    out = tmp_path / "report.html"
    report(tmp_path / "run", out)
    page.open(out)
    page.run(
        "const script = document.createElement('script');"
        "try { script.textContent = 'window.pwned = 1'; } catch {} document.body.append(script)"
    )
    page.run("try { document.body.setAttribute('onclick', 'window.pwned = 1'); } catch {} document.body.click()")
    with pytest.raises(Exception, match="TrustedHTML"):
        page.run("document.body.innerHTML = '<img src=x onerror=window.pwned=1>'")
    blocked = page.driver.execute_async_script(
        "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done('fetched'), () => done('blocked'))"
    )
    assert blocked == "blocked"
    assert page.run("return window.pwned") is None
    messages = [entry["message"] for entry in page.driver.get_log("browser")]  # what the console says of it is meant
    assert any("Content Security Policy" in message for message in messages)
    page.driver.get_log("performance")


def png(width, height, data=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_of(frames):
    from PIL import Image

    file = io.BytesIO()
    pictures = [Image.new("RGB", (16, 16), (80 * place, 0, 0)) for place in range(frames)]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def test_pictures_of_any_content_show_as_pictures_or_are_said_not_to(tmp_path, page):
    pytest.importorskip("PIL", reason="shows pictures")
    pictures = {
        "bomb": png(60_000, 60_000, zlib.compress(bytes(1000))),
        "large": png(8_000, 8_000, zlib.compress(bytes(1000))),
        "torn": png(50, 50, zlib.compress(bytes(1000))[:20]),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1"><script>window.pwned=1</script></svg>',
        "html": b"<html><script>window.pwned=1</script></html>",
        "nothing": b"",
        "gif": gif_of(3),
        "good": png(2, 1, zlib.compress(b"\x00\xff\x00\x00\x00\xff\x00")),
    }
    events = [version_event()]
    for tag, data in pictures.items():
        image = Summary.Image(height=1, width=1, colorspace=3, encoded_image_string=data)
        events.append(Event(wall_time=1.0, step=1, summary=Summary(value=[Summary.Value(tag=tag, image=image)])))
    write_events(tmp_path / "run" / "events.out.tfevents.1.x", events)
    out = tmp_path / "report.html"
    made = report(tmp_path / "run", out)
    assert sorted(problem.split("'")[1] for problem in made.problems) == [
        "bomb",
        "html",
        "large",
        "nothing",
        "svg",
        "torn",
    ]
    assert any("8000 x 8000 pixels: over the limit of 33554432 pixels" in problem for problem in made.problems)
    page.open(out)
    for card in page.all("#images article.card"):
        page.run("arguments[0].scrollIntoView({block: 'center'})", card)
        page.settle()
        tag = card.get_attribute("data-tag")
        found = card.find_elements(By.CSS_SELECTOR, "img")
        assert len(found) == (tag in ("gif", "good"))
        for image in found:
            page.wait(
                lambda image=image: page.run("return arguments[0].complete && arguments[0].naturalWidth > 0", image)
            )
    assert len(page.all("#problems li")) == 6
    assert page.run("return window.pwned") is None


def test_damage_is_said_at_the_top(tmp_path, page):
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(50):
            writer.add_scalar("loss", step, step)
    (file,) = (tmp_path / "run").iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x40
    file.write_bytes(data)
    out = tmp_path / "report.html"
    made = report(tmp_path / "run", out)
    assert len(made.problems) == 1
    page.open(out)
    assert "data checksum mismatch" in page.one("#problems").text or "checksum" in page.one("#problems").text
    page.expect_lines("loss", 1, 49)

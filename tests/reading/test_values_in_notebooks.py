"""Single values as notebooks show them, and times as dates."""

import base64
import math
import re

import numpy as np
import pytest

import tbevents
from tbevents.reading.kinds.audio import Audio
from tbevents.reading.kinds.image import Image
from tbevents.reading.kinds.scalar import ScalarSeries
from tbevents.reading.kinds.text import Text


def texts(*values):
    encoded = np.empty(len(values), object)
    encoded[:] = [value.encode() for value in values]
    return Text(0, 1.0, encoded)


def test_pictures_show_themselves_as_they_are():
    png, jpeg = b"\x89PNG\r\n\x1a\nrest", b"\xff\xd8\xffrest"
    assert Image(0, 1.0, 1, 1, (png,))._repr_png_() == png
    assert Image(0, 1.0, 1, 1, (png,))._repr_jpeg_() is None
    assert Image(0, 1.0, 1, 1, (jpeg,))._repr_jpeg_() == jpeg
    assert Image(0, 1.0, 1, 1, ())._repr_png_() is None


def test_sounds_play(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_audio("tone", np.zeros(100), 0, sample_rate=8000)
    sound = tbevents.read_run(tmp_path).audio["tone"].last
    (encoded,) = re.findall(r'^<audio controls src="data:audio/wav;base64,([^"]*)"></audio>$', sound._repr_html_())
    assert base64.b64decode(encoded) == sound.encoded
    assert Audio(0, 1.0, 0.0, 0, 0, "text/html", (b"<script>",))._repr_html_() is None


def test_texts_are_shown_with_their_lines_and_never_run():
    shown = texts("a\n\tb <script>alert(1)</script>\x1b\u202e")._repr_html_()
    assert "a\n\tb &lt;script&gt;alert(1)&lt;/script&gt;\\x1b\\u202e</pre>" in shown
    assert "<script" not in shown
    assert "… and 60 more texts" in texts(*"x" * 100)._repr_html_()
    assert len(texts("y" * 10**6)._repr_html_()) < 30_000


@pytest.mark.parametrize("kind", ["scalars", "texts"])
def test_times_are_dates(tmp_path, kind):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step, time in enumerate((0.0, 1.7e9 + 0.25)):
            writer.add_scalar("x", 1.0, step, walltime=time)
            writer.add_text("x", "y", step, walltime=time)
    (series,) = tbevents.read_run(tmp_path).series(kind).values()
    assert series.times.dtype == "datetime64[us]"
    assert series.times.astype(str).tolist() == ["1970-01-01T00:00:00.000000", "2023-11-14T22:13:20.250000"]


def test_times_that_are_no_dates_are_nat():
    times = np.array([math.nan, math.inf, 1e300, -1.5])
    series = ScalarSeries("x", np.arange(4, dtype=np.int64), times, np.zeros(4, np.float32))
    assert np.isnat(series.times).tolist() == [True, True, True, False]
    assert series.times[3] == np.datetime64("1969-12-31T23:59:58.500000")

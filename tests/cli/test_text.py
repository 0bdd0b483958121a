"""Text for terminals: harmless, short, and true."""

import math

import pytest

from tbevents.cli.formatting import (
    clip,
    clip_all,
    duration,
    exact,
    moment,
    number,
    parse_size,
    printable,
    size,
    step_range,
    width,
    wrapped,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("loss/train 1", "loss/train 1"),
        ("ünï 损失 é", "ünï 损失 é"),
        ("\x1b[2J\x07\x7f", r"\x1b[2J\x07\x7f"),
        ("\x9b31m", r"\x9b31m"),  # the one-character escape
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\u202eabc\u2066\u200f", r"\u202eabc\u2066\u200f"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_a_terminal_could_obey_is_shown_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "ab…efg"),
        ("abcdefg", 5, "ab…fg"),
        ("abcdefg", 1, "…"),
        ("abcdefg", 0, ""),
    ],
)
def test_text_is_shortened_in_its_middle(text, columns, shown):
    assert clip(text, columns) == shown


def test_what_is_left_out_is_marked_in_ascii_where_there_is_nothing_else():
    assert clip("abcdefg", 6, plain=True) == "ab~efg"
    assert clip("abcdefg", 1, plain=True) == "~"


def test_texts_that_would_become_equal_show_where_they_differ():
    pytest.importorskip("rich", reason="the widths of characters are rich's")
    start, end = "_hparams_/session_start_info", "_hparams_/session_end_info"
    assert clip(start, 10) == clip(end, 10)
    assert clip_all([start, "loss", end, start], 10) == ["…on_start…", "loss", "…on_end_i…", "…on_start…"]
    assert clip_all([start, end], 10, plain=True) == ["~on_start~", "~on_end_i~"]
    assert clip_all(["train/loss/total", "val/accuracy"], 10) == ["trai…total", "val/…uracy"]
    layers = [f"model/layer{number}/attention/weights/norm" for number in range(12)]
    for columns in (8, 10, 20, 30, 60):
        shown = clip_all(layers, columns)
        assert len({*shown}) == 12
        assert max(map(width, shown)) <= columns
    assert max(width(each) for each in clip_all(["损" * 9 + "a" + "失" * 9, "损" * 9 + "b" + "失" * 9], 9)) <= 9
    assert clip_all([start, end], 1) == ["…", "…"]


def test_a_long_line_is_broken_between_words():
    text = "odd      run: steps go back twice, first from 9 to 0"
    assert wrapped(text, None, indent=9) == wrapped(text, len(text), indent=9) == [text]
    assert wrapped(text, 30, indent=9) == [
        "odd      run: steps go back",
        "         twice, first from 9",
        "         to 0",
    ]
    path = "a-path-that-is-longer-than-a-line"
    assert wrapped(f"damaged  {path}: no end", 20, indent=9) == [f"damaged  {path}:", "         no end"]


def test_wide_characters_count_twice():
    pytest.importorskip("rich", reason="the widths of characters are rich's")
    assert width("损失") == 4
    assert clip("损失损失损失", 7) == "损…失"
    assert width(clip("损失损失损失", 8)) <= 8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (1234567.0, "1234567"),
        (12345678.0, "1.2346e+07"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_has_five_digits(value, text):
    assert number(value) == text


def test_two_numbers_have_the_digits_that_tell_them_apart():
    assert exact(1.0, 2.0) == ("1", "2")
    assert exact(0.1, 0.1 + 1e-8) == ("0.1", "0.10000001")
    assert exact(0.1, math.nextafter(0.1, 1)) == ("0.10000000000000001", "0.10000000000000002")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (21600, "21.6 kB"),
        (999_949, "1.0 MB"),
        (1.5e9, "1.5 GB"),
        (1e16, "10000 TB"),
    ],
)
def test_a_size_has_a_unit(value, text):
    assert size(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("500", 500), ("64kB", 64_000), ("64 KiB", 65_536), ("1.5MB", 1_500_000), ("2g", 2 * 10**9), ("1TB", 10**12)],
)
def test_a_size_is_read(text, value):
    assert parse_size(text) == value


@pytest.mark.parametrize("text", ["", "MB", "1.2.3kB", "-1", "1 XB", "1e3"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (math.nan, ""),
        (0.25, "0.2s"),
        (12, "12s"),
        (185, "3m05s"),
        (8040, "2h14m"),
        (4.5e5, "5d05h"),
        (1e8, "1157d"),
    ],
)
def test_a_length_of_time_has_two_units(seconds, text):
    assert duration(seconds) == text


def test_a_moment_is_a_date_or_the_number():
    assert moment(1e9)[:8] == "2001-09-"
    assert moment(1e300) == "1e+300 s"
    assert moment(None) == ""


def test_a_range_of_steps():
    assert step_range(0, 99) == "0..99"
    assert step_range(5, 5) == "5"
    assert step_range(None, None) == ""

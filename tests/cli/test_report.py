"""``tbevents report`` as a process."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from tools.report.pages import content, curve

from tbevents import SummaryWriter, read_run


def test_the_page_of_a_run(process, demo, tmp_path):
    out = tmp_path / "out" / "page.html"
    result = process("report", demo, "-o", out)
    assert (result.status, result.out) == (0, "")
    assert result.err.startswith(f"{out}: 1 run, 20 points, ")
    data = content(out)
    steps, values, _ = curve(data, "loss", ".")
    series = read_run(demo).scalars["loss"]
    np.testing.assert_array_equal(steps, series.steps)
    np.testing.assert_array_equal(values, series.values)


def test_the_page_of_a_file_and_of_the_corpus(process, demo, corpus, tmp_path):
    (file,) = demo.iterdir()
    assert process("report", file, "-o", tmp_path / "a.html").status == 0
    assert content(tmp_path / "a.html")["points"] == 20
    result = process("report", corpus, "-o", tmp_path / "b.html", "--title", "Other people's <runs>")
    assert result.status == 0
    assert content(tmp_path / "b.html")["title"] == "Other people's <runs>"
    assert "Other people&#x27;s &lt;runs&gt;" in (tmp_path / "b.html").read_text("utf-8")


def test_two_hundred_runs(process, many, tmp_path):
    result = process("report", many, "-o", tmp_path / "page.html", "--run", "group-0*", "-q")
    assert (result.status, result.out, result.err) == (0, "", "")
    data = content(tmp_path / "page.html")
    assert len(data["runs"]) == 100
    assert [len(card["lines"]) for card in data["scalars"]] == [100]


def test_by_default_the_page_is_report_html(process, demo):
    assert process("report", demo, cwd=demo.parent).status == 0
    assert content(demo.parent / "report.html")["title"] == "demo"


def test_points_and_tags(cli, demo, tmp_path):
    out = tmp_path / "page.html"
    assert cli("report", demo, "-o", out, "--points", 8, "--tag", "train/*").status == 0
    data = content(out)
    assert [card["tag"] for card in data["scalars"]] == ["train/acc"]
    assert len(curve(data, "train/acc", ".")[0]) <= 8


def test_damage_is_told_and_in_the_page(process, damaged, tmp_path):
    result = process("report", damaged, "-o", tmp_path / "page.html")
    assert result.status == 0
    problems = content(tmp_path / "page.html")["runs"][0]["problems"]
    assert problems
    assert all(problem in result.err for problem in problems)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "missing: no such file or folder"),
        (["empty"], "empty: there are no runs to report"),
        (["demo", "--tag", "los"], "demo: no tag 'los'; did you mean 'loss'?"),
        (["demo", "--points", "3"], "Invalid value for '--points': 3 is not in the range x>=8."),
        (["demo", "-o", "empty"], "empty: is a folder"),
    ],
)
def test_mistakes_are_one_line(process, demo, arguments, message):
    (demo.parent / "empty").mkdir()
    result = process("report", *arguments, cwd=demo.parent)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"tbevents: {message}")
    assert result.err.count("\n") == 1


def test_a_page_that_cannot_be_written(process, demo):
    (file,) = demo.iterdir()
    result = process("report", demo, "-o", file / "page.html")
    assert (result.status, result.out) == (2, "")
    assert str(file) in result.err
    assert result.err.count("\n") == 1


def test_the_page_opens_in_the_browser(cli, demo, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    assert cli("report", demo, "-o", tmp_path / "a page.html", "--open").status == 0
    assert opened == [(tmp_path / "a page.html").as_uri()]


@pytest.mark.parametrize(
    ("platform", "variable", "is_opened"),
    [
        ("linux", None, False),
        ("linux", "DISPLAY", True),
        ("linux", "WAYLAND_DISPLAY", True),
        ("linux", "BROWSER", True),
        ("darwin", None, True),
        ("win32", None, True),
    ],
)
def test_without_a_screen_no_page_is_opened(cli, demo, tmp_path, monkeypatch, platform, variable, is_opened):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "x")
    monkeypatch.setattr("tbevents.cli.browser.sys", SimpleNamespace(platform=platform))
    result = cli("report", demo, "-o", tmp_path / "page.html", "--open")
    assert result.status == 0
    assert len(opened) == is_opened
    assert ("there is no screen to open the page on\n" in result.err) is not is_opened


def test_pictures_that_are_left_out_without_pillow_are_told_in_one_line(cli, demo, tmp_path, monkeypatch):
    pytest.importorskip("PIL", reason="makes pictures")
    with SummaryWriter(tmp_path / "pictures") as writer:
        for step in range(3):
            writer.add_image("picture", np.zeros((3, 2, 2), np.uint8), step)
    monkeypatch.setitem(sys.modules, "PIL", None)
    line = "pictures are left out: showing pictures needs Pillow: pip install 'tbevents[image]'\n"
    result = cli("report", tmp_path / "pictures", "-o", tmp_path / "a.html", "-q")
    assert (result.status, result.out, result.err) == (0, "", line)
    assert cli("report", demo, "-o", tmp_path / "b.html", "-q").err == ""  # there are none

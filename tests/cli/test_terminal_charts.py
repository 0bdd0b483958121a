"""Charts in a terminal: marks, smoothing, axes, and a grid of them that follows the terminal's size."""

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from event_files import scalar_event, version_event, write_events

pytest.importorskip("click", reason="the command line needs click")
pytest.importorskip("rich", reason="the command line needs rich")

from tbevents.cli.chart_grid import chart_grid
from tbevents.cli.terminal_chart import TerminalStyle, chart
from tbevents.reading.kinds.scalar import ScalarSeries


def series_of(*values, tag="loss", times=None):
    steps = np.arange(len(values), dtype=np.int64)
    times = 1000.0 + steps if times is None else np.array(times, np.float64)
    return ScalarSeries(tag, steps, times, np.array(values, np.float64))


def looks(lines, names):
    """Name -> (sample, colour) in the legend at the end of a chart."""
    found = {}
    for line in lines[-len(names) :]:
        for part in line.split("   "):
            sample, _, name = part.plain.partition(" ")
            if name in names:
                found[name] = sample, str(part.spans[0].style)
    return found


def test_from_the_seventh_line_on_marks_tell_apart_what_shares_a_colour():
    names = [f"run {number}" for number in range(20)]
    lines = chart({name: series_of(number, number + 1) for number, name in enumerate(names)}, 60, 8)
    found = looks(lines, names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert {found[name][0] for name in names[:6]} == {"━━"}
    assert {found[name][0] for name in names[6:12]} == {"━o"}
    assert "o" in "".join(line.plain for line in lines[:8])


def test_without_colours_each_line_has_a_mark_of_its_own():
    names = [f"run {number}" for number in range(20)]
    series = {name: series_of(*[number] * 9) for number, name in enumerate(names)}
    lines = chart(series, 60, 30, TerminalStyle(colorless=True))
    samples = [sample for sample, _ in looks(lines, names).values()]
    assert len(set(samples)) == 20
    drawn = "".join(line.plain for line in lines[:30])
    assert all(sample[1] in drawn for sample in samples)
    assert "o" not in "".join(
        line.plain for line in chart({"one": series_of(1, 2)}, 60, style=TerminalStyle(colorless=True))
    )


def test_a_line_of_one_point_has_its_mark():
    series = {"a": series_of(1.0, 2.0), "b": series_of(1.5)}
    lines = chart(series, 40, 5, TerminalStyle(colorless=True))
    assert "x" in "".join(line.plain for line in lines[:5])


def test_many_lines_in_ascii_have_characters_of_their_own():
    names = [f"run {number}" for number in range(20)]
    lines = chart({name: series_of(number) for number, name in enumerate(names)}, 60, 30, TerminalStyle(plain=True))
    assert len({sample for sample, _ in looks(lines, names).values()}) == 20
    assert all(line.plain.isascii() for line in lines)


def test_smoothing_is_that_of_tensorboard():
    lines = chart({"a": series_of(0.0, 8.0)}, 40, 4, TerminalStyle(smooth=0.5))
    # 0, then (0.25 * 0 + 0.5 * 8) / 0.75
    assert [lines[0].plain.split()[0], lines[3].plain.split()[0]] == ["5.3333", "0"]


def test_time_is_an_axis():
    times = [1e9, 1e9 + 60, 1e9 + 7200]
    relative = chart({"a": series_of(1, 2, 3, times=times)}, 60, 4, TerminalStyle("relative"))
    assert relative[-1].plain.split() == ["0.0s", "2h00m"]
    wall = chart({"a": series_of(1, 2, 3, times=times)}, 60, 4, TerminalStyle("wall"))
    assert [text[:8] for text in wall[-1].plain.split()[::2]] == ["2001-09-"] * 2
    # The second point is at the left, near the first.
    dots = [re.search(r"[┤│](.*)", line.plain)[1] for line in relative[:4]]
    assert dots[2][:2].strip() or dots[1][:2].strip()


def test_times_that_are_not_finite_are_left_out():
    lines = chart({"a": series_of(1, 9, 3, times=[5.0, np.nan, 7.0])}, 60, 4, TerminalStyle("relative"))
    assert lines[0].plain.split()[0] == "3"
    assert lines[-1].plain.split() == ["0.0s", "2.0s"]


def test_the_command_smooths_and_draws_over_time(cli, demo):
    out = cli("show", demo, "--tag", "loss", "--chart", "--smooth", "0.6", "--x", "relative").out
    assert out.splitlines()[-1].split() == ["0.0s", "9.0s"]
    assert "train/acc" not in out
    for option in (["--smooth", "0.5"], ["--x", "wall"]):
        assert cli("show", demo, *option).status == 2
    assert cli("show", demo, "--chart", "--smooth", "1").status == 2


def test_tags_by_option_and_by_position_are_the_same(cli, demo):
    assert cli("show", demo, "--tag", "loss").out == cli("show", demo, "loss").out
    assert len(cli("show", demo, "loss", "--tag", "*acc").out.splitlines()) == 3
    assert cli("show", demo, "--tag", "lozz").status == 2


def test_no_color_gives_marks(cli, many, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = cli("show", many, "loss", "--run", "group-00/run-00*", "--run", "group-01/run-00*", "--chart").out
    assert out.splitlines()[-1] == "━o group-00/run-000   ━x group-01/run-001"


# -- a grid of charts --------------------------------------------------------------------------------------------------


def grid(tags, columns, rows, runs=("a", "b"), **style):
    found = {
        f"tag {number}": {run: series_of(1, 2, tag=f"tag {number}", times=[number, number + 1]) for run in runs}
        for number in range(tags)
    }
    return [line.plain for line in chart_grid(found, columns, rows, TerminalStyle(**style), "root")]


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 24), (200, 50), (300, 12)], ids=str)
@pytest.mark.parametrize("tags", [1, 2, 7, 40])
def test_a_grid_fills_the_terminal_and_never_more(size, tags):
    columns, rows = size
    lines = grid(tags, columns, rows)
    assert len(lines) <= rows
    assert max(map(len, lines)) <= columns
    shown = {match for line in lines for match in re.findall(r"tag \d+", line)}
    left = [int(found[1]) for line in lines if (found := re.match(r"(\d+) more", line))]
    if columns >= 40 and rows >= 10:
        assert len(shown) + sum(left) == tags


def test_of_many_charts_those_with_the_latest_points_are_shown():
    text = "\n".join(grid(40, 80, 24))
    assert "tag 39" in text
    assert "tag 0 " not in text


def test_a_grid_has_one_legend_with_the_folders_name():
    lines = grid(2, 100, 20, runs=(".", "b"))
    assert lines[-1] == "━━ root   ━━ b"
    assert sum("━━" in line for line in lines) == 1
    single = grid(1, 100, 20, runs=("a",))
    assert single[0].split() == ["tag", "0", "step", "1:", "2"]


class Screen:
    """A command in a terminal whose size changes."""

    def __init__(self, *arguments, columns, rows, **env):
        pty = pytest.importorskip("pty", reason="needs a POSIX terminal")
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        unset = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
        env = {**{name: value for name, value in os.environ.items() if name not in unset}, "PYTHONUTF8": "1", **env}
        env["TERM"] = "xterm-256color"
        command = [sys.executable, "-m", "tbevents", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )
        os.close(slave)
        self.text = ""

    def resize(self, columns, rows):
        fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, until, timeout=30):
        """Reads until a condition holds of the text since the last call."""
        self.text = ""
        end = time.monotonic() + timeout
        while not until(self.text):
            assert time.monotonic() < end, self.text[-2000:]
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    break
        return self.text

    def end(self):
        self.process.kill()
        self.process.wait(30)
        os.close(self.master)


def widest(text):
    """The widest horizontal axis on the last screen that was drawn."""
    return max(map(len, re.findall("─+", text.rpartition("\x1b[H")[2])), default=0)


@pytest.mark.slow  # starts a process
def test_the_charts_of_tail_follow_the_terminal_and_the_last_ones_stay(demo):
    screen = Screen("tail", demo, "--chart", "--interval", "60", columns=120, rows=30)
    try:
        screen.read(lambda text: widest(text) > 60)
        screen.resize(60, 20)
        screen.read(lambda text: "\x1b[H" in text and 0 < widest(text) < 60)
        screen.process.send_signal(signal.SIGINT)
        ended = screen.read(lambda text: screen.process.poll() is not None)
        assert screen.process.wait(30) == 130
        assert "Traceback" not in ended
        _, back, below = ended.partition("\x1b[?1049l")  # the screen from before is back
        assert back
        assert 0 < widest(below) < 60
        assert "step 9: 0.9" in below
    finally:
        screen.end()


@pytest.mark.slow  # starts a process
def test_the_charts_of_tail_show_what_is_appended(demo):
    (file,) = demo.iterdir()
    screen = Screen("tail", demo, "--chart", "--tag", "loss", "--interval", "0.1", columns=100, rows=20)
    try:
        screen.read(lambda text: "step 9: 0.1" in text)
        more = demo.parent / "more.tfevents"
        write_events(more, [scalar_event("loss", 10, 0.5)])
        with file.open("ab") as stream:
            stream.write(more.read_bytes())
        screen.read(lambda text: "step 10: 0.5" in text)
    finally:
        screen.end()


@pytest.mark.slow  # starts a process
def test_the_table_of_tail_calls_the_logdirs_own_run_by_its_folder(demo):
    write_events(demo / "below" / "x.tfevents", [version_event(), scalar_event("loss", 0, 1.0)])
    screen = Screen("tail", demo, "--for", "0", columns=100, rows=20)
    try:
        shown = screen.read(lambda text: screen.process.poll() is not None)
        assert re.search(r"demo +loss", shown)
        assert not re.search(r"^\. ", shown, re.MULTILINE)
    finally:
        screen.end()


def test_charts_need_a_terminal(cli, demo):
    result = cli("tail", demo, "--chart", "--for", "0")
    assert result.status == 2
    assert "needs a terminal" in result.err
    assert cli("tail", demo, "--smooth", "0.5", "--for", "0").status == 2

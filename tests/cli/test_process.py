"""The command as users start it: a process, its streams and its signals."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from event_files import scalar_event, version_event, write_events

pytest.importorskip("click", reason="the command line needs click")
pytest.importorskip("rich", reason="the command line needs rich")

pytestmark = pytest.mark.slow  # each test starts processes

COLOR = re.compile(r"\x1b\[[\d;]*3\d")


@pytest.fixture
def start():
    """Starts a command, or some code; what still runs at the end of the test is killed."""
    started = []

    def run(*arguments, code=None, **streams):
        command = ["-m", "tbevents.cli", *map(str, arguments)] if code is None else ["-c", code]
        process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, **streams)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait(30)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def python(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **options)


def test_the_package_itself_is_the_command_line():
    done = subprocess.run([sys.executable, "-m", "tbevents", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tbevents")


def test_version_names_what_matters_for_a_report(process):
    result = process("--version")
    assert result.status == 0
    names = [line.split()[0] for line in result.out.splitlines()]
    assert names == ["tbevents", "crc32c", "protobuf", "numpy", "Python"]
    assert re.search(r"crc32c +(google-crc32c \(C library\)|crcmod \((C extension|pure Python.*)\))", result.out)


@pytest.mark.parametrize("missing", ["rich", "click"])
def test_without_the_extra_one_line_says_how_to_get_it(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from tbevents.cli import main; sys.exit(main(sys.argv[1:]))"
    run = [sys.executable, "-c", code]
    result = subprocess.run([*run, "ls", "."], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "pip install 'tbevents[cli]'" in result.stderr
    version = subprocess.run([*run, "--version"], capture_output=True, text=True, check=False)
    assert version.returncode == 0
    assert version.stdout.startswith("tbevents ")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_neither_numpy_nor_the_commands(option):
    code = f"""
import sys
from tbevents.cli import main
main([{option!r}])
print([name for name in ("numpy", "google.protobuf", "tbevents.cli.ls", "rich.console") if name in sys.modules])
"""
    assert python(code).stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_ends_it_quietly(start, tmp_path):
    points = (scalar_event("loss", step, 1.0) for step in range(20_000))  # more than a pipe holds
    write_events(tmp_path / "x.tfevents", [version_event(), *points])
    started = start("show", tmp_path, "--points", stderr=subprocess.PIPE)
    started.stdout.readline()
    started.stdout.close()
    assert started.stderr.read() == b""
    assert started.wait(30) == 141


def test_a_reader_that_goes_away_in_one_large_write_is_noticed(start):
    started = start("schedule", "StepLR", "lr=0.1", "step_size=3", "--steps", "300000", stderr=subprocess.PIPE)
    started.stdout.readline()
    started.stdout.close()
    assert started.wait(60) == 141


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_ends_it_quietly(start, demo):
    # A shell makes what it runs in the background ignore Ctrl-C, and all that this starts in turn.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = start("tail", demo, "--interval", "0.05", stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert started.stdout.readline() == ".\tloss\t9\t0.10000000149011612\n"
    started.send_signal(signal.SIGINT)
    assert started.wait(30) == 130
    assert started.stderr.read() == ""


def test_tail_prints_what_is_appended(start, demo):
    (file,) = demo.iterdir()
    started = start("tail", demo, "--interval", "0.05", "--tag", "loss", text=True)
    assert started.stdout.readline().split() == [".", "loss", "9", "0.10000000149011612"]
    copy = demo.parent / "more.tfevents"
    write_events(copy, [scalar_event("loss", 10, 0.5), scalar_event("loss", 11, 0.25)])
    with file.open("ab") as stream:
        stream.write(copy.read_bytes())
    assert started.stdout.readline().split() == [".", "loss", "10", "0.5"]
    assert started.stdout.readline().split() == [".", "loss", "11", "0.25"]


class Terminal:
    """A process whose stdout and stderr are a terminal of 100 columns."""

    def __init__(self, *arguments, code=None, **env):
        pty = pytest.importorskip("pty", reason="needs a POSIX terminal")
        self.master, slave = pty.openpty()
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", "PYTHONUTF8": "1", **env}
        start = ["-m", "tbevents.cli"] if code is None else ["-c", code]
        command = [sys.executable, *start, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, close_fds=True)
        os.close(slave)

    def read(self):
        """All that is shown."""
        parts = []
        while True:
            try:
                part = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            parts.append(part)
        self.process.wait(30)
        os.close(self.master)
        return b"".join(parts).decode()


def test_a_terminal_gets_colours_and_no_color_takes_them_away(demo):
    assert COLOR.search(Terminal("show", demo).read())
    assert not COLOR.search(Terminal("show", demo, NO_COLOR="1").read())


def test_a_terminal_gets_a_chart_of_the_tags_that_are_named(demo):
    assert "┤" in Terminal("show", demo, "loss").read()
    assert "┤" not in Terminal("show", demo).read()


def test_findings_break_between_words_in_a_terminal_and_nowhere_in_a_pipe(tmp_path, process, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    tag = "▁▂ learning rate of the first group of parameters"
    values = [1.0, 1.1, 1.0, 1.2] * 5 + [math.nan]
    events = [version_event(), *(scalar_event(tag, step, value) for step, value in enumerate(values))]
    write_events(tmp_path / "run" / "x.tfevents", events)
    shown = Terminal("lint", tmp_path, "--isolated", COLUMNS="60").read()
    shown = re.sub(r"\x1b\[[\d;]*m|\r", "", shown)
    piped = process("lint", tmp_path, "--isolated").out
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 60 < max(map(len, piped.splitlines()))
    assert len(lines) > len(piped.splitlines())
    assert shown.split() == piped.split()
    assert all(line == line.rstrip() for line in lines)
    assert all(line.startswith(" " * 11) for line in lines[2:-1] if not line.startswith(("  error", "  warning")))


def test_bars_are_ascii_where_the_terminal_is_but_not_those_of_a_tag(tmp_path):
    events = [scalar_event("▁▂", step, value) for step, value in enumerate([1.0, 2.0, math.nan])]
    write_events(tmp_path / "run" / "x.tfevents", [version_event(), *events])
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    out = Terminal("lint", tmp_path, "--isolated", **settings).read()
    assert "'\\u2581\\u2582': 1 of 3" in out
    assert "\n           _#" in out


def test_escapes_in_tags_do_not_reach_a_terminal(tmp_path):
    hostile = "\x1b]0;owned\x07\x9b31m"
    run = tmp_path / "run"
    write_events(run / "x.tfevents", [version_event(), scalar_event(hostile, 0, 1.0)])
    for arguments in (["ls", run, "--tags"], ["show", run], ["export", run, "-", "--format", "csv"]):
        shown = Terminal(*arguments).read()
        assert r"\x1b]0;owned\x07\x9b31m" in shown
        assert "\x1b]0" not in shown
        assert "\x07" not in shown
        assert "\x9b" not in shown


IMPATIENT = "import sys, tbevents.cli.terminal as t; t._PATIENCE = 0; from tbevents.cli import main; main(sys.argv[1:])"


def test_progress_is_a_bar_on_a_terminal_and_nothing_elsewhere(demo, tmp_path):
    slow = "import time, tbevents.tools.check as c; r = c.check_run; c.check_run = lambda x: time.sleep(0.3) or r(x)"
    slow += f"; {IMPATIENT}"
    bar = re.compile("checking .*(━|╸|╺).*100%", re.DOTALL)
    shown = Terminal("check", demo, code=slow).read()
    assert bar.search(shown)
    assert shown.index("intact") > shown.rindex("checking")  # the bar is gone by then
    assert "checking" not in Terminal("check", demo, "--quiet", code=slow).read()
    done = python(slow.replace("main(sys.argv[1:])", f"main(['check', {str(demo)!r}])"))
    assert done.stderr == ""


def test_a_terminal_is_never_filled_beyond_its_edge(many, tmp_path):
    long = tmp_path / "x.tfevents"
    write_events(long, [version_event(), *(scalar_event("long" * 50, step, 1.0) for step in (1, 2**62))])
    lists = (["ls", many], ["ls", many, "--tags"], ["show", many], ["show", long, "*"])
    for columns in ("30", "40", "80"):
        for arguments in (*lists, ["tail", many, "--for", "0"]):
            shown = Terminal(*arguments, COLUMNS=columns, LINES="20", NO_COLOR="1").read()
            assert max(map(len, re.sub(r"\x1b\[[\d;?]*\w", "", shown).splitlines())) <= int(columns)


def test_a_terminal_without_control_sequences_has_the_width_it_says(many):
    code = (
        "import fcntl, struct, sys, termios; from tbevents.cli import main; size = struct.pack('HHHH', 20, 110, 0, 0)"
    )
    code += "; fcntl.ioctl(1, termios.TIOCSWINSZ, size); main(sys.argv[1:])"
    widths = []
    for settings in ({"COLUMNS": "", "code": code}, {"COLUMNS": "50"}):
        shown = Terminal("show", many, "loss", "--run", "*run-000", TERM="dumb", **settings).read()
        widths.append(max(map(len, shown.splitlines())))
    assert widths == [110, 50]


def test_a_sparkline_of_findings_has_fewer_bars_in_a_narrow_terminal(tmp_path):
    events = [scalar_event("a", step, value) for step, value in enumerate([*range(80), math.nan])]
    write_events(tmp_path / "run" / "x.tfevents", [version_event(), *events])
    for columns, bars in (("25", 14), ("40", 29), ("100", 40)):
        shown = Terminal("lint", tmp_path, "--isolated", "--select", "TB101", COLUMNS=columns, NO_COLOR="1").read()
        (row,) = re.findall("[▁-█]+", shown)
        assert (len(row), row[0], row[-1]) == (bars, "▁", "█")


def test_a_terminal_without_unicode_gets_ascii(many):
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "COLUMNS": "40", "NO_COLOR": "1"}
    for arguments in (["ls", many], ["show", many, "loss", "--run", "group-00/*", "--chart", "--height", "3"]):
        shown = Terminal(*arguments, **settings).read()
        assert shown.isascii()
        assert "\\u" not in shown
        assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines())) <= 40


def test_a_tail_in_a_terminal_shows_the_latest_of_many(many):
    shown = Terminal("tail", many, "--for", "0", LINES="20").read()
    assert "group-00/run-000" in shown
    assert "183 more with older last points" in shown


def test_tail_shows_a_table_in_a_terminal(demo):
    shown = Terminal("tail", demo, "--interval", "0.05", "--for", "0.3").read()
    assert "steps/s" in shown
    assert "train/acc" in shown


WRITING = {
    "export csv": ["export", "IN", "out/x.csv"],
    "export jsonl": ["export", "IN", "out/x.jsonl", "--wide"],
    "export parquet": ["export", "IN", "out/x.parquet"],
    "export arrow": ["export", "IN", "out/x.arrow"],
    "import": ["import", "table.csv", "-o", "out"],
    "plot": ["plot", "IN", "-o", "out/x.png"],
    "report": ["report", "IN", "-o", "out/x.html"],
    "board": ["board", "IN", "--export", "out/x.html"],
    "repair": ["repair", "IN", "-o", "out"],
    "repair in place": ["repair", "IN", "--in-place"],
    "merge": ["merge", "IN", "-o", "out"],
    "split": ["split", "IN", "-o", "out", "--every", "4"],
    "edit": ["edit", "IN", "-o", "out", "--shift", "1"],
    "edit in place": ["edit", "IN", "--in-place", "--shift", "1"],
    "reduce to runs": ["reduce", "IN", "-o", "out"],
    "reduce to a table": ["reduce", "IN", "-o", "out/x.csv"],
    "schedule": ["schedule", "StepLR", "step_size=3", "--steps", "9", "--log", "out"],
}
LAST_MOMENT = """
import sys
from tbevents.tools.new_files import NewFile

def end(new):
    assert new.file.closed
    {how}

NewFile._put_in_place = end
from tbevents.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""Runs a command that is interrupted when all of its file is written, before the file gets its name."""


def interrupt(command, folder, run, how):
    """Runs a writing command up to the last moment; answers with its status, stderr, and the files of before."""
    for package in {"plot": ["matplotlib"], "parquet": ["pyarrow"], "arrow": ["pyarrow"]}.get(command.split()[-1], []):
        pytest.importorskip(package, reason=f"{command} needs {package}")
    (folder / "table.csv").write_text("step,loss\n1,2.0\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    arguments = [part.replace("IN", str(run)) for part in WRITING[command]]
    done = subprocess.run(
        [sys.executable, "-c", LAST_MOMENT.format(how=how), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr, before


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("command", WRITING)
def test_a_killed_command_leaves_no_half_file(damaged, tmp_path, command):
    status, _, before = interrupt(command, tmp_path, damaged, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert status == -signal.SIGKILL
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    left = after.keys() - before.keys()
    assert left
    assert all(re.fullmatch(r"\.\w+\.unfinished", path.name) for path in left)  # no reader takes that for an event file
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize("command", WRITING)
def test_ctrl_c_leaves_nothing_behind(damaged, tmp_path, command):
    status, err, before = interrupt(command, tmp_path, damaged, "raise KeyboardInterrupt")
    assert status == 130
    assert all(line.startswith("left out: ") for line in err.splitlines())
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ls", "RUN"], ["show", "RUN", "--points"]])
def test_an_output_that_is_full_is_told(demo, arguments):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    command = [sys.executable, "-m", "tbevents.cli", *(part.replace("RUN", str(demo)) for part in arguments)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 2
        assert re.fullmatch("tbevents: the output cannot be written: No space left on device\n", done.stderr)
        assert subprocess.run(command, stdout=full, stderr=full, check=False).returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="closes streams in a shell")
def test_streams_that_are_closed_are_no_error(demo):
    run = f"{sys.executable} -m tbevents.cli ls {demo}"
    done = subprocess.run(
        f"{run} >&-; echo $?; {run} 2>&- | wc -l", shell=True, capture_output=True, text=True, check=False
    )
    assert (done.stdout.split(), done.stderr) == (["0", "2"], "")


def test_a_mistake_of_our_own_is_no_answer():
    code = """
import sys
import tbevents.cli.ls
def describe_run(*_, **__):
    raise ZeroDivisionError
tbevents.cli.ls.describe_run = describe_run
sys.exit(tbevents.cli.main(["ls", sys.argv[1]]))
"""
    corpus = os.path.join(os.path.dirname(__file__), "..", "data", "corpus")
    done = subprocess.run([sys.executable, "-c", code, corpus], capture_output=True, text=True, check=False)
    assert done.returncode == 2  # 1 would mean damaged, or different
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.endswith("tbevents: this is a bug in tbevents: please report it with the lines above\n")


@pytest.mark.parametrize("columns", ["40", "60", "80"])
def test_help_fits_the_terminal(process, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for command in ("edit", "show"):
        *description, _ = process(command, "--help").out.partition("Example")[0].splitlines()
        assert max(map(len, (line for line in description if "|" not in line))) <= int(columns)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_command(process, shell):
    result = process("--completion", shell)
    assert result.status == 0
    assert "_TBEVENTS_COMPLETE" in result.out


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("tbevents sp", "plain,split"),
        ("tbevents ls --so", "plain,--sort"),
        ("tbevents ls --sort pro", "plain,problems"),
        ("tbevents ls ru", "file,ru"),
        ("tbevents schedule cyc", "plain,CyclicLR"),
    ],
)
def test_completion_knows_commands_options_and_values(words, completed):
    place = str(len(words.split()) - 1)
    env = {**os.environ, "_TBEVENTS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": place}
    done = subprocess.run([sys.executable, "-m", "tbevents.cli"], env=env, capture_output=True, text=True, check=False)
    assert done.stdout == f"{completed}\n"


def test_every_command_on_recorded_files(process, shared, tmp_path):
    corpus = shared / "corpus"
    expected = json.loads((corpus / "expected.json").read_text())["files"]
    listed = json.loads(process("ls", corpus, "--json").out)
    files = sorted(os.path.relpath(file, corpus).replace(os.sep, "/") for run in listed for file in run["files"])
    assert {file for file in files if not file.startswith("generated")} == {each["file"] for each in expected}
    scalars = {
        (os.path.dirname(each["file"]), tag): each["scalars"][tag]["n"] for each in expected for tag in each["scalars"]
    }
    shown = json.loads(process("show", corpus, "--kind", "scalars", "--points", "--json").out)
    counts = {(row["run"], row["tag"]): row["count"] for row in shown}
    assert {key: counts[key] for key in scalars} == scalars
    checked = process("check", corpus)
    assert checked.status == 0
    assert "intact (14 runs, 15 files" in checked.out
    assert process("repair", corpus, "-o", tmp_path / "repaired").out.count(": intact, ") == 15
    assert process("edit", corpus, "-o", tmp_path / "edited", "--shift", "1").out.count("changed") == 15
    assert process("export", corpus, tmp_path / "all.csv").status == 0
    assert process("import", tmp_path / "all.csv", "-o", tmp_path / "imported").status == 0
    runs = [corpus / run["run"] for run in listed]
    merged = json.loads(process("merge", *runs, "-o", tmp_path / "merged", "--json").out)
    points = json.loads(process("ls", merged["target"], "--json").out)[0]["points"]
    assert (points, merged["problems"]) == (sum(run["points"] for run in listed), [])
    parts = json.loads(process("split", merged["target"], "-o", tmp_path / "parts", "--size", "100kB", "--json").out)
    assert sum(part["records"] for part in parts["parts"]) == merged["records"] + len(parts["parts"]) - 1
    assert process("diff", merged["target"], tmp_path / "parts") == (0, "", "equal\n")
    assert process("reduce", corpus, "-o", tmp_path / "reduced.csv", "--lax-tags", "--lax-steps").status == 0
    reduced = (tmp_path / "reduced.csv").read_text(encoding="utf-8").splitlines()
    assert len(reduced) == 1 + len({(row["tag"], step) for row in shown for step in row["steps"]})
    tailed = process("tail", corpus, "--for", "0").out.splitlines()
    assert len(tailed) == len(shown)
    compared = process("diff", corpus, tmp_path / "imported", "--scalars")
    assert (compared.status, compared.out) == (0, "")
    assert process("diff", corpus, tmp_path / "edited").status == 1


def test_started_as_a_script(demo):
    script = os.path.join(os.path.dirname(sys.executable), "tbevents")
    if not os.path.exists(script):
        pytest.skip("the package's script is not installed beside this Python")
    done = subprocess.run([script, "ls", str(demo)], capture_output=True, text=True, check=False)
    assert done.stdout.split()[:4] == ["run", "scalars", "points", "steps"]


def test_start_is_quick():
    started = time.process_time(), os.times().children_user
    for _ in range(3):
        python("from tbevents.cli import main; main(['--help'])")
    assert (os.times().children_user - started[1]) / 3 < 0.5

"""What the shell completes: names of tags and runs, of any content."""

import os
import shutil
import subprocess
import sys

import pytest
from event_files import scalar_event, version_event, write_events

pytest.importorskip("click", reason="the command line needs click")
pytest.importorskip("rich", reason="the command line needs rich")

pytestmark = pytest.mark.slow  # each test starts processes


def completed(shell, words, place=None):
    """What the shell is told for the last of the words, as click's scripts ask for it."""
    place = len(words) - 1 if place is None else place
    env = {**os.environ, "PYTHONUTF8": "1", "_TBEVENTS_COMPLETE": f"{shell}_complete", "COMP_CWORD": str(place)}
    env["COMP_WORDS"] = " ".join(words)
    if shell == "fish":
        env["COMP_CWORD"] = words[-1]
    command = [sys.executable, "-m", "tbevents.cli"]
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=60, check=True)
    lines = done.stdout.rstrip().splitlines()
    if shell == "zsh":
        return lines[1::3]
    if shell == "fish":
        return lines[1::3] if lines[:1] == ["plain"] and len(lines) > 2 else [line.split(",", 1)[-1] for line in lines]
    return [line.partition(",")[2] for line in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    "words",
    [
        ["tail", "RUNS", "--tag", "lo"],
        ["show", "RUNS", "--tag", "lo"],
        ["show", "RUNS", "lo"],
        ["plot", "RUNS", "lo"],
        ["export", "RUNS", "--tag", "lo"],
    ],
    ids=" ".join,
)
def test_tags_of_the_given_path_complete(shell, words, demo):
    words = ["tbevents", *(str(demo.parent) if word == "RUNS" else word for word in words)]
    assert completed(shell, words) == ["loss"]


def test_runs_of_the_given_path_complete(many):
    assert completed("bash", ["tbevents", "tail", str(many), "--run", "group-00/run-00"]) == ["group-00/run-000"]
    assert completed("bash", ["tbevents", "tail", "nowhere", "--run", "g"]) == []


def test_nothing_completes_without_a_path_or_runs(tmp_path):
    assert completed("bash", ["tbevents", "tail", "--tag", "lo"]) == []
    assert completed("bash", ["tbevents", "tail", str(tmp_path / "nowhere"), "--tag", "lo"]) == []


HOSTILE = ["$(touch pwned)", "a b", "`x`", "line\nbreak", "esc\x1b[2J", "--out", "it's"]


def test_hostile_tags_are_quoted_or_left_out(tmp_path):
    write_events(tmp_path / "x.tfevents", [version_event(), *(scalar_event(tag, 0, 1.0) for tag in HOSTILE)])
    assert completed("bash", ["tbevents", "show", str(tmp_path), "--tag", "''"]) == [
        "'$(touch pwned)'",
        "'a b'",
        "'`x`'",
        "'it'\"'\"'s'",
    ]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_itself_completes_a_tag(demo, tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "tbevents"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tbevents.cli "$@"\n')
    program.chmod(0o755)
    script = f"""
eval "$(tbevents --completion bash)"
COMP_WORDS=(tbevents tail {demo} --tag tr)
COMP_CWORD=4
_tbevents_completion tbevents tr --tag
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["train/acc"]

"""A run that is read while it is written at full speed: nothing is lost, doubled, or taken for damaged.

One process writes. One reloads, one follows, and one reloads and is interrupted with SIGINT again and again. Each
checks what it sees as it goes, and in the end that it has seen all. It takes `TBEVENTS_SOAK_SECONDS`, by default a few.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import tbevents

SECONDS = float(os.environ.get("TBEVENTS_SOAK_SECONDS", "5"))
TAGS = ("loss", "accuracy", "rate")
TEXT_EVERY = 20_000
TEXT_SIZE = 300_000
STEPS_A_FILE = 200_000


def value_of(step):
    """The value logged at a step, exact as a float32."""
    return step % (1 << 20)


# -- the processes -----------------------------------------------------------------------------------------------------


def is_ready(folder, role):
    """Whether a reader has begun."""
    return ready_file(folder, role).exists()


def ready_file(folder, role):
    return Path(folder).parent / f"{role}.ready"


def write(folder, seconds):
    """Logs at full speed: several tags, flushed often, at times a long record, at times a new file.

    The seconds count from when all the readers have begun.
    """
    end = None
    steps = 0
    while end is None or time.monotonic() < end:
        with tbevents.SummaryWriter(folder, flush_secs=0.01) as writer:
            for step in range(steps, steps + STEPS_A_FILE):
                for tag in TAGS:
                    writer.add_scalar(tag, value_of(step), step)
                if step % TEXT_EVERY == 0:
                    writer.add_text("text", f"{step} " + "x" * TEXT_SIZE, step)
                steps = step + 1
                if step % 101 == 0:
                    writer.flush()
                    if end is None and all(is_ready(folder, role) for role in READERS):
                        end = time.monotonic() + seconds
                    if end is not None and time.monotonic() >= end:
                        break
    return {"steps": steps}


def check_new(run, seen):
    """Checks what a run shows beyond what it has shown before, and that it still shows that; how much it shows now.

    Args:
        run: the run.
        seen: tag -> how many points it has shown.
    """
    assert [problem for problem in run.problems if problem.kind != "incomplete"] == []
    found = {}
    for tag in TAGS:
        if tag not in run.scalars:
            continue
        series = run.scalars[tag]
        start = seen.get(tag, 0)
        found[tag] = len(series)
        assert found[tag] >= start, f"{tag}: {start} points, then {found[tag]}"
        steps = series.steps[start:]
        assert (steps == np.arange(start, found[tag])).all(), f"{tag}: points lost or doubled behind {start}"
        assert (series.values[start:] == value_of(steps)).all()
    return found


def check_all(run, folder, steps):
    """Checks that a run shows everything that was logged, as a fresh reading does."""
    assert check_new(run, {}) == dict.fromkeys(TAGS, steps)
    assert run.texts["text/text_summary"].steps.tolist() == list(range(0, steps, TEXT_EVERY))
    assert all(point.text.startswith(f"{point.step} x") for point in run.texts["text/text_summary"])
    assert run.problems == ()
    fresh = tbevents.read_run(folder)
    assert all(run.scalars[tag] == fresh.scalars[tag] for tag in TAGS)
    assert fresh.problems == ()


def first_reading(folder):
    """The run, as far as it is written: the last record may be incomplete, which a first reading warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)
        return tbevents.read_run(folder)


def reload(folder, written):
    """Reloads until all is written."""
    run, seen, times = first_reading(folder), {}, 0
    ready_file(folder, "reload").touch()
    while True:
        ended = written()
        run.reload()
        seen = check_new(run, seen)
        times += 1
        if ended is not None:
            check_all(run, folder, ended)
            return {"times": times}


def reload_interrupted(folder, written):
    """Reloads, and goes on where Ctrl-C ended it, until all is written."""
    run, seen, times = first_reading(folder), {}, 0
    reloading = False
    interrupts = 0

    def handler(number, frame):
        nonlocal reloading, interrupts
        if reloading:  # else it is this function that would be interrupted
            reloading = False
            interrupts += 1
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handler)
    ready_file(folder, "interrupted").touch()
    while (ended := written()) is None:
        try:
            reloading = True
            run.reload()
            reloading = False
        except KeyboardInterrupt:
            check_new(run, {})
        else:
            seen = check_new(run, seen)
            times += 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # there may be one on its way
    run.reload()
    check_all(run, folder, ended)
    return {"times": times, "interrupts": interrupts}


def follow(folder, written):
    """Follows until all that was written has come."""
    expected = dict.fromkeys(TAGS, 0)
    texts, ended = 0, None
    ready_file(folder, "follow").touch()
    for event in tbevents.follow(folder, poll=0.001):
        for value in event.summary.value:
            if value.tag in expected:
                step = expected[value.tag]
                assert event.step == step, f"{value.tag}: step {event.step} came in place of {step}"
                assert value.simple_value == value_of(step)
                expected[value.tag] += 1
            else:
                assert event.step == texts * TEXT_EVERY
                texts += 1
        if event.step % 1000 == 0 or ended is not None:
            ended = written()
            if ended is not None and set(expected.values()) == {ended}:
                return {"texts": texts}
    raise AssertionError


READERS = {"reload": reload, "interrupted": reload_interrupted, "follow": follow}


def main(role, folder, seconds):
    """What a process of this module does; prints what it found."""
    warnings.simplefilter("error", tbevents.DamageWarning)
    end = Path(folder).parent / "written.json"

    def written():
        return json.loads(end.read_text())["steps"] if end.exists() else None

    if role == "write":
        result = write(folder, float(seconds))
        temporary = end.with_suffix(".new")
        temporary.write_text(json.dumps(result))
        temporary.replace(end)
    else:
        while not list(Path(folder).glob("*tfevents*")):
            time.sleep(0.001)
        result = READERS[role](folder, written)
    sys.stdout.write(json.dumps(result))


# -- the test ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_nothing_is_lost_doubled_or_taken_for_damaged(tmp_path):
    rng = random.Random(0)

    def start(role):
        command = [sys.executable, __file__, role, str(tmp_path / "run"), str(SECONDS)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    processes = {role: start(role) for role in ("write", "reload", "follow", "interrupted")}
    try:
        while all(process.poll() is None for process in processes.values()):
            if is_ready(tmp_path / "run", "interrupted"):
                processes["interrupted"].send_signal(signal.SIGINT)
            time.sleep(rng.expovariate(1 / 0.02))
        if not (tmp_path / "written.json").exists():  # a reader failed
            processes["write"].kill()
        printed = {role: process.communicate(timeout=60 + 10 * SECONDS) for role, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    failed = {role: printed[role][1] for role, process in processes.items() if process.returncode}
    assert not failed, "\n".join(f"{role}: {errors}" for role, errors in failed.items())
    results = {role: json.loads(output) for role, (output, _) in printed.items()}
    assert results["write"]["steps"] >= 1000
    assert results["reload"]["times"] >= 1
    assert results["interrupted"]["interrupts"] >= 1


if __name__ == "__main__":
    main(*sys.argv[1:])

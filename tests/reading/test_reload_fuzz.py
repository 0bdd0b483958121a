"""Whatever happens to the files of a run between two readings, `reload` shows what a fresh reading shows."""

import gc
import itertools
import os
import random
import shutil
import signal
import sys
import threading
import weakref
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from event_files import record, scalar_event, version_event

import tbevents
from tbevents.proto import Event, Summary, SummaryMetadata

pytestmark = pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")

NAMES = [f"events.out.tfevents.170000000{n}.host.1.0" for n in range(4)]
HEADER = record(version_event().SerializeToString())


# -- what happens to the files ---------------------------------------------------------------------------------------


class Training:
    """The folder of a run, to which things happen at random; remembers what, for the message of a failure."""

    def __init__(self, folder, rng):
        self.folder = folder
        self.rng = rng
        self.story = []
        self._walls = itertools.count(1000)
        self._rests = {}  # file -> the rest of its incomplete record
        self.folder.mkdir()
        self.new_file()

    def file(self):
        """One of the files; made where there is none."""
        files = sorted(self.folder.iterdir()) if self.folder.exists() else []
        return self.rng.choice(files) if files else self.new_file()

    def records(self):
        """Whole records: a few, or so many that they are read as columns or as repeats; sometimes a large one."""
        rng = self.rng
        tags = [f"tag{n}" for n in range(rng.randint(1, 5))]
        if rng.random() < 0.1:
            return record(text_event(next(self._walls), "x" * rng.choice([10, 5000, 200_000])))
        first = rng.randrange(1000)
        return b"".join(
            record(scalar_event(tag, step, rng.random(), next(self._walls)).SerializeToString())
            for step in range(first, first + rng.choice([1, 2, 30, 300]))
            for tag in tags
        )

    def act(self):
        """Does one thing."""
        kinds = {
            self.append: 6,
            self.append_a_part: 4,
            self.complete: 4,
            self.append_damage: 1,
            self.truncate: 1,
            self.replace: 1,
            self.overwrite: 1,
            self.remove: 1,
            self.train_anew: 1,
            self.new_file: 2,
        }
        self.rng.choices(list(kinds), list(kinds.values()))[0]()

    def append(self):
        self._append("append", self.file(), self.records())

    def append_a_part(self):
        file, data = self.file(), self.records()
        cut = self.rng.randrange(1, len(data))
        self._append("append a part", file, data[:cut])
        self._rests[file] = data[cut:]

    def complete(self):
        waiting = [file for file in self._rests if file.exists()]
        if waiting:
            file = self.rng.choice(waiting)
            self._append("complete", file, self._rests[file])

    def append_damage(self):
        data = bytearray(self.records())
        data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        self._append("append damage", self.file(), bytes(data))

    def truncate(self):
        file = self.file()
        size = self.rng.randint(0, file.stat().st_size)
        self.story.append(f"truncate {file.name} to {size}")
        self._rests.pop(file, None)
        os.truncate(file, size)

    def replace(self):
        file, other = self.file(), self.folder / "other"
        other.write_bytes(HEADER + self.records())
        self.story.append(f"replace {file.name}")
        self._rests.pop(file, None)
        os.replace(other, file)

    def overwrite(self):
        file = self.file()
        self.story.append(f"overwrite {file.name}")
        self._rests.pop(file, None)
        file.write_bytes(HEADER + self.records())

    def remove(self):
        file = self.file()
        self.story.append(f"remove {file.name}")
        self._rests.pop(file, None)
        file.unlink()

    def train_anew(self):
        self.story.append("rm -r, train anew")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._rests.clear()
        self.folder.mkdir()
        self.new_file()

    def new_file(self):
        self.folder.mkdir(exist_ok=True)
        file = self.folder / self.rng.choice(NAMES)
        if not file.exists():
            self._append("new file", file, HEADER + self.records())
        return file

    def _append(self, what, file, data):
        self.story.append(f"{what}: {len(data)} bytes to {file.name}")
        self._rests.pop(file, None)
        with open(file, "ab") as opened:
            opened.write(data)


def text_event(wall_time, text):
    value = Summary.Value(tag="text", metadata=SummaryMetadata())
    value.metadata.plugin_data.plugin_name = "text"
    value.tensor.dtype = 7
    value.tensor.string_val.append(text.encode())
    value.tensor.tensor_shape.dim.add(size=1)
    return Event(wall_time=wall_time, step=1, summary=Summary(value=[value])).SerializeToString()


# -- what is compared ------------------------------------------------------------------------------------------------


def points_of(run):
    """(kind, tag, file) -> the points of that file, in the order in which they are shown.

    The order of files is not compared: what was appended to an old file after a new one had been read comes later.
    """
    found = {}
    for tag, series in run.scalars.items():
        files, places = run.scalar_files(tag)
        for place in np.unique(places).tolist():
            of_file = places == place
            columns = (series.steps[of_file], series.wall_times[of_file], series.values[of_file])
            found["scalars", tag, files[place]] = list(zip(*(column.tolist() for column in columns), strict=True))
    for tag, series in run.texts.items():
        found["texts", tag, ""] = sorted(zip(series.steps.tolist(), series.wall_times.tolist(), strict=True))
    return found


def texts_of(run):
    """What the texts say, which is read from the files again."""
    return sorted((tag, point.wall_time, point.text) for tag, series in run.texts.items() for point in series)


def is_tail(problem):
    return problem.kind == "incomplete"


def passed_over(problems):
    """File -> its bytes that were passed over, as the bits of a number.

    How they are divided into problems, and what is wrong with them, depends on what was there when they were read.
    """
    found = defaultdict(int)
    for problem in problems:
        found[problem.file] |= ((1 << problem.skipped) - 1) << problem.offset
    return found


def assert_same(run, fresh):
    """Checks that a run that was reloaded shows what a fresh one does.

    An incomplete record at the end, which a fresh reading lists, may be waited for without a word.
    """
    assert points_of(run) == points_of(fresh)
    assert texts_of(run) == texts_of(fresh)
    assert sorted(run.tags) == sorted(fresh.tags)
    assert run.files == fresh.files
    there, expected = passed_over(run.problems), passed_over(fresh.problems)
    tails = passed_over(filter(is_tail, fresh.problems))
    for file in fresh.files:
        assert not there[file] & ~expected[file], "an incomplete record that has been completed, or none at all"
        assert not expected[file] & ~there[file] & ~tails[file], "damage that is not told"


def reading(read):
    """What a reading gives: the run and None, or None and the error."""
    try:
        return read(), None
    except (OSError, tbevents.TBEventsError) as error:
        return None, error


def assert_reloaded(run, path, strict):
    """Checks the outcome of `reload` against a fresh reading."""
    lenient, _ = reading(lambda: tbevents.read_run(path))
    fresh, fault = reading(lambda: tbevents.read_run(path, strict=strict))
    _, error = reading(run.reload)
    if strict and isinstance(fault, tbevents.IncompleteRecordError) and error is None:
        fault, fresh = None, lenient  # it is waited for
    if fault is None:
        assert error is None, f"reload raised {error!r}"
        assert_same(run, fresh)
    else:
        assert error is not None, f"reload did not raise {fault!r}"
        assert isinstance(error, tbevents.DamagedFileError) == isinstance(fault, tbevents.DamagedFileError)
        if isinstance(error, tbevents.DamagedFileError) and lenient is not None:
            known = {(problem.file, problem.offset, problem.kind) for problem in lenient.problems}
            assert (error.path, error.offset, error.kind) in known
        elif fault is not None:
            assert type(error) is type(fault)


# -- the steps ---------------------------------------------------------------------------------------------------------


class Fuzz:
    """A run, read once, and a training that goes on."""

    def __init__(self, tmp_path, seed, *, strict=False, sole=False):
        self.rng = random.Random(seed)
        self.training = Training(tmp_path / "run", self.rng)
        self.path = self.training.file() if sole else tmp_path / "run"
        self.strict = strict
        self.run = tbevents.read_run(self.path, strict=strict)

    def steps(self, count, meanwhile=lambda: None):
        """Lets things happen, with something to be done before each reading that is compared."""
        for _ in range(count):
            for _ in range(self.rng.choice([1, 1, 2, 3])):
                self.training.act()
            self.training.story.append("reload")
            try:
                meanwhile()
                assert_reloaded(self.run, self.path, self.strict)
            except Exception as error:
                raise AssertionError("\n".join(self.training.story)) from error


SEEDS = [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 25))]
STEPS = 25


@pytest.mark.parametrize("sole", [False, True], ids=["folder", "file"])
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("seed", SEEDS)
def test_reload_equals_a_fresh_reading(tmp_path, seed, strict, sole):
    Fuzz(tmp_path, seed, strict=strict, sole=sole).steps(STEPS)


# -- interrupts --------------------------------------------------------------------------------------------------------


# An interrupt between the opening of a file and its `with` leaves it to Python to close the file.
closed_by_python = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


class Interrupt(BaseException):
    """Raised where a signal's handler could raise."""


def interrupted(call, after):
    """Calls something, and raises in the midst of it, as a signal's handler does: where a function begins, or one of C
    has returned, which is where Python looks for signals.

    Python drops what is raised in a function that it calls itself. So nothing is raised in those of weak references,
    and the garbage collector, which calls functions of other packages, rests meanwhile.

    Args:
        call: what to call.
        after: how many such places to let pass.

    Returns:
        Whether it was interrupted.
    """
    left = after

    def profile(frame, event, argument):
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename != weakref.__file__:
            left -= 1
            if left < 0:
                sys.setprofile(None)
                raise Interrupt

    gc.disable()
    sys.setprofile(profile)
    try:
        call()
    except Interrupt:
        return True
    finally:
        sys.setprofile(None)
        gc.enable()
    return False


def assert_part(run, before, after):
    """Checks that an interrupted run shows, of each file, what it showed before or the first points it has now."""
    for key, points in points_of(run).items():
        first = after.get(key, [])[: len(points)]
        if key[0] == "texts":  # of several files
            assert set(points) <= set(before.get(key, [])) | set(after.get(key, [])), key
        else:
            assert points in (before.get(key), first), key


@closed_by_python
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("seed", SEEDS)
def test_reload_after_interrupts_equals_a_fresh_reading(tmp_path, seed, strict):
    fuzz = Fuzz(tmp_path, seed, strict=strict)
    count = 0

    def meanwhile():
        nonlocal count
        for _ in range(fuzz.rng.choice([1, 1, 2])):
            before = points_of(fuzz.run)
            fresh, _ = reading(lambda: tbevents.read_run(fuzz.path))
            after = {} if fresh is None else points_of(fresh)
            places = int(10 ** fuzz.rng.uniform(0, 3.5))
            fuzz.training.story.append(f"reload, interrupted after {places}")
            stopped, _ = reading(lambda: interrupted(fuzz.run.reload, places))  # noqa: B023  # called at once
            count += bool(stopped)
            assert_part(fuzz.run, before, after)

    fuzz.steps(STEPS, meanwhile)
    assert count


@closed_by_python
@pytest.mark.parametrize("places", range(0, 400, 7))
def test_an_interrupt_anywhere_loses_nothing(tmp_path, places):
    training = Training(tmp_path / "run", random.Random(0))
    run = tbevents.read_run(training.folder)
    with open(training.file(), "ab") as file:
        for _ in range(5):
            file.write(training.records())
    interrupted(run.reload, places)
    assert_reloaded(run, training.folder, strict=False)


@closed_by_python
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a signal may come in a weakref's callback
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system sends no SIGINT to a thread")
@pytest.mark.parametrize("seed", range(3))
def test_reload_after_real_signals_equals_a_fresh_reading(tmp_path, seed):
    fuzz = Fuzz(tmp_path, seed)
    reloading = False

    def handler(number, frame):
        nonlocal reloading
        if reloading:
            reloading = False
            raise KeyboardInterrupt

    def meanwhile():
        nonlocal reloading
        main = threading.main_thread().ident
        timer = threading.Timer(fuzz.rng.uniform(0, 0.005), lambda: signal.pthread_kill(main, signal.SIGINT))
        timer.start()
        try:
            reloading = True
            for _ in range(10):
                reading(fuzz.run.reload)
            reloading = False
        except KeyboardInterrupt:
            fuzz.training.story.append("reload, interrupted by a signal")
        finally:
            timer.join()

    previous = signal.signal(signal.SIGINT, handler)
    try:
        fuzz.steps(STEPS, meanwhile)
    finally:
        signal.signal(signal.SIGINT, previous)


# -- threads -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def eager_threads():
    """Lets threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_once(threads, call):
    """Calls something in several threads at once; their results."""
    barrier = threading.Barrier(threads)

    def begin():
        barrier.wait()
        return call()

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(begin) for _ in range(threads)]]


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("seed", range(4))
def test_several_threads_may_reload_one_run(tmp_path, seed, strict):
    fuzz = Fuzz(tmp_path, seed, strict=strict)
    fuzz.steps(STEPS, lambda: at_once(4, lambda: reading(fuzz.run.reload)))


@pytest.mark.usefixtures("eager_threads")
def test_a_run_may_be_looked_at_while_another_thread_reloads_it(tmp_path):
    rng = random.Random(0)
    training = Training(tmp_path / "run", rng)
    run = tbevents.read_run(training.folder)
    done = threading.Event()

    def look():
        while not done.is_set():
            for series in run.scalars.values():
                assert len(series.steps) == len(series.wall_times) == len(series.values)
                assert (np.diff(series.wall_times) > 0).all()

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            for _ in range(60):
                training.append()
                run.reload()
        finally:
            done.set()
        looking.result()
    assert_reloaded(run, training.folder, strict=False)


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("threads", [1, 3])
def test_several_threads_get_the_same_runs_of_a_logdir(tmp_path, threads):
    for name in "abc":
        Training(tmp_path / name, random.Random(name))
    for _ in range(20):
        logdir = tbevents.read_logdir(tmp_path, threads=threads)
        for name in "abc":
            assert len({id(run) for run in at_once(6, lambda: logdir[name])}) == 1  # noqa: B023  # called at once


# -- a logdir ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_logdir_that_is_reloaded_equals_a_fresh_one(tmp_path, seed):
    rng = random.Random(seed)
    trainings = [Training(tmp_path / name, rng) for name in "abc"]
    logdir = tbevents.read_logdir(tmp_path)
    for _ in range(STEPS):
        for training in rng.sample(trainings, 2):
            training.act()
        logdir.reload()
        fresh = tbevents.read_logdir(tmp_path)
        assert list(logdir) == list(fresh)
        for name in rng.sample(list(fresh), len(fresh) // 2):  # the others are read later, or never
            assert_same(logdir[name], fresh[name])


# -- a record that comes in pieces -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("error::tbevents.errors.DamageWarning")
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_a_record_that_is_still_being_written_is_taken_up_without_a_warning(tmp_path, strict):
    file = tmp_path / NAMES[0]
    file.write_bytes(HEADER)
    run = tbevents.read_run(tmp_path, strict=strict)
    records = [record(scalar_event("loss", step, step / 2, 1000.0 + step).SerializeToString()) for step in range(4)]
    for number, data in enumerate(records):
        for k in range(len(data)):
            with open(file, "ab") as opened:
                opened.write(data[k : k + 1])
            run.reload()
            assert sum(map(len, run.scalars.values())) == (number + 1 if k + 1 == len(data) else number)
        assert run.problems == ()
    assert_same(run, tbevents.read_run(tmp_path))

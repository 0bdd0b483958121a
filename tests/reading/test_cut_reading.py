"""A run that is read a part at a time is the run that is read at once."""

import numpy as np
import pytest

from tbevents import SummaryWriter
from tbevents.reading.options import ReadOptions
from tbevents.reading.run import open_run
from tbevents.run_files import find_run_files


def write(folder, start=0):
    with SummaryWriter(folder) as writer:
        for step in range(start, start + 400):
            writer.add_scalar("loss", 1 / (step + 1), step, walltime=1.7e9 + step)
            writer.add_scalar("accuracy", step, step, walltime=1.7e9 + step)
            if step % 50 == 0:
                writer.add_text("note", "text " * 500, step, walltime=1.7e9 + step)
        writer.add_scalar_columns("long", np.arange(3000), np.arange(3000.0), 1.7e9 + np.arange(3000))


def all_of(run):
    columns = {tag: (s.steps.tobytes(), s.wall_times.tobytes(), s.values.tobytes()) for tag, s in run.scalars.items()}
    texts = {tag: [str(point) for point in series] for tag, series in run.texts.items()}
    return run.counts(), columns, texts, list(map(str, run.problems)), run.first_wall_time, run.tags, run.files


def read_in_parts(path, most, options=None):
    run = open_run(str(path), "run", options or ReadOptions(), warn=False, named=False, most=most)
    counts = [sum(run.counts().get("scalars", {}).values())]
    while run.is_cut:
        assert run.reload_quietly(most) == ""
        counts.append(sum(run.counts().get("scalars", {}).values()))
    return run, counts


@pytest.mark.parametrize("checksums", ["verify", "skip"])
@pytest.mark.parametrize("most", [3_000, 10_000_000])
def test_parts_are_the_whole(tmp_path, most, checksums):
    write(tmp_path)
    write(tmp_path, 200)  # the job was started again: a second file
    options = ReadOptions(checksums=checksums)
    run, counts = read_in_parts(tmp_path, most, options)
    assert counts == sorted(counts)
    assert (len(counts) > 5) == (most < 10_000_000)
    assert all_of(run) == all_of(open_run(str(tmp_path), "run", options, warn=False))


def test_the_rest_is_read_at_once_where_no_part_is_asked_for(tmp_path):
    write(tmp_path)
    run = open_run(str(tmp_path), "run", ReadOptions(), warn=False, most=1000)
    assert run.is_cut
    assert len(run.files) == 1
    run.reload()
    assert not run.is_cut
    assert all_of(run) == all_of(open_run(str(tmp_path), "run", ReadOptions(), warn=False))


def test_a_later_file_waits_for_the_end_of_the_one_before(tmp_path):
    write(tmp_path)
    write(tmp_path, 400)
    first, second = find_run_files(tmp_path)
    run = open_run(str(tmp_path), "run", ReadOptions(), warn=False, most=5000)
    assert run.files == (first,)
    run.reload()
    assert run.files == (first, second)
    assert run.scalars["loss"].steps.tolist() == list(range(800))


@pytest.mark.parametrize("checksums", ["verify", "skip"])
@pytest.mark.parametrize("seed", range(6))
def test_damage_is_found_once_wherever_a_part_ends(tmp_path, seed, checksums):
    write(tmp_path)
    (file,) = find_run_files(tmp_path)
    with open(file, "rb") as opened:
        data = bytearray(opened.read())
    rng = np.random.default_rng(seed)
    for at in rng.integers(100, len(data) - 100, 6).tolist():
        if seed % 3 == 0:
            data[at] ^= 0x55
        elif seed % 3 == 1:
            del data[at : at + int(rng.integers(1, 300))]
        else:
            data[at : at + 200] = bytes(200)
    if seed % 4 == 0:
        del data[-11:]
    with open(file, "wb") as opened:
        opened.write(data)
    options = ReadOptions(checksums=checksums)
    whole = all_of(open_run(str(tmp_path), "run", options, warn=False, named=False))
    assert whole[3]
    for most in (1_500, 20_000):
        assert all_of(read_in_parts(tmp_path, most, options)[0]) == whole

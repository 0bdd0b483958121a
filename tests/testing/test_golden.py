"""Golden runs, without pytest's part: what is stored, read back, compared, refused."""

import errno
import json
import math
import os

import numpy as np
import pytest

from tbevents import SummaryWriter, read_logdir, read_run
from tbevents.errors import PayloadError
from tbevents.testing import MemoryWriter, Regression, check_runs_close, golden
from tbevents.testing.regression import orphans, owned_by
from tbevents.tools import new_files

from .runs import everything, run_of


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def check(folder, run, *, update=False, test="test_it", **options):
    Regression(folder, test, update=update).check(run, **options)


def test_scalars_are_stored_as_readable_json(tmp_path):
    writer = MemoryWriter()
    writer.add_scalar("loss", 0.1, 1)
    writer.add_scalar("loss", math.nan, 2)
    writer.add_scalar("loss", -math.inf, -(2**62))
    writer.add_scalar("exact", 0.1, 1, new_style=True, double_precision=True)
    check(tmp_path / "golden", writer, update=True)
    (file,) = (tmp_path / "golden").iterdir()
    assert file.name == "test_it.tbrun.json"
    assert (
        file.read_text()
        == """\
{
  "tbevents golden run": 1,
  "runs": {
    ".": {
      "loss": {
        "steps": [1, 2, -4611686018427387904],
        "values": [0.1, "NaN", "-Infinity"]
      },
      "exact": {
        "dtype": "float64",
        "steps": [1],
        "values": [0.1]
      }
    }
  }
}
"""
    )
    json.loads(file.read_text(), parse_constant=lambda _: pytest.fail("no JSON"))
    check(tmp_path / "golden", writer, rtol=0)


def test_any_float32_comes_back(tmp_path):
    bits = np.random.default_rng(0).integers(0, 2**32, 5000, np.uint32)
    values = bits.view(np.float32)
    run = run_of(x=values[np.isfinite(values)].astype(float).tolist())
    check(tmp_path, run, update=True)
    check(tmp_path, run, rtol=0)


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_other_kinds_are_stored_as_event_files(where, tmp_path):
    writer = MemoryWriter() if where == "memory" else SummaryWriter(tmp_path / "runs")
    everything(writer)
    check(tmp_path / "golden", writer, update=True)
    assert files_in(tmp_path / "golden") == [
        f"test_it.tbruns/{folder}golden.tfevents" for folder in ("", "group_a/", "group_b/", "session/")
    ]
    check(tmp_path / "golden", writer, rtol=0)
    stored = read_logdir(tmp_path / "golden" / "test_it.tbruns")
    assert set(stored["."].scalars["loss"].wall_times) == {0.0}
    assert check_runs_close(stored, writer) == []
    writer.add_text("text", "others", 1)
    with pytest.raises(AssertionError, match=r"tag 'text/text_summary': 1 of 2 texts differ"):
        check(tmp_path / "golden", writer)


def test_storing_again_what_was_logged_again_gives_the_same_bytes(tmp_path):
    contents = []
    for _ in range(2):
        writer = MemoryWriter()
        writer.add_scalar("loss", 1.0, 1)
        writer.add_histogram("weights", [1.0, 2.0], 1)
        path = golden.save(str(tmp_path / "x"), writer.runs, None)
        contents.append(read_run(path).path and (tmp_path / "x.tbruns" / "golden.tfevents").read_bytes())
    assert contents[0] == contents[1]


def test_only_the_tags_that_are_asked_for_are_stored(tmp_path):
    writer = everything(MemoryWriter())
    check(tmp_path, writer.run, update=True, tags="lo*")
    assert files_in(tmp_path) == ["test_it.tbrun.json"]
    check(tmp_path, writer.run, tags="lo*")
    with pytest.raises(AssertionError, match="tag 'histogram': the tag was not expected"):
        check(tmp_path, writer.run)
    check(tmp_path, writer.run, update=True, tags=["loss", "histogram"])
    assert files_in(tmp_path) == ["test_it.tbruns/golden.tfevents"]
    check(tmp_path, writer.run, tags=["loss", "histogram"])


def test_a_golden_run_is_read_as_the_run_was(tmp_path):
    for first in (0, 5):
        with SummaryWriter(tmp_path / "run", purge_step=first or None) as writer:
            writer.add_text("note", "words")
            for step in range(first, 10):
                writer.add_scalar("loss", float(step + first), step)
    run = read_run(tmp_path / "run", restarts="tensorboard")
    assert len(run.scalars["loss"]) == 10
    check(tmp_path / "golden", run, update=True)
    check(tmp_path / "golden", run)


def test_a_golden_run_holds_what_was_left_out_of_the_run_and_is_compared_without_it(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_histogram("weights", [1.0, 2.0], 0)
        writer.add_text("note", "words", 0)
    for options in ({"tags": "w*"}, {"kinds": ["histograms"]}):
        run = read_run(tmp_path / "run", **options)
        assert run.tags == ("weights",)
        test = next(iter(options))
        check(tmp_path / "golden", run, update=True, test=test)
        check(tmp_path / "golden", run, test=test)


def test_a_run_within_the_tolerance_leaves_what_is_stored(tmp_path):
    check(tmp_path, run_of(loss=[1.0]), update=True)
    wrote = []
    Regression(tmp_path, "test_it", update=True, wrote=wrote.append).check(run_of(loss=[1.05]), rtol=0.1)
    assert wrote == []
    Regression(tmp_path, "test_it", update=True, wrote=wrote.append).check(run_of(loss=[1.05]))
    assert wrote == [str(tmp_path / "test_it.tbrun.json")]
    check(tmp_path, run_of(loss=[1.05]))


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ("x*", "no tag of the run matches 'x*'; there are: 'loss'"),
        (["loss", "x*"], "no tag of the run matches 'x*'; there are: 'loss'"),
        ("los", "no tag of the run matches 'los'; did you mean 'loss'?"),
    ],
)
def test_a_golden_run_of_nothing_is_not_stored_and_storing_it_is_not_advised(tags, says, update, tmp_path):
    for _ in range(2):  # without a golden run, and with one of other tags
        before = files_in(tmp_path)
        with pytest.raises(AssertionError) as failed:
            check(tmp_path, run_of(loss=[1.0]), update=update, tags=tags)
        assert str(failed.value) == says
        assert files_in(tmp_path) == before
        check(tmp_path, run_of(loss=[1.0]), update=True)


def test_a_tag_that_is_not_logged_any_more_is_missing_and_not_stored_away(tmp_path):
    check(tmp_path, run_of(loss=[1.0], lr=[0.1]), update=True)
    with pytest.raises(AssertionError, match="tag 'lr': the tag is missing"):
        check(tmp_path, run_of(loss=[1.0]), tags="lr")
    with pytest.raises(AssertionError, match="no tag of the run matches 'lr'; there are: 'loss'"):
        check(tmp_path, run_of(loss=[1.0]), update=True, tags="lr")
    check(tmp_path, run_of(loss=[1.0], lr=[0.1]))


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("stored", [False, True])
def test_a_run_that_is_named_by_the_time_is_not_stored_and_storing_it_is_not_advised(update, stored, tmp_path):
    def trained(**options):
        writer = MemoryWriter()
        writer.add_scalar("loss", 1.0, 1)
        writer.add_hparams({"lr": 0.1}, {"best": 1.0}, **options)
        return writer

    if stored:
        check(tmp_path, trained(run_name="one"), update=True)
    before = files_in(tmp_path)
    with pytest.raises(AssertionError, match=r"named by the time, .* add_hparams .*run_name=\"\.\"$"):
        check(tmp_path, trained(), update=update)
    assert files_in(tmp_path) == before
    check(tmp_path, trained(run_name="."), update=True)
    check(tmp_path, trained(run_name="."))


def test_runs_of_another_day_may_be_named_by_their_time(tmp_path):
    runs = {name: run_of(loss=[1.0]) for name in (".", "1500000000.25")}
    check(tmp_path, runs, update=True)
    check(tmp_path, runs)


def test_a_golden_run_of_no_tags_is_refused_and_not_stored(tmp_path):
    with pytest.raises(ValueError, match="tags must name at least one tag"):
        check(tmp_path / "golden", run_of(loss=[1.0]), update=True, tags=[])
    assert list(tmp_path.iterdir()) == []


def of_scalars(value):
    return run_of(loss=[value])


def of_other_kinds(value):
    writer = MemoryWriter()
    writer.add_scalar("loss", value, 1)
    writer.add_histogram("weights", [1.0, 2.0], 1)
    return writer.run


@pytest.mark.parametrize("before", [of_scalars, of_other_kinds])
@pytest.mark.parametrize(
    ("after", "module", "fails"),
    [
        (of_scalars, golden, "_as_json"),
        (of_scalars, new_files, "replace"),
        (of_other_kinds, golden, "encode_record"),
        (of_other_kinds, golden, "replace"),
    ],
)
def test_the_old_golden_run_stays_until_the_new_one_is_complete(before, after, module, fails, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    check(tmp_path, before(1.0), update=True)
    stored = {each: (tmp_path / each).read_bytes() for each in files_in(tmp_path)}
    with monkeypatch.context() as broken:
        broken.setattr(module, fails, full)
        with pytest.raises(OSError, match="No space left"):
            check(tmp_path, after(2.0), update=True)
    assert {each: (tmp_path / each).read_bytes() for each in files_in(tmp_path)} == stored
    check(tmp_path, before(1.0))
    check(tmp_path, after(2.0), update=True)
    check(tmp_path, after(2.0))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_golden_run_of_files_is_put_back_if_the_new_one_cannot_take_its_name(tmp_path, monkeypatch):
    def refuse(source, target):
        if source.endswith(".unfinished"):
            raise PermissionError(13, "Permission denied", target)
        os.replace(source, target)

    check(tmp_path, of_other_kinds(1.0), update=True)
    with monkeypatch.context() as broken:
        broken.setattr(golden, "replace", refuse)
        with pytest.raises(PermissionError):
            check(tmp_path, of_other_kinds(2.0), update=True)
    check(tmp_path, of_other_kinds(1.0))
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_is_stored_unless_asked_for(tmp_path):
    with pytest.raises(AssertionError, match=r"there is no golden run .*test_it\.tbrun\.json: update=True stores it"):
        Regression(tmp_path / "golden", "test_it").check(run_of(loss=[1.0]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"tbevents golden run": 2}',
        '{"tbevents golden run": 1, "runs": {".": {"a": {"steps": [1], "values": []}}}}',
        '{"tbevents golden run": 1, "runs": {".": {"a": {"steps": [1], "values": ["high"]}}}}',
        '{"tbevents golden run": 1, "runs": [1]}',
    ],
)
def test_a_file_that_holds_no_golden_run(text, tmp_path):
    (tmp_path / "test_it.tbrun.json").write_text(text)
    with pytest.raises(PayloadError, match=r"test_it\.tbrun\.json"):
        check(tmp_path, run_of(loss=[1.0]))


def test_several_golden_runs_of_one_test_have_names(tmp_path):
    regression = Regression(tmp_path, "test_it", update=True)
    regression.check(run_of(loss=[1.0]), name="before")
    regression.check(run_of(loss=[2.0]), name="after/all")
    with pytest.raises(ValueError, match="'before' was used before"):
        regression.check(run_of(loss=[2.0]), name="before")
    assert len(files_in(tmp_path)) == 2
    assert regression.unused() == []
    regression.check(run_of(loss=[3.0]))
    with pytest.raises(ValueError, match=r'used its golden run already: .* a name, check\(run, name="..."\)'):
        regression.check(run_of(loss=[3.0]))
    os.remove(tmp_path / "test_it.tbrun.json")
    later = Regression(tmp_path, "test_it")
    later.check(run_of(loss=[1.0]), name="before")
    assert [path.rpartition("@")[2] for path in later.unused()] == [f"{owned_by('after/all')}.tbrun.json"]
    assert orphans(tmp_path, ["test_it"]) == []
    assert len(orphans(tmp_path, ["test_other"])) == 2
    assert orphans(tmp_path / "nothing", []) == []


def test_the_name_of_a_golden_run_is_text(tmp_path):
    with pytest.raises(TypeError, match=r"^name must be a str, not 5$"):
        check(tmp_path, run_of(loss=[1.0]), name=5)


def test_names_of_tests_become_names_of_files():
    assert owned_by("test_it") == "test_it"
    assert owned_by("TestIt.test_it[0.1-adam]") == "TestIt.test_it-0.1-adam"
    names = ["test_it[a/b]", "test_it[a_b]", "test_it[a\\b]", "test_it[a:b]", "test_it[" + "x" * 300 + "]"]
    assert len({owned_by(name) for name in names}) == len(names)
    for name in names:
        assert not set(owned_by(name)) & set('/\\:*?"<>|@')
        assert len(owned_by(name)) < 200


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 200_000])
def test_bytes_that_are_no_golden_run(data, tmp_path):
    (tmp_path / "test_it.tbrun.json").write_bytes(data)
    with pytest.raises(PayloadError, match=r"test_it\.tbrun\.json"):
        check(tmp_path, run_of(loss=[1.0]))


@pytest.mark.parametrize("moment", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_an_interrupt_while_a_golden_run_is_replaced_leaves_one(tmp_path, monkeypatch, moment, after):
    def text_run(text):
        writer = MemoryWriter()
        writer.add_text("t", text, 0)
        return writer

    def interrupt(source, target):
        nonlocal calls
        calls += 1
        if calls != moment or after:
            real(source, target)
        if calls == moment:
            raise KeyboardInterrupt

    check(tmp_path, text_run("one"), update=True)
    calls, real = 0, golden.replace
    monkeypatch.setattr(golden, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        check(tmp_path, text_run("two"), update=True)
    assert [path.name for path in tmp_path.iterdir()] == ["test_it.tbruns"]
    check(tmp_path, text_run("two" if (moment, after) == (2, True) else "one"))

"""Names are chosen exactly, by glob, or by regular expression; tags get new names."""

import fnmatch
import time
from unittest.mock import Mock

import pytest

import tbevents
from tbevents.errors import UnknownNameError
from tbevents.reading import name_patterns
from tbevents.reading.name_patterns import NameFilter, NamePatterns, names_of
from tbevents.reading.selection import tags_to_draw
from tbevents.testing.run_checks import check_runs_close
from tbevents.tools.names import natural_key, runs_below
from tbevents.tools.tag_changes import RegexFilter, TagChanges


@pytest.mark.parametrize(
    ("pattern", "name", "chosen"),
    [
        ("loss", "loss", True),
        ("loss", "loss/train", False),
        ("loss*", "loss/train", True),
        ("*/train", "loss/train", True),
        ("l?ss", "loss", True),
        ("l[ou]ss", "luss", True),
        ("a[0]", "a[0]", True),  # exactly, though a glob would mean a0
        ("a[0]", "a0", True),
        ("Loss", "loss", False),
        ("*", "line\nbreak", True),
        ("acc", "val/acc", False),
        ("o*", "loss", False),
        ("", "loss", False),
    ],
)
def test_a_pattern_chooses_what_it_equals_or_matches(pattern, name, chosen):
    assert NameFilter([pattern], noun="tag")(name) is chosen
    assert NameFilter(pattern, noun="tag")(name) is chosen  # one pattern is no sequence of letters
    assert (name in NamePatterns([pattern])) is chosen
    assert names_of(pattern, {name: 1}) == ([name] if chosen else [])


def test_no_pattern_chooses_all_and_regex_matches_anywhere():
    assert NameFilter((), noun="tag")("x")
    assert RegexFilter(["ai+n"], noun="tag")("loss/train")
    with pytest.raises(ValueError, match="'\\(' is not a regular expression"):
        RegexFilter(["("], noun="tag")


def test_a_pattern_that_chose_nothing_is_an_error_with_the_nearest_names():
    names = NameFilter(["loss", "acc"], noun="tag")
    assert [names(name) for name in ("loss", "accu")] == [True, False]
    with pytest.raises(UnknownNameError, match=r"runs: no tag 'acc'; did you mean 'accu'\?"):
        names.check("runs")


NAMES = [f"group/metric_{number}" for number in range(5000)]


def in_a_run(tmp_path, count):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for number in range(count):
            writer.add_scalar(f"group/metric_{number}", 1.0, 0)
    return tbevents.read_run(tmp_path)


def chosen_by_a_filter(run, names):
    wanted = NameFilter(names, noun="tag")
    chosen = [tag for tag in run.scalars if wanted(tag)]
    assert wanted.missing("") == []
    return chosen


CHOICES = {
    "read_run": lambda run, names: list(tbevents.read_run(run.path, tags=names).scalars),
    "table": lambda run, names: len(run.table([*names, "group/*_0"])),
    "filter": chosen_by_a_filter,
    "check_runs_close": lambda run, names: check_runs_close(run, run, tags=names),
    "plot": lambda run, names: tags_to_draw({".": run.scalars}, names[:50], ""),
}


@pytest.mark.parametrize("choice", [pytest.param(each, id=name) for name, each in CHOICES.items()])
def test_thousands_of_names_are_looked_up(tmp_path, monkeypatch, choice):
    run = in_a_run(tmp_path, len(NAMES))
    monkeypatch.setattr(name_patterns, "translate", only_globs := Mock(side_effect=fnmatch.translate))
    begin = time.process_time()
    choice(run, NAMES)
    assert time.process_time() - begin < 4.0  # comparing each tag with each name takes more than 10 s
    assert only_globs.call_count <= 4


def test_runs_below_a_folder_a_run_and_a_file(make_run):
    run = make_run("top/a/b", ("loss", 1, 1.0))
    assert runs_below(run.parent.parent) == {"a/b": str(run)}
    assert runs_below(run) == {".": str(run)}
    (file,) = run.iterdir()
    assert runs_below(file) == {".": str(file)}
    assert runs_below(run.parent.parent, ["a/*"]) == {"a/b": str(run)}
    with pytest.raises(UnknownNameError, match="no run 'x'"):
        runs_below(run.parent.parent, ["x"])


@pytest.mark.parametrize(
    ("old", "new", "tag", "becomes"),
    [
        ("loss", "train/loss", "loss", "train/loss"),
        ("loss", "x*", "loss", "x*"),
        ("train/*", "*", "train/loss", "loss"),
        ("train/*", "training/*", "train/a/b", "training/a/b"),
        ("*/loss/*", "*:*", "a/loss/b", "a:b"),
        ("*/loss/*", "b", "a/loss/b", "b"),
        ("l?ss*", "x*", "loss1", "x1"),
        ("l[ou]ss", "x", "luss", "x"),
        ("[!a]*", "x*", "b.c", "x.c"),
        ("a.c", "x", "abc", "abc"),  # a dot is a dot
        ("loss", "x", "loss2", "loss2"),
    ],
)
def test_a_glob_gives_new_names(old, new, tag, becomes):
    assert TagChanges(rename=[(old, new)]).new_name(tag) == becomes


def test_a_regular_expression_replaces_what_it_matches():
    changes = TagChanges(rename=[(r"^(\w+)/(\w+)$", r"\2/\1"), ("x", "y")], regex=True)
    assert changes.new_name("train/loss") == "loss/train"
    assert changes.new_name("axbx") == "ayby"
    with pytest.raises(ValueError, match="not a valid replacement"):
        TagChanges(rename=[("a", r"\3")], regex=True).new_name("a")


def test_more_stars_than_were_matched_are_an_error():
    with pytest.raises(ValueError, match=r"has more '\*' than"):
        TagChanges(rename=[("a/*", "*/*")])


def test_tags_are_kept_and_dropped_and_all_patterns_must_match_something():
    changes = TagChanges(keep=["loss*", "acc"], drop=["*/debug"], rename=[("acc", "accuracy")])
    tags = ["loss", "loss/debug", "acc", "lr"]
    assert [changes.new_name(tag) for tag in tags] == ["loss", None, "accuracy", None]
    changes.check("run")
    unused = TagChanges(drop=["loss", "nosuch"])
    unused.new_name("loss")
    with pytest.raises(UnknownNameError, match="'nosuch'"):
        unused.check("run")


def test_a_very_long_name_does_not_fill_the_message():
    names = NameFilter(["x" * 10_000], noun="tag")
    names("y" * 10_000)
    with pytest.raises(UnknownNameError) as raised:
        names.check("runs")
    assert len(str(raised.value)) < 300


def test_names_are_sorted_as_people_count():
    names = ["a" + "9" * 5000, "a10b10", "a10b2", "a10", "a2", "a01", "A1", "a", "10", "2", ""]
    assert sorted(names, key=natural_key) == names[::-1]
    rates = ["lr1e-4", "lr1e-3", "lr0.01", "lr0.01/hparams", "lr0.03", "lr.1", "lr0.1", "lr1", "lr10"]
    assert sorted(rates, key=natural_key) == [
        "lr1e-4",
        "lr1e-3",
        "lr0.01",
        "lr0.01/hparams",
        "lr0.03",
        "lr0.1",
        "lr1",
        "lr10",
        "lr.1",
    ]

"""Errors that cross processes, as those of worker processes and of pytest-xdist do, are the same on the other side."""

import copy
import difflib
import enum
import errno
import inspect
import pickle
from unittest.mock import Mock

import numpy as np
import pytest

from tbevents import errors

WHERE = {"offset": 24, "record": 1, "path": "runs/a/events.out.tfevents.1"}

EXAMPLES = [
    errors.TBEventsError("something is wrong"),
    errors.TBEventsWarning("something is odd"),
    errors.DamageWarning("runs/a: 3 bytes were skipped"),
    errors.WriterWarning("runs/a: the file was removed"),
    errors.DamagedFileError("zeros", **WHERE),
    errors.ChecksumError(part="data", stored=1, computed=2, **WHERE),
    errors.RecordTooLargeError(length=1 << 40, limit=1 << 30, **WHERE),
    errors.IncompleteRecordError(missing=7, zeros=3, **WHERE),
    errors.UndecodableRecordError("not an Event", offset=0, record=0),
    errors.BadValueError("a tensor of another shape", **WHERE),
    errors.NotAnEventFileError("a PNG picture", **WHERE),
    errors.RunNotFoundError("runs/b", "no such file or folder"),
    errors.UnknownNameError("tag", "los", ["loss", "lr"], "runs/a"),
    errors.UnknownStepError("loss", 7, "the nearest steps are 1, 2"),
    errors.MissingExtraError("pyarrow", "arrow", "exporting to parquet"),
    errors.MissingExtraError("a file system", "remote", "reading s3://b", hint="pip install s3fs"),
    errors.WorkerError("a process was killed"),
    errors.TensorError("a tensor of dtype 99"),
    errors.PayloadError("not a PCM WAV file"),
    errors.FileChangedError("runs/a: was replaced while it was read"),
    errors.SyncConflictError("lake: others changed it again and again"),
    errors.UploadError(errno.EIO, "cannot be written", "s3://bucket/runs/a"),
    errors.DropinError("tensorboardX was already imported"),
]
EXAMPLES[-2].spool = "/tmp/spool"
FACTS = (
    *("name", "msg", "kind", "errno", "strerror", "filename", "spool"),
    *("path", "detail", "noun", "where", "hint", "reason", "tag", "step"),
)


def test_there_is_an_example_of_each_error():
    public = {getattr(errors, name) for name in errors.__all__}
    assert {type(error) for error in EXAMPLES} == public
    assert public >= {
        each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__
    }


@pytest.mark.parametrize(
    "again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickled", "copied"]
)
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_keeps_its_message_and_its_facts(error, again):
    error.seen_by = "a user"
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert other.args == error.args
    assert vars(other) == vars(error)
    for fact in FACTS:
        assert getattr(other, fact, None) == getattr(error, fact, None), fact


@pytest.mark.parametrize("value", ["overwite", "Keep", "", 3, None, ["keep"], np.array(["keep", "last"]), b"keep"])
def test_a_value_that_is_no_choice_is_refused_with_all_choices(value):
    with pytest.raises(ValueError, match=r"^restarts must be 'keep', 'tensorboard' or 'overwrite', not ") as caught:
        errors.checked_choice("restarts", value, ("keep", "tensorboard", "overwrite"))
    assert str(caught.value).endswith("?") == (value in ("overwite", "Keep") if isinstance(value, str) else False)


def test_an_unknown_name_says_what_it_is_and_where():
    error = errors.UnknownNameError("tag", "los", ["loss", "lr"], "runs/a")
    assert (error.noun, error.name, error.where, error.hint) == ("tag", "los", "runs/a", "did you mean 'loss'?")
    assert str(error) == "runs/a: no tag 'los'; did you mean 'loss'?"
    assert error.reason == "no tag 'los'; did you mean 'loss'?"
    assert errors.UnknownNameError("tag", "los", ["loss"], hint="it was left out").hint == "it was left out"
    assert str(errors.UnknownNameError("tag", "los", [])) == "no tag 'los'; there are none"


def test_nothing_is_said_of_other_names_that_are_not_known():
    error = errors.UnknownNameError("run", 7, None)
    assert str(error) == "no run 7"
    assert (error.name, error.hint) == ("7", "")


def test_an_unknown_name_of_any_type_can_be_pickled():
    error = errors.UnknownNameError("tag", lambda: "loss", ["loss"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_missing_path_says_what_is_wrong_with_it():
    error = errors.RunNotFoundError("runs/b", "no such file or folder")
    assert (error.path, error.detail) == ("runs/b", "no such file or folder")
    assert str(error) == "runs/b: no such file or folder"


def test_every_error_is_also_a_more_specific_built_in_exception():
    kinds = {type(error) for error in EXAMPLES} - {errors.TBEventsError, errors.TBEventsWarning}
    general = (errors.TBEventsError, errors.TBEventsWarning, Exception, Warning, BaseException, object)
    plain = [kind for kind in kinds if all(base in general for base in kind.__bases__)]
    assert [kind for kind in plain if not issubclass(kind, UserWarning)] == []


def test_an_unknown_step_says_of_which_tag():
    error = errors.UnknownStepError("loss", 7, "the nearest steps are 1, 2")
    assert (error.tag, error.step, error.hint) == ("loss", 7, "the nearest steps are 1, 2")
    assert str(error) == "'loss' has no point at step 7; the nearest steps are 1, 2"


def test_a_choice_is_returned_as_it_was_declared():
    class Rule(str, enum.Enum):
        KEEP = "keep"

    assert type(errors.checked_choice("restarts", Rule.KEEP, ("keep", "overwrite"))) is str
    with pytest.raises(ValueError, match=r"^kinds must be 'scalars', not 'texts'$"):
        errors.checked_choice("kinds", "texts", ("scalars",))


def test_the_nearest_of_many_names_is_found_without_comparing_all(monkeypatch):
    known = [f"group/metric_{number}" for number in range(50_000)]
    compared = Mock(side_effect=difflib.get_close_matches)
    monkeypatch.setattr(difflib, "get_close_matches", compared)
    assert "'group/metric_41234'" in errors.closest_or_first("group/metrik_41234", known)
    assert len(compared.call_args.args[1]) <= 1000


def test_the_closest_names_or_the_first_ones_are_named():
    known = ["select", "severity", "train/loss", "train/loss2", "train/lr"]
    assert errors.closest_or_first("selekt", known) == "did you mean 'select' or 'severity'?"
    assert errors.closest_or_first("selekt", known, 1) == "did you mean 'select'?"
    assert errors.closest_or_first("train/los", known) == "did you mean 'train/loss' or 'train/loss2' or 'train/lr'?"
    assert errors.closest_or_first("xyz", known[:2]) == "there are: 'select', 'severity'"
    assert errors.closest_or_first("xyz", []) == "there are none"
    assert errors.closest_or_first("note", ["no", "note/text_summary"]) == "did you mean 'note/text_summary'?"

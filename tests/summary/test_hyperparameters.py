import enum
import math
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from tbevents import summary
from tbevents.proto import HParamsPluginData


def messages(*args, **options):
    summaries = summary.hparams(*args, **options)
    assert [s.value[0].tag for s in summaries] == [
        "_hparams_/experiment",
        "_hparams_/session_start_info",
        "_hparams_/session_end_info",
    ]
    parsed = [HParamsPluginData.FromString(s.value[0].metadata.plugin_data.content) for s in summaries]
    return parsed[0].experiment, parsed[1].session_start_info, parsed[2].session_end_info


def stored(value):
    """What one hyperparameter becomes, and its declared type."""
    experiment, start, _ = messages({"h": value}, {})
    if not start.hparams:
        return None
    message = start.hparams["h"]
    (info,) = experiment.hparam_infos
    return getattr(message, message.WhichOneof("kind")), info.type


STRING, BOOL, FLOAT = 1, 2, 3


class Colour(enum.Enum):
    RED = 1


class Optimizer(str, enum.Enum):
    SGD = "sgd"


class Duck:
    """As torch's tensors are known."""

    dtype = "torch.float32"

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return np.array(0.25, np.float32)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, (True, BOOL)),
        (np.bool_(False), (False, BOOL)),
        (np.array(True), (True, BOOL)),
        (3, (3.0, FLOAT)),
        (0.5, (0.5, FLOAT)),
        (np.float32(0.5), (0.5, FLOAT)),
        (np.int8(-1), (-1.0, FLOAT)),
        (np.array(2.5), (2.5, FLOAT)),
        (np.array([2.5]), (2.5, FLOAT)),
        (Duck(), (0.25, FLOAT)),
        ("sgd", ("sgd", STRING)),
        (np.str_("sgd"), ("sgd", STRING)),
        (b"sgd", ("sgd", STRING)),
        ("\udcff", ("\\udcff", STRING)),
        (Path("a/b"), ("a/b", STRING)),
        ([1, 2], ("[1, 2]", STRING)),
        ((0.9, 0.999), ("(0.9, 0.999)", STRING)),
        (np.array([1, 2]), ("[1 2]", STRING)),
        (math.sqrt, ("sqrt", STRING)),
        (Duck, ("Duck", STRING)),
        (Colour.RED, ("Colour.RED", STRING)),
        (Optimizer.SGD, ("sgd", STRING)),
        (np.dtype("f4"), ("float32", STRING)),
        (math.nan, ("nan", STRING)),
        (-math.inf, ("-inf", STRING)),
        (2**2000, ("inf", STRING)),
        (None, None),
    ],
)
def test_values(value, expected):
    assert stored(value) == expected


def test_two_hyperparameters_of_one_name_are_refused():
    with pytest.raises(ValueError, match="hparam_dict has two values for 'a/b'"):
        messages({"a/b": 1, "a": {"b": 2}}, {})


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_mappings_nest(kind):
    nested = kind({"a": kind({"b": 1, "c": kind({"d": "x"})}), "e": True})
    experiment, start, _ = messages(nested, kind({"m": 1}))
    assert [info.name for info in experiment.hparam_infos] == ["a/b", "a/c/d", "e"]
    assert start.hparams["a/c/d"].string_value == "x"
    assert [info.name.tag for info in experiment.metric_infos] == ["m"]


def test_domains():
    given = {"a": [0.1, 1], "b": [True, False], "c/d": ("x", "y")}
    experiment, _, _ = messages({"a": 0.1, "b": True, "c": {"d": "x"}}, {}, given)
    values = {info.name: list(info.domain_discrete) for info in experiment.hparam_infos}
    assert values == {"a": [0.1, 1.0], "b": [True, False], "c/d": ["x", "y"]}


def test_sessions():
    _, start, end = messages({}, {}, group_name="g", start_time_secs=1.5, end_time_secs=2)
    assert (start.group_name, start.start_time_secs) == ("g", 1.5)
    assert (end.status, end.end_time_secs) == (1, 2.0)


def test_equal_hyperparameters_are_equal_bytes_in_whatever_order():
    names = [f"h{number}" for number in range(50)]
    one, other = (dict.fromkeys(order, 1) for order in (names, reversed(names)))
    first, second = (summary.hparams(hparams, {})[1].SerializeToString() for hparams in (one, other))
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, {}), "hparam_dict must be a mapping"),
        (([("a", 1)], {}), "hparam_dict must be a mapping"),
        (({1: 1}, {}), "hparam_dict"),
        (({"a": {1: 1}}, {}), r"hparam_dict\['a'\]"),
        (({}, None), "metric_dict must be a mapping"),
        (({}, {1: 1}), "metric_dict"),
        (({"a": 1}, {}, []), None),
        (({"a": 1}, {}, [1]), "hparam_domain_discrete must be a mapping"),
        (({"a": 1}, {}, {"b": [1]}), r"hparam_domain_discrete\['b'\]"),
        (({"a": 1}, {}, {"a": 1}), r"hparam_domain_discrete\['a'\] must be a list"),
        (({"a": 1}, {}, {"a": ["x"]}), r"hparam_domain_discrete\['a'\] must be a list of float"),
        (({"a": True}, {}, {"a": [1]}), r"hparam_domain_discrete\['a'\] must be a list of bool"),
        (({"a": None}, {}, {"a": [1]}), r"hparam_domain_discrete\['a'\]"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    if message is None:
        assert messages(*arguments)
        return
    with pytest.raises(TypeError, match=message):
        messages(*arguments)


def test_hyperparameters_that_contain_themselves():
    nested = {}
    nested["a"] = nested
    with pytest.raises(TypeError, match=r"^hparam_dict is nested too deeply, or contains itself$"):
        summary.hparams(nested, {})

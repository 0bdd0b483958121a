"""Names of runs without what all of them share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbevents.views.short_names import short_names


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["exp/resnet_a/logs", "exp/resnet_b/logs"], ["a", "b"]),
        (["sweep/seed_1", "sweep/seed_2"], ["seed_1", "seed_2"]),
        (["sweep/1", "sweep/2"], ["1", "2"]),
        (["lr_1e-3", "lr_1e-4"], ["lr_1e-3", "lr_1e-4"]),
        (["run1", "run2"], ["run1", "run2"]),
        (["net_lr0.1_seed1", "net_lr0.1_seed2", "net_lr0.2_seed1"], ["lr0.1_seed1", "lr0.1_seed2", "lr0.2_seed1"]),
        (["10_epochs", "20_epochs"], ["10_epochs", "20_epochs"]),
        (["a/1/version_0", "a/2/version_0"], ["1", "2"]),
        (["a", "a/b"], ["a", "a/b"]),
        (["a/b/c"], ["a/b/c"]),
        ([], []),
        (["a/x", ".", "a/y"], ["x", "runs", "y"]),
        (["."], ["runs"]),
        ([".", "runs"], [".", "runs"]),
        (["x/runs", "x/y", "."], ["x/runs", "x/y", "."]),
        (["train", "validation"], ["train", "validation"]),
        (["日本/あ", "日本/い"], ["あ", "い"]),
    ],
)
def test_what_all_names_share_is_left_out(names, expected):
    assert list(short_names(names, "runs").items()) == list(zip(names, expected, strict=True))


@given(st.lists(st.text("ab1/_-. ", min_size=1), unique=True))
def test_names_stay_different_parts_of_themselves(names):
    short = short_names(names, "root")
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert all(value in name or name == "." for name, value in short.items())

"""Failure messages, whole: what a user reads."""

import math
from textwrap import dedent

import pytest

from tbevents import SummaryWriter
from tbevents.testing import (
    Finding,
    MemoryWriter,
    assert_bounded,
    assert_converges,
    assert_decreasing,
    assert_finite,
    assert_histogram_close,
    assert_hparams,
    assert_image_close,
    assert_increasing,
    assert_intact,
    assert_lr_schedule,
    assert_runs_close,
    assert_scalar_at,
    assert_scalars,
    assert_steps,
    assert_tags,
    message,
)

from .runs import run_of

HALVED = [8.0, 4.0, 2.0, 1.0]


def training():
    writer = MemoryWriter("runs/demo", clock=lambda: 1000.0)
    for step, loss in enumerate(HALVED):
        writer.add_scalar("loss", loss, step)
        writer.add_scalar("lr", 0.1, step * 10)
    writer.add_hparams({"lr": 0.1, "optimizer": "sgd"}, {}, run_name=".")
    writer.add_histogram_raw("weights", 0, 2, 3, 3, 5, [1, 2], [1, 2], 3)
    return writer


def said(assertion, *arguments, **options):
    with pytest.raises(AssertionError) as failure:
        assertion(*arguments, **options)
    return str(failure.value)


MESSAGES = [
    (
        lambda run: said(assert_scalars, run, "loss", values=[8, 4, 2.5, 1]),
        """\
        tag 'loss': 1 of 4 points differs (rtol 1e-06, atol 0)
          step  obtained  expected  difference  allowed
             2       2.0       2.5        -0.5  2.5e-06
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_scalars, run, "loss", values={0: 8, 2: 2, 3: math.nan, 4: 1}),
        """\
        tag 'loss': 1 of 4 points differs, 1 is missing, 1 was not expected (rtol 1e-06, atol 0)
          step  obtained  expected
             1       4.0   nothing
             3       1.0       nan
             4   missing       1.0
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_scalars, run, "loss", values=[0.0] * 12),
        """\
        tag 'loss': 4 of 4 points differ, 8 are missing (rtol 1e-06, atol 0)
          step  obtained  expected  difference  allowed
             0       8.0       0.0          +8        0
             1       4.0       0.0          +4        0
             2       2.0       0.0          +2        0
             3       1.0       0.0          +1        0
             -   missing       0.0
             -   missing       0.0
             -   missing       0.0
             -   missing       0.0
          ... 4 more
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_scalars, run, "los", values=[1]),
        """\
        tag 'los': no such scalar tag; did you mean 'loss'?""",
    ),
    (
        lambda run: said(assert_scalars, run, "weights", values=[1]),
        """\
        tag 'weights': no such scalar tag; it is of another kind: see run.histograms""",
    ),
    (
        lambda run: said(assert_scalar_at, run, "loss", 7, 1.0),
        """\
        tag 'loss': it has no point at step 7; the nearest steps are 1, 2, 3
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_scalar_at, run, "loss", 3, 1.25, atol=0.125),
        """\
        tag 'loss': the value at step 3 differs (rtol 1e-06, atol 0.125)
          step  obtained  expected  difference  allowed
             3       1.0      1.25       -0.25    0.125
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_increasing, run, "loss", monotone=True, tolerance=2),
        """\
        2 findings

        tag 'loss': it does not rise: from 8.0 to 1.0, which is -7, with 2 allowed
        tag 'loss': it falls once
          step  before  value  difference  allowed
             1     8.0    4.0          -4        2
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_decreasing, run, "loss", by=7.5),
        """\
        tag 'loss': it does not fall by 7.5: from 8.0 to 1.0, which is -7
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_converges, run, "loss", to=1, within=0.5, last=2),
        """\
        tag 'loss': 1 of the last 2 values is not within 0.5 of 1
          step  obtained  expected  difference  allowed
             2       2.0       1.0          +1      0.5
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda run: said(assert_bounded, run, high=4),
        """\
        tag 'loss': 1 of 4 values is not at most 4
          step  value
             0    8.0
          █▄▂▁  4 points, steps 0 to 3, values from 1.0 to 8.0, the last 1.0""",
    ),
    (
        lambda _: said(assert_finite, run_of(loss=[1.0, math.nan, -math.inf, math.nan]), "loss"),
        """\
        tag 'loss': 3 of 4 values are not finite
          step  value
             1    nan
             2   -inf
             3    nan
          ▄  4 points, steps 0 to 3, values from 1.0 to 1.0, the last nan""",
    ),
    (
        lambda run: said(assert_steps, run, "lr", contiguous=True),
        """\
        tag 'lr': 3 gaps of more than 1 between steps
          after step  comes step  distance
                   0          10        10
                  10          20        10
                  20          30        10
          ▄▄▄▄  4 points, steps 0 to 30, values from 0.1 to 0.1, the last 0.1""",
    ),
    (
        lambda run: said(assert_tags, run, exactly=["loss", "l_r"], kind="scalars"),
        """\
        the run: 1 tag of scalars missing, 1 tag of scalars not expected (it has 2)
          tag            is  nearest
          l_r       missing       lr
           lr  not expected      l_r""",
    ),
    (
        lambda run: said(assert_lr_schedule, run, "lr", lambda step: 0.1 if step < 20 else 0.01),
        """\
        tag 'lr': 2 of 4 points differ from the schedule (rtol 1e-06, atol 0)
          step  obtained  expected  difference  allowed
            20       0.1      0.01       +0.09    1e-08
            30       0.1      0.01       +0.09    1e-08
          ▄▄▄▄  4 points, steps 0 to 30, values from 0.1 to 0.1, the last 0.1""",
    ),
    (
        lambda run: said(assert_hparams, run, {"lr": 0.2, "optimizer": "adam"}),
        """\
        the run: 2 hyperparameters or metrics differ
               name  obtained  expected  difference  allowed
                 lr       0.1       0.2        -0.1    2e-07
          optimizer     'sgd'    'adam'""",
    ),
    (
        lambda run: said(assert_histogram_close, run, "weights", [0.5, 1.5, 1.5, 7.0]),
        """\
        tag 'weights': step 3: 1 of 4 counts differs (rtol 1e-06, atol 0)
            bucket  obtained  expected  difference  allowed
          2 to inf       0.0       1.0          -1    1e-06""",
    ),
    (
        lambda run: said(assert_runs_close, run.runs, {".": run_of(loss=HALVED, acc=[1.0]), "more": run_of(a=[0.0])}),
        """\
        5 findings

        tag 'lr': the tag was not expected; it has scalars
        tag 'weights': the tag was not expected; it has histograms
        tag 'acc': the tag is missing; it should have scalars
        the run: 2 hyperparameters differ
               name  obtained  expected
                 lr       0.1   nothing
          optimizer     'sgd'   nothing

        run 'more': the run is missing""",
    ),
]


@pytest.mark.parametrize(("fail", "text"), MESSAGES, ids=[text.split(":")[1].strip()[:50] for _, text in MESSAGES])
def test_the_message(fail, text):
    assert fail(training()) == dedent(text)


def test_the_message_on_an_image():
    pytest.importorskip("PIL", reason="makes pictures")
    writer = MemoryWriter("demo")
    writer.add_image("picture", [[0.0, 1.0]], 5, dataformats="HW")
    assert said(assert_image_close, writer, "picture", [[0.0, 0.5]], dataformats="HW", atol=100) == dedent("""\
        tag 'picture': step 5: 1 of 2 pixels differs (atol 100, share 0)
          row  column  channel  obtained  expected  difference  allowed
            0       1        0     255.0     127.0        +128      100
            0       1        1     255.0     127.0        +128      100
            0       1        2     255.0     127.0        +128      100""")


def test_the_message_on_damage(tmp_path):
    with SummaryWriter(tmp_path / "demo") as writer:
        writer.add_scalar("loss", 1.0, 1)
    (file,) = (tmp_path / "demo").iterdir()
    with file.open("ab") as appended:
        appended.write(b"\1\2\3")
    size = file.stat().st_size
    name = file.name
    assert said(assert_intact, tmp_path / "demo") == dedent(f"""\
        the run: 1 stretch is damaged
          {"file".rjust(len(name))}  byte  skipped                                      detail
          {name}  {size - 3:>4}        3  the file ends 9 bytes before the record does
          see: {tmp_path / "demo"}""").replace(
        "skipped                                      detail", "skipped" + "detail".rjust(46)
    )


def test_a_run_on_disk_is_named(tmp_path):
    with SummaryWriter(tmp_path / "demo") as writer:
        writer.add_scalar("loss", 1.0, 1)
    text = said(assert_scalars, tmp_path / "demo", "loss", values=[2.0])
    assert text.startswith("run 'demo', tag 'loss': 1 of 1 points differs")
    assert text.endswith(f"see: {tmp_path / 'demo'}")


def test_what_is_long_is_cut_short():
    findings = [Finding("x", f"finding {k}", "a", None, "p") for k in range(30)]
    lines = message(findings).splitlines()
    assert (lines[0], lines[-1]) == ("30 findings", "and 18 more findings")
    assert len(lines) < 20


def test_a_series_without_points_is_drawn_as_none():
    series = run_of(loss=[1.0]).scalars["loss"].between(5, 6)
    assert (
        message([Finding("x", "it is odd", ".", "loss", "p", None, series)])
        == "tag 'loss': it is odd\n  no points\n  see: p"
    )


def test_numbers_are_told_apart_in_their_own_precision():
    text = said(assert_scalars, run_of(loss=[16777217.0, 0.1]), "loss", values=[16777218.0, 0.10000001], rtol=0)
    assert [line.split()[1:3] for line in text.splitlines()[2:4]] == [
        ["16777216.0", "16777218.0"],
        ["0.1", "0.10000001"],
    ]


def test_a_column_without_any_cell_is_left_out():
    text = said(assert_tags, run_of(acc=[1.0]), at_least=["acc", "zzz"])
    assert [line.split() for line in text.splitlines()[1:]] == [["tag", "is"], ["zzz", "missing"]]


def test_only_runs_in_memory_have_no_place_to_look_at():
    found = Finding("odd", "it is odd", ".", "loss", "memory://bucket/run")
    assert message([found]).endswith("see: memory://bucket/run")


def test_messages_of_wrong_calls_name_the_assertion_and_the_argument():
    run = run_of(lr=[1.0])
    for call, words in [
        (lambda: assert_scalars(run, "lr"), "^assert_scalars needs values"),
        (lambda: assert_bounded(run, "lr"), "^assert_bounded needs low"),
        (lambda: assert_steps(run, "lr"), "^assert_steps needs"),
        (lambda: assert_tags(run), "^assert_tags needs"),
        (lambda: assert_converges(run, "lr"), r"^assert_converges\(\) missing .*'to' and 'within'"),
        (lambda: assert_tags(run, at_least="los"), "^at_least must be .*'los'"),
        (lambda: assert_tags(run, exactly=5), "^exactly must be .*5"),
        (lambda: assert_lr_schedule(run, "lr", 5), "^schedule must be a function .*5"),
        (lambda: assert_lr_schedule(run, "lr", [1.0], offset="x"), "^offset must be .*'x'"),
        (lambda: assert_scalar_at(run, "lr", "x", 1), "^step must be a whole number, not 'x'"),
        (lambda: assert_steps(run, "lr", first="x"), "^first must be a whole number, not 'x'"),
        (lambda: assert_decreasing(run, "lr", smoothing="x"), "^smoothing: "),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            call()

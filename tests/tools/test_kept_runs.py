"""Which runs stay in memory, where there is no room for all."""

from tbevents.tools.kept_runs import KeptRuns


def test_the_runs_used_least_recently_are_let_go_first():
    kept = KeptRuns(100)
    assert [kept.keep(key, 40) for key in "ab"] == [[], []]
    kept.use("a")
    assert kept.keep("c", 40) == ["b"]
    assert kept.keep("d", 80) == ["a", "c"]


def test_a_run_that_grows_counts_once_and_stays_though_it_is_too_large():
    kept = KeptRuns(100)
    kept.keep("a", 30)
    assert kept.keep("b", 60) == []
    assert kept.keep("a", 40) == []
    assert kept.keep("b", 70) == ["a"]
    assert kept.keep("b", 700) == []
    assert kept.keep("c", 0) == ["b"]


def test_what_was_forgotten_takes_no_room():
    kept = KeptRuns(100)
    kept.keep("a", 60)
    kept.forget("a")
    kept.forget("a")
    kept.use("a")
    assert kept.keep("b", 60) == []


def test_the_number_of_runs_may_be_bounded_too():
    kept = KeptRuns(100, 2)
    assert [kept.keep(key, 1) for key in (1, 2, 3, 1)] == [[], [], [1], [2]]

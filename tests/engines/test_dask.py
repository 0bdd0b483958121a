"""Scalars as a Dask DataFrame, computed by two processes from files in a bucket."""

import sys

import pytest

import tbevents
from tbevents.file_ref import FileRef

pytest.importorskip("dask.dataframe", reason="dask is not installed")
distributed = pytest.importorskip("distributed", reason="runs workers")

from tbevents.integrations.dask import partitions_of, read_logdir  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")


@pytest.fixture(scope="module")
def cluster(bucket):
    """Two workers, each a process of its own."""
    options = {"processes": True, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": None}
    with distributed.LocalCluster(2, host="127.0.0.1", **options) as cluster, distributed.Client(cluster) as client:
        yield client


def rows_of(frame):
    return sorted(frame[["run", "tag", "step", "wall_time", "value"]].itertuples(index=False, name=None))


def test_workers_read_the_runs_that_the_client_has_listed(cluster, remote_runs, rows):
    frame = read_logdir(remote_runs, partition_bytes=10_000)
    assert frame.npartitions > 4
    assert rows_of(frame.compute()) == rows
    assert dict(frame.dtypes.astype(str)) == {
        "run": "string", "tag": "string", "step": "int64", "wall_time": "float64", "value": "float64",
    }  # fmt: skip
    assert len(cluster.scheduler_info()["workers"]) == 2
    least = frame[frame.tag == "loss"].groupby("run").value.min().compute()
    assert least.to_dict() == {
        run: min(value for name, tag, _, _, value in rows if (name, tag) == (run, "loss")) for run in least.index
    }


def test_options_reach_the_workers(cluster, remote_runs, rows):
    frame = read_logdir(remote_runs, tags="loss", runs="group0/*", partition_bytes=10_000).compute()
    assert rows_of(frame) == [row for row in rows if row[1] == "loss" and row[0].startswith("group0")]
    with pytest.raises(tbevents.IncompleteRecordError, match="r07"):
        read_logdir(remote_runs, strict=True).compute()


def test_local_runs_need_no_cluster(local_runs, rows):
    frame = read_logdir(local_runs)
    assert frame.npartitions == 1
    assert rows_of(frame.compute(scheduler="synchronous")) == rows


def test_an_empty_folder_is_an_empty_frame(tmp_path):
    frame = read_logdir(tmp_path)
    assert (len(frame.compute(scheduler="synchronous")), list(frame.columns)[:2]) == (0, ["run", "tag"])


def ref(name, size):
    return tbevents.RunRef(name, name, (FileRef(name, size),))


@pytest.mark.parametrize("sizes", [[10] * 100, [1] * 50 + [500] + [1] * 50, [5, 90, 5, 90, 5], [None, None, 3], [7]])
def test_partitions_are_in_order_and_about_as_large_as_asked_for(sizes):
    refs = [ref(str(place), size) for place, size in enumerate(sizes)]
    parts = list(partitions_of(refs, 100))
    assert [each for part in parts for each in part] == refs
    for part in parts:
        known = [each.size for each in part]
        assert sum(known) <= 150 or len(part) == 1 or sum(known) - max(known) <= 100
    if sizes == [10] * 100:
        assert [len(part) for part in parts] == [10] * 10


def test_wrong_arguments_are_refused(local_runs, tmp_path, monkeypatch):
    with pytest.raises(tbevents.RunNotFoundError):
        read_logdir(tmp_path / "none")
    with pytest.raises(ValueError, match="partition_bytes must be at least 1, not 0"):
        read_logdir(local_runs, partition_bytes=0)
    with pytest.raises(tbevents.UnknownNameError, match="no run 'x'"):
        read_logdir(local_runs, runs="x")
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(tbevents.MissingExtraError, match=r"tbevents\[dask\]"):
        read_logdir(local_runs)

"""A table in a bucket, of runs in a bucket."""

import pytest

import tbevents

deltalake = pytest.importorskip("deltalake", reason="writes a Delta table")


@pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")
def test_a_sync_from_bucket_to_bucket(bucket, remote_runs, rows):
    import fsspec

    lake = f"{bucket}/lake"
    assert len(tbevents.sync(remote_runs, lake).read) == 20
    assert rows_of(lake) == rows
    done = tbevents.sync(remote_runs, lake)
    assert (done.read, done.unchanged) == ((), 20)
    fs = fsspec.filesystem("s3", skip_instance_cache=True)
    (file,) = fs.find(f"{remote_runs}/group0/r04")
    data = fs.cat_file(file)
    fs.pipe_file(file, data[: len(data) // 2])
    assert tbevents.sync(remote_runs, lake).read == ("group0/r04",)
    assert len(rows_of(lake)) < len(rows)
    fs.pipe_file(file, data)
    assert tbevents.sync(remote_runs, lake).version == 3
    assert rows_of(lake) == rows


def rows_of(lake):
    table = deltalake.DeltaTable(lake).to_pyarrow_table()
    return sorted(zip(*(table[name].to_pylist() for name in table.column_names[:5]), strict=True))


@pytest.mark.filterwarnings("ignore::tbevents.errors.DamageWarning")
def test_batches_of_references_to_a_bucket(remote_runs, rows):
    refs = tbevents.read_logdir(remote_runs).refs()
    batches = list(tbevents.iter_batches(refs))
    columns = [[cell for batch in batches for cell in batch.column(place).to_pylist()] for place in range(5)]
    assert list(zip(*columns, strict=True)) == [
        row for name in dict.fromkeys(row[0] for row in rows) for tag in ("loss", "acc")
        for row in rows if row[:2] == (name, tag)
    ]  # fmt: skip


def test_a_bucket_that_is_not_there_is_named(bucket, tmp_path):
    with pytest.raises(FileNotFoundError, match="s3://nobodys/runs"):
        tbevents.iter_batches("s3://nobodys/runs")
    with pytest.raises(OSError, match="s3://nobodys/lake"):
        tbevents.sync(tmp_path, "s3://nobodys/lake")

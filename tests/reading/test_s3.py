"""Runs in a bucket: how many requests they take, and what happens when the bucket changes or fails meanwhile."""

import pickle

import pytest
from event_files import record, scalar_event, version_event
from s3_server import BUCKET, s3_server

import tbevents
from tbevents import remote, remote_file
from tbevents.errors import DamageWarning, RunNotFoundError

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"
ROOT = f"s3://{BUCKET}/runs"


def content(count, first=0):
    events = [version_event(), *(scalar_event("loss", step, step / 7) for step in range(first, count))]
    return b"".join(record(event.SerializeToString()) for event in events)


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as monkeypatch, s3_server(monkeypatch) as server:
        yield server


@pytest.fixture
def s3(server):
    server.clear()
    yield server
    server.restore()


@pytest.fixture
def fs(s3):
    import s3fs

    fs = s3fs.S3FileSystem(endpoint_url=s3.endpoint)
    fs.invalidate_cache()
    if fs.exists(f"{BUCKET}/runs"):
        fs.rm(f"{BUCKET}/runs", recursive=True)
    fs.pipe({f"{BUCKET}/runs/r{number:02}/{NAME}": content(number + 1) for number in range(8)})
    s3.clear()
    return fs


def points(logdir):
    return [len(run.scalars["loss"]) for run in logdir.values()]


def test_a_small_run_takes_a_listing_and_a_request(s3, fs):
    assert len(tbevents.read_run(f"{ROOT}/r07").scalars["loss"]) == 8
    assert len(s3.requests) == 2
    s3.clear()
    assert len(tbevents.read_run(f"{ROOT}/r07/{NAME}").scalars["loss"]) == 8
    assert len(s3.requests) == 2
    s3.clear()
    assert len(list(tbevents.iter_events(f"{ROOT}/r07/"))) == 9
    assert len(s3.requests) == 2


def test_a_logdir_takes_a_listing_and_a_request_a_run(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    assert len(s3.listings) == len(s3.requests) == 1
    assert points(logdir) == list(range(1, 9))
    assert len(s3.requests) == 9
    assert sorted(s3.gets) == [f"/{BUCKET}/runs/r{number:02}/{NAME}" for number in range(8)]


def test_requests_overlap_whatever_the_number_of_processors(s3, fs, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    fs.pipe({f"{BUCKET}/runs/r{number:02}/{NAME}": content(number + 1) for number in range(8, 40)})
    s3.clear()
    s3.delay = 0.2
    logdir = tbevents.read_logdir(ROOT)
    assert logdir.threads == 1
    assert points(logdir) == list(range(1, 41))
    assert 24 <= s3.most <= remote.PARALLEL


def test_with_one_thread_asked_for_nothing_is_requested_ahead(s3, fs):
    logdir = tbevents.read_logdir(ROOT, threads=1)
    next(iter(logdir.values()))
    assert len(s3.gets) == 1


def test_no_more_is_requested_ahead_than_memory_is_for(s3, fs, monkeypatch):
    monkeypatch.setattr("tbevents.reading.reading_queue._AHEAD_MOST", 3 * len(content(3)))
    logdir = tbevents.read_logdir(ROOT)
    next(iter(logdir.values()))
    for future in [future for run in logdir._listed._queue._requested.values() for future in run.values()]:
        future.content.result(10)
    assert 1 <= len(s3.gets) <= 6


def test_a_reload_with_nothing_new_only_lists(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    series = [run.scalars["loss"] for run in logdir.values()]
    s3.clear()
    logdir.reload()
    assert [(method, path) for method, path, _ in s3.requests] == [("GET", f"/{BUCKET}")]
    assert all(run.scalars["loss"] is before for run, before in zip(logdir.values(), series, strict=True))
    s3.clear()
    logdir["r03"].reload()
    assert len(s3.listings) == len(s3.requests) == 1


def test_a_reload_reads_what_is_new(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    points(logdir)
    fs.pipe(f"{BUCKET}/runs/r00/{NAME}", content(100))
    fs.pipe(f"{BUCKET}/runs/r01/{LATER}", content(30, first=20))
    fs.pipe(f"{BUCKET}/runs/r99/{NAME}", content(9))
    s3.clear()
    logdir.reload()
    assert sorted(s3.gets) == [f"/{BUCKET}/runs/r00/{NAME}", f"/{BUCKET}/runs/r01/{LATER}"]
    assert len(s3.listings) == 1
    assert points(logdir) == [100, 12, *range(3, 9), 9]


def test_a_reload_requests_what_is_new_at_once(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    points(logdir)
    fs.pipe({f"{BUCKET}/runs/r{number:02}/{NAME}": content(200) for number in range(8)})
    s3.clear()
    s3.delay = 0.3
    assert points(logdir.reload()) == [200] * 8
    assert s3.most == 8
    assert len(s3.requests) == 9


def test_a_listing_of_several_pages_is_a_request_a_page(s3, fs, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    fs.pipe({f"{BUCKET}/many/r{number}/checkpoint": b"" for number in range(14)})
    fs.pipe(f"{BUCKET}/many/r7/{NAME}", content(3))
    s3.clear()
    logdir = tbevents.read_logdir(f"s3://{BUCKET}/many")
    assert list(logdir) == ["r7"]
    assert len(s3.requests) == 2
    assert fs.dircache == {}


def test_a_large_file_is_read_in_ranges_at_once(s3, fs, monkeypatch):
    data = content(20_000)
    fs.pipe(f"{BUCKET}/large/{NAME}", data)
    monkeypatch.setattr(remote_file, "SMALL", 50_000)
    monkeypatch.setattr(remote_file, "_RANGE", 50_000)
    monkeypatch.setattr("tbevents.reading.decoder_feed.BLOCK", 40_000)
    s3.clear()
    s3.delay = 0.02
    run = tbevents.read_run(f"s3://{BUCKET}/large")
    assert len(run.scalars["loss"]) == 20_000
    assert 4 <= s3.most <= remote_file._RANGES_AHEAD + 1
    # a listing, two blocks, the ranges, and the look at whether it is the same version
    assert len(s3.requests) <= 4 + 1 + len(data) // 50_000 + 1


def test_references_are_read_elsewhere_without_listing(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    ref = logdir.refs()[5]
    assert ref.url == f"{ROOT}/r05"
    ((url, size, modified),) = ref.files
    assert (url, size) == (f"{ROOT}/r05/{NAME}", len(content(6)))
    assert modified == fs.info(url)["ETag"]
    run = logdir["r05"]
    s3.clear()
    assert len(tbevents.read_run(pickle.loads(pickle.dumps(ref))).scalars["loss"]) == 6
    assert len(pickle.loads(pickle.dumps(run)).scalars["loss"]) == 6
    assert points(pickle.loads(pickle.dumps(logdir)))[5] == 6
    assert s3.listings == []


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [tbevents.read_run, tbevents.read_logdir, tbevents.iter_events])
def test_a_bucket_that_does_not_exist_is_a_missing_run(s3, read):
    for url in ("s3://no-such-bucket/runs", "s3://no-such-bucket", f"s3://{BUCKET}/none", f"s3://{BUCKET}/x.tfevents"):
        with pytest.raises(RunNotFoundError, match=f"^{url}: no such"):
            read(url)


def test_without_credentials_the_error_says_so(s3, fs, monkeypatch, tmp_path):
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for read in (tbevents.read_run, tbevents.read_logdir):
        with pytest.raises(OSError, match="credentials"):
            read(ROOT)
    s3fs.S3FileSystem.clear_instance_cache()  # those without credentials


def test_a_run_that_vanishes_after_the_listing_is_a_problem_of_that_run(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    fs.rm(f"{BUCKET}/runs/r03/{NAME}")
    with pytest.warns(DamageWarning, match=f"r03/{NAME}: cannot be read"):
        runs = list(logdir.values())
    assert [problem.kind for problem in logdir["r03"].problems] == ["unreadable"]
    assert [len(run.scalars.get("loss", ())) for run in runs] == [1, 2, 3, 0, *range(5, 9)]
    with pytest.raises(RunNotFoundError, match="r03"):
        tbevents.read_run(logdir.refs()[3])
    assert "r03" not in logdir.reload()


@pytest.mark.parametrize(("first", "count"), [(0, 2), (100, 103), (100, 105), (100, 300)])
@pytest.mark.parametrize("ahead", [True, False])
def test_an_object_replaced_after_the_listing_is_read_as_it_is_then(s3, fs, first, count, ahead):
    logdir = tbevents.read_logdir(ROOT)
    fs.pipe(f"{BUCKET}/runs/r04/{NAME}", content(count, first))
    runs = dict(logdir) if ahead else {"r04": logdir["r04"]}
    for _ in range(2):
        assert runs["r04"].scalars["loss"].steps.tolist() == list(range(first, count))
        assert runs["r04"].problems == ()
        logdir.reload()


def test_an_object_that_has_grown_after_the_listing_is_read_to_its_end_by_reload(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    fs.pipe(f"{BUCKET}/runs/r04/{NAME}", content(300))
    assert len(logdir["r04"].scalars["loss"]) == 5
    assert len(logdir.reload()["r04"].scalars["loss"]) == 300


def test_an_object_replaced_while_its_ranges_are_read_is_read_anew(s3, fs, monkeypatch):
    monkeypatch.setattr(remote_file, "SMALL", 1000)
    monkeypatch.setattr(remote_file, "_RANGE", 5000)
    monkeypatch.setattr("tbevents.reading.decoder_feed.BLOCK", 4000)
    path = f"{BUCKET}/large/{NAME}"
    fs.pipe(path, content(2000))
    seen = []

    def replace_after_the_first_range(method, key):
        if method == "GET" and key.endswith(NAME):
            seen.append(key)
            if len(seen) == 2:
                fs.pipe(path, content(3000, first=1000))

    s3.before = replace_after_the_first_range
    run = tbevents.read_run(f"s3://{BUCKET}/large")
    assert run.scalars["loss"].steps.tolist() == list(range(1000, 3000))
    assert run.problems == ()


def test_a_request_that_fails_is_a_problem_of_its_run_and_is_tried_again_by_reload(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    s3.before = lambda method, path: 403 if "/r02/" in path else None
    with pytest.warns(DamageWarning, match=r"r02/.*: cannot be read"):
        runs = list(logdir.values())
    assert [len(run.scalars.get("loss", ())) for run in runs] == [1, 2, 0, *range(4, 9)]
    s3.before = lambda method, path: None
    assert points(logdir.reload()) == list(range(1, 9))
    assert logdir["r02"].problems == ()


def test_a_listing_that_fails_raises_and_leaves_the_logdir_as_it_was(s3, fs):
    logdir = tbevents.read_logdir(ROOT)
    s3.before = lambda method, path: 403
    with pytest.raises(OSError):  # noqa: PT011  # its text is the server's
        logdir.reload()
    s3.before = lambda method, path: None
    assert points(logdir) == list(range(1, 9))

"""The code of docs/scale.md runs, on a few local runs in place of a bucket."""

import re
from pathlib import Path

import pytest
from event_files import scalar_event, version_event, write_events

import tbevents

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scale.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("place", range(len(BLOCKS)))
def test_the_code_of_the_page_runs(place, tmp_path, monkeypatch):
    code = BLOCKS[place].replace("s3://bucket/", "")
    for package in ("pyarrow", "pandas"):
        pytest.importorskip(package)
    if "dask" in code:
        pytest.importorskip("dask.dataframe")
    monkeypatch.chdir(tmp_path)
    for name in ("demo", "other"):
        events = [version_event(), *(scalar_event("loss", step, 1 / (1 + step)) for step in range(5))]
        write_events(tmp_path / "runs" / name / "events.out.tfevents.1.h", events)
    if "lake" in code:
        pytest.importorskip("deltalake")
        pytest.importorskip("polars")
        tbevents.sync("runs", "lake/scalars")
    names = {"tbevents": tbevents}
    exec(compile(code, str(PAGE), "exec"), names)
    assert names.get("rows", 10) == 10

"""Arrow arrays made without pandas: the same as pyarrow's own."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tbevents.reading.arrow_arrays import codes_of, numbers, strings, words

pa = pytest.importorskip("pyarrow", reason="makes Arrow arrays")


@given(st.data(), st.sampled_from([np.int32, np.int64, np.float32, np.float64, np.bool_]))
def test_numbers_are_those_of_pyarrow(data, dtype):
    values = data.draw(hnp.arrays(dtype, st.integers(0, 20)))
    present = data.draw(hnp.arrays(np.bool_, len(values)))
    array = numbers(values)
    array.validate(full=True)
    assert array.type == pa.array(values).type
    assert np.array_equal(array.to_numpy(zero_copy_only=False), values, equal_nan=dtype in (np.float32, np.float64))
    some = numbers(values, present)
    some.validate(full=True)
    assert some.is_valid().to_pylist() == present.tolist()
    assert str(some.to_pylist()) == str(pa.array(values, mask=~present).to_pylist())  # NaN is equal as text


def test_every_second_number_of_an_array_is_taken():
    assert numbers(np.arange(6)[::2]).to_pylist() == [0, 2, 4]


@given(st.lists(st.text()))
def test_strings_are_those_of_pyarrow(texts):
    array = strings(texts)
    array.validate(full=True)
    assert array.equals(pa.array(texts, pa.string()))


@given(st.lists(st.sampled_from([-1, 0, 1, 2])), st.integers(0, 3))
def test_words_have_codes_and_nulls(codes, start):
    array = words(np.array(codes, np.int64), ["a", "ä", ""])
    array.validate(full=True)
    assert array.type == pa.dictionary(pa.int32(), pa.string())
    assert array.to_pylist() == [[None, "a", "ä", ""][code + 1] for code in codes]
    there = [place for place, code in enumerate(codes[start:]) if code >= 0]
    assert codes_of(array[start:])[there].tolist() == [code for code in codes[start:] if code >= 0]


def test_streams_and_tables_do_not_import_pandas(tmp_path):
    pytest.importorskip("pandas", reason="shows that it is not imported")
    with_scalars = tmp_path / "run" / "events.out.tfevents.1.h"
    from event_files import scalar_event, version_event, write_events

    write_events(with_scalars, [version_event(), *(scalar_event("x", step, 1.0) for step in range(3))])
    code = """
import sys, tbevents
from tbevents.tools.export import export_table
folder = sys.argv[1]
assert [batch.num_rows for batch in tbevents.iter_batches(folder)] == [3]
for out in ("long.parquet", "long.arrow"):
    export_table(folder, f"{folder}/{out}")
export_table(folder, f"{folder}/wide.parquet", wide=True)
sys.exit("pandas" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False, timeout=60).returncode == 0

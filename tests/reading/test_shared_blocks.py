"""Objects on their way between processes."""

import os

import numpy as np
import pytest

from tbevents.reading.shared_blocks import BlockWriter, take_block

SIZES = [
    [],
    [[]],
    [[0]],
    [[0, 0], [3]],
    [[3, 0], [0, 3], [5, 0, 0]],
    [[100_000, 0], [0], [7, 0, 70_000, 0, 0]],
    [[1], [65_536], [1], [65_535, 1], [200_000]],
]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("has_room", [True, False])
def test_arrays_of_any_size_are_taken_as_they_were_added(tmp_path, monkeypatch, sizes, has_room):
    if not has_room:
        monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError("no room")), raising=False)
    rng = np.random.default_rng(3)
    added = [[rng.integers(0, 256, size, np.uint8) for size in some] for some in sizes]
    writer = BlockWriter(str(tmp_path / "block"))
    for arrays in added:
        writer.add(arrays)
    taken = take_block(writer.block(), str(tmp_path / "block"))
    assert [[one.tolist() for one in arrays] for arrays in taken] == [
        [one.tolist() for one in arrays] for arrays in added
    ]
    assert not any(one.flags.writeable for arrays in taken for one in arrays if len(one))
    assert list(tmp_path.iterdir()) == []

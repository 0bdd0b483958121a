"""A projector's configuration beside the events, and the tables that it names."""

import tracemalloc

import numpy as np
import pytest
from event_files import version_event, write_events

import tbevents
from tbevents.reading.kinds.projector import read_projector


def test_a_projector_configuration_beside_the_events(tmp_path):
    write_events(tmp_path / "tfevents", [version_event()])
    run = tbevents.read_run(tmp_path)
    assert run.projector is None
    folder = tmp_path / "00001" / "default"
    folder.mkdir(parents=True)
    (folder / "tensors.tsv").write_text("1\t2.5\n-3\t4e-3\n")
    (folder / "metadata.tsv").write_text("name\tcolour\na\tred\nb\tblüe\n", encoding="utf-8")
    raw = np.arange(6, dtype="<f4")
    raw[0] = -1.5
    (folder / "raw.bytes").write_bytes(raw.tobytes() + b"")
    (tmp_path / "projector_config.pbtxt").write_text(
        """
        embeddings {
          tensor_name: "default:00001" tensor_path: "00001/default/tensors.tsv"
          metadata_path: "00001/default/metadata.tsv"
          sprite { image_path: "00001/default/sprite.png" single_image_dim: 4 single_image_dim: 5 }
        }
        embeddings { tensor_name: "raw" tensor_path: "00001/default/raw.bytes" tensor_shape: 2 tensor_shape: 3 }
        embeddings { tensor_name: "checkpoint" }
        a_field_of_the_future: 3
        """
    )
    embeddings = run.reload().projector.embeddings
    assert list(embeddings) == ["default:00001", "raw", "checkpoint"]
    table = embeddings["default:00001"]
    assert table.tensor().tolist() == [[1, 2.5], [-3, pytest.approx(4e-3)]]
    assert table.metadata() == [["name", "colour"], ["a", "red"], ["b", "blüe"]]
    assert table.sprite_path == str(tmp_path / "00001/default/sprite.png")
    assert table.thumbnail_size == (4, 5)
    assert embeddings["raw"].tensor().tolist() == raw.reshape(2, 3).tolist()
    assert embeddings["raw"].metadata() == []
    with pytest.raises(tbevents.PayloadError, match="embedding 'checkpoint' is in a checkpoint"):
        embeddings["checkpoint"].tensor()
    for wrong in ("1\tx\n", "1\t2\n3\n", "1\t\t2\n" * 3, "1\t2\t\n", "1\n\udcff"):
        (folder / "tensors.tsv").write_bytes(wrong.encode("utf-8", "surrogateescape"))
        with pytest.raises(tbevents.PayloadError, match="no table of numbers"):
            table.tensor()
    (folder / "tensors.tsv").write_bytes(b"1\t1e39\r\n\n 2\t-inf ")
    assert table.tensor().tolist() == [[1, np.inf], [2, -np.inf]]
    (tmp_path / "projector_config.pbtxt").write_text("embeddings {")
    with pytest.raises(tbevents.PayloadError, match="no projector configuration"):
        _ = run.reload().projector


def test_a_table_of_short_lines_takes_little_more_memory_than_its_numbers(tmp_path):
    (tmp_path / "t.tsv").write_text("1\n" * 100_000)
    (tmp_path / "projector_config.pbtxt").write_text('embeddings { tensor_name: "a" tensor_path: "t.tsv" }')
    embedding = read_projector(str(tmp_path)).embeddings["a"]
    tracemalloc.start()
    try:
        assert embedding.tensor().shape == (100_000, 1)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000  # an array for each line takes more than 15 MB
    finally:
        tracemalloc.stop()

"""Makes the seeds of the fuzzer: one small event file for each sort of content and of damage.

python tests/fuzz/make_corpus.py
"""

import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from event_files import record, scalar_event, scalar_tensor, tensor_value, version_event  # noqa: E402

from tbevents.proto import Event, HistogramProto, SessionLog, Summary, TensorProto  # noqa: E402


def seeds():
    """Name -> bytes."""
    version = record(version_event().SerializeToString())
    scalars = [record(scalar_event("a", step, step / 2).SerializeToString()) for step in (0, 1, 127, 128, 129, 130, -1)]
    whole = version + b"".join(scalars)
    files = {"scalars": whole, "cut": whole[:-7], "zeros": whole + bytes(40), "hole": whole[:60] + whole[90:]}
    for name, place in (
        ("bad_length", len(version)),
        ("bad_header", len(version) + 9),
        ("bad_data", len(version) + 20),
    ):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        files[name] = bytes(damaged)
    content = TensorProto(dtype=1, tensor_content=struct.pack("<f", 1.5))
    values = {
        "tf2": tensor_value("a", content, "scalars", data_class=1),
        "double": tensor_value("a", TensorProto(dtype=2, double_val=[1.5]), "scalars"),
        "shape": tensor_value("a", scalar_tensor(1.5, (1,)), "scalars"),
        "bad_tensor": tensor_value("a", TensorProto(dtype=1, tensor_content=b"123"), "scalars"),
        "text": tensor_value("a", TensorProto(dtype=7, string_val=[b"hello"]), "text"),
        "histogram": Summary.Value(tag="a", histo=HistogramProto(num=1, bucket_limit=[1, 2], bucket=[0, 1])),
        "image": Summary.Value(tag="a", image=Summary.Image(height=1, width=1, encoded_image_string=b"\x89PNG")),
    }
    for name, value in values.items():
        event = record(Event(wall_time=1e9, step=300, summary=Summary(value=[value])).SerializeToString())
        files[name] = version + event * 3
    restart = record(Event(step=1, session_log=SessionLog(status=1)).SerializeToString())
    files["restart"] = whole + restart + whole
    files["undecodable"] = whole + record(b"\xff\xff") + whole
    return files


def main():
    (HERE / "corpus").mkdir(exist_ok=True)
    for name, data in seeds().items():
        (HERE / "corpus" / name).write_bytes(data)


if __name__ == "__main__":
    main()

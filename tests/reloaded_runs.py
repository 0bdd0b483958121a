"""What tests of reading again write, and how they compare runs."""

import errno
import io
import warnings

from event_files import record, scalar_event, tensor_value, version_event

import tbevents
from tbevents.proto import Event, Summary, TensorProto
from tbevents.reading import event_file

NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000100.host.1.0"
DENIED = PermissionError(errno.EACCES, "Permission denied")
HEADER = record(version_event().SerializeToString())


def scalar(step, tag="loss"):
    return record(scalar_event(tag, step, step / 2).SerializeToString())


def text(step):
    value = tensor_value("note", TensorProto(dtype=7, string_val=[b"%d" % step]), "text")
    return record(Event(step=step, summary=Summary(value=[value])).SerializeToString())


def damaged(data, at=-6):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def append(folder, data, name=NAME):
    with open(folder / name, "ab") as file:
        file.write(data)


def state(run):
    """All that a run shows."""
    scalars = {
        tag: [column.tobytes() for column in (s.steps, s.wall_times, s.values)] for tag, s in run.scalars.items()
    }
    texts = {tag: [(point.step, point.text) for point in series] for tag, series in run.texts.items()}
    return scalars, texts, run.counts(), run.tags, run.problems, run.files, run.first_wall_time


def fresh(folder, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tbevents.DamageWarning)
        return tbevents.read_run(folder, **options)


class _Failing(io.RawIOBase):
    """A file, a call of which fails."""

    def __init__(self, path, method, error, calls=0):
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # closed below
        self._method, self._error, self._left = method, error, calls

    def close(self):
        self._file.close()
        super().close()

    def _call(self, method, *args):
        if method == self._method:
            self._left -= 1
            if self._left < 0:
                raise self._error
        return getattr(self._file, method)(*args)

    def readable(self):
        return True

    def seek(self, *args):
        return self._call("seek", *args)

    def readinto(self, *args):
        return self._call("readinto", *args)


def fail(monkeypatch, error, method="readinto", only="", calls=0):
    """Has a method of the files whose path has `only` in it raise an error, after so many calls."""
    real = event_file.open_file

    def open_file(path):
        if only not in path:
            return real(path)
        if method == "open":
            raise error
        return _Failing(path, method, error, calls)

    monkeypatch.setattr(event_file, "open_file", open_file)

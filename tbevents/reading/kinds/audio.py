"""Sounds: encoded data, usually WAV files, decoded to PCM on request."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError
from tbevents.format.file_type import is_wav
from tbevents.format.tensors import to_array
from tbevents.proto import Summary
from tbevents.reading.kinds.kind import Kind, register
from tbevents.reading.kinds.recognition import is_strings
from tbevents.reading.series import LazySeries, sample_of
from tbevents.views.notebook import sound_html

_FORMAT: Final = struct.Struct("<HHIIHH")
"""Format, channels, frames a second, bytes a second, bytes a frame, bits a sample."""

_PCM: Final = 1
_EXTENSIBLE: Final = 0xFFFE

_UNKNOWN: Final = 0xFFFFFF00
"""Programs that write to a pipe do not know the size in advance, and store this or more."""

_DTYPES: Final = {1: "u1", 2: "<i2", 3: "<i4", 4: "<i4"}
"""Bytes of a sample -> dtype; three are widened to four."""


@dataclass(frozen=True, slots=True)
class Audio:
    """The sounds logged under one tag at one step: one, or several in the TF2 form.

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        sample_rate: frames per second of the first sound, in Hz. In the TF2 form, this and the next two are read from
            the WAV header, and are 0 if it cannot be read.
        channels: samples per frame of the first sound.
        frames: length of the first sound in frames.
        content_type: MIME type, usually "audio/wav".
        samples: the encoded sounds, as stored in the file.
        labels: Markdown text shown with each sound; empty in the TF1 form.
    """

    step: int
    wall_time: float
    sample_rate: float
    channels: int
    frames: int
    content_type: str
    samples: tuple[bytes, ...] = field(repr=False)
    labels: tuple[str, ...] = ()

    @property
    def encoded(self) -> bytes:
        """The first sound's bytes: the contents of a WAV file.

        Raises:
            PayloadError: if an empty batch was logged.
        """
        return sample_of(self.samples, 0, "sound")

    @property
    def seconds(self) -> float:
        """The length of the first sound in seconds; 0 if the rate is not known."""
        return self.frames / self.sample_rate if self.sample_rate else 0.0

    def _repr_html_(self) -> str | None:
        """A player for the first sound, for notebooks; None if it is not a WAV file."""
        return sound_html(self.samples[0]) if self.samples else None

    def array(self, sample: int = 0) -> NDArray[Any]:
        """Decodes the PCM samples of a WAV file.

        Args:
            sample: index of the sound within the step.

        Returns:
            Shape (frames, channels). 8-bit samples are uint8 centred on 128, 16-bit samples int16, 24-bit and 32-bit
            samples int32; 24-bit samples keep their range, -2**23 to 2**23 - 1.

        Raises:
            PayloadError: if the sound is not a WAV file with integer samples of 8, 16, 24 or 32 bits.
        """
        data = sample_of(self.samples, sample, "sound")
        wav = _parse_wav(data)
        width, channels = wav.width, wav.channels
        if wav.format != _PCM or width not in _DTYPES:
            what = f"samples of format {wav.format} and {8 * width} bits"
            raise PayloadError(f"{what} are not decoded, only PCM of 8, 16, 24 and 32 bits")
        pcm = data[wav.start : wav.start + wav.frames * width * channels]
        if width == 3:
            wide = np.zeros((len(pcm) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(pcm, np.uint8).reshape(-1, 3)
            return (wide.view("<i4").ravel() >> 8).astype(np.int32).reshape(-1, channels)
        stored = np.dtype(_DTYPES[width])
        return np.frombuffer(pcm, stored).astype(stored.newbyteorder("=")).reshape(-1, channels)

    def verify(self) -> None:
        """Checks the structure of WAV files; other formats are not checked.

        Raises:
            PayloadError: if a WAV file is damaged: a chunk is longer than the file, or a required chunk is missing.
        """
        for sound in self.samples:
            if sound.startswith(b"RIFF"):
                _parse_wav(sound)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AudioSeries(LazySeries[Audio]):
    """The sounds of one tag in one run."""

    def _verify(self, point: Audio) -> None:
        point.verify()

    def _decode(self, value: Summary.Value, step: int, wall_time: float) -> Audio:
        if value.HasField("audio"):
            audio = value.audio
            return Audio(
                step,
                wall_time,
                audio.sample_rate,
                audio.num_channels,
                audio.length_frames,
                audio.content_type,
                (audio.encoded_audio_string,),
            )
        table = to_array(value.tensor)
        if table.ndim == 1:  # sounds without labels
            table = table[:, None]
        if table.ndim != 2 or table.shape[1] not in (1, 2):
            raise PayloadError(f"a sound's tensor has rows of sound and label, not shape {table.shape}")
        sounds = tuple(table[:, 0].tolist())
        labels = tuple(label.decode(errors="replace") for label in table[:, 1]) if table.shape[1] == 2 else ()
        rate, channels, frames = 0.0, 0, 0
        if sounds:
            with contextlib.suppress(PayloadError):
                wav = _parse_wav(sounds[0])
                rate, channels, frames = float(wav.rate), wav.channels, wav.frames
        content_type = "audio/wav" if rate else ""
        return Audio(step, wall_time, rate, channels, frames, content_type, sounds, labels)


class _Wav(NamedTuple):
    """The header of a WAV file.

    Attributes:
        format: of the samples: 1 is PCM, 3 floating point.
        rate: frames a second.
        channels: samples a frame, at least 1.
        width: bytes of a sample, at least 1.
        start: offset of the samples.
        frames: number of whole frames.
    """

    format: int
    rate: int
    channels: int
    width: int
    start: int
    frames: int


def _parse_wav(data: bytes) -> _Wav:
    """Reads the chunks of a WAV file up to its samples; a chunk is 4 bytes of name, 4 of size, and that many more.

    Raises:
        PayloadError: if the data are not a WAV file, or are damaged.
    """
    what = f"{len(data)} bytes are not a PCM WAV file"
    if not is_wav(data):
        raise PayloadError(f"{what}: they do not begin with RIFF and WAVE")
    at = 12
    fields: tuple[int, ...] | None = None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        start = at + 8
        if name == b"data" and size >= _UNKNOWN:
            size = len(data) - start
        if start + size > len(data):
            left = len(data) - start
            raise PayloadError(f"{what}: chunk {name!r} at byte {at} declares {size} bytes where {left} are left")
        if name == b"fmt ":
            if size < _FORMAT.size:
                raise PayloadError(f"{what}: its format takes {size} bytes, not {_FORMAT.size} or more")
            fields = _FORMAT.unpack_from(data, start)
            if fields[0] == _EXTENSIBLE and size >= 26:  # the format follows
                fields = (int.from_bytes(data[start + 24 : start + 26], "little"), *fields[1:])
        elif name == b"data":
            if fields is None:
                raise PayloadError(f"{what}: no format stands before the samples")
            form, channels, rate, _, _, bits = fields
            width = (bits + 7) // 8
            if not channels or not width:
                raise PayloadError(f"{what}: {channels} channels of {bits} bits")
            return _Wav(form, rate, channels, width, start, size // (width * channels))
        at = start + size + size % 2  # chunks start at even places
    raise PayloadError(f"{what}: there are no samples")


register(
    Kind(
        name="audio",
        noun="audio tag",
        order=30,
        field="audio",
        plugins=("audio",),
        fits=is_strings,
        data_class="BLOB_SEQUENCE",
        series=AudioSeries,
    )
)

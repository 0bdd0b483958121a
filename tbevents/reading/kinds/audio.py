"""Sounds: encoded, mostly as WAV files, decoded to PCM when asked for."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.errors import PayloadError
from tbevents.proto import Summary
from tbevents.reading.series import LazySeries
from tbevents.tensors import to_array

__all__ = ["Audio", "AudioSeries"]

_DTYPES: Final = {1: "u1", 2: "<i2", 3: "<i4", 4: "<i4"}
"""Bytes of a sample -> dtype; three are widened to four."""


@dataclass(frozen=True, slots=True)
class Audio:
    """What was logged under one tag at one step: one sound, or several (which only the TF2 form has).

    Attributes:
        step: the step it was logged at.
        wall_time: when, in seconds since 1970.
        sample_rate: frames a second, Hz. This and the next two are of the first sound, as the file says them; in the
            TF2 form, as the header of the sound does: 0 where that cannot be read.
        channels: samples a frame.
        frames: how long it is, in frames.
        content_type: MIME type; "audio/wav" mostly.
        samples: the encoded sounds, as they are in the file.
        labels: Markdown text beside each sound; empty in the TF1 form.
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
            PayloadError: an empty batch was logged.
        """
        return self._sample(0)

    @property
    def seconds(self) -> float:
        """The length of the first sound in seconds; 0 where the rate is not known."""
        return self.frames / self.sample_rate if self.sample_rate else 0.0

    def array(self, sample: int = 0) -> NDArray[Any]:
        """Decodes the PCM samples of a WAV file.

        Args:
            sample: which of the step's sounds.

        Returns:
            Shape (frames, channels). uint8 around 128 for 8 bits a sample, int16 for 16, int32 for 24 and 32 (24-bit
            samples keep their values, from -2**23 to 2**23 - 1).

        Raises:
            PayloadError: this is no WAV file of integer samples of 8, 16, 24 or 32 bits.
        """
        data = self._sample(sample)
        try:
            with wave.open(io.BytesIO(data)) as file:
                width, channels = file.getsampwidth(), file.getnchannels()
                pcm = file.readframes(file.getnframes())
        except (wave.Error, EOFError) as error:
            raise PayloadError(f"{len(data)} bytes are no PCM WAV file: {error}") from error
        if width not in _DTYPES:
            raise PayloadError(f"samples of {8 * width} bits are not decoded, only those of 8, 16, 24 and 32")
        pcm = pcm[: len(pcm) // (width * channels) * (width * channels)]
        if width == 3:
            wide = np.zeros((len(pcm) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(pcm, np.uint8).reshape(-1, 3)
            return (wide.view("<i4").ravel() >> 8).astype(np.int32).reshape(-1, channels)
        stored = np.dtype(_DTYPES[width])
        return np.frombuffer(pcm, stored).astype(stored.newbyteorder("=")).reshape(-1, channels)

    def _sample(self, sample: int) -> bytes:
        try:
            return self.samples[sample]
        except IndexError:
            raise PayloadError(f"there is no sound {sample!r}: the step has {len(self.samples)}") from None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AudioSeries(LazySeries[Audio]):
    """The sounds of one tag in one run."""

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
        rate, channels, frames = _wav_header(sounds[0]) if sounds else (0.0, 0, 0)
        content_type = "audio/wav" if rate else ""
        return Audio(step, wall_time, rate, channels, frames, content_type, sounds, labels)


def _wav_header(data: bytes) -> tuple[float, int, int]:
    """Rate, channels and frames as a WAV header has them; zeros where it cannot be read."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            return float(file.getframerate()), file.getnchannels(), file.getnframes()
    except (wave.Error, EOFError):
        return 0.0, 0, 0

"""Audio: 16-bit PCM in WAV.

TF1 form: the WAV with its rate and size. TF2 form: a tensor of strings of shape [k, 2]: WAV, label.
"""

from __future__ import annotations

import io
import wave
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tbevents.callers import warn_caller
from tbevents.errors import TBEventsWarning
from tbevents.format.tensors import from_array
from tbevents.format.values import as_float, checked_text
from tbevents.proto import AudioPluginData, Summary
from tbevents.summary.builders import Format, checked_format, from_value, plugin_metadata, real_array

_LOUDEST: Final = 32767


def audio(
    tag: str,
    tensor: Any,
    sample_rate: int = 44100,
    *,
    format: Format = "tf1",  # noqa: A002  # the writer's name of it
) -> Summary:
    """Returns a summary of audio; `tensor` and `sample_rate` are those of `SummaryWriter.add_audio`.

    Axes of length 1 are ignored. Floats are multiplied by 32767 and truncated. ``format="tf2"`` writes a tensor of
    strings, as tf.summary.audio does.

    Raises:
        TypeError, ValueError: if an argument has the wrong type or value.
    """
    tag = checked_text(tag)
    samples = real_array(tag, "snd_tensor", tensor)
    if not samples.size:
        raise ValueError(f"{tag!r}: snd_tensor must not be empty")
    shape = samples.shape
    samples = np.atleast_1d(samples.squeeze())
    if samples.ndim == 1:
        samples = samples[:, np.newaxis]
    frames, channels = samples.shape if samples.ndim == 2 else (0, 0)
    if channels not in (1, 2):
        raise ValueError(
            f"{tag!r}: snd_tensor must be of shape (samples,) or (samples, channels) with 1 or 2 channels, not {shape}"
        )
    rate = as_float(sample_rate, name=f"{tag!r}: sample_rate")
    if not (rate.is_integer() and 0 < rate * channels * 2 < 2**32):  # WAV stores the bytes per second in 32 bits
        raise ValueError(f"{tag!r}: sample_rate must be a positive integer that WAV can store, not {sample_rate!r}")
    encoded = io.BytesIO()
    with wave.open(encoded, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(int(rate))
        file.writeframes(_pcm(tag, samples).tobytes())
    if checked_format(format) == "tf2":
        content = AudioPluginData(encoding=AudioPluginData.WAV).SerializeToString()
        tensor = from_array(np.array([[encoded.getvalue(), b""]], object))
        return from_value(tag, tensor=tensor, metadata=plugin_metadata("audio", content))
    return from_value(
        tag,
        audio=Summary.Audio(
            sample_rate=rate,
            num_channels=channels,
            length_frames=frames,
            encoded_audio_string=encoded.getvalue(),
            content_type="audio/wav",
        ),
    )


def _pcm(tag: str, samples: NDArray[Any]) -> NDArray[np.int16]:
    if samples.dtype.kind == "i" and samples.dtype.itemsize == 2:
        return samples.astype("<i2")
    if samples.dtype.kind != "f":
        samples = samples.astype(np.float64)
    elif samples.dtype.itemsize == 2:  # float16, which would round 32767 to 32768
        samples = samples.astype(np.float32)
    if not (np.abs(samples) <= 1).all():
        warn_caller(f"audio {tag!r}: values outside -1 to 1 were clipped, and NaN set to 0", TBEventsWarning)
        samples = np.nan_to_num(samples.clip(-1, 1), nan=0.0)
    scaled: NDArray[Any] = samples * np.array(_LOUDEST, samples.dtype)
    return scaled.astype("<i2")

import io
import warnings
import wave

import numpy as np
import pytest
from recorded_warnings import warnings_of

from tbevents import summary
from tbevents.errors import TBEventsWarning


def decoded(samples, rate=8000):
    message = summary.audio("s", samples, rate).value[0].audio
    with wave.open(io.BytesIO(message.encoded_audio_string)) as file:
        assert message.content_type == "audio/wav"
        assert file.getframerate() == message.sample_rate == rate
        assert file.getnchannels() == message.num_channels
        assert file.getnframes() == message.length_frames
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())


def test_samples_are_scaled_and_truncated():
    assert decoded([0.0, 1.0, -1.0, 0.5, -0.5]).ravel().tolist() == [0, 32767, -32767, 16383, -16383]


@pytest.mark.parametrize("shape", [(6,), (1, 6), (6, 1), (1, 6, 1)])
def test_mono_comes_in_any_shape_with_one_axis(shape):
    assert decoded(np.linspace(0, 1, 6).reshape(shape)).shape == (6, 1)


def test_stereo_is_samples_by_channels():
    stereo = np.array([[0.5, -0.5], [1, 0], [0, 1]])
    assert decoded(stereo).tolist() == [[16383, -16383], [32767, 0], [0, 32767]]


def test_one_sample_is_a_sound():
    assert decoded([0.5]).tolist() == [[16383]]
    assert decoded(0.5).tolist() == [[16383]]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i8", "?"])
def test_dtypes_from_minus_one_to_one(dtype):
    assert decoded(np.array([0, 1], dtype)).ravel().tolist() == [0, 32767]


def test_pcm_is_taken_as_it_is():
    pcm = np.array([-32768, 1, 32767], np.int16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (decoded(pcm).ravel() == pcm).all()
        assert (decoded(pcm.astype(">i2")).ravel() == pcm).all()


@pytest.mark.parametrize("samples", [[2.0, -3.0, np.inf, np.nan], np.float32([2, -3, np.inf, np.nan])])
def test_what_is_too_loud_is_clipped_with_a_warning_that_names_the_tag(samples):
    with warnings_of(TBEventsWarning, match="audio 's'") as warned:
        assert decoded(samples).ravel().tolist() == [32767, -32767, 32767, 0]
    assert len(warned) == 1


@pytest.mark.parametrize("samples", [np.array([200], np.uint8), [-5]])
def test_integers_beyond_one_are_clipped(samples):
    with pytest.warns(TBEventsWarning):
        assert abs(decoded(samples)).tolist() == [[32767]]


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        ([], 8000, "'s': snd_tensor must not be empty"),
        (np.zeros((0, 2)), 8000, "'s': snd_tensor must not be empty"),
        (np.zeros((2, 100)), 8000, r"'s': snd_tensor must be .* not \(2, 100\)"),
        (np.zeros((4, 3)), 8000, "'s': snd_tensor"),
        (np.zeros((2, 2, 2)), 8000, "'s': snd_tensor"),
        ([0.0], 0, "'s': sample_rate"),
        ([0.0], -1, "'s': sample_rate"),
        ([0.0], 0.5, "'s': sample_rate"),
        ([0.0], 2**40, "'s': sample_rate"),
        ([0.0], 2**31, "'s': sample_rate"),
        ([[0.0, 0.0]] * 2, 2**30, "'s': sample_rate"),
    ],
)
def test_what_is_no_sound_is_refused(samples, rate, message):
    with pytest.raises(ValueError, match=message):
        summary.audio("s", samples, rate)


@pytest.mark.parametrize("samples", [None, ["a"], [1j]])
def test_what_is_no_array_of_numbers_is_refused(samples):
    with pytest.raises(TypeError, match="'s': snd_tensor"):
        summary.audio("s", samples)

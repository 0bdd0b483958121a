"""Wall times as dates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def as_datetimes(wall_times: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Returns seconds since 1970 as datetime64[us]; NaT if a time is not finite, or some 95,000 years away or more."""
    known = np.abs(wall_times) < 3e12  # False for NaN
    found = np.full(len(wall_times), np.datetime64("NaT"), "datetime64[us]")
    found[known] = np.rint(wall_times[known] * 1e6).astype(np.int64).astype("datetime64[us]")
    return found


def iso_texts(dates: NDArray[np.datetime64]) -> list[str | None]:
    """Returns dates, which are UTC, as ``2026-05-04T22:14:00.250000Z``; None for NaT."""
    texts = np.datetime_as_string(dates, timezone="UTC").tolist()
    return [None if missing else text for text, missing in zip(texts, np.isnat(dates).tolist(), strict=True)]

"""Reading a report back: its data as plain values, its columns as arrays."""

import base64
import json
import re

import numpy as np


def content(path):
    """The data of a page."""
    (text,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', path.read_text("utf-8"), re.S)
    return json.loads(text)


def array(entries, number):
    """A column of the data, as the page's script decodes it."""
    entry = entries[number]
    if "range" in entry:
        first, stride, count = entry["range"]
        return first + stride * np.arange(count, dtype=np.int64)
    return np.frombuffer(base64.b64decode(entry["base64"]), f"<{entry['type']}")


def curve(data, tag, run):
    """Steps, values and wall times of a curve."""
    (card,) = (card for card in data["scalars"] if card["tag"] == tag)
    number = [each["name"] for each in data["runs"]].index(run)
    (line,) = (line for line in card["lines"] if line["run"] == number)
    steps, values, offsets = (array(data["arrays"], line[key]) for key in ("steps", "values", "offsets"))
    return steps, values, line["start"] + offsets.astype(np.float64)

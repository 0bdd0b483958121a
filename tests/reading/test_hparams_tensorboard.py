"""The metrics of sessions beside those of TensorBoard's HPARAMS page."""

import pytest
from event_files import scalar_event, version_event, write_events

import tbevents
from tbevents.proto import Event, HParamsPluginData, SessionStartInfo, Summary

pytest.importorskip("tensorboard", reason="asks TensorBoard's server")

from tensorboard_server import serving  # needs tensorboard


def start_event(rate):
    info = SessionStartInfo(start_time_secs=1.0)
    info.hparams["lr"].number_value = rate
    value = Summary.Value(tag="_hparams_/session_start_info")
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = HParamsPluginData(session_start_info=info).SerializeToString()
    return Event(summary=Summary(value=[value]))


def test_sessions_without_an_experiment_have_the_metrics_of_the_page(tmp_path):
    sessions = {"run-0": 0.1, "run-1": 0.2, "deep/run-2": 0.3, "run-0/again": 0.4}
    for name, rate in sessions.items():
        write_events(tmp_path / name / "events.out.tfevents.1.h", [version_event(), start_event(rate)])
    scalars = {
        "run-0/train": {"epoch_loss": 1.0, "epoch_accuracy": 0.5},
        "run-0/validation": {"epoch_loss": 2.0},
        "run-1/train": {"epoch_loss": 3.0},
        "run-1/logs/validation": {"epoch_loss": 4.0},
        "run-0/again/train": {"epoch_loss": 5.0},
        "deep/run-2/own": {"loss": 6.0},
        "no session": {"loss": 7.0},
    }
    for name, values in scalars.items():
        events = [scalar_event(tag, step, value * step) for tag, value in values.items() for step in (0, 1)]
        write_events(tmp_path / name / "events.out.tfevents.2.h", [version_event(), *events])
    asked = {"allowedStatuses": ["STATUS_UNKNOWN"], "colParams": [], "startIndex": 0, "sliceSize": 100}

    def ask():
        groups = server.post("plugin/hparams/session_groups", asked).get("sessionGroups", [])
        return groups if sum(len(group["sessions"][0].get("metricValues", [])) for group in groups) == 7 else []

    with serving(tmp_path, fast=False) as server:
        groups = server.until(ask)
    shown = {}
    for group in groups:
        (session,) = group["sessions"]
        names = [each["name"] for each in session["metricValues"]]
        values = [each["value"] for each in session["metricValues"]]
        labels = ["/".join(filter(None, (name.get("group", ""), name["tag"]))) for name in names]
        shown[session["name"]] = dict(zip(labels, values, strict=True))
    table = tbevents.read_logdir(tmp_path).hparams()
    assert {run: dict(session.metrics) for run, session in table.sessions.items()} == shown

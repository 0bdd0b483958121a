"""Events of the session itself: starts, stops, checkpoints, and lines of a log."""

from __future__ import annotations

from typing import NamedTuple

from tbevents.format.event import enum_name
from tbevents.proto import Event, LogMessage, SessionLog


class SessionEvent(NamedTuple):
    """A session of training started, stopped or saved a checkpoint.

    Attributes:
        step: the step of the event. A START supersedes earlier points from this step on.
        wall_time: when, in seconds since 1970.
        status: "START", "STOP", "CHECKPOINT" or "STATUS_UNSPECIFIED"; an unknown number as text.
        checkpoint_path: the path of the checkpoint; empty for other events.
        message: a text for humans.
    """

    step: int
    wall_time: float
    status: str
    checkpoint_path: str
    message: str


class LogLine(NamedTuple):
    """A line of a log.

    Attributes:
        step: the step of the event.
        wall_time: when, in seconds since 1970.
        level: "UNKNOWN", "DEBUGGING", "INFO", "WARN", "ERROR" or "FATAL"; an unknown number as text.
        message: the text.
    """

    step: int
    wall_time: float
    level: str
    message: str


def session_event(event: Event) -> SessionEvent:
    """Returns the content of a session_log event."""
    log = event.session_log
    status = enum_name(SessionLog.SessionStatus, log.status)
    return SessionEvent(event.step, event.wall_time, status, log.checkpoint_path, log.msg)


def log_line(event: Event) -> LogLine:
    """Returns the content of a log_message event."""
    line = event.log_message
    return LogLine(event.step, event.wall_time, enum_name(LogMessage.Level, line.level), line.message)

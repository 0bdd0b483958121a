"""The points that schedulers log, and the emitter for PyTorch's own schedulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from tbevents.format.values import checked_text


class ScalarWriter(Protocol):
    """The method that a scheduler's writer must have; the SummaryWriter of tbevents, torch and tensorboardX has it."""

    def add_scalar(self, tag: str, scalar_value: Any, global_step: Any = None, /) -> Any:
        """Logs one value at one step."""


class PendingPoint(NamedTuple):
    """A point that is not written yet."""

    writer: ScalarWriter
    tag: str
    value: float
    step: int


def write_points(points: list[PendingPoint]) -> None:
    """Writes points, removing each from the list first, so that no point is passed to a writer twice.

    If `add_scalar` raises, the remaining points are still written, and the first exception is raised at the end. An
    interrupt is raised at once, and leaves the remaining points on the list.
    """
    failed: Exception | None = None
    while points:
        writer, tag, value, step = points.pop(0)
        try:
            writer.add_scalar(tag, value, step)
        except Exception as error:
            failed = failed or error
    if failed is not None:
        try:
            raise failed
        finally:
            del failed  # its traceback refers to this frame, so keeping it would form a cycle


def emit_lr(scheduler: Any, writer: ScalarWriter, tag: str = "lr") -> None:
    """Logs the current rates of a scheduler's optimizer, at the scheduler's step.

    This works for PyTorch's schedulers and any other: it reads `optimizer.param_groups` and `last_epoch`, and patches
    nothing. Call it once before the loop, for the initial rate at step 0, and after each step()::

        emit_lr(scheduler, writer)
        for ...:
            optimizer.step()
            scheduler.step()
            emit_lr(scheduler, writer)

    When a run is resumed, leave out the call before the loop (or use an `LREmitter`, which does so itself).

    Args:
        scheduler: an object with `optimizer` and `last_epoch`, or a chain of such objects.
        writer: the writer that logs the rates.
        tag: the tag. With several groups, the tags are ``tag/0``, ``tag/1``, or end in each group's "name". A cycled
            momentum is logged as ``tag/momentum``.

    Raises:
        TypeError: if `scheduler` lacks these attributes, `writer` has no ``add_scalar``, or `tag` is not a str.
    """
    step = _checked_step(scheduler, writer, tag)
    write_points(points_of(scheduler, writer, tag, step))


class LREmitter:
    """Logs the rates of another library's scheduler: the initial rates, and those after each step, each once.

    ::

        emitter = LREmitter(scheduler, writer)   # after scheduler.load_state_dict(), when resuming
        for ...:
            optimizer.step()
            scheduler.step()
            emitter.emit()

    If the scheduler is at step 0 when the emitter is made, the first `emit()` also logs the initial rates at step 0.
    If it is at a later step, the run is resumed, and has already logged them.

    Args:
        scheduler: as for `emit_lr`.
        writer: the writer that logs the rates.
        tag: as for `emit_lr`.

    Raises:
        TypeError: as for `emit_lr`.
    """

    def __init__(self, scheduler: Any, writer: ScalarWriter, tag: str = "lr") -> None:
        step = _checked_step(scheduler, writer, tag)
        self.scheduler = scheduler
        self.writer = writer
        self.tag = tag
        self._due = points_of(scheduler, writer, tag, step) if step <= 0 else []
        self._emitted = step

    def __repr__(self) -> str:
        return f"LREmitter({type(self.scheduler).__name__}, tag={self.tag!r}, step {self._emitted})"

    def emit(self) -> None:
        """Logs the current rates at the scheduler's step, unless they are already logged; first the initial rates.

        An exception of the writer is raised after all points were passed to it; no point is repeated.
        """
        step = scheduler_step(self.scheduler)
        if step != self._emitted:
            self._due += points_of(self.scheduler, self.writer, self.tag, step)
            self._emitted = step
        write_points(self._due)


def _checked_step(scheduler: Any, writer: Any, tag: Any) -> int:
    """Returns the step of a scheduler, after a check of all three arguments."""
    step = scheduler_step(scheduler)
    _writer(writer)
    checked_text(tag)
    return step


def check_writer(writer: Any) -> ScalarWriter | None:
    """Returns the writer; raises TypeError unless it is None or an object (not a class) with add_scalar."""
    return None if writer is None else _writer(writer)


def _writer(writer: Any) -> ScalarWriter:
    if isinstance(writer, type) or not callable(getattr(writer, "add_scalar", None)):
        raise TypeError(f"writer must have add_scalar(tag, value, step), not {type(writer).__name__}: {writer!r}")
    found: ScalarWriter = writer
    return found


def points_of(scheduler: Any, writer: ScalarWriter, tag: str, step: int) -> list[PendingPoint]:
    """Returns a point for each current rate and cycled momentum of the groups."""
    groups = scheduler.optimizer.param_groups
    names = group_tags(tag, groups)
    points = [PendingPoint(writer, name, float(group["lr"]), step) for name, group in zip(names, groups, strict=True)]
    key = momentum_key(scheduler)
    if key is not None:
        for name, group in zip(group_tags(f"{tag}/momentum", groups), groups, strict=True):
            momentum = float(group["betas"][0] if key == "betas" else group["momentum"])
            points.append(PendingPoint(writer, name, momentum, step))
    return points


def group_tags(tag: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns a tag for each group: `tag` itself for a single group, otherwise with the group's name or number."""
    if len(groups) == 1:
        return [tag]
    return [f"{tag}/{name}" for name in group_names(groups)]


def group_names(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the name of each group; its number if it has no name, or shares it with another."""
    names = [group.get("name") for group in groups]
    return [
        name if isinstance(name, str) and name and names.count(name) == 1 else str(i) for i, name in enumerate(names)
    ]


def scheduler_step(scheduler: Any) -> int:
    """Returns the current step of a scheduler; for a chain without one, that of its first scheduler."""
    if not hasattr(scheduler, "optimizer"):
        raise TypeError(f"{type(scheduler).__name__} has no `optimizer`, so it is not a learning-rate scheduler")
    step = getattr(scheduler, "last_epoch", None)
    if step is not None:
        return int(step)
    parts = getattr(scheduler, "_schedulers", None)
    if not parts:
        raise TypeError(f"{type(scheduler).__name__} has no `last_epoch` to log at")
    return scheduler_step(parts[0])


def momentum_key(scheduler: Any) -> str | None:
    """Returns the group's key of the momentum that the scheduler, or a part of it, cycles; None if it cycles none."""
    if getattr(scheduler, "cycle_momentum", False):
        return "betas" if getattr(scheduler, "use_beta1", False) else "momentum"
    for part in getattr(scheduler, "_schedulers", ()):
        key = momentum_key(part)
        if key is not None:
            return key
    return None

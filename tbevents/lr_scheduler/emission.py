"""The points that schedulers write: their tags, their steps, and the emitter for PyTorch's own schedulers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class ScalarWriter(Protocol):
    """What a scheduler needs of a writer. `tbevents.SummaryWriter`, torch's and tensorboardX's have it."""

    def add_scalar(self, tag: str, scalar_value: Any, global_step: Any = None, /) -> Any:
        """Log one value at one step."""


class PendingPoint(NamedTuple):
    """A point on its way to a writer."""

    writer: ScalarWriter
    tag: str
    value: float
    step: int


def write_points(points: list[PendingPoint]) -> None:
    """Write points, taking each off the list first: none is given to a writer twice.

    What `add_scalar` raises does not keep back the points behind it, and is raised in the end; of several errors the
    first. An interrupt is raised at once, and leaves the points behind it on the list.
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
            del failed  # or it would refer to itself by its traceback


def emit_lr(scheduler: Any, writer: ScalarWriter, tag: str = "lr") -> None:
    """Log the rates that a scheduler's optimizer has now, at the scheduler's step.

    For PyTorch's own schedulers, or anybody's: it reads `optimizer.param_groups` and `last_epoch`, keeps nothing,
    and patches nothing. Call it once before the loop, for the initial rate at step 0, and after each step()::

        emit_lr(scheduler, writer)
        for ...:
            optimizer.step()
            scheduler.step()
            emit_lr(scheduler, writer)

    When a run is resumed, leave out the call before the loop (or use an `LREmitter`, which knows).

    Args:
        scheduler: has `optimizer`, and `last_epoch` or, if it is a chain, schedulers that have.
        writer: where to log.
        tag: the tag; with several groups ``tag/0``, ``tag/1``, or each group's "name". A cycled momentum goes to
            ``tag/momentum``.

    Raises:
        TypeError: `scheduler` lacks these, `writer` has no ``add_scalar``, or `tag` is no str.
    """
    step = scheduler_step(scheduler)
    if check_writer(writer) is None:
        raise _no_writer(writer)
    check_tag(tag)
    write_points(points_of(scheduler, writer, tag, step))


class LREmitter:
    """Logs the rates of somebody else's scheduler: the initial ones, and those after each step, each once.

    ::

        emitter = LREmitter(scheduler, writer)   # after scheduler.load_state_dict(), when resuming
        for ...:
            optimizer.step()
            scheduler.step()
            emitter.emit()

    The first `emit()` also writes the initial rates at step 0, if the scheduler stood at step 0 when the emitter was
    made; if it stood further on, the run is a resumed one, which has written its points.

    Args:
        scheduler: as for `emit_lr`.
        writer: where to log.
        tag: as for `emit_lr`.

    Raises:
        TypeError: as for `emit_lr`.
    """

    def __init__(self, scheduler: Any, writer: ScalarWriter, tag: str = "lr") -> None:
        step = scheduler_step(scheduler)
        if check_writer(writer) is None:
            raise _no_writer(writer)
        check_tag(tag)
        self.scheduler = scheduler
        self.writer = writer
        self.tag = tag
        self._due = points_of(scheduler, writer, tag, step) if step <= 0 else []
        self._emitted = step

    def emit(self) -> None:
        """Write the present rates at the scheduler's step, unless they have been; before them the initial ones.

        What the writer raises is raised when all points have been given to it; none is repeated.
        """
        step = scheduler_step(self.scheduler)
        if step != self._emitted:
            self._due += points_of(self.scheduler, self.writer, self.tag, step)
            self._emitted = step
        write_points(self._due)


def check_writer(writer: Any) -> ScalarWriter | None:
    """Raise TypeError unless it is None or has add_scalar; a class has not, it makes what has."""
    if writer is not None and (isinstance(writer, type) or not callable(getattr(writer, "add_scalar", None))):
        raise _no_writer(writer)
    return writer


def _no_writer(writer: Any) -> TypeError:
    return TypeError(f"writer must have add_scalar(tag, value, step), got {type(writer).__name__}: {writer!r}")


def check_tag(tag: Any) -> str:
    """Raise TypeError unless it is a str."""
    if not isinstance(tag, str):
        raise TypeError(f"tag must be a str, got {type(tag).__name__}: {tag!r}")
    return tag


def points_of(scheduler: Any, writer: ScalarWriter, tag: str, step: int) -> list[PendingPoint]:
    """The point of each rate and each cycled momentum, as they stand in the groups."""
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
    """One tag for each group: `tag` alone for a single group, else with the group's name, or its number."""
    if len(groups) == 1:
        return [tag]
    names = [group.get("name") for group in groups]
    return [
        f"{tag}/{name}" if isinstance(name, str) and name and names.count(name) == 1 else f"{tag}/{i}"
        for i, name in enumerate(names)
    ]


def scheduler_step(scheduler: Any) -> int:
    """The step a scheduler stands at; a chain without one stands where its first scheduler does."""
    if not hasattr(scheduler, "optimizer"):
        raise TypeError(f"{type(scheduler).__name__} has no `optimizer`: it is no learning-rate scheduler")
    step = getattr(scheduler, "last_epoch", None)
    if step is not None:
        return int(step)
    parts = getattr(scheduler, "_schedulers", None)
    if not parts:
        raise TypeError(f"{type(scheduler).__name__} has no `last_epoch` to log at")
    return scheduler_step(parts[0])


def momentum_key(scheduler: Any) -> str | None:
    """The key that the scheduler, or one that it is composed of, cycles the momentum under: None if none does."""
    if getattr(scheduler, "cycle_momentum", False):
        return "betas" if getattr(scheduler, "use_beta1", False) else "momentum"
    for part in getattr(scheduler, "_schedulers", ()):
        key = momentum_key(part)
        if key is not None:
            return key
    return None

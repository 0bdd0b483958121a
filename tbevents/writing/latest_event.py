"""`LatestEvent`: an event that may be replaced until it is written."""

from __future__ import annotations


class LatestEvent:
    """An event that the writer replaces while it is pending, instead of adding another one.

    No lock is needed: the encoder sets `taken` before it reads `payload`, and the writer sets `payload` before it reads
    `taken`. So the writer adds another event if the encoder may have missed the new payload.

    Attributes:
        payload: the serialised event.
        batch: the writer's `_batch` when the event was added. Another one means that the event is no longer pending.
        taken: True once the event is being encoded.
    """

    __slots__ = ("batch", "payload", "taken")

    def __init__(self, payload: bytes, batch: object) -> None:
        self.payload: bytes = payload
        self.batch: object = batch
        self.taken: bool = False

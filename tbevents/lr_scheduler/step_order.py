"""Whether the optimizer steps before its scheduler does, as it should."""

from __future__ import annotations

from typing import Any

from tbevents.lr_scheduler.caller import warn_caller

__all__ = ["StepOrder"]


class StepOrder:
    """Watches an optimizer until its scheduler's first step. Nothing is patched.

    torch's optimizers tell of their steps, through a hook that `check` removes again. Of others nothing is known, and
    `check` says nothing.

    Args:
        optimizer: any.
    """

    def __init__(self, optimizer: Any) -> None:
        self._stepped = False
        try:
            self._hook = optimizer.register_step_post_hook(self._note)
        except Exception:  # it has none, or wraps an optimizer without being a whole one itself
            self._hook = None

    def _note(self, *_: Any) -> None:
        self._stepped = True

    def check(self) -> None:
        """Warns unless the optimizer has made a step; ends the watch."""
        if self._hook is None:
            return
        self._hook.remove()
        if not self._stepped:
            warn_caller(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call `optimizer.step()` first: "
                "otherwise the first rate of the schedule is never used. See "
                "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
            )

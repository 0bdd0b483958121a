"""A check that the optimizer steps before its scheduler."""

from __future__ import annotations

from typing import Any

from tbevents.callers import warn_caller


class StepOrder:
    """Watches an optimizer until its scheduler's first step. Nothing is patched.

    torch's optimizers report their steps through a hook, which `end` removes. If an optimizer has no such hook, `end`
    does not warn.

    Args:
        optimizer: any optimizer.
    """

    def __init__(self, optimizer: Any) -> None:
        self._stepped = False
        try:
            self._hook = optimizer.register_step_post_hook(self._note)
        except Exception:  # there is no such method, or this is an incomplete wrapper around an optimizer
            self._hook = None

    def _note(self, *_: Any) -> None:
        self._stepped = True

    def end(self, *, check: bool) -> None:
        """Removes the hook, and warns if the optimizer has not made a step and `check` is True."""
        if self._hook is None:
            return
        self._hook.remove()
        if check and not self._stepped:
            warn_caller(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call `optimizer.step()` first: "
                "otherwise the first rate of the schedule is never used. See "
                "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                UserWarning,
            )

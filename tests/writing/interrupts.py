"""Interrupts at every moment at which CPython runs signal handlers: at the start and behind the end of a call."""

import sys


def interrupted(call, moment):
    """Makes a call with a KeyboardInterrupt at its moment of this number; False if it ends before.

    The interrupt may be swallowed, as in the garbage collector.
    """
    count = 0

    def profile(frame, event, arg):
        nonlocal count
        if event in ("call", "c_return"):
            count += 1
            if count == moment:
                sys.setprofile(None)
                raise KeyboardInterrupt

    sys.setprofile(profile)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return count >= moment

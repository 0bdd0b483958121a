"""Calls at every moment at which CPython runs signal handlers: at the start and behind the end of a call."""

import sys


def happens(call, moment, handler):
    """Makes a call, and another, the handler's, at its moment of this number; False if it ends before.

    An exception of the handler may be swallowed, as in the garbage collector.
    """
    count = 0

    def profile(frame, event, arg):
        nonlocal count
        if event in ("call", "c_return"):
            count += 1
            if count == moment:
                sys.setprofile(None)
                handler()

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count >= moment


def interrupted(call, moment):
    """Makes a call with a KeyboardInterrupt at its moment of this number; False if it ends before."""

    def interrupt():
        raise KeyboardInterrupt

    try:
        return happens(call, moment, interrupt)
    except KeyboardInterrupt:
        return True

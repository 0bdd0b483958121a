"""TensorBoard event files without TensorFlow, torch or tensorboard."""

from tbevents._version import __version__

__all__ = ["__version__"]

"""`tensorboardX.summary`, as tbevents has it."""

from tbevents.summary import *  # noqa: F403
from tbevents.summary import __all__ as __all__  # type: ignore[attr-defined] # computed

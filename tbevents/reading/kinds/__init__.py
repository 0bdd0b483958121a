"""The kinds of values, one module each: what a point is, and how it is decoded from either form.

Importing the package imports its modules, each of which registers its kind in the table of `kind`.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

"""Scripts of the checkout as modules."""

import importlib.util
from pathlib import Path


def load_script(path):
    """Imports a Python file that is in no package, under the name of the file."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

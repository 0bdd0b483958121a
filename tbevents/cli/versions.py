"""The versions that a bug report needs."""

from __future__ import annotations


def describe_version() -> str:
    """Returns what ``tbevents --version`` prints: the versions needed in a bug report, and the checksum engine."""
    import platform
    from importlib.metadata import version

    from tbevents import __version__
    from tbevents.format.crc32c import describe_engine

    rows = {
        "tbevents": __version__,
        "crc32c": describe_engine(),
        "protobuf": version("protobuf"),
        "numpy": version("numpy"),
        "Python": platform.python_version(),
    }
    return "\n".join(f"{name:<9} {value}" for name, value in rows.items())

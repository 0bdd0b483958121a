"""Generate `tbevents/_proto` from the .proto files of this folder; see README.md.

python proto/regenerate.py           writes the package
python proto/regenerate.py --check   writes nothing; lists the files that are stale, exits 1 if there are any
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

GRPCIO_TOOLS = "1.62.3"
"""Its protoc (25.1) writes code that protobuf 3.20.3 and everything newer runs; later ones ask for a newer protobuf."""

SOURCES = Path(__file__).resolve().parent
PACKAGE = SOURCES.parent / "tbevents" / "_proto"
MANIFEST = "manifest.json"
VIRTUAL = "tbevents/_proto"
"""Where protoc sees the sources. Files register under this path, so in no process do they clash with others'."""

BARE_MAPPING = re.compile(rb"(?<!as )\b_Mapping\b(?=[],])")
"""A mapping that may stand for a message: protoc's stubs leave out its types, which strict type checkers report."""

INIT = '"""Messages generated from proto/*.proto by proto/regenerate.py. Do not edit."""\n'


def digest(data: bytes) -> str:
    """The sha256 of a text file, the same whichever line ends a checkout gave it."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def digests(folder: Path, *patterns: str) -> dict[str, str]:
    """The sha256 of the folder's files that match a pattern, by name."""
    paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
    return {path.name: digest(path.read_bytes()) for path in paths}


def manifest(package: Path) -> dict[str, object]:
    """What was generated from what: lets staleness be seen where grpcio-tools is not installed.

    Args:
        package: the folder of the generated files.

    Returns:
        "generator", and the sha256 of each file by name under "sources" and "generated".
    """
    return {
        "generator": f"grpcio-tools {GRPCIO_TOOLS}",
        "sources": digests(SOURCES, "*.proto"),
        "generated": digests(package, "*.py", "*.pyi"),
    }


def available() -> bool:
    """Whether the pinned grpcio-tools is installed."""
    try:
        return metadata.version("grpcio-tools") == GRPCIO_TOOLS
    except metadata.PackageNotFoundError:
        return False


def generate() -> dict[str, bytes]:
    """Run protoc.

    Returns:
        The content of each file of the package, by name.

    Raises:
        RuntimeError: grpcio-tools is missing or of another version, or protoc refused the sources.
    """
    if not available():
        message = f"needs grpcio-tools=={GRPCIO_TOOLS} (Python 3.10 to 3.12); see proto/README.md"
        raise RuntimeError(message)
    import grpc_tools
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "protoc",
            f"-I{VIRTUAL}={SOURCES}",
            f"-I{Path(grpc_tools.__file__).parent / '_proto'}",  # google/protobuf/*.proto
            f"--python_out={folder}",
            f"--pyi_out={folder}",
            *(f"{VIRTUAL}/{path.name}" for path in sorted(SOURCES.glob("*.proto"))),
        ]
        if protoc.main(arguments) != 0:
            message = "protoc failed; its errors are above"
            raise RuntimeError(message)
        package = Path(folder, VIRTUAL)
        for path in package.glob("*.pyi"):
            path.write_bytes(BARE_MAPPING.sub(b"_Mapping[str, object]", path.read_bytes()))
        (package / "__init__.py").write_bytes(INIT.encode())
        files = {path.name: path.read_bytes() for path in sorted(package.iterdir())}
        files[MANIFEST] = (json.dumps(manifest(package), indent=2) + "\n").encode()
        return files


def stale_by_hash() -> list[str]:
    """Compare sources and generated files with the manifest; needs nothing installed.

    Returns:
        A line for each file that differs, is missing, or should not be there.
    """
    path = PACKAGE / MANIFEST
    if not path.exists():
        return [f"{MANIFEST}: missing"]
    stored = json.loads(path.read_bytes())
    stale = []
    for kind, now in manifest(PACKAGE).items():
        if not isinstance(now, dict):
            if now != stored.get(kind):
                stale.append(f"{MANIFEST}: {kind} is {stored.get(kind)!r}, not {now!r}")
            continue
        before = stored.get(kind, {})
        stale += [f"{name}: new or missing" for name in sorted(now.keys() ^ before.keys())]
        stale += [f"{name}: changed" for name in sorted(now.keys() & before.keys()) if now[name] != before[name]]
    return stale


def stale_by_content() -> list[str]:
    """Generate anew and compare, byte for byte.

    Returns:
        A line for each file that differs, is missing, or should not be there.
    """
    fresh = generate()
    present = {path.name: path for path in PACKAGE.glob("*.*")} if PACKAGE.is_dir() else {}
    stale = [f"{name}: should not be there" for name in sorted(present.keys() - fresh.keys())]
    for name, content in fresh.items():
        if name not in present:
            stale.append(f"{name}: missing")
        elif digest(present[name].read_bytes()) != digest(content):
            stale.append(f"{name}: not what the sources give")
    return stale


def write() -> None:
    """Generate, and replace the files of the package; other files in it go."""
    fresh = generate()
    PACKAGE.mkdir(exist_ok=True)
    for path in PACKAGE.glob("*.*"):
        if path.name not in fresh:
            path.unlink()
    for name, content in fresh.items():
        (PACKAGE / name).write_bytes(content)


def main() -> int:
    """Run the command.

    Returns:
        0, or 1 with `--check` and stale files, or 2 where generating was not possible.
    """
    parser = argparse.ArgumentParser(description="Generate tbevents/_proto from proto/*.proto.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    options = parser.parse_args()
    try:
        if not options.check:
            write()
            return 0
        stale = stale_by_content()
    except RuntimeError as error:
        sys.stderr.write(f"regenerate.py: {error}\n")
        return 2
    for line in stale:
        sys.stdout.write(f"stale: {VIRTUAL}/{line}\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

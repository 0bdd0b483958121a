"""The checks of the project, one session each: ``nox -l`` lists them, ``nox -s quick`` runs one.

`.ci/run` calls them. A session prints a line or a few of what passes, and the whole output of a command that fails;
`quick` and `full` show what pytest prints.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import tarfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import nox

nox.needs_version = ">=2026.10.20"  # the first release seen to run sessions in parallel
nox.options.allow_parallel = True
nox.options.sessions = ["lint", "quick"]
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
# `.ci/run` has uv make the environments where it can. The sessions that run pip, or install torch, of which pip's
# configuration may name a smaller build, say that they do without.

ROOT = Path(__file__).resolve().parent

# The Pythons that pyenv has: of its own commands, only those work that are switched on.
_PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), *map(str, sorted(_PYENV.glob("3.*/bin")))])

TORCH_PYTHON = "3.11"  # what torch, TensorFlow and the generator of the messages' code are installed for

# The oldest numpy with a wheel for each Python. The oldest protobuf is the same for all.
OLDEST_NUMPY = {"3.10": "1.24.0", "3.11": "1.24.0", "3.12": "1.26.0", "3.13": "2.1.0"}
OLDEST_PROTOBUF = "3.20.3"

# Where the long files are tested as well: with protobuf 3 in C++ and in pure Python, and with the newest of everything.
WITH_LONG_FILES = {("3.10", "oldest"), ("3.13", "oldest"), ("3.13", "newest")}

# The tests that need neither a browser nor another package's reader or writer.
CORE_TESTS = ["format", "reading", "writing", "summary", "lr_scheduler", "tools", "testing", "cli"]

# Those that are run on 32-bit Python, too.
TESTS_32_BITS = [
    "format/test_record.py",
    "format/test_scalar_encoder.py",
    "format/test_tensors.py",
    "reading/test_columns.py",
    "reading/test_scalar_repeats.py",
    "reading/test_kinds.py",
    "reading/test_live.py",
    "reading/test_small_runs.py",
    "writing/test_event_file.py",
    "writing/test_scalar_columns.py",
    "writing/test_summary_writer.py",
]

# What GitHub reads, by the schema it must follow.
GITHUB_FILES = {
    "github-workflows": ".github/workflows/*.yml examples/golden_runs/golden.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "dependabot": ".github/dependabot.yml",
    "citation-file-format": "CITATION.cff",
}

# Files of the wheel that are no code.
NOT_CODE = {
    "tbevents/py.typed",
    "tbevents/tools/report/assets/page.html",
    "tbevents/tools/report/assets/uplot/LICENSE",
}


def last_line(session: nox.Session, *command: str, **options: object) -> None:
    """Runs a command, and prints the last line of what it printed."""
    output = session.run(*command, silent=True, **options)
    print(str(output).strip().splitlines()[-1])


def run_tests(session: nox.Session, *arguments: str) -> None:
    """Runs pytest, and prints the last line of what it printed.

    Tests with threads, processes and sockets may fail by chance on a busy machine, and so may their fixtures. If there
    are at most three failures and errors of tests, the output is shown, and those tests run once more, alone: one that
    fails again fails the session.
    """
    cache = session.cache_dir / "pytest" / session.name
    shutil.rmtree(cache, ignore_errors=True)
    command = ("pytest", "-q", "-o", f"cache_dir={cache}", *arguments)
    output = str(session.run(*command, silent=True, success_codes=[0, 1])).strip()
    summary = output.splitlines()[-1]
    if failed := sum(map(int, re.findall(r"(\d+) (?:failed|error)", summary))):
        print(output)
        if failed > 3:
            session.error("tests failed")
        print("Run again, alone:")
        output = str(session.run(*command, "--last-failed", silent=True)).strip()
        summary += ", then " + output.splitlines()[-1]
    print(summary)


# -- tests of the checkout ---------------------------------------------------------------------------------------------


@nox.session
def quick(session: nox.Session) -> None:
    """The quick tests: two minutes on two cores. Takes arguments for pytest."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", "-n", "2", "-m", "not slow", "--hypothesis-profile=quick", *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """All tests that need neither torch nor TensorFlow. Takes arguments for pytest."""
    session.install("-e", ".[test]")
    session.run("pytest", "-q", *session.posargs)


@nox.session(python=TORCH_PYTHON, venv_backend="virtualenv")
def torch(session: nox.Session) -> None:
    """The tests beside torch and the trainers built on it, and the types where torch is installed."""
    session.install("torch==2.13.0")
    # soundfile is what tensorboardX writes sounds with.
    trainers = ["lightning", "transformers", "accelerate", "onnx", "soundfile"]
    session.install("-e", ".[test]", *trainers, "mypy>=1.13", "types-protobuf")
    run_tests(session, "-m", "interop", *session.posargs)
    last_line(session, "mypy", "--cache-dir", session.create_tmp())


@nox.session(python=TORCH_PYTHON, venv_backend="virtualenv")
def frameworks(session: nox.Session) -> None:
    """The examples of frameworks, in an environment without tensorboard and tensorboardX."""
    session.install("torch==2.13.0")
    trainers = ["lightning", "transformers", "accelerate", "pytorch-ignite", "stable-baselines3", "mmengine"]
    others = ["keras", "jax[cpu]", "optuna", "skorch"]
    session.install("-e", ".[image]", "pytest", "hypothesis", *trainers, *others)
    listed = str(session.run("pip", "list", "--format=freeze", silent=True))
    if found := re.findall(r"^tensorboardx?==.*$", listed, re.MULTILINE | re.IGNORECASE):
        session.error(f"a framework brought {found[0]} along, and the drop-in would not be tested")
    run_tests(session, "tests/frameworks", *session.posargs)


@nox.session(python=TORCH_PYTHON)
def engines(session: nox.Session) -> None:
    """The tests with Dask, Spark and an S3 server of their own. Spark needs Java; its tests are skipped without."""
    can_install = shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0
    if not shutil.which("java") and can_install:
        session.run("apt-get", "update", "-q", external=True, silent=True)
        wait = "DPkg::Lock::Timeout=300"  # another session may be installing
        session.run("apt-get", "-o", wait, "install", "-y", "-q", "openjdk-17-jre-headless", external=True, silent=True)
    session.install("-e", ".[lake,dask,remote]", "distributed", "pyspark==4.*", "s3fs", "moto[server,s3]")
    session.install("pytest", "hypothesis", "pytest-timeout")
    run_tests(session, "--timeout", "200", "tests/engines", "tests/test_scale.py", *session.posargs)


@nox.session(python=TORCH_PYTHON, venv_backend="virtualenv")
def tensorflow(session: nox.Session) -> None:
    """The tests beside TensorFlow, where there is a wheel of it."""
    wheel = "tensorflow-cpu==2.21.*"
    downloaded = session.run(
        "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", session.create_tmp(), wheel,
        silent=True, success_codes=[0, 1],
    )  # fmt: skip
    if "No matching distribution" in str(downloaded):
        session.skip(f"no wheel of {wheel} for this machine")
    session.install(wheel, "-e", ".", "pytest", "hypothesis", "pillow", "pandas", "tensorboard", "setuptools<81")
    run_tests(session, "tests/reading/interop/test_tensorflow.py", *session.posargs)


# -- tests of what is released -----------------------------------------------------------------------------------------


@nox.session(python=False)
def first_run(session: nox.Session) -> None:
    """The README's first command, in a copy of the checkout: the example runs, and three packages were installed."""
    copy = Path(session.create_tmp()) / "main"
    copy_checkout(copy)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^python3 -m venv .* examples/first_run\.py$", readme, re.MULTILINE)
    session.chdir(copy)
    last_line(session, "bash", "-c", command, external=True)
    listed = session.run(".venv/bin/pip", "list", "--format=freeze", external=True, silent=True)
    installed = {line.split("==")[0].split(" ")[0].lower() for line in str(listed).splitlines()}
    brought = installed - {"pip", "setuptools", "wheel", "tbevents"}
    if brought != {"protobuf", "crcmod", "numpy"}:
        session.error(f"installing it brought {sorted(brought)}, not protobuf, crcmod and numpy")
    print("Installing it brought exactly protobuf, crcmod and numpy.")


@nox.session
def wheel(session: nox.Session) -> None:
    """Builds the wheel, and looks at what is in it."""
    session.install("build")
    folder = wheel_folder(session)
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder), silent=True)
    (built,) = folder.iterdir()
    if not built.name.endswith("-py3-none-any.whl"):
        session.error(f"not a pure wheel: {built.name}")
    missing = NOT_CODE.difference(zipfile.ZipFile(built).namelist())
    if missing:
        session.error(f"{built.name} lacks {', '.join(sorted(missing))}")
    print(built)


@nox.session
def sdist(session: nox.Session) -> None:
    """Builds the source distribution from a clean tree, and runs the quick tests in it, unpacked."""
    session.install("build")
    folder = Path(session.create_tmp())
    copy_checkout(folder / "checkout")
    session.chdir(folder / "checkout")
    session.run("python", "-m", "build", "--sdist", "--outdir", str(folder / "dist"), silent=True)
    (built,) = (folder / "dist").iterdir()
    with tarfile.open(built) as archive:
        archive.extractall(folder, filter="data")
    session.chdir(folder / built.name.removesuffix(".tar.gz"))
    session.install("-e", ".[test]")
    # The browser and the examples were tested from the checkout.
    run_tests(session, "-n", "2", "-m", "not slow and not interop", "--hypothesis-profile=quick", *session.posargs)
    print(built.name)


@nox.session
def dists(session: nox.Session) -> None:
    """Builds what PyPI gets, and checks what it shows: ``nox -s dists -- --tag v0.1.0 --out dist``.

    With a tag, it fails if version, changelog or citation are not of it, or if pyproject.toml still has the placeholder
    for the repository's address.
    """
    options = argparse.ArgumentParser(prog="nox -s dists --")
    options.add_argument("--tag")
    options.add_argument("--out", type=Path)
    arguments = options.parse_args(session.posargs)
    if arguments.tag and (wrong := hindrances(arguments.tag.removeprefix("v"))):
        session.error("; ".join(wrong))
    out = (arguments.out or Path(session.create_tmp()) / "dist").resolve()
    session.install("build", "twine")
    shutil.rmtree(out, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(out), silent=True)
    session.run("twine", "check", "--strict", *sorted(map(str, out.iterdir())), silent=True)
    print(*(path.name for path in sorted(out.iterdir())))


@nox.session(python=False)
def release(session: nox.Session) -> None:
    """Commits and tags a version: ``nox -s release -- 0.1.0``. Pushing the tag publishes it.

    Writes the version into the package and the citation, and the day into the changelog, whose heading for it says
    "(not released yet)".
    """
    if len(session.posargs) != 1 or not re.fullmatch(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?", session.posargs[0]):
        session.error("name the version: nox -s release -- 0.1.0")
    (version,) = session.posargs
    if session.run("git", "status", "--porcelain", external=True, silent=True):
        session.error("there are changes that are not committed")
    today = datetime.now(tz=timezone.utc).date()
    replace_in("CHANGELOG.md", rf"^## {re.escape(version)} \(not released yet\)$", f"## {version} ({today})")
    replace_in("tbevents/_version.py", r'^__version__ = ".+"$', f'__version__ = "{version}"')
    replace_in("CITATION.cff", r"^version: .+$", f"version: {version}")
    if wrong := hindrances(version):
        session.run("git", "checkout", "-q", ".", external=True)
        session.error("; ".join(wrong))
    session.run("git", "commit", "-qam", f"Version {version}", external=True)
    session.run("git", "tag", "-a", f"v{version}", "-m", f"tbevents {version}", external=True)
    print(f"To publish it: git push origin main v{version}")


def replace_in(name: str, pattern: str, line: str) -> None:
    """Replaces the line of a file that matches, if there is one."""
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, line, text, flags=re.MULTILINE), encoding="utf-8")


def hindrances(version: str) -> list[str]:
    """What the checkout lacks to be released as this version."""

    def lacks(name: str, pattern: str) -> bool:
        return not re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)

    escaped = re.escape(version)
    wrong = []
    if lacks("tbevents/_version.py", rf'^__version__ = "{escaped}"$'):
        wrong.append(f"tbevents/_version.py is not of {version}")
    if lacks("CHANGELOG.md", rf"^## {escaped} \(\d{{4}}-\d\d-\d\d\)$"):
        wrong.append(f"CHANGELOG.md has no heading '## {version} (not released yet)', or with the day it was")
    if lacks("CITATION.cff", rf"^version: {escaped}$"):
        wrong.append(f"CITATION.cff is not of {version}")
    if not lacks("pyproject.toml", r"github\.com/OWNER/"):
        wrong.append("[project.urls] in pyproject.toml has the placeholder OWNER")
    if not lacks("pyproject.toml", r'^name = "tbevents"$'):
        wrong.append("pyproject.toml has the name tbevents, which is another project's on PyPI")
    else:
        pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "tbevents").rglob("*.py")]
        wrong += [
            f"{name} still installs tbevents[...], another project's on PyPI"
            for name in ["pyproject.toml", *sorted(path.relative_to(ROOT).as_posix() for path in pages)]
            if not lacks(name, r"""(?:pip install '|["'])tbevents\[""")
        ]
    return wrong


@nox.session(python=list(OLDEST_NUMPY), requires=["wheel"])
@nox.parametrize("versions", ["oldest", "newest"], ids=["oldest", "newest"])
def compat(session: nox.Session, versions: str) -> None:
    """The core's quick tests against the wheel, on each Python.

    With the oldest protobuf and numpy there is no extra, with the newest the command line. The long files are tested
    where something differs: the oldest of all, protobuf 3 in pure Python, and the newest of all.
    """
    (built,) = wheel_folder(session).iterdir()
    if versions == "oldest":
        numpy = OLDEST_NUMPY[str(session.python)]
        session.install(str(built), f"protobuf=={OLDEST_PROTOBUF}", f"numpy=={numpy}", "pytest", "hypothesis")
    else:
        session.install(f"{built}[cli]", "protobuf", "numpy", "pytest", "hypothesis")

    # A copy without the package, so that what is imported is what is installed.
    temporary = Path(session.create_tmp())
    copy = temporary / "main"
    copy_checkout(copy, "tbevents")
    shared = ROOT.parent / "shared"
    if shared.is_dir() and not (temporary / "shared").exists():
        (temporary / "shared").symlink_to(shared)
    session.chdir(copy)
    tests = [*sorted(map(str, Path("tests").glob("test_*.py"))), *(f"tests/{name}" for name in CORE_TESTS)]
    long = (session.python, versions) in WITH_LONG_FILES
    run_tests(session, "-m", "not slow or long" if long else "not slow", "--hypothesis-profile=quick", *tests)


@nox.session(venv_backend="virtualenv", requires=["wheel"])
def i386(session: nox.Session) -> None:
    """The core of reading and writing on 32-bit Python, in a Debian that is unpacked for it.

    32-bit ARM and Pyodide have the same integers.
    """
    if not (shutil.which("apt-get") and os.geteuid() == 0 and platform.machine() == "x86_64"):
        session.skip("needs apt-get, root and a processor that runs i386")
    if not shutil.which("debootstrap"):
        session.run("apt-get", "install", "-y", "-q", "debootstrap", external=True, silent=True)
    root = Path(session.create_tmp()) / "debian"
    if not (root / "extra").is_dir():
        shutil.rmtree(root, ignore_errors=True)
        with_python = "--include=python3,python3-numpy,python3-protobuf,python3-crcmod"
        session.run(
            "debootstrap", "--arch=i386", "--variant=minbase", with_python, "bookworm", str(root),
            external=True, silent=True,
        )  # fmt: skip
        # What the tests need, in pure Python.
        session.run(
            "pip", "install", "-q", "--target", str(root / "extra"), "--platform", "any",
            "--platform", "manylinux2014_i686", "--python-version", "3.11", "--implementation", "cp",
            "--only-binary", ":all:", "pytest", "hypothesis", silent=True,
        )  # fmt: skip
    (built,) = wheel_folder(session).iterdir()
    shutil.rmtree(root / "extra" / "tbevents", ignore_errors=True)
    zipfile.ZipFile(built).extractall(root / "extra")
    copy_checkout(root / "main", "tbevents")
    versions = "import sys, numpy; assert sys.maxsize < 2**32; print(sys.version.split()[0], numpy.__version__)"
    print("Python and numpy of 32 bits:", end=" ", flush=True)
    last_line(session, "chroot", str(root), "python3", "-c", versions, external=True)
    run = "cd /main && PYTHONPATH=/extra exec timeout 600 python3 -m pytest -q -p no:cacheprovider"
    tests = " ".join(f"tests/{name}" for name in TESTS_32_BITS)
    last_line(
        session, "chroot", str(root), "sh", "-c", f"{run} --hypothesis-profile=quick {tests}", external=True
    )  # fmt: skip


def wheel_folder(session: nox.Session) -> Path:
    """Where the wheel is put, for the sessions that install it."""
    return session.cache_dir / "dist"


def copy_checkout(target: Path, *without: str) -> None:
    """Copies the checkout, but for environments, caches and what else is named."""
    names = (".git", ".venv", ".nox", ".*_cache", ".hypothesis", "__pycache__", *without)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*names))


# -- the code ----------------------------------------------------------------------------------------------------------


@nox.session
def lint(session: nox.Session) -> None:
    """Lint, format, types, and which way imports point."""
    session.install("-e", ".[dev]")
    last_line(session, "ruff", "check", ".")
    last_line(session, "ruff", "format", "--check", ".")
    last_line(session, "mypy")
    run_tests(session, "tests/test_typing.py")
    last_line(session, "lint-imports")
    for schema, files in GITHUB_FILES.items():
        names = [str(path) for pattern in files.split() for path in sorted(ROOT.glob(pattern))]
        last_line(session, "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *names)


@nox.session(python=TORCH_PYTHON)
def generated(session: nox.Session) -> None:
    """Whether the messages' code is what its generator writes."""
    session.install("grpcio-tools==1.62.3", "setuptools<81")
    session.run("python", "proto/regenerate.py", "--check")


@nox.session
def docs(session: nox.Session) -> None:
    """Whether the documentation is true: the page of commands, the code, transcripts and links of all pages."""
    session.install("-e", ".[test]")
    session.run("python", "docs/generate_cli.py", "--check")
    pages = [
        "tests/test_readme.py",
        "tests/test_contributing.py",
        "tests/test_architecture.py",
        "tests/lr_scheduler/test_docs.py",
    ]
    run_tests(session, *pages, "tests/testing/test_docs.py", "tests/lint/test_docs.py")


@nox.session(python=TORCH_PYTHON)
def site(session: nox.Session) -> None:
    """Builds the documentation, with every warning an error: ``nox -s site -- --out site``.

    Where there is Chromium, it opens each page, as on a phone and on a desktop.
    """
    options = argparse.ArgumentParser(prog="nox -s site --")
    options.add_argument("--out", type=Path)
    out = (options.parse_args(session.posargs).out or Path(session.create_tmp()) / "site").resolve()
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-q", "-E", "-W", "--keep-going", "-b", "html", "docs", str(out), silent=True)
    last_line(session, "python", "docs/check_site.py", str(out))
    if shutil.which("chromium") and shutil.which("chromedriver"):
        session.install("selenium>=4.15")
        last_line(session, "python", "docs/browse_site.py", str(out))


@nox.session
def bench(session: nox.Session) -> None:
    """Whether benchmarks run, each with its smallest case. The figures are not measurements.

    Left out are those without a small case (bench_damage, bench_many, bench_reload, bench_remote, soak_board); those
    that need more than this environment has (bench_board_browser and bench_report a browser, bench_remote_write moto
    and s3fs); and bench_plugin, which fails above a limit of time that a busy machine exceeds.
    """
    session.install("-e", ".[test]", "tbparse")
    session.env["TBEVENTS_BENCH"] = session.create_tmp()
    for command in (
        "bench_import.py",
        "bench_read.py 10k",
        "bench_images.py 20",
        "bench_lint.py 20",
        "bench_write.py --quick",
        "bench_export.py --quick",
        "bench_sync.py --quick",
        "bench_board.py --quick",
        "bench_schedulers.py --steps 200 --rounds 1 --array 1000",
    ):
        script, *arguments = command.split()
        session.run("python", f"benchmarks/{script}", *arguments, silent=True)

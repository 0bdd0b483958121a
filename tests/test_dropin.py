"""The drop-in, in an environment of its own without torch, tensorboard and tensorboardX, or with imitations of them."""

import os
import subprocess
import textwrap
import venv
from pathlib import Path

import crcmod
import google.protobuf
import numpy as np
import pytest

import tbevents

TORCH = {
    "torch/__init__.py": "",
    "torch/utils/__init__.py": "",
    "torch/utils/tensorboard/__init__.py": "import tensorboard\nfrom .writer import SummaryWriter\n",
    "torch/utils/tensorboard/writer.py": "class SummaryWriter: 'real'\n",
}
TENSORBOARD = {
    "tensorboard/__init__.py": "",
    "tensorboard-2.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: tensorboard\nVersion: 2.1\n",
}
TENSORBOARDX = {
    "tensorboardX/__init__.py": "from .writer import SummaryWriter\n",
    "tensorboardX/writer.py": "class SummaryWriter: 'real'\n",
    "tensorboardX-1.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: tensorboardX\nVersion: 1.5\n",
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The Python of an environment that has tbevents and what it needs."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=os.name != "nt", with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    (site / "google").mkdir()
    protobuf = Path(google.protobuf.__file__).parent
    for name in ("protobuf", "_upb"):
        if (protobuf.parent / name).exists():
            (site / "google" / name).symlink_to(protobuf.parent / name)
    for package in (tbevents, np, crcmod):
        for name in (package.__name__, f"{package.__name__}.libs"):
            place = Path(package.__file__).parent.parent / name
            if place.exists():
                (site / name).symlink_to(place)
    return python


@pytest.fixture
def run(bare, tmp_path):
    """Runs code, with packages beside it, and returns what it printed."""

    def run(code, *packages, arguments=None, fails=False, error=None, environment=None):
        for package in packages:
            for name, text in package.items():
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(textwrap.dedent(text))
        (tmp_path / "script.py").write_text(textwrap.dedent(code))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TBEVENTS"))}
        done = subprocess.run(
            [bare, *(arguments or ["script.py"])],
            cwd=tmp_path,
            env={**clean, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stderr
        if error is None:
            assert not done.stderr
        else:
            assert error in done.stderr
        return done.stdout.splitlines()

    return run


UNDER = ["-m", "tbevents.dropin"]

TRACES = """
import importlib.metadata, os, sys
def traces():
    names = [name for name in sys.modules if name.startswith(("torch.utils.t", "tensorboard"))]
    found = [found.name for found in importlib.metadata.distributions() if found.name.startswith("tensorboard")]
    return names, found, list(sys.meta_path), dict(os.environ)
before = traces()
import tbevents.dropin
"""


@pytest.mark.parametrize("torch", [{}, TORCH], ids=["no torch", "torch"])
def test_the_modules_are_ours_until_they_are_uninstalled(run, torch):
    code = f"""{TRACES}
assert "numpy" not in sys.modules
with tbevents.dropin.install(children=True) as done:
    assert done.replaced == ("torch.utils.tensorboard", "tensorboardX")
    assert "numpy" not in sys.modules  # it is cheap
    from torch.utils.tensorboard import SummaryWriter, FileWriter
    from torch.utils.tensorboard.writer import SummaryWriter as again
    from torch.utils.tensorboard.summary import hparams
    import tensorboardX
    from tensorboardX import summary
    from tensorboardX.event_file_writer import EventFileWriter
    assert {{SummaryWriter, again, tensorboardX.SummaryWriter}} == {{tbevents.SummaryWriter}}
    assert tensorboardX.FileWriter is not None and tensorboardX.writer.SummaryWriter is SummaryWriter
    assert hparams is summary.hparams
    assert importlib.metadata.version("tensorboardX") == tensorboardX.__version__
    assert importlib.metadata.version("TensorboardX") == importlib.metadata.metadata("tensorboard")["Version"]
    assert importlib.util.find_spec("tensorboardX").origin == tensorboardX.__file__
    assert importlib.util.find_spec("tensorboard") is None
    import pickle
    assert pickle.loads(pickle.dumps(SummaryWriter)) is pickle.loads(b"ctensorboardX.writer\\nSummaryWriter\\n.")
    for name in ("tensorboardX.proto", "torch.utils.tensorboard._utils"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            assert error.name == name
        else:
            raise AssertionError(name)
    writer = SummaryWriter("run")
assert traces() == before, traces()
writer.add_scalar("loss", 1, 1)  # goes on
for name in ("torch.utils.tensorboard", "tensorboardX"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name == {"tensorboard" if torch else "torch"!r} or name == error.name == "tensorboardX"
    else:
        raise AssertionError(name)
assert not hasattr(sys.modules.get("torch.utils"), "tensorboard")
"""
    run(code, torch)


def test_torch_stays_missing_where_it_is(run):
    run("import tbevents.dropin; tbevents.dropin.install(); import torch", fails=True, error="No module named 'torch'")


def test_what_is_installed_stays_unless_forced(run):
    code = """
import importlib.metadata, sys
import tbevents.dropin
done = tbevents.dropin.install(force="force" in sys.argv)
print(done.replaced, done.stayed)
import tensorboardX, torch.utils.tensorboard
print(tensorboardX.SummaryWriter.__module__, torch.utils.tensorboard.SummaryWriter.__module__)
print(importlib.metadata.version("tensorboardX"))
tbevents.dropin.uninstall()
assert "torch.utils.tensorboard" not in sys.modules or not done.replaced[1:]
import tensorboardX, torch.utils.tensorboard
print(tensorboardX.SummaryWriter.__module__, torch.utils.tensorboard.SummaryWriter.__module__)
"""
    packages = TORCH, TENSORBOARD, TENSORBOARDX
    ours, theirs = "tbevents.writing.summary_writer", "torch.utils.tensorboard.writer"
    said = "tensorboardX is not replaced, since it is installed"
    assert run(code, *packages, error=said) == [
        "() ('torch.utils.tensorboard', 'tensorboardX')",
        f"tensorboardX.writer {theirs}",
        "1.5",
        f"tensorboardX.writer {theirs}",
    ]
    assert run(code, *packages, arguments=["script.py", "force"]) == [
        "('torch.utils.tensorboard', 'tensorboardX') ()",
        f"{ours} {ours}",
        "1.5",  # a real distribution is not hidden
        f"tensorboardX.writer {theirs}",
    ]


def test_modules_that_are_not_replaced_are_the_installed_ones(run):
    code = """
import sys
import tbevents.dropin
with tbevents.dropin.install(force="force" in sys.argv):
    from torch.utils.tensorboard._utils import figure_to_image
    from torch.utils.tensorboard.summary import hparams
    print(figure_to_image(), hparams.__module__.partition(".")[0])
    try:
        import torch.utils.tensorboard._graph
    except ImportError as error:
        print(error)
    if "force" in sys.argv:
        from tensorboardX.proto import event
        import tensorboardX
        print(event.Event, tensorboardX.SummaryWriter.__module__)
print([name for name in sys.modules if name.startswith(("tensorboardX", "torch.utils.tensorboard"))])
if "force" in sys.argv:
    import tensorboardX.proto.event
    print(tensorboardX.SummaryWriter.__module__)
"""
    helpers = {
        "torch/utils/tensorboard/_utils.py": "def figure_to_image(): return 'pixels'",
        "torch/utils/tensorboard/_graph.py": "import tensorboard.compat",
    }
    proto = {"tensorboardX/proto/__init__.py": "", "tensorboardX/proto/event.py": "Event = 'message'"}
    assert run(code, TORCH, helpers) == ["pixels tbevents", "No module named 'tensorboard'", "[]"]
    assert run(code, TORCH, helpers, TENSORBOARDX, proto, arguments=["script.py", "force"]) == [
        "pixels tbevents",
        "No module named 'tensorboard'",
        "message tbevents.writing.summary_writer",
        "[]",
        "tensorboardX.writer",
    ]


def test_one_may_be_installed_and_the_other_not(run):
    code = """
import tbevents.dropin
print(tbevents.dropin.install().stayed)
from torch.utils.tensorboard import SummaryWriter
import tensorboardX
print(SummaryWriter.__module__, tensorboardX.SummaryWriter.__module__)
print(tbevents.dropin.install(force=True).replaced)  # adds what the first left out
from torch.utils.tensorboard import SummaryWriter
print(SummaryWriter.__module__)
tbevents.dropin.uninstall()
import torch.utils
print(torch.utils.tensorboard.SummaryWriter.__module__)
"""
    warned = "__main__ was already imported and keeps the SummaryWriter that it found"
    assert run(code, TORCH, TENSORBOARD, error=warned) == [
        "('torch.utils.tensorboard',)",
        "torch.utils.tensorboard.writer tbevents.writing.summary_writer",
        "('torch.utils.tensorboard',)",
        "tbevents.writing.summary_writer",
        "torch.utils.tensorboard.writer",
    ]


def test_a_folder_without_code_is_no_installation(run):
    code = "import tbevents.dropin; print(tbevents.dropin.install().stayed); import tensorboardX as X; X.SummaryWriter"
    assert run(code, {"tensorboardX/events": "", "tensorboard/events": ""}) == ["()"]


def test_what_has_been_imported_is_refused_unless_forced(run):
    code = """
import sys
import tensorboardX, torch.utils.tensorboard
import framework
import tbevents.dropin
meta_path = list(sys.meta_path)
try:
    tbevents.dropin.install()
except tbevents.DropinError as error:
    print(error)
assert sys.meta_path == meta_path
real = torch.utils.tensorboard
with tbevents.dropin.install(force=True):
    assert torch.utils.tensorboard.SummaryWriter is tbevents.SummaryWriter  # without another import
    from tensorboardX.writer import SummaryWriter
    assert SummaryWriter is tbevents.SummaryWriter
assert torch.utils.tensorboard is real is sys.modules["torch.utils.tensorboard"]
assert sys.modules["tensorboardX.writer"] is tensorboardX.writer
"""
    framework = {"framework.py": "from tensorboardX import SummaryWriter\n"}
    warned = "script.py:13: TBEventsWarning: framework was already imported and keeps the SummaryWriter that it found"
    (said,) = run(code, TORCH, TENSORBOARD, TENSORBOARDX, framework, error=warned)
    assert said.startswith("torch.utils.tensorboard, tensorboardX was already imported: call tbevents.dropin.install()")
    assert "`python -m tbevents.dropin`" in said
    assert "force=True" in said


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("framework", "try:\n    import tensorboardX\nexcept ImportError:\n    SummaryWriter = None"),
        ("framework", "tensorboardX = None"),
        ("framework", "_TENSORBOARDX_AVAILABLE = False"),
        ("framework", "class C:\n    available = False\n_TENSORBOARDX_AVAILABLE = C()"),
        ("framework", "_available_trackers = ['wandb']"),
        ("", "class C:\n    pass\n_TENSORBOARDX_AVAILABLE = C()"),  # was not asked yet
        ("", "_available_trackers = ['tensorboard']"),
    ],
)  # fmt: skip
def test_a_framework_that_found_nothing_before_is_named(run, name, code):
    script = "import framework\nimport tbevents.dropin\ntbevents.dropin.install()\nimport tensorboardX\n"
    found = "was already imported and has recorded that there is no SummaryWriter"
    warned = f"script.py:3: TBEventsWarning: {name} {found}: call"
    run(script, {"framework.py": code}, error=warned if name else None)


def test_a_second_install_changes_nothing_and_threads_may_call(run):
    code = f"""{TRACES}
from concurrent.futures import ThreadPoolExecutor
tbevents.dropin.install()
installed = traces()
assert tbevents.dropin.install().replaced == ()
with tbevents.dropin.install():
    pass
assert traces() == installed
tbevents.dropin.uninstall()
tbevents.dropin.uninstall()
assert traces() == before
def once(n):
    with tbevents.dropin.install(children=True):
        return n
with ThreadPoolExecutor(8) as pool:
    list(pool.map(once, range(200)))
tbevents.dropin.uninstall()
assert traces() == before
"""
    run(code)


CHILD = "from torch.utils.tensorboard import SummaryWriter; import tensorboardX, sys; print(SummaryWriter.__module__)"


def test_a_script_runs_as_python_runs_it(run, tmp_path):
    code = """
import os, pickle, sys
class Here: pass
assert __name__ == "__main__" and type(pickle.loads(pickle.dumps(Here()))) is Here
print(sys.argv, os.path.samefile(sys.path[0], os.path.dirname(__file__)))
import beside
from tensorboardX import SummaryWriter
print(SummaryWriter.__module__)
sys.exit(3)
"""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "main.py").write_text(code)
    (tmp_path / "folder" / "beside.py").write_text("")
    shown = run("", arguments=[*UNDER, "folder/main.py", "--force", "-m", "x"], fails=True)
    assert shown == ["['folder/main.py', '--force', '-m', 'x'] True", "tbevents.writing.summary_writer"]
    (tmp_path / "folder" / "__init__.py").write_text("")
    (tmp_path / "folder" / "module.py").write_text("import sys, tensorboardX\nprint(sys.argv[1:], __name__)")
    assert run("", arguments=[*UNDER, "-m", "folder.module", "--force"]) == ["['--force'] __main__"]
    run("", arguments=[*UNDER, "absent.py"], fails=True, error="absent.py: no such file")
    for name in ("absent", "absent.module", "json.absent", "os.absent", ""):
        run("", arguments=[*UNDER, "-m", name], fails=True, error=f"error: no module named {name}")
    run("", arguments=UNDER, fails=True, error="error: the following arguments are required: script|module\n")
    hint = "error: unrecognized arguments: --epochs (options of the script come after its name)\n"
    run("", arguments=[*UNDER, "--epochs", "3", "script.py"], fails=True, error=hint)
    assert run(CHILD, TORCH, TENSORBOARD, arguments=[*UNDER, "--force", "script.py"]) == [
        tbevents.SummaryWriter.__module__
    ]


def test_children_inherit_it_and_run_the_users_sitecustomize(run, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys; sys.users_own = True\n")
    code = f"""
import multiprocessing, subprocess, sys
def child(n):
    from torch.utils.tensorboard import SummaryWriter
    return SummaryWriter.__module__, sys.users_own
if __name__ == "__main__":
    command = [sys.executable, "-c", {CHILD + "; print(sys.users_own, sys.path.count(sys.argv[1]))"!r}, "children"]
    print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    grand = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    shown = subprocess.run([command[0], "-c", grand, *command[1:]], capture_output=True, text=True)
    print(shown.stdout.split(), shown.stderr)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(child, [0]))
    isolated = subprocess.run([sys.executable, "-E", "-c", "import tensorboardX"], capture_output=True, text=True)
    print("No module" in isolated.stderr)
"""
    ours = tbevents.SummaryWriter.__module__
    shown = run(code, TORCH, arguments=[*UNDER, "script.py"], environment={"PYTHONPATH": str(tmp_path / "site")})
    assert shown == [f"[{ours!r}, 'True', '0']", f"[{ours!r}, 'True', '0'] ", f"[({ours!r}, True)]", "True"]


def test_another_environments_python_is_left_alone(run):
    code = """
import os, subprocess, sys
os.environ["TBEVENTS_DROPIN"] = "absent:/another/environment"
command = [sys.executable, "-c", "import sys; print('tbevents' in sys.modules); import tensorboardX"]
done = subprocess.run(command, capture_output=True, text=True)
print(done.stdout.strip(), "No module named 'tensorboardX'" in done.stderr)
"""
    assert run(code, arguments=[*UNDER, "script.py"]) == ["False True"]


def test_an_error_of_the_users_sitecustomize_is_told_as_ever(run, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import no_such_module\n")
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    shown = run(code, arguments=[*UNDER, "script.py"], environment=environment, error="no_such_module")
    assert shown == [tbevents.SummaryWriter.__module__]


def test_what_is_logged_through_it_can_be_captured(run):
    code = """
import tbevents.dropin
from tbevents.testing import capture
with tbevents.dropin.install(), capture() as logged:
    from torch.utils.tensorboard import SummaryWriter
    with SummaryWriter("run") as writer:
        writer.add_scalar("loss", 0.5, 1)
    import tensorboardX
    tensorboardX.SummaryWriter("another").add_embedding([[1.0], [2.0]], tag="points")
print(list(logged.folders), list(logged.embeddings))
"""
    assert run(code, TORCH) == ["['run', 'another'] [('another', 'points', 0)]"]


def test_tensorboardxs_global_writer_is_ours(run):
    code = """
import tbevents.dropin
tbevents.dropin.install()
from tensorboardX import GlobalSummaryWriter
from tensorboardX.global_writer import GlobalSummaryWriter as again
print(GlobalSummaryWriter is again, GlobalSummaryWriter.__module__)
"""
    assert run(code) == ["True tbevents.writing.global_summary_writer"]


def test_tensorboardxs_builders_take_its_arguments(run):
    code = """
import sys
import tbevents.dropin
tbevents.dropin.install()
from tensorboardX import summary
(value,) = summary.scalar("loss", 0.5, "Loss", "of the run").value
print(value.simple_value, value.metadata.display_name, value.metadata.summary_description)
print(summary.scalar(name="loss", scalar=2).value[0].simple_value)
try:
    summary.image("dots", [[0.5]])
except ValueError as error:
    print(error)
print(summary.hparams.__module__, sorted(set(summary.__all__) - set(dir(summary))))
"""
    assert run(code) == [
        "0.5 Loss of the run",
        "2.0",
        "'dots': img_tensor of shape (1, 1) has 2 axes, but dataformats 'CHW' has 3",
        "tbevents.summary.hparams []",
    ]

"""Where the SDK is not installed, or an old one is, one line names the extra."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("missing", ["mcp", "mcp.server.mcpserver", "pydantic"])
def test_the_extra_is_named(tmp_path, missing):
    pytest.importorskip("click", reason="the command line needs click")
    pytest.importorskip("rich", reason="the command line needs rich")
    code = f"import sys; sys.modules[{missing!r}] = None; from tbevents.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "mcp", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "pip install 'tbevents[mcp]'" in done.stderr


def test_other_modules_need_no_sdk():
    code = "import sys, tbevents.cli.group, tbevents.mcp_server.served_logdir; print('mcp' in sys.modules)"
    pytest.importorskip("click", reason="the command line needs click")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"

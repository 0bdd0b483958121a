"""Commands that write refuse URLs: no local folder is made of one, and nothing claims to have been written there."""

import pytest
from event_files import scalar_event, write_events

COMMANDS = {
    "export": ["export", "RUN", "s3://bucket/out.csv"],
    "export images": ["export", "RUN", "s3://bucket/out", "--kind", "images"],
    "import": ["import", "TABLE", "-o", "s3://bucket/runs"],
    "plot": ["plot", "RUN", "-o", "s3://bucket/out.png"],
    "report": ["report", "RUN", "-o", "s3://bucket/out.html"],
    "merge": ["merge", "RUN", "-o", "s3://bucket/out"],
    "merge to a file": ["merge", "RUN", "-o", "s3://bucket/out.tfevents"],
    "split": ["split", "RUN", "-o", "s3://bucket/out", "--size", "1k"],
    "edit": ["edit", "RUN", "-o", "s3://bucket/out", "--rename", "loss=cost"],
    "repair": ["repair", "RUN", "-o", "s3://bucket/out"],
    "lint": ["lint", "RUN", "--isolated", "-o", "s3://bucket/out.json"],
    "reduce": ["reduce", "RUN", "-o", "s3://bucket/out"],
    "reduce to a table": ["reduce", "RUN", "-o", "s3://bucket/out.csv"],
    "schedule": ["schedule", "StepLR", "step_size=3", "--steps", "9", "-o", "s3://bucket/out.png"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_output_that_is_a_url_is_refused_and_nothing_is_made(cli, tmp_path, monkeypatch, command):
    if command[0] in ("plot", "schedule"):
        pytest.importorskip("matplotlib", reason="plotting needs matplotlib")
    monkeypatch.chdir(tmp_path)
    write_events(tmp_path / "run" / "tfevents", [scalar_event("loss", step, step) for step in range(100)])
    (tmp_path / "table.csv").write_text("run,step,loss\nr,1,0.5\n")
    result = cli(*(part.replace("RUN", "run").replace("TABLE", "table.csv") for part in command))
    assert result.status == 2
    assert "must be a local path" in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "table.csv"]

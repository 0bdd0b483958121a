"""Capturing torch's SummaryWriter."""

import pytest

from .test_capture import check_peer, run_script

writer = pytest.importorskip("torch.utils.tensorboard.writer", reason="captures torch's SummaryWriter")


def test_torchs_writer_is_captured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_peer(writer, {"group_a", "group_b"}, tmp_path)


def test_torch_is_captured_where_it_is_imported_only_then(tmp_path):
    run_script("torch.utils.tensorboard", tmp_path)

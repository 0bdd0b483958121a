"""Each file of the fuzzer's corpus, read in every way."""

import importlib.util
from pathlib import Path

import pytest

from tbevents.reading import decoder_feed, scalar_blocks

FUZZ = Path(__file__).resolve().parent.parent / "fuzz"


@pytest.fixture(scope="module")
def check():
    kept = scalar_blocks._FEW, decoder_feed.BLOCK
    spec = importlib.util.spec_from_file_location("fuzz_read", FUZZ / "fuzz_read.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.check
    scalar_blocks._FEW, decoder_feed.BLOCK = kept


@pytest.mark.parametrize("path", sorted((FUZZ / "corpus").iterdir()), ids=lambda path: path.name)
def test_every_file_of_the_corpus_reads_or_is_said_to_be_damaged(check, path):
    check(path.read_bytes())

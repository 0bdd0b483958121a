"""Each file of the fuzzer's corpus, read in every way."""

from pathlib import Path

import pytest
from scripts import load_script

from tbevents.reading import decoder_feed, scalar_blocks

FUZZ = Path(__file__).resolve().parent.parent / "fuzz"


@pytest.fixture(scope="module")
def check():
    kept = scalar_blocks._FEW, decoder_feed.BLOCK
    yield load_script(FUZZ / "fuzz_read.py").check
    scalar_blocks._FEW, decoder_feed.BLOCK = kept


@pytest.mark.parametrize("path", sorted((FUZZ / "corpus").iterdir()), ids=lambda path: path.name)
def test_every_file_of_the_corpus_reads_or_is_said_to_be_damaged(check, path):
    check(path.read_bytes())

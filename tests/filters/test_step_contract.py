"""Every Step on disk returns the same rows in the same order, for any rows and any batch size."""

import dataclasses
from typing import Any

import pyarrow as pa
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.core.columns import set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Exemplary
from tokenmill.pipeline.planning.contract import kind_of
from tokenmill.pipeline.planning.resolve import work_class, work_names
from tokenmill.testing import check_step, sample_documents

STEPS = {name: work for name in work_names() if kind_of(work := work_class(name)) == "step"}


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Writes a tokenizer of single bytes and returns its path."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    path = tmp_path_factory.mktemp("tokenizer") / "bytes.json"
    tokenizer.save(str(path))
    return str(path)


@pytest.fixture(params=STEPS)
def work(request: pytest.FixtureRequest, tokenizer_file: str) -> Any:
    """Returns each step, built by its example() if it needs settings, otherwise with its defaults. A missing model file
    is an error here.
    """
    found = STEPS[request.param]
    if "tokenizer" in {field.name for field in dataclasses.fields(found)}:
        return found(tokenizer=tokenizer_file)
    try:
        return found.example() if isinstance(found, Exemplary) else found()
    except RecipeError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def batch() -> pa.RecordBatch:
    """Returns the documents of the test kit, with the signals that Sources add."""
    found = sample_documents()
    rows = range(found.num_rows)
    robots = ["noai,noindex" if row % 3 == 0 else None for row in rows]
    found = set_column(found, "read_warc.robots", robots)
    return set_column(found, "read_warc.tdm_reservation", ["1" if row % 5 == 0 else None for row in rows])


def test_each_step_keeps_the_contract(work: Any) -> None:
    check_step(work, batch())


def test_steps_were_found_in_every_folder() -> None:
    assert {name.partition(".")[0] for name in STEPS} == {"stages", "filters", "tokenize"}

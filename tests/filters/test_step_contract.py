"""What every Step on disk promises: the same rows in the same order, whatever they are and however they are batched."""

import dataclasses
import datetime
import pickle
from typing import Any

import pyarrow as pa
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.core.columns import MARKS, documents, without_transient
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Exemplary
from tokenmill.pipeline.planning.contract import kind_of
from tokenmill.pipeline.planning.resolve import work_class, work_names

HTML = "<html><body><p>Call me, please: jane.doe@example.com or +1 202 555 0143.</p><p>A second line.</p></body></html>"
TEXTS = [
    "The cat sat with that dog, and they have to be home soon. " * 10,
    None,
    "",
    HTML,
    "{ lorem ipsum } javascript # ... … [1] [edit] “quoted” — 10km don't stop.\r\n\x0b\x85 e\u0301 \u2028 \x00 é ßẞ İ",
    "中文没有空格。它只是一行。ภาษาไทยไม่มีช่องว่าง 日本語です。",
    "a\n\na\n\na\n\nb b b b b b b b b b b b b b b b b b b b b b b b",
    " \t\n ",
    "🙂" * 50 + ".:;!?" * 20,
    "def f(x):\n    return x  # code\n" * 5,
]
LANGUAGES = ["en", None, "en", "de", "fr", "zh", "en", None, "en", "en"]


STEPS = {name: work for name in work_names() if kind_of(work := work_class(name)) == "step"}


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tokenizer of single bytes."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    path = tmp_path_factory.mktemp("tokenizer") / "bytes.json"
    tokenizer.save(str(path))
    return str(path)


@pytest.fixture(params=STEPS)
def work(request: pytest.FixtureRequest, tokenizer_file: str) -> Any:
    """Each step, by its example() if it needs settings, else by its defaults. A missing model file is an error here."""
    found = STEPS[request.param]
    if "tokenizer" in {field.name for field in dataclasses.fields(found)}:
        return found(tokenizer=tokenizer_file)
    try:
        return found.example() if isinstance(found, Exemplary) else found()
    except RecipeError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def batch_for(work: Any) -> pa.RecordBatch:
    """Documents of every kind, with all columns of the schema and any others that the step reads."""
    rows = range(len(TEXTS))
    columns: dict[str, Any] = {
        "id": [f"id{row}" for row in rows],
        "source": ["web"] * len(TEXTS),
        "url": [None if row == 1 else f"https://host{row}.example.com/page?n={row}" for row in rows],
        "path": [f"src/file{row}.py" for row in rows],
        "license": ["MIT", None] * (len(TEXTS) // 2),
        "date": [datetime.datetime(2024, 1, 1 + row, tzinfo=datetime.UTC) for row in rows],
        "text": TEXTS,
        "lang": LANGUAGES,
        "lang_score": [None if language is None else 0.6 + row / 30 for row, language in enumerate(LANGUAGES)],
        "code_lang": [None] * (len(TEXTS) - 1) + ["Python"],
        "locator": [{"file": "crawl.warc.gz", "offset": row, "length": 1} for row in rows],
        "meta": [None if row == 2 else '{"status":200}' for row in rows],
        "read_warc.robots": ["noai,noindex" if row % 3 == 0 else None for row in rows],
        "read_warc.tdm_reservation": ["1" if row % 5 == 0 else None for row in rows],
    }
    missing = set(work.reads) - set(columns)
    assert not missing, f"{type(work).__name__} reads {sorted(missing)}: give this test such columns"
    return documents(columns)


def settled(batch: pa.RecordBatch) -> dict[str, list[Any]]:
    """The lasting columns of a batch, with marks whether or not there are any."""
    columns: dict[str, list[Any]] = without_transient(batch).to_pydict()
    return {**{name: [None] * batch.num_rows for name in MARKS.names}, **columns}


def test_rows_keep_their_ids_and_order_and_no_column_is_lost(work: Any) -> None:
    batch = batch_for(work)
    out = work(batch)
    assert out.column("id").to_pylist() == batch.column("id").to_pylist()
    assert set(batch.schema.names) <= set(out.schema.names)
    kept = [column for column in batch.schema.names if column not in work.adds]
    assert out.select(kept).equals(batch.select(kept))
    assert set(out.schema.names) >= set(work.adds)


def test_an_empty_batch_comes_back_empty_with_the_same_columns(work: Any) -> None:
    batch = batch_for(work)
    empty, full = work(batch.slice(0, 0)), work(batch)
    assert empty.num_rows == 0
    lasting = [field for field in full.schema if field.name not in MARKS.names and not field.name.startswith("_")]
    found = {field.name: field.type for field in empty.schema}
    assert found.items() >= {field.name: field.type for field in lasting}.items()


def test_how_documents_are_batched_changes_nothing(work: Any) -> None:
    batch = batch_for(work)
    whole = settled(work(batch))
    for cut in (1, 4, batch.num_rows - 1):
        first, second = settled(work(batch.slice(0, cut))), settled(work(batch.slice(cut)))
        assert {column: first[column] + second[column] for column in whole} == whole


def test_a_step_pickles_and_gives_the_same_answer_every_time(work: Any) -> None:
    copy = pickle.loads(pickle.dumps(work))
    batch = batch_for(work)
    once = settled(work(batch))
    assert copy == work
    assert settled(work(batch)) == once
    assert settled(copy(batch)) == once


def test_a_step_leaves_its_input_as_it_was(work: Any) -> None:
    batch = batch_for(work)
    before = batch.serialize().to_pybytes()
    work(batch)
    assert batch.serialize().to_pybytes() == before


def test_steps_were_found_in_every_folder() -> None:
    assert {name.partition(".")[0] for name in STEPS} == {"stages", "filters", "tokenize"}

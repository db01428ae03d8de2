"""A datatrove block decides in a recipe as it does in datatrove."""

import json
import pickle
from typing import Any

import pyarrow as pa
import pytest

from tokenmill.core.columns import MARKS, documents
from tokenmill.core.errors import RecipeError
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition

pytest.importorskip("datatrove")

from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter
from datatrove.pipeline.formatters import PIIFormatter, SymbolLinesFormatter

from tokenmill.stages.datatrove_block import DatatroveBlock

FILTERS = "datatrove.pipeline.filters."
FORMATTERS = "datatrove.pipeline.formatters."
TEXTS = [text for work in (GopherQuality, GopherRepetition) for text, _ in work.EXAMPLES if text] + [
    "Two words.\nThis line [1] is one of several sentences. They go on. And on.\nThe end of it is here, finally.",
    "lorem ipsum and {curly}. It ends here. Or does it. No. It does not. Not at all.",
]


def batch_of(texts: list[str | None], **columns: list[Any]) -> pa.RecordBatch:
    return documents({"id": [f"d{row}" for row in range(len(texts))], "text": texts, **columns})


def rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [dict.fromkeys(MARKS.names) | row for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("cls", "settings"),
    [
        (GopherQualityFilter, {"min_doc_words": 30}),
        (FineWebQualityFilter, {}),
        (C4QualityFilter, {"filter_no_terminal_punct": False}),
    ],
)
def test_a_filter_gives_its_own_verdict_and_text(cls: Any, settings: dict[str, Any]) -> None:
    at_home = cls(**settings)
    expected = []
    for number, text in enumerate(TEXTS):
        document = Document(text=text, id=f"d{number}")
        verdict = at_home.filter(document)
        expected.append((None if verdict is True else f"datatrove_block.{verdict[1]}", document.text))
    out = rows(DatatroveBlock(f"{FILTERS}{cls.__name__}", settings)(batch_of([*TEXTS])))
    assert [(row["drop_rule"], row["text"]) for row in out] == expected
    assert len({rule for rule, _ in expected}) > 2
    assert {row["drop_threshold"] for row in out} == {None, f"{FILTERS}{cls.__name__}"}


def test_a_formatter_rewrites_each_text_as_if_it_were_the_first() -> None:
    texts = ["mail a@b.org and c@d.org", "and e@f.org", "nothing", None]
    out = DatatroveBlock(f"{FORMATTERS}PIIFormatter")(batch_of(texts)).column("text").to_pylist()
    assert out == [PIIFormatter().format(text) if text else None for text in texts]
    symbols = DatatroveBlock(f"{FORMATTERS}SymbolLinesFormatter", {"replace_char": "~"})(batch_of(["a\n***\nb"]))
    assert symbols.column("text").to_pylist() == [SymbolLinesFormatter(replace_char="~").format("a\n***\nb")]


def test_changed_metadata_goes_to_meta_and_the_rest_stays_byte_for_byte() -> None:
    texts = ["This is the first sentence here. " * 3, "two"]
    batch = batch_of(texts, meta=['{"b": 1,  "a": 2}', None], url=["http://a.example/", None], lang=["en", None])
    out = DatatroveBlock(f"{FILTERS}RegexFilter", {"regex_exp": "two"})(batch)
    assert out.column("meta").to_pylist() == ['{"b": 1,  "a": 2}', None]
    assert [row["drop_rule"] for row in rows(out)] == [None, "datatrove_block.regex_filter"]


def test_blocks_see_and_change_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    from datatrove.pipeline.filters import RegexFilter

    seen = []

    def look(self: Any, doc: Any) -> Any:
        seen.append(dict(doc.metadata))
        doc.metadata["n"] = len(doc.text)
        doc.metadata.pop("gone", None)
        return True

    monkeypatch.setattr(RegexFilter, "filter", look)
    batch = batch_of(["abc"], meta=['{"gone":1,"kept":2}'], url=["http://a.example/"], lang=["en"], lang_score=[0.5])
    out = DatatroveBlock(f"{FILTERS}RegexFilter", {"regex_exp": "x"})(batch)
    assert seen == [{"url": "http://a.example/", "language": "en", "language_score": 0.5, "gone": 1, "kept": 2}]
    assert json.loads(out.column("meta")[0].as_py()) == {"kept": 2, "n": 3}


def test_chance_depends_on_seed_and_id_alone() -> None:
    work = DatatroveBlock(f"{FILTERS}SamplerFilter", {"rate": 0.3}, seed=5)
    batch = batch_of(["x"] * 2000)
    whole = [row["drop_rule"] for row in rows(work(batch))]
    assert 0.25 < whole.count(None) / 2000 < 0.35
    parts = [row["drop_rule"] for part in (batch.slice(700), batch.slice(0, 700)) for row in rows(work(part))]
    assert parts[1300:] + parts[:1300] == whole
    other = DatatroveBlock(f"{FILTERS}SamplerFilter", {"rate": 0.3}, seed=6)
    assert [row["drop_rule"] for row in rows(other(batch))] != whole
    assert pickle.loads(pickle.dumps(work)) == work


@pytest.mark.parametrize(
    ("block", "settings", "message"),
    [
        ("os.system", {}, "expected a name such as datatrove"),
        ("datatrove.nothing.Filter", {}, "cannot import 'datatrove.nothing'"),
        (f"{FILTERS}GopherQualtyFilter", {}, "did you mean 'GopherQualityFilter'"),
        (f"{FILTERS}base_filter.BaseFilter", {}, "is a base class"),
        (f"{FILTERS}LambdaFilter", {"filter_function": "x"}, "needs a function"),
        (f"{FILTERS}RegexFilter", {}, "needs 'regex_exp'"),
        (f"{FILTERS}GopherQualityFilter", {"min_doc_wrods": 3}, "did you mean 'min_doc_words'"),
        (f"{FILTERS}GopherQualityFilter", {"exclusion_writer": "x"}, "recorded in dropped/"),
        ("datatrove.pipeline.readers.JsonlReader", {"data_folder": "x"}, "stages.read_table"),
        ("datatrove.pipeline.writers.JsonlWriter", {"output_folder": "x"}, "stages.write_jsonl"),
        ("datatrove.pipeline.dedup.MinhashDedupFilter", {"input_folder": "x"}, "stages.minhash"),
        ("datatrove.pipeline.tokens.TokensCounter", {}, "tokenize.encode"),
        ("datatrove.utils.text.TextNormConfig", {}, "no block 'TextNormConfig'"),
    ],
)
def test_what_is_no_filter_or_formatter_is_refused_by_name(block: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        DatatroveBlock(block, settings)


def test_settings_that_the_block_refuses_are_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match="does not accept the settings"):
        DatatroveBlock(f"{FILTERS}RegexFilter", {"regex_exp": 3})(batch_of(["a"]))

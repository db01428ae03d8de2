"""Wikitext to text as a step: null, too large and empty texts, settings, and the mini dump compared with its truth."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.mini.wiki import true_paragraphs, write_wiki
from tokenmill.stages.wiki.extract_wikitext import ExtractWikitext
from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia


def batch_of(*texts: str | None, meta: list[str | None] | None = None) -> pa.RecordBatch:
    columns = {"id": [f"id{row}" for row in range(len(texts))], "text": list(texts)}
    return documents(columns | ({"meta": meta} if meta else {}))


def test_texts_null_stays_null_and_what_cannot_be_used_is_marked() -> None:
    batch = ExtractWikitext(max_bytes=40)(batch_of("'''a''' [[b]]", None, "{{Infobox}}", "", "x" * 41, "c " * 20))
    assert batch["text"].to_pylist() == ["a b", None, "", "", None, ("c " * 20).strip()]
    assert batch["drop_rule"].to_pylist() == [
        None, None, "extract_wikitext.empty", "extract_wikitext.empty", "extract_wikitext.too_large", None,
    ]  # fmt: skip
    assert batch["drop_measured"].to_pylist()[4] == "41"


def test_a_slice_gives_what_the_whole_gives() -> None:
    whole = batch_of(*(f"'''{number}''' {{{{lang|x|y{number}}}}}" for number in range(9)))
    texts = ExtractWikitext()(whole)["text"].to_pylist()
    assert ExtractWikitext()(whole.slice(3, 4))["text"].to_pylist() == texts[3:7]


def test_names_of_namespaces_come_from_meta() -> None:
    meta = [json.dumps({"namespaces": ["Bilden", "Sorten"]}), "{}", None, "[1]", '{"namespaces":"x"}']
    batch = batch_of(*["[[Bilden:a.png|b]][[sorten:c]]d"] * 5, meta=meta)
    assert ExtractWikitext()(batch)["text"].to_pylist() == ["d", *["bsorten:cd"] * 4]


def test_the_language_of_the_wiki_says_whether_it_has_variants() -> None:
    meta = [json.dumps({"lang": lang}) for lang in ("zh", "en", "zh-yue")] + ["{}", None, '{"lang":3}']
    batch = batch_of(*["-{zh-cn:字;zh-tw:子}- -{a}-"] * 6, meta=meta)
    whole, first = "-{zh-cn:字;zh-tw:子}- -{a}-", "字 -{a}-"
    assert ExtractWikitext()(batch)["text"].to_pylist() == ["字 a", whole, whole, first, first, first]


def test_settings_are_checked() -> None:
    with pytest.raises(RecipeError, match=r"tables: found 'html', expected 'rows' or 'drop'"):
        ExtractWikitext(tables="html")


def test_the_mini_dump_gives_its_true_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "enwiki-mini.xml.bz2"
    write_wiki(path, pages=400, seed=7)
    source = ReadWikipedia(paths=str(path))
    (read,) = [batch for shard in source.shards() for batch in source.read(shard)]
    found = ExtractWikitext()(read)
    rows = [row for row in found.to_pylist() if row["drop_rule"] is None]
    assert len(rows) == 21
    for number, row in enumerate(rows[:20]):
        title, lines = json.loads(row["meta"])["title"], row["text"].split("\n")
        first, *others = true_paragraphs(number, 7)
        assert lines[0].startswith(f"{title} lies near ") and lines[0].endswith(f". {first}")
        assert [line for line in lines if line in others] == others
        assert not set("{}[]<>|") & set(row["text"]) and "''" not in row["text"] and "==" not in row["text"]
        assert lines[-5:-3] == ["See also", ""] and all(line.startswith("- ") for line in lines[-3:])
        assert "Place\tNumber\tYear" in lines and "References" not in lines
    assert rows[20]["text"] == "Short: $a^2 = c^2$, [[no link]], H2O & more."

"""stages/dedup/substring_dedup.py: the removed substrings, compared with a search of every window of every text."""

import json
import pickle
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import documents, set_column, split
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import FACTS, Rewriting, Room
from tokenmill.pipeline.exchange.exchange import partition_of
from tokenmill.stages.dedup.substring_dedup import SubstringDedup

SPOTS = ("shard", "row", "place", "of")
ROOM = Room(1 << 30, "", {})


def run(
    work: SubstringDedup, texts: list[str | None], *, batch_rows: int = 3, partitions: int = 2, source: str = ""
) -> tuple[pa.RecordBatch, dict[str, Any]]:
    """Returns (all documents after the rewriting, the counts). The documents are in two shards, as in the engine.

    source: one letter per document.
    """
    batch = documents({"id": [f"d{i}" for i in range(len(texts))], "text": texts})
    if source:
        batch = set_column(batch, "source", pa.array(list(source)))
    half = (len(texts) + 1) // 2
    numbered = batch.append_column("_shard", pa.array([int(i >= half) for i in range(len(texts))], pa.int32()))
    numbered = numbered.append_column("_row", pa.array([i % half for i in range(len(texts))], pa.int32()))
    inputs = [numbered.slice(first, batch_rows) for first in range(0, max(1, len(texts)), batch_rows)]
    made = inputs
    for round in work.rounds():
        if round.of_documents:
            made = [with_places(part, made) for part in inputs]
        routed = pa.Table.from_batches([round.route(part) for part in made])
        made = []
        for place in range(partitions):
            mine = routed.filter(pa.array(partition_of(routed.column("_partition_key"), partitions) == place))
            mine = mine.sort_by([(name, "ascending") for name in round.sort_by])
            made += list(round.reduce(iter(mine.combine_chunks().to_batches(max_chunksize=batch_rows)), ROOM))
        if not made:
            made = [pa.RecordBatch.from_pydict({name: pa.array([], pa.int32()) for name in SPOTS})]
            if type(round).__name__ == "SharingDocuments":
                made = [made[0].append_column("places", pa.array([], pa.large_binary()))]
    facts = work.conclude(
        [json.loads(b.schema.metadata[FACTS]) for b in made if b.schema.metadata], Counter(source or " " * len(texts))
    )
    said = pa.Table.from_batches([part.replace_schema_metadata(None) for part in made], schema=work.SAID)
    place = [shard * half + row for shard, row in zip(said["shard"].to_pylist(), said["row"].to_pylist(), strict=True)]
    said = said.set_column(1, "row", pa.array(place, pa.int32()))
    order = random.Random(1).sample(range(said.num_rows), said.num_rows)
    return work.rewrite(batch, said.take(pa.array(order, pa.int64()))), facts


def with_places(batch: pa.RecordBatch, said: list[pa.RecordBatch]) -> pa.RecordBatch:
    about = {(row["shard"], row["row"]): row["places"] for part in said for row in part.to_pylist()}
    at = list(zip(batch.column("_shard").to_pylist(), batch.column("_row").to_pylist(), strict=True))
    mine = [row for row, place in enumerate(at) if place in about]
    return batch.take(pa.array(mine, pa.int64())).append_column(
        "places", pa.array([about[at[row]] for row in mine], pa.large_binary())
    )


def plain(texts: list[str | None], length: int) -> tuple[list[str], list[int]]:
    """Returns (the rest of each text, the characters removed). A window is removed if another document has it and comes
    before, the longest first. A blank text has no windows.
    """
    tie = keyed_hash(0, "substring_dedup", [f"d{i}" for i in range(len(texts))]).tolist()
    order = sorted(range(len(texts)), key=lambda i: (-len((texts[i] or "").encode()), tie[i]))
    owner: dict[str, int] = {}
    gone: dict[int, set[int]] = {i: set() for i in order}
    for i in order:
        text = texts[i] or ""
        for start in range(len(text) - length + 1 if text.strip() else 0):
            if owner.setdefault(text[start : start + length], i) != i:
                gone[i].update(range(start, start + length))
    return [joined(texts[i] or "", gone[i]) for i in range(len(texts))], [len(gone[i]) for i in range(len(texts))]


def joined(text: str, removed: set[int]) -> str:
    """Returns the text without the removed places. White space is left on one side, or put in, where a span was."""
    out, was_cut, broken = "", False, False
    for place, character in enumerate(text):
        if place in removed:
            was_cut, broken = True, broken or character == "\n"
        elif not (was_cut and out.endswith(" ") and character == " "):
            if was_cut and out and not out[-1].isspace() and not character.isspace():
                out += "\n" if broken else " "
            out, was_cut, broken = out + character, False, False
    return out


def left(found: pa.RecordBatch | pa.Table) -> list[str]:
    """Returns the rest of each text, and "" for dropped documents, which keep their text for the drop record."""
    rules = found.column("drop_rule").to_pylist() if "drop_rule" in found.schema.names else [None] * found.num_rows
    return ["" if rule else text or "" for text, rule in zip(found.column("text").to_pylist(), rules, strict=True)]


@st.composite
def corpora(draw: Any) -> list[str | None]:
    """Joins texts from a few pieces of a few letters, some of them wide, so that all kinds of repeats occur."""
    letters = draw(st.sampled_from(["a", "ab", "abcdefgh ", "aé漢🥲", "ab\n "]))
    pool = draw(st.lists(st.text(letters, min_size=1, max_size=60), min_size=1, max_size=4))
    one = st.lists(st.one_of(st.sampled_from(pool), st.text(letters, max_size=9)), max_size=5).map("".join)
    return draw(st.lists(st.one_of(st.none(), one), min_size=1, max_size=7))


@given(corpora(), st.sampled_from([16, 17, 25, 40]), st.integers(1, 9), st.sampled_from([1, 4]))
@settings(deadline=None, max_examples=150)
def test_it_takes_out_what_looking_at_every_window_does(
    texts: list[str | None], length: int, batch_rows: int, partitions: int
) -> None:
    found, facts = run(SubstringDedup(length=length), texts, batch_rows=batch_rows, partitions=partitions)
    wanted, removed = plain(texts, length)
    assert left(found) == [one if one.strip() or not gone else "" for one, gone in zip(wanted, removed, strict=True)]
    assert [text is None for text in found.column("text").to_pylist()] == [text is None for text in texts]
    assert found.column("substring_dedup.removed_characters").to_pylist() == removed
    assert facts["characters"] == sum(removed)
    assert facts["cut"] == sum(count > 0 for count in removed)
    assert facts["spans"] == sum(found.column("substring_dedup.removed_spans").to_pylist())


@pytest.mark.slow
def test_it_takes_out_all_repeats_of_long_texts_whose_places_are_anywhere() -> None:
    """60 texts of 4,000 characters quote each other at random, in 200 quotations of 40 to 400 characters."""
    rng = random.Random(3)
    texts = ["".join(rng.choices("etaoin shrdlu", k=4000)) for _ in range(60)]
    for _ in range(200):
        a, b = rng.sample(range(60), 2)
        size, at, to = rng.randrange(40, 400), rng.randrange(3000), rng.randrange(3000)
        texts[b] = texts[b][:to] + texts[a][at : at + size] + texts[b][to:]
    found, _ = run(SubstringDedup(length=80), list(texts), batch_rows=7, partitions=4)
    assert left(found) == plain(list(texts), 80)[0]


def test_the_longest_document_keeps_the_span_and_counts_are_signals() -> None:
    notice = "This notice of forty characters and more stands in many a document."
    texts = [f"Short. {notice}", f"{notice} A text that is longer than that.", notice, notice[:30], "Of none."]
    found, facts = run(SubstringDedup(length=40), list(texts))
    assert left(found) == ["Short. ", texts[1], "", texts[3], texts[4]]
    assert found.column("substring_dedup.removed_spans").to_pylist() == [1, 0, 1, 0, 0]
    assert found.column("substring_dedup.removed_ratio").to_pylist()[2] == 1.0
    assert facts == {"documents": 5, "cut": 2, "spans": 2, "characters": 2 * len(notice)}
    _, gone = split(found)
    assert gone.select(["id", "drop_rule", "drop_measured"]).to_pylist() == [
        {"id": "d2", "drop_rule": "substring_dedup.emptied", "drop_measured": str(len(notice))}
    ]


def test_words_around_a_span_stay_apart() -> None:
    """Guards against an earlier fault: words that the span separated were joined."""
    notice = " Please rate this recipe, and share it with all of your friends. "
    texts = [f"Stir{notice}well", f"Bake\n{notice.strip()}\nfor long", f"{notice} is what a longer page ends with"]
    assert left(run(SubstringDedup(length=40), list(texts))[0]) == ["Stir well", "Bake\n\nfor long", texts[2]]


@pytest.mark.parametrize("blank", [" " * 90, "\n \t" * 40, "\u00a0\u2003" * 50, "\ufeff" * 70, "\u200b \x00" * 40])
def test_blank_texts_are_no_duplicates_of_each_other(blank: str) -> None:
    """Guards against an earlier fault: all but one of the blank texts were dropped."""
    found, facts = run(SubstringDedup(length=40), [blank, blank, blank + blank, None, "", f"a{blank}b"])
    assert found.column("text").to_pylist() == [blank, blank, blank + blank, None, "", f"a{blank}b"]
    assert facts == {"documents": 6, "cut": 0, "spans": 0, "characters": 0}


def test_what_a_document_repeats_of_itself_stays() -> None:
    texts = ["=" * 500, "ab" * 300, "Other text."]
    assert run(SubstringDedup(length=50), list(texts))[0].column("text").to_pylist() == texts


def test_max_removed_counts_documents_that_lose_a_span() -> None:
    notice = "This notice of forty characters and more stands in many a document."
    texts = [f"Short. {notice}", f"{notice} A text that is longer than that. {notice}", notice, "Of none.", "Nor this."]
    for batch_rows, partitions in ((1, 1), (3, 2), (5, 4)):
        shape = {"batch_rows": batch_rows, "partitions": partitions, "source": "wwbwb"}
        with pytest.raises(DataError, match=r"1 of 3 documents of source 'w', 33\.33%; max_removed allows 33\.00%"):
            run(SubstringDedup(length=40, max_removed={"w": 0.33}), list(texts), **shape)
        _, facts = run(SubstringDedup(length=40, max_removed={"w": 0.34, "b": 0.5}), list(texts), **shape)
        assert facts["cut"] == 2
    assert SubstringDedup(max_removed={"w": 0.1}).reads == ("id", "text", "source")


@pytest.mark.parametrize("settings", [{"length": 15}, {"keep": "best_score"}, {"max_removed": {"w": 2}}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        SubstringDedup(**settings)


def test_it_pickles_and_rewrites() -> None:
    assert isinstance(SubstringDedup(), Rewriting)
    assert pickle.loads(pickle.dumps(SubstringDedup().rounds())) == SubstringDedup().rounds()

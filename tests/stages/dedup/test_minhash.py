"""stages/dedup/minhash.py: the removed documents, the recorded reasons, and that both depend only on the documents."""

import json
import logging
import pickle
import random
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import FACTS, VERDICT, Room
from tokenmill.pipeline.exchange.exchange import partition_of
from tokenmill.stages.dedup import minhash_held
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.stages.dedup.minhash_held import HeldNeighbourhoods, fixed_array, ragged_array
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.jaccard import jaccard_of_sets, jaccard_of_texts
from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.similarity.signature import chance_of_meeting
from tokenmill.text.words.fold import FOLDS
from tokenmill.text.words.hash import Ragged

HALF_A_GIGABYTE = 1 << 29


def run(
    work: Any,
    rows: dict[str, list[Any]],
    *,
    batch_rows: int = 1000,
    shuffle: int | None = None,
    partitions: int = 1,
    memory: int = HALF_A_GIGABYTE,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Returns (verdicts, facts) as the engine gets them. It routes the rows of two shards in batches, then sorts each
    partition and reduces it in pieces.
    """
    whole = documents(rows)
    half = (whole.num_rows + 1) // 2
    whole = whole.append_column("_shard", pa.array([int(i >= half) for i in range(whole.num_rows)], type=pa.int32()))
    whole = whole.append_column("_row", pa.array([i % half for i in range(whole.num_rows)], type=pa.int32()))
    if shuffle is not None:
        whole = whole.take(pa.array(random.Random(shuffle).sample(range(whole.num_rows), whole.num_rows)))
    batches = [whole.slice(first, batch_rows) for first in range(0, max(1, whole.num_rows), batch_rows)]
    made = batches
    with tempfile.TemporaryDirectory() as scratch:
        room = Room(memory, scratch, {0: half, 1: whole.num_rows - half})
        for round in work.rounds():
            given = [named(batch, made) for batch in batches] if round.of_documents else made
            routed = pa.Table.from_batches([round.route(batch) for batch in given])
            made = []
            for part in parted(routed, 1 if round.single else partitions):
                ordered = part.sort_by([(name, "ascending") for name in round.sort_by]) if round.sort_by else part
                pieces = ordered.combine_chunks().to_batches(max_chunksize=batch_rows)
                made += list(round.reduce(iter(pieces), room)) or [empty_of(round)]
    said = [json.loads(batch.schema.metadata[FACTS]) for batch in made if FACTS in (batch.schema.metadata or {})]
    sources = Counter(rows["source"]) if "source" in rows else {"": whole.num_rows}
    facts = work.conclude(said, sources)
    assert all(batch.schema.equals(VERDICT) for batch in made)
    return [row for batch in made for row in batch.to_pylist()], facts


def named(batch: pa.RecordBatch, said: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Returns the documents that the round before selected, with its column `neighbourhood`."""
    about = {(row["shard"], row["row"]): row for part in said for row in part.to_pylist()}
    places = list(zip(batch.column("_shard").to_pylist(), batch.column("_row").to_pylist(), strict=True))
    mine = [row for row, place in enumerate(places) if place in about]
    numbers = pa.array([about[places[row]]["neighbourhood"] for row in mine], type=pa.uint64())
    return batch.take(pa.array(mine, type=pa.int64())).append_column("neighbourhood", numbers)


def parted(routed: pa.Table, partitions: int) -> list[pa.Table]:
    """Splits rows into ranges of the key, all of the same width."""
    places = partition_of(routed.column("_partition_key"), partitions)
    return [routed.filter(pa.array(places == place)) for place in range(partitions)]


def empty_of(round: Any) -> pa.RecordBatch:
    columns = {"SharedBands": ("one", "other"), "Neighbourhoods": ("shard", "row", "neighbourhood")}
    return pa.RecordBatch.from_pydict({name: pa.array([], pa.int64()) for name in columns[type(round).__name__]})


def verdicts(work: Any, rows: dict[str, list[Any]], **how: Any) -> dict[str, dict[str, Any]]:
    """Returns {id: its verdict without its place}."""
    half = (len(rows["id"]) + 1) // 2
    found = {}
    for verdict in run(work, rows, **how)[0]:
        id = rows["id"][verdict.pop("shard") * half + verdict.pop("row")]
        assert id not in found
        found[id] = {name: value for name, value in verdict.items() if value is not None}
    return found


def word(number: int) -> str:
    return "".join("bcdfghjklm"[int(digit)] + "aeiou"[int(digit) % 5] for digit in str(number))


def words(rng: random.Random, count: int) -> list[str]:
    return [word(rng.randrange(100_000)) for _ in range(count)]


def edited(rng: random.Random, text: list[str], edits: int) -> list[str]:
    """Replaces `edits` words of the text, far enough from each other that each edit breaks five shingles."""
    out = list(text)
    for place in rng.sample(range(4, len(text) - 4, 5), edits):
        out[place] = word(rng.randrange(100_000, 1_000_000))
    return out


def grams(text: str) -> set[tuple[str, ...]]:
    split = text.split()
    return {tuple(split[i : i + 5]) for i in range(len(split) - 4)}


def jaccard(a: str, b: str) -> float:
    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


def crawl(seed: int, originals: int = 60, copies: int = 4) -> dict[str, list[Any]]:
    """Returns originals and edited copies of copies of each. Their similarities are between 0.4 and 1."""
    rng = random.Random(seed)
    texts = []
    for _ in range(originals):
        latest = words(rng, rng.randrange(60, 200))
        texts.append(latest)
        for _ in range(rng.randrange(copies + 1)):
            latest = edited(rng, latest, rng.randrange(4))
            texts.append(latest)
    rng.shuffle(texts)
    return {
        "id": [f"doc{i:04d}" for i in range(len(texts))],
        "source": [("web", "wiki")[i % 3 == 0] for i in range(len(texts))],
        "text": [" ".join(text) for text in texts],
    }


def test_every_removal_is_recomputed_from_the_texts() -> None:
    rows = crawl(1)
    text = dict(zip(rows["id"], rows["text"], strict=True))
    found = verdicts(Minhash(), rows)
    removed = {id: verdict for id, verdict in found.items() if "drop_rule" in verdict}
    assert len(removed) > 40
    for id, verdict in removed.items():
        kept = verdict["duplicate_of"]
        measured = jaccard(text[id], text[kept])
        assert kept not in removed
        assert measured >= 0.75
        assert measured == jaccard_of_texts(text[id], text[kept], 5)
        assert verdict == {
            "drop_rule": "minhash.near_duplicate",
            "drop_measured": f"{measured:.6g}",
            "drop_threshold": "0.75",
            "duplicate_of": kept,
            "similarity": np.float32(measured),
        }
        assert (-len(text[kept]), kept) < (-len(text[id]), id)
    named = [verdict["duplicate_of"] for verdict in removed.values()]
    sizes = {id: verdict["cluster_size"] for id, verdict in found.items() if id not in removed}
    assert sizes == {id: 1 + named.count(id) for id in set(named)}


def test_with_bands_of_one_row_it_is_the_rule_over_all_pairs() -> None:
    """64 bands of 1 row nominate nearly every pair above 0.2, so comparing all pairs must give the same result."""
    rows = crawl(2, originals=25)
    order = sorted(range(len(rows["id"])), key=lambda i: (-len(rows["text"][i]), rows["id"][i]))
    kept: list[int] = []
    wanted = {}
    for i in order:
        near = [(jaccard(rows["text"][i], rows["text"][k]), -place, k) for place, k in enumerate(kept)]
        value, _, of = max((one for one in near if one[0] >= 0.6), default=(0.0, 0, -1))
        if of >= 0:
            wanted[rows["id"][i]] = (rows["id"][of], f"{value:.6g}")
        else:
            kept.append(i)
    found = verdicts(Minhash(bands=64, rows=1, threshold=0.6), rows)
    removed = {id: (v["duplicate_of"], v["drop_measured"]) for id, v in found.items() if "drop_rule" in v}
    assert removed == wanted


@pytest.mark.parametrize(("edits", "low", "high"), [(0, 1.0, 1.0), (1, 0.93, 1.0), (2, 0.85, 0.99), (4, 0.0, 0.0)])
def test_recall_follows_the_s_curve_above_the_threshold_and_is_nothing_below(
    edits: int, low: float, high: float
) -> None:
    """There are 300 pairs of 99 words, 95 shingles. With e edits the similarity is (95 - 5 e) / (95 + 5 e): 1, 0.9,
    0.81, 0.65 for 0, 1, 2 and 4.
    """
    rng = random.Random(edits)
    originals = [words(rng, 99) for _ in range(300)]
    texts = [" ".join(text) for one in originals for text in (one, edited(rng, one, edits))]
    found = verdicts(Minhash(), {"id": [f"{i:04d}" for i in range(600)], "text": texts})
    share = sum("drop_rule" in verdict for verdict in found.values()) / 300
    assert low <= share <= high
    similarity = (95 - 5 * edits) / (95 + 5 * edits)
    assert similarity < 0.75 or abs(share - chance_of_meeting(similarity, 14, 8)) < 0.06


@given(st.integers(0, 100), st.integers(1, 40), st.integers(0, 1000), st.sampled_from([1, 2, 16]), st.booleans())
@settings(deadline=None, max_examples=15)
def test_the_outcome_hangs_on_nothing_but_the_documents(
    seed: int, batch_rows: int, shuffle: int, partitions: int, cramped: bool
) -> None:
    """It depends neither on their order, nor on batches, partitions, or whether hashes must go to a scratch file."""
    rows = crawl(seed, originals=12)
    memory = 80 << 20 if cramped else HALF_A_GIGABYTE
    how = {"batch_rows": batch_rows, "shuffle": shuffle, "partitions": partitions, "memory": memory}
    with pytest.MonkeyPatch.context() as patch:
        if cramped:
            patch.setattr(minhash_held, "SHINGLE_SHARE", 20_000)
            patch.setattr(minhash_held, "OTHER_SHARE", 2)
        assert verdicts(Minhash(seed=3), rows, **how) == verdicts(Minhash(seed=3), rows)


def test_tiny_empty_and_null_texts_are_never_duplicates() -> None:
    texts = ["one two three four", "one two three four", "", "", None, None, "!!! ... ???" * 20, "!!! ... ???" * 20]
    assert verdicts(Minhash(), {"id": list("abcdefgh"), "text": texts}) == {}
    assert verdicts(Minhash(), {"id": [], "text": []}) == {}


def test_bands_ignore_what_fold_says_and_nothing_else() -> None:
    one, other = "The café of 1987: 12 tables, bread; tea.", "the CAFE of 4 - 5 tables bread tea"
    both = documents({"text": [one, other]})
    all_folded, some_folded, as_they_are = (
        Shingling(2, fold=fold).nominating(both)[1] for fold in (FOLDS, FOLDS[1:], ())
    )
    assert jaccard_of_sets(all_folded[0], all_folded[1]) == 1.0
    assert 0 < jaccard_of_sets(some_folded[0], some_folded[1]) < 1.0
    assert as_they_are.values.tolist() == Shingling(2).verifying(both)[1].values.tolist()
    assert Minhash(fold=("digits", "case")) == Minhash(fold=("case", "digits"))


def test_two_copies_of_fewer_words_than_a_shingle_has_are_found_if_the_bands_see_them() -> None:
    address = "https://example.org/one/two/three.html"
    assert len(verdicts(Minhash(), {"id": list("abc"), "text": [address, address, address.replace("one", "1")]})) == 2


def test_what_is_kept_is_what_keep_prefers() -> None:
    text = " ".join(words(random.Random(5), 50))
    rows = {
        "id": ["a", "b", "c"],
        "source": ["x", "y", "z"],
        "date": [datetime(year, 5, 1, tzinfo=UTC) for year in (2021, 2020, 2022)],
        "text": [text, text + " .", text + " . ."],
        "quality_score.score": [0.1, 0.9, -0.5],
    }
    wanted = {
        "c": Minhash(),
        "b": Minhash(keep="earliest"),
        "a": Minhash(keep="source_order", sources=("x", "y")),
    }
    for kept, work in wanted.items():
        assert [id for id, verdict in verdicts(work, rows).items() if "cluster_size" in verdict] == [kept]
    for kept, work in {
        "c": Minhash(keep="latest"),
        "b": Minhash(keep="best_score", score="quality_score.score"),
    }.items():
        assert [id for id, verdict in verdicts(work, rows).items() if "cluster_size" in verdict] == [kept]


def test_max_removed_stops_before_any_verdict_and_shows_the_clusters() -> None:
    text = " ".join(words(random.Random(6), 50))
    rows = {"id": list("abcd"), "source": ["web", "web", "web", "wiki"], "text": [text, text, text, text]}
    with pytest.raises(
        DataError, match=r"2 of 3 documents of source 'web', 66\.67%; max_removed allows 50\.00%.*: a \(2\)"
    ):
        run(Minhash(max_removed={"web": 0.5}), rows)
    assert len(verdicts(Minhash(max_removed={"web": 0.7, "wiki": 1.0, "books": 0.1}), rows)) == 4


def test_a_giant_bucket_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """The pages share a long chrome and have a short text of their own: similar enough for a band, but below the
    threshold.
    """
    rng = random.Random(7)
    chrome = words(rng, 80)
    texts = [" ".join(chrome + words(rng, 25)) for _ in range(40)]
    with caplog.at_level(logging.INFO, logger="tokenmill.stages.dedup.minhash"):
        work = Minhash(bands=40, rows=2, max_bucket=10, hubs=3)
        _, facts = run(work, {"id": [f"{i:02d}" for i in range(40)], "text": texts}, partitions=4)
    assert facts["documents"] == 40
    assert facts["removed"] == 0
    assert facts["giant_buckets"] > 0
    assert facts["hub_rounds"] == 3
    assert facts["pairs_unexamined"] == facts["pairs_unexamined_kept"] > 0
    assert "were never examined" in caplog.text
    _, facts = run(Minhash(bands=40, rows=2), {"id": list("ab"), "text": texts[:2]})
    assert facts == {
        "documents": 2, "removed": 0, "clusters": 0, "pairs_verified": 1, "giant_buckets": 0, "hub_rounds": 0,
        "pairs_unexamined": 0, "pairs_unexamined_kept": 0,
    }  # fmt: skip


def test_memory_too_small_is_refused_with_the_least_that_works() -> None:
    text = " ".join(words(random.Random(8), 50))
    rows = {"id": [f"{i:05d}" for i in range(2000)], "text": [text] * 2000}
    with pytest.raises(DataError, match=r"joining 2,000 documents .* least that works is memory: 68MB"):
        run(Minhash(), rows, memory=1 << 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minhash_held, "OTHER_SHARE", 1000)
        with pytest.raises(DataError, match=r"2,000 documents form one .* least that works is memory: \d+MB") as no:
            run(Minhash(), rows, batch_rows=100, memory=100 << 20)
        least = int(str(no.value).partition("memory: ")[2].partition("MB")[0]) * 1_000_000
        assert len(run(Minhash(), rows, batch_rows=100, memory=least)[0]) == 2000
        with pytest.raises(DataError):
            run(Minhash(), rows, batch_rows=100, memory=least - 2_000_000)


@pytest.mark.parametrize(
    "settings",
    [
        {"bands": 0}, {"rows": 0}, {"ngram": 0}, {"hubs": 0}, {"threshold": 0.0}, {"threshold": 1.1},
        {"max_removed": {"web": 60}}, {"keep": "best_score"}, {"keep": "source_order"}, {"score": "x"},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        Minhash(**settings)


def test_it_pickles_and_says_what_it_reads() -> None:
    work = Minhash(keep="best_score", score="quality_score.score", max_removed={"web": 0.5})
    assert pickle.loads(pickle.dumps(work)) == work
    assert pickle.loads(pickle.dumps(work.rounds())) == work.rounds()
    assert work.reads == ("id", "text", "quality_score.score", "source")
    assert Minhash().reads == ("id", "text")


def test_nothing_reduces_to_nothing() -> None:
    found, facts = run(Minhash(), {"id": [], "text": []})
    assert found == []
    assert set(facts.values()) == {0}


def test_a_neighbourhood_too_large_for_memory_is_refused_however_it_comes(tmp_path: Path) -> None:
    """It is refused also if its rows come in many batches after the first batches have filled the memory."""
    shingles = Ragged(frozen(np.arange(100, dtype=np.uint64)), frozen(np.arange(101)))
    batch = pa.RecordBatch.from_pydict(
        {
            "_partition_key": np.full(100, 7, dtype=np.uint64),
            "id": [f"{number}" for number in range(100)],
            "source": pa.nulls(100, pa.string()),
            "shard": np.zeros(100, dtype=np.int32),
            "row": np.arange(100, dtype=np.int32),
            "fixed": np.zeros(100, dtype=np.bool_),
            "bands": fixed_array(np.zeros((100, 2), dtype=np.uint64)),
            "shingles": ragged_array(shingles),
        }
    )
    room = Room(1 << 20, str(tmp_path), {})
    assert len(list(HeldNeighbourhoods.read(iter([batch] * 40), room, 2))) == 1
    with pytest.raises(DataError, match="20,000 documents form one neighbourhood"):
        list(HeldNeighbourhoods.read(iter([batch] * 200), room, 2))

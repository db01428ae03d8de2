import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import documents, set_column
from tokenmill.core.corpus.token_shard import read_corpus
from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import Cut, Writer
from tokenmill.tokenize.encode import Encode
from tokenmill.tokenize.write_shards import ROUTED, WriteShards

Rebatch = Callable[[pa.RecordBatch], list[pa.RecordBatch]]


def encoded_by_hand(lengths: list[int], first: int = 0) -> pa.RecordBatch:
    """Returns documents doc<i> with the given token counts. The ids are BOS (0), then one id that depends on i."""
    numbers = range(first, first + len(lengths))
    batch = documents({"id": [f"doc{i}" for i in numbers]})
    ids = [[0, *[2 + i % 600] * (length - 1)] for i, length in zip(numbers, lengths, strict=True)]
    batch = set_column(batch, "_tokens", pa.array(ids, type=pa.large_list(pa.uint32())))
    return set_column(batch, "encode.n_bytes", pa.array([3 * length for length in lengths], type=pa.int64()))


def sorted_whole(writer: WriteShards, batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Returns what the exchange gives for the batches: all routed rows, in the round's order."""
    (shuffle,) = writer.rounds()
    table = pa.Table.from_batches([shuffle.route(batch) for batch in batches], schema=ROUTED)
    (rows,) = table.sort_by([(name, "ascending") for name in shuffle.sort_by]).combine_chunks().to_batches() or [
        pa.RecordBatch.from_pylist([], schema=ROUTED)
    ]
    return rows


def write_all(writer: WriteShards, batches: list[pa.RecordBatch], folder: Path, rebatch: Rebatch) -> list[str]:
    """Does all work of an engine in memory: weigh, cut, write each cut, finish. Returns the files' paths."""
    rows = sorted_whole(writer, batches)
    split, weight = rows.column("_split").to_numpy(False), rows.column("_weight").to_numpy()
    weights = {name: int(weight[split == name].sum()) for name in ("train", "val")}
    files, facts = [], []
    for cut in writer.cuts(weights):
        mine = rows.filter(pa.array(split == cut.split))
        starts = np.cumsum(mine.column("_weight").to_numpy()) - mine.column("_weight").to_numpy()
        inside = mine.filter(pa.array((starts >= cut.low) & (starts < cut.high)))
        written, fact = writer.write(cut, iter(rebatch(inside)), str(folder))
        files += written
        facts.append(json.loads(json.dumps(fact)))
    return files + writer.finish(facts, str(folder), recipe_sha256="ab" * 32).files


def as_one(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [batch]


def by_rows(count: int) -> Rebatch:
    """Returns a function that splits into batches of `count` rows that share no memory, and adds an empty batch."""

    def rebatch(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        table = pa.Table.from_batches([batch])
        parts = [table.slice(start, count).combine_chunks() for start in range(0, batch.num_rows, count)]
        return [batch.slice(0, 0), *(part for table in parts for part in table.to_batches())]

    return rebatch


def documents_of(folder: Path) -> dict[str, list[tuple[str, list[int]]]]:
    """Returns (id, ids) of each document by split, in reading order."""
    corpus = verify_corpus(folder)
    return {
        split: [
            (row["id"], shard.document(number).tolist())
            for shard in corpus.shards(split)
            for number, row in enumerate(shard.docs().to_pylist())
        ]
        for split in corpus.splits
    }


def test_it_is_a_writer_that_pickles(tokenizer_path: str) -> None:
    writer = WriteShards(tokenizer=tokenizer_path, seed=3)
    assert isinstance(writer, Writer)
    assert pickle.loads(pickle.dumps((writer, writer.rounds()))) == (writer, writer.rounds())
    assert writer.file_checksums() == Encode(tokenizer_path).file_checksums()


def test_a_corpus_reads_back_as_it_was_encoded(tokenizer_path: str, tmp_path: Path) -> None:
    """From text to shards and back, each document occurs once, with the same ids, bytes, source, url and place."""
    texts = [f"the cat {i} sat" * (i % 5 + 1) for i in range(60)]
    batch = documents(
        {
            "id": [f"doc{i}" for i in range(60)],
            "source": ["web", "wiki", None] * 20,
            "url": [None if i % 2 else f"http://x/{i}" for i in range(60)],
            "locator": [None if i % 4 == 1 else {"file": "a.warc", "offset": i, "length": 9} for i in range(60)],
            "text": texts,
        }
    )
    batch = Encode(tokenizer_path)(batch)
    writer = WriteShards(tokens_per_shard=300, val=0.2, seed=5, tokenizer=tokenizer_path)
    files = write_all(writer, [batch.slice(0, 17), batch.slice(17)], tmp_path, as_one)
    assert sorted(files) == sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())

    corpus = verify_corpus(tmp_path)
    assert list(corpus.splits) == ["train", "val"] and len(corpus.splits["train"]) > 1
    assert (corpus.bos_id, corpus.eos_id, corpus.vocab_size, corpus.shuffle_seed) == (0, -1, 700, 5)
    assert corpus.recipe_hash == "ab" * 32
    rows = [row for split in corpus.splits for shard in corpus.shards(split) for row in shard.docs().to_pylist()]
    said = {row["id"]: (row["source"], row["url"], row["n_bytes"], row["locator"]) for row in rows}
    assert said == {
        row["id"]: (row["source"] or "", row["url"], len(row["text"].encode()), row["locator"])
        for row in batch.to_pylist()
    }
    found = dict(pair for pairs in documents_of(tmp_path).values() for pair in pairs)
    assert found == dict(zip(batch.column("id").to_pylist(), batch.column("_tokens").to_pylist(), strict=True))
    assert len(rows) == 60


def test_columns_that_are_absent_are_null() -> None:
    routed = WriteShards().rounds()[0].route(encoded_by_hand([3, 4]))
    assert routed.schema == ROUTED
    for name in ("source", "url", "locator"):
        assert routed.column(name).null_count == 2
    assert routed.column("_weight").to_pylist() == [3, 4]
    assert WriteShards().rounds()[0].route(encoded_by_hand([])).schema == ROUTED


def test_the_shuffle_is_a_permutation_that_depends_on_the_seed_alone() -> None:
    batch = encoded_by_hand([2] * 2000)
    orders = {seed: sorted_whole(WriteShards(seed=seed), [batch]).column("id").to_pylist() for seed in (0, 1)}
    ids = batch.column("id").to_pylist()
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(ids)
    places = [int(id[3:]) for id in orders[0]]
    assert abs(np.corrcoef(places, np.arange(2000))[0, 1]) < 0.1
    apart = sorted_whole(WriteShards(), [batch.slice(1500), batch.slice(0, 700), batch.slice(700, 800)])
    assert apart.column("id").to_pylist() == orders[0]


def test_a_document_keeps_its_split_when_others_are_added() -> None:
    def splits(batch: pa.RecordBatch) -> dict[str, str]:
        routed = WriteShards(val=0.1).rounds()[0].route(batch)
        return dict(zip(routed.column("id").to_pylist(), routed.column("_split").to_pylist(), strict=True))

    few, many = splits(encoded_by_hand([2] * 500)), splits(encoded_by_hand([2] * 3000))
    assert few.items() <= many.items()
    assert 220 < list(many.values()).count("val") < 380


def test_val_is_spread_over_the_order() -> None:
    """The split uses a hash of its own; with the hash of the order, val would be the start of the order."""
    rows = sorted_whole(WriteShards(val=0.1), [encoded_by_hand([2] * 2000)])
    places = np.flatnonzero(rows.column("_split").to_numpy(False) == "val")
    assert 800 < places.mean() < 1200


@given(
    st.lists(st.integers(1, 40), max_size=60),
    st.lists(st.integers(1, 40), max_size=10),
    st.integers(1, 50),
)
def test_every_document_lies_in_exactly_one_cut(train: list[int], val: list[int], size: int) -> None:
    lengths = {"train": train, "val": val}
    weights = {split: sum(of) for split, of in lengths.items()}
    cuts = WriteShards(tokens_per_shard=size).cuts(weights)
    for split, of in lengths.items():
        mine = [cut for cut in cuts if cut.split == split]
        assert [cut.number for cut in mine] == list(range(len(mine)))
        assert not of or mine[-1].low < weights[split] <= mine[-1].high
        for start in np.cumsum(of) - of:
            assert sum(cut.low <= start < cut.high for cut in mine) == 1


def test_no_tokens_no_cuts() -> None:
    assert WriteShards().cuts({"train": 0, "val": 0}) == WriteShards().cuts({}) == []
    assert WriteShards(tokens_per_shard=5).cuts({"train": 6, "val": 5}) == [
        Cut(0, "train", 0, 5),
        Cut(1, "train", 5, 10),
        Cut(0, "val", 0, 5),
    ]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=30),
    st.integers(1, 60),
    st.integers(1, 7),
)
def test_any_batching_gives_the_same_bytes(
    tokenizer_path: str, tmp_path_factory: pytest.TempPathFactory, lengths: list[int], size: int, rows: int
) -> None:
    """Every document is in the corpus once, in the order of the shuffle."""
    writer = WriteShards(tokens_per_shard=size, val=0.3, tokenizer=tokenizer_path)
    batch = encoded_by_hand(lengths)
    one, many = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("many")
    write_all(writer, [batch], one, as_one)
    apart = [batch.slice(start, rows) for start in range(0, batch.num_rows, rows)]
    write_all(writer, apart, many, by_rows(rows))
    assert contents(one) == contents(many)

    whole = sorted_whole(writer, [batch])
    expected: dict[str, list[tuple[str, list[int]]]] = {"train": [], "val": []}
    for row in whole.to_pylist():
        expected[row["_split"]].append((row["id"], row["tokens"]))
    assert documents_of(one) == expected


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_document_longer_than_a_shard_swallows_numbers(tokenizer_path: str, tmp_path: Path) -> None:
    writer = WriteShards(tokens_per_shard=10, val=0, tokenizer=tokenizer_path)
    write_all(writer, [encoded_by_hand([35, 35, 3])], tmp_path, as_one)
    corpus = verify_corpus(tmp_path)
    assert sum(info.documents for info in corpus.splits["train"].values()) == 3
    assert len(corpus.splits["train"]) < 8 and all(info.tokens >= 3 for info in corpus.splits["train"].values())
    assert corpus.splits["val"] == {}


def test_a_cut_is_streamed(tokenizer_path: str, tmp_path: Path) -> None:
    """Batches are released as they are written: of 40 batches of 4 MB each, few exist at the same time."""
    (row,) = by_rows(1)(sorted_whole(WriteShards(val=0), [encoded_by_hand([1_000_000])]))[1:]
    alive: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        before = pa.total_allocated_bytes()
        for _ in range(40):
            tokens = pa.array(np.array(row.column("tokens").values))
            tokens = pa.concat_arrays([tokens.slice(0, 10), tokens.slice(10)])  # a copy in Arrow's memory
            yield set_column(row, "tokens", pa.LargeListArray.from_arrays(pa.array([0, len(tokens)]), tokens))
            del tokens
            alive.append(pa.total_allocated_bytes() - before)

    writer = WriteShards(val=0, tokenizer=tokenizer_path)
    _, facts = writer.write(Cut(0, "train", 0, 10**8), batches(), str(tmp_path))
    assert facts["tokens"] == 40_000_000 and facts["documents"] == 40
    assert max(alive) < 60_000_000


def test_a_cut_without_documents_writes_nothing(tokenizer_path: str, tmp_path: Path) -> None:
    files, facts = WriteShards(tokenizer=tokenizer_path).write(Cut(4, "val", 0, 9), iter(()), str(tmp_path))
    assert (files, facts) == ([], {"split": "val", "number": 4, "documents": 0, "tokens": 0})
    assert list(tmp_path.iterdir()) == []


def test_an_empty_corpus_is_still_a_corpus(tokenizer_path: str, tmp_path: Path) -> None:
    write_all(WriteShards(tokenizer=tokenizer_path), [encoded_by_hand([])], tmp_path, as_one)
    assert verify_corpus(tmp_path).splits == {"train": {}, "val": {}}


def test_a_val_split_left_empty_is_said(tokenizer_path: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_all(WriteShards(val=1e-9, tokenizer=tokenizer_path), [encoded_by_hand([2, 2])], tmp_path, as_one)
    assert "no document is in the split val" in caplog.text


def test_documents_encoded_with_another_bos_are_refused(tokenizer_path: str, tmp_path: Path) -> None:
    writer = WriteShards(val=0, tokenizer=tokenizer_path, bos="<late>")
    with pytest.raises(DataError, match="BOS 699"):
        write_all(writer, [encoded_by_hand([3])], tmp_path, as_one)


def test_a_wrong_setting_is_a_recipe_error(tokenizer_path: str, tmp_path: Path) -> None:
    for wrong in ({"tokens_per_shard": 0}, {"tokens_per_shard": 1 << 31}, {"val": -0.1}, {"val": 1.5}):
        with pytest.raises(RecipeError, match=f"{next(iter(wrong))}: found"):
            WriteShards(**wrong)
    with pytest.raises(RecipeError, match="cannot be read"):
        WriteShards(tokenizer=str(tmp_path / "absent.json"))
    with pytest.raises(RecipeError, match="did you mean '<pad>'"):
        WriteShards(tokenizer=tokenizer_path, bos="<pda>")
    with pytest.raises(RecipeError, match="tokenizer: no path"):
        WriteShards().finish([], str(tmp_path), recipe_sha256="")


def test_the_manifest_names_the_tokenizer_it_lies_beside(tokenizer_path: str, tmp_path: Path) -> None:
    write_all(WriteShards(tokenizer=tokenizer_path), [encoded_by_hand([4])], tmp_path, as_one)
    assert (tmp_path / "tokenizer" / "tokenizer.json").read_bytes() == Path(tokenizer_path).read_bytes()
    checksums = WriteShards(tokenizer=tokenizer_path).file_checksums()
    assert read_corpus(tmp_path).tokenizer_hash.hex() == checksums["tokenizer"]

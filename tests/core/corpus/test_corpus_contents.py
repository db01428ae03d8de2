"""The totals and documents of a corpus agree with the documents that it was written from."""

from pathlib import Path

import numpy as np

from tokenmill.core.corpus.corpus_contents import SplitTotals, first_documents, split_totals
from tokenmill.core.corpus.token_shard import read_corpus, write_corpus_manifest, write_token_shard


def test_totals_and_first_documents_are_those_that_were_written(tmp_path: Path) -> None:
    shards = {}
    for number, lengths in enumerate([(3, 2), (4,)]):
        tokens = [np.arange(1, length + 1) + 10 * number for length in lengths]
        rows = [(f"d{number}{i}", f"source{number}", None, 1, None, None, None) for i in range(len(lengths))]
        shards[f"train/{number:06d}"] = write_token_shard(
            tmp_path / f"train/{number:06d}", tokens, rows, vocab_size=100, bos_id=-1, eos_id=0,
            tokenizer_hash=bytes(32),
        )  # fmt: skip
    write_corpus_manifest(
        tmp_path, {"train": shards, "val": {}}, vocab_size=100, bos_id=-1, eos_id=0, tokenizer_hash=bytes(32),
        shuffle_seed=0, recipe_hash="",
    )  # fmt: skip
    corpus = read_corpus(tmp_path)
    assert split_totals(corpus) == [
        SplitTotals("train", 2, 9, 3, {"source0": 5, "source1": 4}),
        SplitTotals("val", 0, 0, 0, {}),
    ]
    first = [(one.id, one.url, one.tokens.tolist()) for one in first_documents(corpus, "train", 3)]
    assert first == [("d00", None, [1, 2, 3]), ("d01", None, [1, 2]), ("d10", None, [11, 12, 13, 14])]
    assert [one.id for one in first_documents(corpus, "train", 1)] == ["d00"]

"""The contents of a corpus of token shards: totals per split, and documents."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tokenmill.core.corpus.token_layout import Tokens
from tokenmill.core.corpus.token_shard import Corpus
from tokenmill.core.io import storage


@dataclass(frozen=True)
class SplitTotals:
    """Sums over the shards of a split. tokens_by_source: {source: tokens}, sorted by source."""

    split: str
    shards: int
    tokens: int
    documents: int
    tokens_by_source: dict[str, int]


@dataclass(frozen=True)
class StoredDocument:
    """One document of a shard. tokens: its ids, with BOS first if the corpus has one."""

    id: str
    url: str | None
    tokens: Tokens


def split_totals(corpus: Corpus) -> list[SplitTotals]:
    """Returns the totals of all splits of a corpus, in the order of its manifest. Opens no shard."""
    found = []
    for split, shards in corpus.splits.items():
        by_source: Counter[str] = Counter()
        for info in shards.values():
            by_source.update(info.tokens_by_source)
        tokens, documents = (sum(getattr(info, name) for info in shards.values()) for name in ("tokens", "documents"))
        found.append(SplitTotals(split, len(shards), tokens, documents, dict(sorted(by_source.items()))))
    return found


def first_documents(corpus: Corpus, split: str, count: int) -> Iterator[StoredDocument]:
    """Yields the first `count` documents of a split of a corpus of token shards.

    Raises DataError if a shard is damaged or there is no split.
    """
    places = ((shard, number) for shard in corpus.shards(split) for number in range(len(shard.ends)))
    for shard, number in islice(places, count):
        row = shard.docs().slice(number, 1).to_pylist()[0]
        yield StoredDocument(row["id"], row["url"], shard.document(number))


def tokenizer_json(corpus: Corpus) -> str:
    """Returns the content of the tokenizer.json with which the corpus was encoded."""
    return storage.read_bytes(f"{corpus.folder}/tokenizer/tokenizer.json").decode()

"""A step that notes the words of a text that begin with `?`, and raises on batches that have the word `!`."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from tokenmill.core.columns import note


@dataclass(frozen=True)
class Noting:
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ()
    TOPICS: ClassVar[tuple[str, ...]] = ("odd words",)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        texts = batch.column("text").to_pylist()
        if any("!" in text.split() for text in texts):
            raise ValueError("a text with !")
        words = [(word, text) for text in texts for word in text.split() if word.startswith("?")]
        counts = Counter(word for word, _ in words)
        examples = dict(reversed(words))
        return note(batch, "odd words", {word: (count, examples[word]) for word, count in counts.items()})

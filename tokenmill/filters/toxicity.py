"""Drops pages of abuse: a word list over sentences, whole words, so that a page is judged by its share of toxic
sentences.

A sentence is toxic if it holds a strong word, or two mild ones. A word list finds abuse that swears; it does not see
polite hate, and it does not tell quoting from using. The default threshold lets one sentence in twenty be toxic, so
that a quotation or an oath in a novel sinks no page; the rates measured with it are in docs/quality.md.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import documents
from tokenmill.core.errors import did_you_mean
from tokenmill.core.rules import Rule, judge, signal_columns
from tokenmill.text.hash import Hashes, Ragged, word_hashes
from tokenmill.text.toxic_words import MILD, STRONG

SENTENCE = r"[^\s.!?。][^.!?。\n]*"  # from its first letter to what ends a sentence or a line
_SENTENCE = re.compile(SENTENCE)
_MILD_TOGETHER = 2

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Toxicity:
    """max_toxic_sentence_ratio: toxic sentences / sentences, 0..1. languages: those with a word list that is used.

    A document is held against the list of its `lang` (without that column: English) and the strong English words.
    """

    max_toxic_sentence_ratio: float = 0.05
    languages: tuple[str, ...] = ("en", "de", "fr", "es", "it", "pt", "ru", "nl", "pl")

    RULES: ClassVar[dict[str, Rule]] = {"toxic": Rule("toxic_sentence_ratio", high="max_toxic_sentence_ratio")}
    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        ("The surgeon examined her breast. Anal fissures heal. The rape trial went on.", None),
        ("You fucking idiot. Get out of my house.", "toxic"),
        ("What an idiot. He was tired, that is all.", None),
        ("You stupid moron! Nobody likes you.", "toxic"),
        ("Scunthorpe, Essex and Penistone are towns. Cock Robin sang. Dick Whittington came.", None),
        ("Everyone was kind. " * 19 + "Oh shit.", None),
        ("Everyone was kind. " * 18 + "Oh shit.", "toxic"),
        ("", None),
    ]
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = signal_columns(
        "toxicity", "n_strong", "n_mild", "n_sentences", "n_toxic_sentences", "toxic_sentence_ratio"
    )

    def __post_init__(self) -> None:
        for language in self.languages:
            if language not in STRONG:
                raise ValueError(f"languages: no word list for {language!r}{did_you_mean(language, STRONG)}")
        if not 0 <= self.max_toxic_sentence_ratio <= 1:
            raise ValueError(f"max_toxic_sentence_ratio: found {self.max_toxic_sentence_ratio}, expected 0 to 1")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch, hashes = word_hashes(batch)
        langs = batch.column("lang").to_pylist() if "lang" in batch.schema.names else ["en"] * batch.num_rows
        strong, mild = self._counts(hashes, langs)
        text = batch.column("text")
        sentences = pc.fill_null(pc.count_substring_regex(text, SENTENCE), 0).to_numpy(zero_copy_only=False)
        toxic = np.zeros(batch.num_rows, dtype=np.int64)
        for row in np.flatnonzero(_is_toxic(strong, mild)).tolist():
            toxic[row] = self._toxic_sentences(text[row].as_py(), langs[row])
        return judge(
            batch,
            self,
            {
                "n_strong": strong,
                "n_mild": mild,
                "n_sentences": sentences.astype(np.int64),
                "n_toxic_sentences": toxic,
                "toxic_sentence_ratio": toxic / np.maximum(sentences, 1),
            },
        )

    def _toxic_sentences(self, text: str, lang: str | None) -> int:
        sentences = _SENTENCE.findall(text)
        _, hashes = word_hashes(documents({"text": sentences}))
        return int(_is_toxic(*self._counts(hashes, [lang] * len(sentences))).sum())

    def _counts(self, hashes: Ragged, langs: list[str | None]) -> tuple[Counts, Counts]:
        """(strong, mild) words of each document, int64 (rows,)."""
        english = "en" in self.languages
        strong = _hits(hashes, _word_list("strong", "en")) * english
        mild = np.zeros_like(strong)
        for lang in sorted(set(self.languages) & set(filter(None, langs))):
            own = np.array([found == lang for found in langs])
            mild += _hits(hashes, _word_list("mild", lang)) * own
            if lang != "en":
                strong += _hits(hashes, _word_list("strong", lang)) * own
        return strong, mild


def _is_toxic(strong: Counts, mild: Counts) -> npt.NDArray[np.bool_]:
    return (strong > 0) | (mild >= _MILD_TOGETHER)


def _hits(hashes: Ragged, wanted: Hashes) -> Counts:
    """int64 (rows,): how many of a document's words are in the sorted list."""
    places = np.minimum(np.searchsorted(wanted, hashes.values), len(wanted) - 1)
    before = np.concatenate([[0], np.cumsum(wanted[places] == hashes.values, dtype=np.int64)])
    counts: Counts = before[hashes.offsets[1:]] - before[hashes.offsets[:-1]]
    return counts


@cache
def _word_list(kind: Literal["strong", "mild"], language: str) -> Hashes:
    """Sorted hashes of a list's words, as text.hash folds them: case and accents do not matter."""
    words = (STRONG if kind == "strong" else MILD)[language].split()
    _, hashes = word_hashes(documents({"text": words}))
    found: Hashes = np.unique(hashes.values)
    return found

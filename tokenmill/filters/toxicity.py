"""Drops abusive pages: a word list finds toxic sentences, and a page is judged by its share of them.

A sentence is toxic if it contains a strong word (text/toxicity/toxic_words.py) as a whole word; rude and ambiguous
words only add to its score. A word list finds abuse that uses swear words. It does not find polite hate, and it does
not distinguish quotation from use.

The default of 0.1 is our own. Measured on pages of 10 to 60 sentences from public sets of labelled posts, it marks 0 of
1,000 pages without a toxic sentence, 15 % of pages with one toxic sentence in ten, 78 % with two, 93 % with three and
99.5 % with five; at 0.05 it would mark 2.8 % of pages without one. Of single posts it marks 87 % of the offensive ones,
1.2 % of the others and 7 % of polite hate.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.rules import Rule, check_bounds, check_known, judge, ratio, signal_columns
from tokenmill.text.toxicity.toxic_match import FIGURES, toxic_figures
from tokenmill.text.toxicity.toxic_words import WORDS
from tokenmill.text.words.segment import text_buffer, words


@dataclass(frozen=True)
class Toxicity:
    """Drops pages with a large share of toxic sentences.

    The filter uses the word list of the document's `lang`, or the English list if there is no such column. If there is
    no list for a language, the signals are null and the document is kept.

    Attributes:
        max_toxic_sentence_ratio: largest share of toxic sentences, 0 to 1. Default 0.1.
        languages: the languages whose word lists are used, as codes such as en. Default: all that have a list.
    """

    max_toxic_sentence_ratio: float = 0.1
    languages: tuple[str, ...] = tuple(WORDS)

    RULES: ClassVar[dict[str, Rule]] = {"toxic": Rule("toxic_sentence_ratio", high="max_toxic_sentence_ratio")}
    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        ("You fucking idiot. Get out of my house.", "toxic"),
        ("What a stupid idiot. Damn it, go to hell.", None),
        ("The surgeon examined her breast. Anal fissures heal. The rape trial went on.", None),
        ("Scunthorpe, Essex and Penistone are towns. Cock Robin sang. Dick Whittington came.", None),
        ("The bitch nursed her puppies. A good bitch is calm.", None),
        ("Everyone was kind. " * 9 + "Oh shit.", None),
        ("Everyone was kind. " * 8 + "Oh shit.", "toxic"),
        ("Kein Arschloch. Hier steht nichts auf Englisch.", None),
        ("", None),
    ]
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("toxicity", *FIGURES, "toxic_sentence_ratio")

    def __post_init__(self) -> None:
        check_bounds(self)
        check_known(self, "languages", WORDS, expected="a language that has a word list")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        batch, split = words(batch)
        buffer, offsets = text_buffer(batch)
        langs = batch.column("lang").to_pylist() if "lang" in batch.schema.names else ["en"] * batch.num_rows
        figures = np.zeros((batch.num_rows, len(FIGURES)), dtype=np.int64)
        measured = np.zeros(batch.num_rows, dtype=np.bool_)
        for language in sorted(set(self.languages) & set(filter(None, langs))):
            rows = np.flatnonzero(np.array([lang == language for lang in langs]))
            figures[rows] = toxic_figures(buffer, offsets, split, rows, language)
            measured[rows] = True
        signals = dict(zip(FIGURES, figures.T, strict=True))
        share = ratio(signals["n_toxic_sentences"], signals["n_sentences"])
        columns = {name: pa.array(np.ascontiguousarray(values), mask=~measured) for name, values in signals.items()}
        return judge(batch, self, {**columns, "toxic_sentence_ratio": share})

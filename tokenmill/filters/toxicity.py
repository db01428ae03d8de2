"""Drops pages of abuse: a word list over sentences, whole words, so that a page is judged by its share of toxic ones.

A sentence is toxic if it holds a strong word (toxic_words.py); rude and ambiguous words only add to its score. A
list of words finds abuse that swears; it does not see polite hate, and it does not tell quoting from using.

The default of 0.1 is ours. On pages of 10 to 60 sentences drawn from public sets of labelled posts it marks 0 in 1,000
without a toxic sentence, 15 % with one in ten, 78 % with two, 93 % with three, 99.5 % with five in ten; at 0.05 it
would mark 2.8 % of the first. Single posts: 87 % of the offensive ones, 1.2 % of the others, 7 % of polite hate.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.errors import did_you_mean
from tokenmill.core.rules import Rule, check_bounds, judge, ratio, signal_columns
from tokenmill.text.toxicity.toxic_match import FIGURES, toxic_figures
from tokenmill.text.toxicity.toxic_words import WORDS
from tokenmill.text.words.segment import text_buffer, words


@dataclass(frozen=True)
class Toxicity:
    """max_toxic_sentence_ratio: toxic sentences / sentences, 0..1. languages: those whose lists are used.

    A text is held against the list of its `lang`; without that column, against the English one. Where there is no list
    for its language nothing is measured (null), and it is kept.
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
        for language in self.languages:
            if language not in WORDS:
                raise ValueError(f"languages: no word list for {language!r}{did_you_mean(language, WORDS)}")

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

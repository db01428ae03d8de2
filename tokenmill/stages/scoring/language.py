"""Identifies the language of a document by the fastText model lid.176, as FineWeb, RefinedWeb and DCLM do.

The whole text is judged; line feeds count as spaces. `lang` is the model's label (ISO 639-1 if the language has such a
code, otherwise ISO 639-3), `lang_score` its probability, 0 to 1. Filters use them: FineWeb keeps English above 0.65
(recipe of 2024).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.io.models import checksum_of, load_once, located
from tokenmill.text.lang.fasttext_file import read_labels
from tokenmill.text.lang.fasttext_labels import best_labels
from tokenmill.text.words.segment import string_buffer, text_buffer

UNKNOWN = "und"  # ISO 639-2 for undetermined: there is no text, or no word that the model knows


@dataclass(frozen=True)
class Language:
    """Adds `lang` and `lang_score` (rounded to 1e-4). A text without a known word gets "und" and 0.

    Attributes:
        model: name of a known model (lid176), or path of a fastText file of the same kind. Default lid176.
        sha256: SHA-256 of the file in hex, required if `model` is a path. Default none.
        lower_capitals: judge a text in lower case if more than half of its words are in capitals, because lid.176
            hardly knows words in capitals. Other texts are judged as they are. FineWeb does not do this. Default true.
    """

    model: str = "lid176"
    sha256: str | None = None
    lower_capitals: bool = True

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("lang", "lang_score")

    def file_checksums(self) -> dict[str, str]:
        """Returns {model: its SHA-256}, for the fingerprint."""
        return {self.model: checksum_of(self.model, self.sha256)}

    def check_files(self) -> None:
        """Raises RecipeError if the model file does not exist."""
        located(self.model, self.sha256)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with both columns."""
        model = load_once(self.model, read_labels, self.sha256)
        numbers, scores, capitals = best_labels(model, *text_buffer(batch))
        if self.lower_capitals and capitals.any():
            texts = [_lowered(text) for text in batch.column("text").filter(pa.array(capitals)).to_pylist()]
            lowered = best_labels(model, *string_buffer(pa.array(texts, pa.large_string())))
            numbers[capitals], scores[capitals] = lowered.numbers, lowered.scores
        names = np.array([*model.names, UNKNOWN], dtype=object)  # the number -1 stands for UNKNOWN, which is last
        batch = set_column(batch, "lang", pa.array(names[numbers], type=pa.string()))
        return set_column(batch, "lang_score", np.round(scores.astype(np.float64), 4).astype(np.float32))


def _lowered(text: str) -> str:
    """Returns the text in lower case. If it has a dotted capital I, it is Turkish or a relative, and I becomes ı."""
    return (text.replace("I", "ı").replace("İ", "i") if "İ" in text else text).lower()

"""The language a document is written in, by the fastText model lid.176, as FineWeb, RefinedWeb and DCLM use it.

The whole text is judged, newlines counting as spaces. `lang` is the model's label (ISO 639-1 where there is one, else
639-3), `lang_score` its probability in 0..1. Filters compare them: FineWeb keeps English above 0.65 (recipe of 2024).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.io.models import checksum_of, load_once, located
from tokenmill.text.lang.fasttext_file import read_labels
from tokenmill.text.lang.fasttext_labels import best_labels
from tokenmill.text.words.segment import text_buffer

UNKNOWN = "und"  # ISO 639-2 for undetermined: no text, or not one word of it means anything to the model


@dataclass(frozen=True)
class Language:
    """Adds `lang` and `lang_score` (rounded to 1e-4); a text without a known word gets "und" and 0.

    model: a known model's name, or the path of a fastText file of the same kind together with its sha256 (hex).
    """

    model: str = "lid176"
    sha256: str | None = None

    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("lang", "lang_score")

    def file_checksums(self) -> dict[str, str]:
        """The model's, for the fingerprint."""
        return {self.model: checksum_of(self.model, self.sha256)}

    def check_files(self) -> None:
        """Raises RecipeError if the model is not there."""
        located(self.model, self.sha256)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with both columns."""
        model = load_once(self.model, read_labels, self.sha256)
        numbers, scores = best_labels(model, *text_buffer(batch))
        names = np.array([*model.names, UNKNOWN], dtype=object)  # number -1 takes the last
        batch = set_column(batch, "lang", pa.array(names[numbers], type=pa.string()))
        return set_column(batch, "lang_score", np.round(scores.astype(np.float64), 4).astype(np.float32))

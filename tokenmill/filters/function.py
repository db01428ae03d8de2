"""Calls a function of your own with each document, and drops the documents that it rejects.

The function gets the document as a dict: all columns, with `date` as a datetime and `locator` as a dict. It returns
True to keep the document, False to drop it, or a text: the reason why it is dropped, which the drop record shows as
the measured value. It is not called for a document whose text is null. A document on which it raises is dropped by the
rule `function.error`. It runs for one document at a time, so it is slower than a filter that works on whole batches.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from tokenmill.core.errors import short
from tokenmill.core.functions import check_reference, function_of, rows_with_text
from tokenmill.core.rules import Rule, judge, signal_columns

REJECTED = "rejected"
"""The measured value of a document for which the function returned False."""


@dataclass(frozen=True)
class Function:
    """Drops the documents that a function of your own rejects.

    Attributes:
        function: `module:function`, for example mylab.checks:is_recipe. The module must be inside `--plugins`.
            Required.
        accept: reasons that do not drop a document. `rejected` is the reason if the function returns False. Default
            none.
    """

    function: str
    accept: tuple[str, ...] = ()

    RULES: ClassVar[dict[str, Rule]] = {"rejected": Rule("reason", one_of="accept")}
    EXAMPLES: ClassVar[list[tuple[str | dict[str, object], str | None]]] = [
        ("a text", None),
        ("", "rejected"),
        ("short", "rejected"),
        ({"text": None}, None),
    ]
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("function", "reason")

    EXAMPLE: ClassVar[str] = "tokenmill.filters.function:has_two_words"

    @classmethod
    def example(cls) -> Self:
        return cls(cls.EXAMPLE)

    def __post_init__(self) -> None:
        check_reference(self.function, "function.function")

    def called_functions(self) -> tuple[str, ...]:
        """Returns the function's name. The code of the function is part of the fingerprint."""
        return (self.function,)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        function = function_of(self.function)
        reasons: list[str | None] = [None] * batch.num_rows
        for row, document in rows_with_text(batch):
            reasons[row] = self._reason(function(document))
        return judge(batch, self, {"reason": pa.array(reasons, type=pa.string())})

    def _reason(self, returned: object) -> str | None:
        """Returns the reason to drop the document, or None to keep it. Raises TypeError for any other result."""
        if isinstance(returned, bool | np.bool_):
            return None if returned else REJECTED
        if isinstance(returned, str) and returned:
            return returned
        raise TypeError(
            f"{self.function} returned {short(returned)}; expected True, False or a text: the reason for the drop"
        )


def has_two_words(document: dict[str, Any]) -> bool | str:
    """Rejects an empty text, and gives a reason to drop a text of one word, as an example of your own code in a filter.

    The example of the filter calls it.
    """
    words = document["text"].split()
    return "one word" if len(words) == 1 else bool(words)

"""Calls a function of your own with each document, and stores the fields that it changes.

The function gets the document as a dict: all columns, with `date` as a datetime and `locator` as a dict. It returns a
dict of the fields that change, or None for no change. It is not called for a document whose text is null. A document
on which it raises is dropped by the rule `function.error`. It runs for one document at a time, so it is slower than a
Step that works on whole batches.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa

from tokenmill.core.columns import DOCUMENT, MARKS, set_column
from tokenmill.core.errors import RecipeError, short
from tokenmill.core.functions import check_reference, function_of, rows_with_text

_TYPES = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
_FIXED = ("id", *MARKS.names)


@dataclass(frozen=True)
class Function:
    """Calls a function with each document that has a text.

    Attributes:
        function: `module:function`, for example mylab.edits:shorten. The module must be inside `--plugins`. Required.
        changes: the columns that it may change. They keep their types. Default text.
        columns: the columns that it adds, with their types: text, int, float or bool. A document for which the function
            does not return one of them has null there. Default none.
    """

    function: str
    changes: tuple[str, ...] = ("text",)
    columns: dict[str, Literal["text", "int", "float", "bool"]] = field(default_factory=dict)

    EXAMPLE: ClassVar[str] = "tokenmill.stages.function:without_outer_spaces"

    @classmethod
    def example(cls) -> Self:
        return cls(cls.EXAMPLE, columns={"n_removed": "int"})

    def __post_init__(self) -> None:
        check_reference(self.function, "function.function")
        for setting in ("changes", "columns"):
            for name in getattr(self, setting):
                if name in _FIXED or name.startswith("_"):
                    raise RecipeError(f"function.{setting}: found {name!r}, which only tokenmill may set")
        for name, kind in self.columns.items():
            _check_column(name, kind, self.changes)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("text", *self.changes)))

    @property
    def adds(self) -> tuple[str, ...]:
        return (*self.changes, *self.columns)

    def called_functions(self) -> tuple[str, ...]:
        """Returns the function, because its code is part of the fingerprint."""
        return (self.function,)

    def column_types(self) -> dict[str, str]:
        """Returns the types of the columns that it adds."""
        return dict(self.columns)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        function = function_of(self.function)
        changed = {row: self._changed(function(document)) for row, document in rows_with_text(batch)}
        for name in self.changes:
            if any(name in fields for fields in changed.values()):
                batch = set_column(batch, name, self._merged(name, batch.column(name), changed))
        for name, kind in self.columns.items():
            empty = pa.nulls(batch.num_rows, _TYPES[kind])
            batch = set_column(batch, name, self._merged(name, empty, changed))
        return batch

    def _changed(self, returned: object) -> Mapping[str, Any]:
        """Returns the fields that the function returned. Raises TypeError or ValueError if it may not return them."""
        if returned is None:
            return {}
        if not isinstance(returned, Mapping):
            raise TypeError(f"{self.function} returned {short(returned)}; expected a dict of changed fields, or None")
        for name in returned:
            if name not in self.adds:
                advice = "name it in `changes` or, with its type, in `columns`"
                raise ValueError(f"{self.function} returned the field {name!r}, which it may not set; {advice}")
        return returned

    def _merged(self, name: str, column: pa.Array, changed: Mapping[int, Mapping[str, Any]]) -> pa.Array:
        """Returns the column with the changed values. Raises TypeError if a value has another type."""
        values = column.to_pylist()
        for row, fields in changed.items():
            values[row] = fields.get(name, values[row])
            if pa.types.is_integer(column.type) and _is_fraction(values[row]):  # pyarrow cuts it without an error
                raise TypeError(f"{self.function} returned {name} {values[row]!r}; expected a whole number")
        try:
            return pa.array(values, type=column.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise TypeError(f"{self.function} returned {name} of another type than {column.type}: {error}") from error


def without_outer_spaces(document: dict[str, Any]) -> dict[str, Any] | None:
    """Removes white space around the text and counts the removed characters, as an example of your own code that edits.

    It is the function of the example.
    """
    text = document["text"].strip()
    return {"text": text, "n_removed": len(document["text"]) - len(text)} if text != document["text"] else None


def _check_column(name: str, kind: str, changes: tuple[str, ...]) -> None:
    if name in changes:
        raise RecipeError(f"function.columns: found {name!r}, which is in `changes`; name it once")
    if name in DOCUMENT.names and not _fits(DOCUMENT.field(name).type, kind):
        wanted = DOCUMENT.field(name).type
        raise RecipeError(f"function.columns: found {name}: {kind}, but documents have {name!r} of the type {wanted}")


def _is_fraction(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, Integral) and not float(value).is_integer()


def _fits(wanted: pa.DataType, kind: str) -> bool:
    is_text = pa.types.is_string(wanted) or pa.types.is_large_string(wanted)
    return bool(is_text if kind == "text" else kind == "float" and pa.types.is_floating(wanted))

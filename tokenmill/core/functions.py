"""User functions that a setting names as `module:function` and that are called with one document as a dict."""

import functools
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from tokenmill.core.columns import MARKS
from tokenmill.core.errors import RecipeError, short

Function = Callable[[dict[str, Any]], Any]


def check_reference(reference: str, setting: str) -> None:
    """Raises RecipeError unless a setting that names a user function has the form `module:function`.

    Does not import the module.
    """
    module, colon, name = reference.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise RecipeError(f"{setting}: found {short(reference)}, expected module:function, such as mylab.edits:shorten")


@functools.cache
def function_of(reference: str) -> Function:
    """Imports the module of a user function, named as `module:function`, and returns the function."""
    module, _, name = reference.partition(":")
    found: Function = getattr(importlib.import_module(module), name)
    return found


def rows_with_text(batch: pa.RecordBatch) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (row number, {column: Python value}) for a user function, for each document with a text that is not null.

    Transient columns and mark columns are left out.
    """
    names = [name for name in batch.schema.names if not name.startswith("_") and name not in MARKS.names]
    columns = [batch.column(name).to_pylist() for name in names]
    for row, values in enumerate(zip(*columns, strict=True)):
        document = dict(zip(names, values, strict=True))
        if document["text"] is not None:
            yield row, document

"""Converts dictionaries and views to plain columns, because few functions of pyarrow accept them."""

import pyarrow as pa


def plain_column(column: pa.Array) -> pa.Array:
    """Returns a column of Arrow with its values in place if it is a dictionary or a view, otherwise unchanged."""
    if not pa.types.is_dictionary(column.type):
        return _without_views(column)
    return pa.DictionaryArray.from_arrays(column.indices, _without_views(column.dictionary)).dictionary_decode()


def _without_views(values: pa.Array) -> pa.Array:
    """Returns views as large_string or large_binary, other values unchanged."""
    kind = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}.get(values.type)
    return values.cast(kind) if kind else values

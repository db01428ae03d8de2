"""Columns without dictionaries and views, which few of pyarrow's functions take."""

import pyarrow as pa


def plain_column(column: pa.Array) -> pa.Array:
    """The column with its values in place, where it refers to a dictionary of them, or views them elsewhere."""
    if not pa.types.is_dictionary(column.type):
        return _without_views(column)
    return pa.DictionaryArray.from_arrays(column.indices, _without_views(column.dictionary)).dictionary_decode()


def _without_views(values: pa.Array) -> pa.Array:
    """Few of pyarrow's functions take views."""
    kind = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}.get(values.type)
    return values.cast(kind) if kind else values

"""Converts dictionaries, views, bytes and extension types to plain columns, which all functions of pyarrow accept."""

import pyarrow as pa


def plain_column(column: pa.Array) -> pa.Array:
    """Returns a column of Arrow with its values in place if it is a dictionary or a view, otherwise unchanged."""
    if not pa.types.is_dictionary(column.type):
        return _without_views(column)
    return pa.DictionaryArray.from_arrays(column.indices, _without_views(column.dictionary)).dictionary_decode()


def text_column(column: pa.Array) -> pa.Array:
    """Returns a plain column as strings if it has bytes or UUIDs, otherwise unchanged. The strings may not be UTF-8.

    Programs that do not mark strings as UTF-8, such as Spark and BigQuery, write bytes.
    """
    if isinstance(column, pa.ExtensionArray):
        return pa.array([str(id) if id else None for id in column.to_pylist()]) if _is_uuid(column) else column.storage
    if pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.binary())
    kind = {pa.binary(): pa.string(), pa.large_binary(): pa.large_string()}.get(column.type)
    return column.view(kind) if kind else column


def _is_uuid(column: pa.ExtensionArray) -> bool:
    return bool(column.type == pa.uuid())


def _without_views(values: pa.Array) -> pa.Array:
    """Returns views as large_string or large_binary, other values unchanged."""
    kind = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}.get(values.type)
    return values.cast(kind) if kind else values

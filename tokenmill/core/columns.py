"""The document schema, and the only functions that change a batch: set_column, drop, note, split.

A batch is a pyarrow.RecordBatch with one document per row. A step returns the same rows in the same order; it adds
columns or marks rows. A marked row has `drop_rule`, `drop_measured` and `drop_threshold`; only the engine removes it.
Columns whose name starts with `_` are transient: they exist within one stage and are never written. They are removed
when `text` is set, because they describe the old text (the word segmentation, for example).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

LOCATOR = pa.struct([("file", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])

DOCUMENT = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("path", pa.string()),
        ("license", pa.string()),
        ("date", pa.timestamp("us", tz="UTC")),
        ("text", pa.large_string()),
        ("lang", pa.string()),
        ("lang_score", pa.float32()),
        ("code_lang", pa.string()),
        ("locator", LOCATOR),
        ("meta", pa.string()),
    ]
)
"""The document's own columns. A Source sets the columns of its `adds`; the others are absent, not null."""

MARKS = pa.schema([("drop_rule", pa.string()), ("drop_measured", pa.string()), ("drop_threshold", pa.string())])
"""The columns that drop() writes. Values and thresholds are text, because some are numbers and some are languages."""

NOTES = b"notes"
"""Key in the schema metadata of a batch for the notes of a step, as JSON: {topic: {name: [how often, an example]}}."""

BoolMask = npt.NDArray[np.bool_]


def documents(columns: dict[str, Any]) -> pa.RecordBatch:
    """Returns a batch of documents from {name: list or array}, cast to the types of DOCUMENT and MARKS.

    Other columns are not cast.
    """
    arrays = [_as_array(name, values) for name, values in columns.items()]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Returns a table with one row per dict and a column for each name in any dict; null if a dict lacks the name."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def set_column(batch: pa.RecordBatch, name: str, values: Any) -> pa.RecordBatch:
    """Returns the batch of documents with a column added at the end, or replaced in place.

    `text` removes transient columns.
    """
    array = _as_array(name, values)
    if name == "text":
        batch = without_transient(batch)
    index = batch.schema.get_field_index(name)
    if index < 0:
        return batch.append_column(name, array)
    return batch.set_column(index, name, array)


def drop(batch: pa.RecordBatch, mask: Any, rule: str, measured: Any, threshold: Any) -> pa.RecordBatch:
    """Marks the documents of a batch where mask is true, unless they are marked already: the first mark wins.

    Null counts as false. mask: bool (rows,), Arrow or numpy. rule: `<step>.<rule>`. measured, threshold: one value per
    row, or one for all rows. Numbers are written with six significant digits.
    """
    wanted = as_mask(mask) & ~marked(batch)
    if not wanted.any():
        return batch
    news = {
        "drop_rule": _broadcast(rule, wanted),
        "drop_measured": _broadcast(measured, wanted),
        "drop_threshold": _broadcast(threshold, wanted),
    }
    for name, new in news.items():
        if name in batch.schema.names:
            new = pc.if_else(pa.array(wanted), new, batch.column(name))
        batch = set_column(batch, name, new)
    return batch


def marked(batch: pa.RecordBatch) -> BoolMask:
    """Returns bool (rows,): True for each document of a batch that a rule has marked."""
    if "drop_rule" not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=np.bool_)
    return as_mask(batch.column("drop_rule").is_valid())


def note(batch: pa.RecordBatch, topic: str, found: Mapping[str, tuple[int, str]]) -> pa.RecordBatch:
    """Returns the batch with notes of a step for the report of the run: {name: (how often, an example)} of a topic.

    The engine adds the notes of all batches and removes them from the batch. Only a Noting step may add them.
    """
    if not found:
        return batch
    metadata = dict(batch.schema.metadata or {})
    notes = json.loads(metadata.get(NOTES, b"{}")) | {topic: found}
    return batch.replace_schema_metadata(metadata | {NOTES: json.dumps(notes).encode()})


def split(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Returns (unmarked rows, without mark columns; marked rows, without transient columns) of a batch, in order."""
    if "drop_rule" not in batch.schema.names:
        return batch, batch.slice(0, 0)
    gone = marked(batch)
    if not gone.any():  # saves a copy of all rows
        return batch.drop_columns(MARKS.names), without_transient(batch).slice(0, 0)
    return _rows(batch.drop_columns(MARKS.names), ~gone), _rows(without_transient(batch), gone)


def without_transient(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the batch of documents without the columns whose name starts with `_`."""
    return batch.select([name for name in batch.schema.names if not name.startswith("_")])


def as_mask(values: Any) -> BoolMask:
    """Converts an Arrow or numpy array to numpy bool (rows,); null becomes False."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        values = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.bool_)


def _rows(batch: pa.RecordBatch, wanted: BoolMask) -> pa.RecordBatch:
    """Copies the rows where wanted is True.

    filter() doubles its buffer of texts whenever it is full. Texts are concatenated from runs of rows instead, which
    allocates only as much as they need. They are not in Arrow's default pool, because that keeps freed memory, so
    each copy would add to the memory of the process.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], wanted, [False]))))
    runs = list(zip(edges[::2].tolist(), (edges[1::2] - edges[::2]).tolist(), strict=True))
    mask, pool = pa.array(wanted), pa.system_memory_pool()
    columns = [
        pa.concat_arrays([column.slice(start, size) for start, size in runs] or [column.slice(0, 0)], memory_pool=pool)
        if column.type in (pa.large_string(), pa.large_binary())
        else column.filter(mask)
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _as_array(name: str, values: Any) -> pa.Array:
    wanted = _type_of(name)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not isinstance(values, pa.Array):
        return pa.array(values, type=wanted)
    return values if wanted is None or values.type == wanted else values.cast(wanted)


def _type_of(name: str) -> pa.DataType | None:
    for schema in (DOCUMENT, MARKS):
        if name in schema.names:
            return schema.field(name).type
    return None


def _broadcast(value: Any, wanted: BoolMask) -> pa.Array:
    """Returns a string column with the value as text where wanted is True, and null elsewhere."""
    out: list[str | None] = [None] * len(wanted)
    many = isinstance(value, (pa.Array, pa.ChunkedArray, np.ndarray, list))
    rows: Iterable[int] = np.flatnonzero(wanted).tolist()
    for row in rows:
        out[row] = _written(value[row] if many else value)
    return pa.array(out, type=pa.string())


def _written(value: Any) -> str | None:
    if isinstance(value, pa.Scalar):
        value = value.as_py()
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.6g}"
    return None if value is None else str(value)


def widened(batch: pa.RecordBatch, schema: pa.Schema | None) -> pa.RecordBatch:
    """Returns the batch of documents with the columns of the schema, in its order; a column that it lacks is null."""
    if schema is None or batch.schema.equals(schema):
        return batch
    names = set(batch.schema.names)
    arrays = [batch.column(f.name) if f.name in names else pa.nulls(batch.num_rows, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def source_column(batch: pa.RecordBatch) -> pa.Array:
    """Returns the column `source` of a batch of documents; nulls if the batch does not have it."""
    has = "source" in batch.schema.names
    return batch.column("source") if has else pa.nulls(batch.num_rows, pa.string())

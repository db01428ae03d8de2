"""The document schema, and the only ways to change a batch: set_column, drop, split.

A batch is a pyarrow.RecordBatch of documents, one a row. A step returns the same rows in the same order; it adds
columns or marks rows. A marked row carries `drop_rule`, `drop_measured` and `drop_threshold`; only the engine removes
it. Columns whose name starts with `_` are transient: they live within one stage, are never written, and vanish when
`text` is set, because they describe the old text (the word segmentation, for example).
"""

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
"""The document's own columns. A Source gives all that it adds; the others are absent, not null."""

MARKS = pa.schema([("drop_rule", pa.string()), ("drop_measured", pa.string()), ("drop_threshold", pa.string())])
"""What drop() writes. Measured values and thresholds are text, because a language is measured as much as a ratio is."""

BoolMask = npt.NDArray[np.bool_]


def documents(columns: dict[str, Any]) -> pa.RecordBatch:
    """A batch from lists or arrays, each cast to its type in the schema; columns outside the schema keep their own."""
    arrays = [_as_array(name, values) for name, values in columns.items()]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table of dicts, with a column for each name that one of them has; where a dict lacks it, it is null."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def set_column(batch: pa.RecordBatch, name: str, values: Any) -> pa.RecordBatch:
    """The batch with column `name` added at the end, or replaced in place. Setting `text` removes transient columns."""
    array = _as_array(name, values)
    if name == "text":
        batch = without_transient(batch)
    index = batch.schema.get_field_index(name)
    if index < 0:
        return batch.append_column(name, array)
    return batch.set_column(index, name, array)


def drop(batch: pa.RecordBatch, mask: Any, rule: str, measured: Any, threshold: Any) -> pa.RecordBatch:
    """Mark the rows where mask is true (null counts as false), unless they are marked already: the first mark wins.

    mask, measured: an array with a value a row, or for `measured` and `threshold` one value for all rows.
    rule: `<step>.<rule>`. Numbers are recorded to six significant digits.
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
    """True for each row that a rule has marked, bool (rows,)."""
    if "drop_rule" not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=np.bool_)
    return as_mask(batch.column("drop_rule").is_valid())


def split(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """(rows alive, without the mark columns; rows marked, with them but without transient columns), each in order."""
    if "drop_rule" not in batch.schema.names:
        return batch, batch.slice(0, 0)
    gone = marked(batch)
    if not gone.any():  # or everything would be copied
        return batch.drop_columns(MARKS.names), without_transient(batch).slice(0, 0)
    return _rows(batch.drop_columns(MARKS.names), ~gone), _rows(without_transient(batch), gone)


def without_transient(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch without the columns whose name starts with `_`."""
    return batch.select([name for name in batch.schema.names if not name.startswith("_")])


def as_mask(values: Any) -> BoolMask:
    """A numpy bool array (rows,) from an Arrow or numpy one; null becomes false."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        values = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.bool_)


def _rows(batch: pa.RecordBatch, wanted: BoolMask) -> pa.RecordBatch:
    """The rows where wanted, copied.

    filter() makes room for texts by doubling it, so they are joined from runs of rows instead, which takes just what
    they need; and the default pool keeps what is freed, so that each copy would add to what the process holds.
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
    """A string column with the written value where wanted, null elsewhere."""
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
    """The batch with the columns it lacks as nulls, in the schema's order."""
    if schema is None or batch.schema.equals(schema):
        return batch
    names = set(batch.schema.names)
    arrays = [batch.column(f.name) if f.name in names else pa.nulls(batch.num_rows, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def source_column(batch: pa.RecordBatch) -> pa.Array:
    """The batch's sources; nulls if there is no such column."""
    has = "source" in batch.schema.names
    return batch.column("source") if has else pa.nulls(batch.num_rows, pa.string())

"""Converts rows of a table to documents: casts columns, writes the others as JSON, and marks rows with problems."""

import json
import math
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import DOCUMENT, LOCATOR, documents, drop
from tokenmill.core.errors import DataError
from tokenmill.core.kinds import Shard
from tokenmill.stages.reading.dates import TIMESTAMP, moments, timestamps
from tokenmill.stages.reading.json_lines import BREAK
from tokenmill.text.kernel.utf8 import soundness
from tokenmill.text.words.segment import text_buffer

# the errors of to_pylist for a value that Python cannot represent; MemoryError is not among them
_NOT_PYTHON = (ValueError, ArithmeticError, LookupError, TypeError, NotImplementedError)


class Rows(NamedTuple):
    """Rows of a file.

    Attributes:
        offsets: place of each row: its number, or its byte offset in the decompressed file.
        lengths: bytes of each row, None if unknown.
        found: values by column of documents: an Arrow array or a list.
        unknown: all other values of each row, for `meta`; None leaves out all values.
        problems: the problem of each row, None if there is none.
    """

    offsets: list[int]
    lengths: Sequence[int | None]
    found: dict[str, Any]
    unknown: list[dict[str, Any]] | None
    problems: Sequence[str | None]

    def places(self, file: str) -> tuple[Sequence[Any], ...]:
        """Returns the columns of the locator."""
        return [file] * len(self.offsets), self.offsets, self.lengths


_KINDS = {str: "text", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}


def table_documents(shard: Shard, rows: Rows, adds: Sequence[str], *, rule: str, expected: str) -> pa.RecordBatch:
    """Returns the rows of a table as a batch of documents, with the columns `adds`.

    Rows with a problem, or without a text, are marked. rule: the rule that marks problems. expected: its threshold, as
    text.
    """
    count, name = len(rows.offsets), shard.name or os.path.basename(shard.file)
    columns = {ours: _cast(ours, values, shard.file) for ours, values in rows.found.items()}
    broken = {ours: _broken_sequences(rows.found[ours]) for ours in ("text", "id") if ours in rows.found}
    places = pa.array([f"{name}#{offset}" for offset in rows.offsets])
    if "id" in columns:
        said = columns["id"]
        absent = pc.or_(pc.fill_null(pc.equal(said, ""), True), pa.array(broken["id"] > 0))
        places = pc.if_else(absent, places, said)
    columns["id"] = places
    columns["source"] = pa.array([shard.source] * count)
    parts = [pa.array(part, type=kind.type) for part, kind in zip(rows.places(shard.file), LOCATOR, strict=True)]
    columns["locator"] = pa.StructArray.from_arrays(parts, fields=list(LOCATOR))
    if rows.unknown is None:
        columns["meta"] = pa.array(["{}"] * count, type=pa.string())
    else:
        rest = _with_unread_dates(rows.unknown, rows.found.get("date"), columns.get("date"))
        columns["meta"] = pa.array([json_text(values) for values in rest], type=pa.string())
    columns |= {ours: pa.nulls(count, DOCUMENT.field(ours).type) for ours in adds if ours not in columns}
    batch = documents({ours: columns[ours] for ours in adds})
    breaks = pa.array([(problem or "").startswith(BREAK) for problem in rows.problems])
    batch = drop(batch, breaks, "read_table.bad_compression", rows.problems, "a compressed file without damage")
    bad = pa.array([problem is not None for problem in rows.problems])
    batch = drop(batch, bad, f"read_table.{rule}", rows.problems, expected)
    for faults in broken.values():
        batch = drop(batch, faults > 0, "read_table.bad_utf8", faults, 0)
    absent, texts = batch.column("text").is_null(), rows.found.get("text")
    kinds = _kinds(texts) if absent.true_count and isinstance(texts, list) else "null"
    return drop(batch, absent, "read_table.no_text", kinds, "a text")


def _kinds(values: list[Any]) -> list[str]:
    """Returns the kind of each value, in words of JSON; never the value, because it may have personal data."""
    return [_KINDS.get(type(value), "null") for value in values]


def refuse_types(fields: Iterable[pa.Field], file: str) -> None:
    """Raises DataError if pyarrow cannot convert the values of a table's column to Python.

    These are intervals of months or of days and times, and structs in which two fields have the same name, or a name is
    not UTF-8.
    """
    for field in fields:
        try:
            remedy = _remedy(field.type)
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: a field inside the column {field.name!r} has an invalid name: {error}") from error
        if remedy:
            raise DataError(
                f"{file}: the column {field.name!r} is of type {str(field.type)[:200]}, which cannot be read; {remedy}"
                ", or leave it out with unknown: drop"
            )


def _remedy(type: pa.DataType) -> str:
    if type.id in (pa.lib.Type_INTERVAL_MONTHS, pa.lib.Type_INTERVAL_DAY_TIME):
        return "write it as text or a duration"
    if pa.types.is_dictionary(type):
        return _remedy(type.value_type)
    fields = [type.field(number) for number in range(type.num_fields)]
    if pa.types.is_struct(type) and len({field.name for field in fields}) < len(fields):
        return "give its fields different names"
    return next(filter(None, (_remedy(field.type) for field in fields)), "")


def python_rows(batch: pa.RecordBatch) -> tuple[list[dict[str, Any]], list[str | None]]:
    """Returns (the rows of a table's batch as Python values, the problem of each, or None).

    A string that is not UTF-8 is left out and is the problem of its row. Dates and times that Python cannot represent
    become text.
    """
    try:
        if not any(_has_nanoseconds(field.type) for field in batch.schema):
            return batch.to_pylist(), [None] * batch.num_rows
    except _NOT_PYTHON:
        pass
    rows: list[dict[str, Any]] = [{} for _ in range(batch.num_rows)]
    problems: list[str | None] = [None] * batch.num_rows
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        for row, value in enumerate(column):
            try:
                rows[row][name] = _python(value)
            except _NOT_PYTHON as error:
                problems[row] = f"the column {name!r}: {error}"[:200]
    return rows, problems


def _python(value: pa.Scalar) -> Any:
    """Returns the value in Python. Values, or parts of values, that Python cannot represent become Arrow's text."""
    if isinstance(value, pa.DictionaryScalar):
        return _python(value.value) if value.is_valid else None
    try:
        return _in_microseconds(value).as_py()
    except UnicodeDecodeError:
        raise
    except _NOT_PYTHON:
        if isinstance(value, pa.StructScalar):
            return {name: _python(value[name]) for name in value}
        if isinstance(value, pa.MapScalar):
            return [tuple(_python(part) for part in pair.values()) for pair in value.values]
        if isinstance(value, pa.ListScalar):
            return [_python(one) for one in value.values]
        if pa.types.is_timestamp(value.type) and value.type.tz:  # the time zone may be unknown
            value = value.cast(pa.timestamp(value.type.unit, tz="UTC"))
        return value.cast(pa.string()).as_py()


def _has_nanoseconds(type: pa.DataType) -> bool:
    """Returns True if values of this type have nanoseconds. pyarrow gives them as objects of pandas, if it finds it."""
    if pa.types.is_dictionary(type):
        return _has_nanoseconds(type.value_type)
    return getattr(type, "unit", "") == "ns" or any(
        _has_nanoseconds(type.field(number).type) for number in range(type.num_fields)
    )


def _in_microseconds(value: pa.Scalar) -> pa.Scalar:
    """Returns the value, nanoseconds as microseconds. Raises ArrowInvalid, or ValueError, if that would lose digits."""
    type = value.type
    if not _has_nanoseconds(type) or not value.is_valid:
        return value
    if pa.types.is_time64(type):
        return value.cast(pa.time64("us"))
    if pa.types.is_duration(type):
        return value.cast(pa.duration("us"))
    if pa.types.is_timestamp(type):
        return value.cast(pa.timestamp("us", type.tz))
    raise ValueError("nanoseconds inside a nested value")


def _cast(ours: str, values: Any, file: str) -> pa.Array:
    """Converts the values of a file to the type of a column of documents.

    A value of JSON or CSV that cannot be converted becomes null. Raises DataError if an Arrow type cannot be converted.
    """
    wanted = DOCUMENT.field(ours).type
    if isinstance(values, pa.Array):
        try:
            return _dates(values) if wanted == TIMESTAMP else _narrow(_sound(values), wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{file}: the column for {ours!r} is of type {values.type}: {error}") from error
    if wanted == TIMESTAMP:
        return timestamps(_strings(values))
    if pa.types.is_floating(wanted):
        return _narrow(pa.array([_number(value) for value in values], type=pa.float64()), wanted)
    return pa.array(_strings(values, only_strings=ours == "text"), type=wanted)


def _narrow(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Casts the values. A number that would become infinite becomes null. Rounding is accepted, for scores."""
    if not pa.types.is_floating(wanted):
        return values.cast(wanted)
    wide = values.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_inf(wide.cast(wanted)), None, wide).cast(wanted)


def _number(value: Any) -> float | None:
    """Returns the finite number that a number or text gives, otherwise None."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _dates(values: pa.Array) -> pa.Array:
    """Converts times, texts and numbers to timestamps. Values of other types become null."""
    if pa.types.is_temporal(values.type):
        return moments(values)
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.string())
    text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    if text or pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return timestamps(_strings(_sound(values).to_pylist()))
    return pa.nulls(len(values), TIMESTAMP)


def _with_unread_dates(unknown: list[dict[str, Any]], said: Any, read: pa.Array | None) -> list[dict[str, Any]]:
    """Returns the values of `meta`, with a date that could not be read as text under `date`, unless that key is taken.

    said: the dates of the file, an Arrow array or a list. read: their timestamps. Blank texts and NaN are left out.
    """
    if said is None or read is None or not read.null_count:
        return unknown
    if isinstance(said, pa.Array):
        if said.null_count == read.null_count:
            return unknown
        said = _sound(said)
    rows = list(unknown)
    for row in np.flatnonzero(read.is_null().to_numpy(zero_copy_only=False)):
        value = _python(said[row]) if isinstance(said, pa.Array) else said[row]
        if value is None or value != value:
            continue
        text = json_text(value) if isinstance(value, bool | list | dict) else str(value)
        if text.strip():
            rows[row] = {"date": text} | rows[row]
    return rows


def _sound(values: pa.Array) -> pa.Array:
    """Returns the values. In strings that are not UTF-8, which Parquet files can have, U+FFFD replaces broken bytes."""
    if not _is_broken(values):
        return values
    content = values.cast(pa.large_binary()).to_pylist()
    return pa.array([text if text is None else text.decode("utf-8", "replace") for text in content])


def _is_broken(values: Any) -> bool:
    if not isinstance(values, pa.Array) or not (
        pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    ):
        return False
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return True
    return False


def _broken_sequences(values: Any) -> npt.NDArray[np.int64]:
    """Returns the number of ill-formed UTF-8 sequences in each value, int64 (rows,). It is 0 for values from JSON."""
    if not _is_broken(values):
        return np.zeros(len(values), dtype=np.int64)
    content = values.cast(pa.large_binary()).fill_null(b"")
    return soundness(*text_buffer(pa.record_batch({"text": content})))[0]


def _strings(values: Iterable[Any], *, only_strings: bool = False) -> list[str | None]:
    """Returns texts unchanged, numbers as text, and None for other values.

    Half a surrogate pair, which JSON can express, becomes U+FFFD. only_strings: numbers become None too.
    """
    kinds = (str,) if only_strings else (str, int, float)
    texts = [str(value) if isinstance(value, kinds) and not isinstance(value, bool) else None for value in values]
    try:
        "".join(text for text in texts if text).encode()
    except UnicodeEncodeError:
        return [text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    return texts


def json_text(values: Any) -> str:
    """Returns the values of a table's other columns as JSON with sorted keys, which becomes a document's `meta`.

    NaN and infinities become null; other values that JSON lacks become text.
    """
    try:
        return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_written, allow_nan=False)
    except ValueError:  # a number that is not finite
        as_it_is = json.dumps(values, separators=(",", ":"), default=_written)
        finite = json.loads(as_it_is, parse_constant=lambda _: None)
        return json.dumps(finite, sort_keys=True, separators=(",", ":"))


def _written(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)

"""Rows of a table as documents: columns cast to ours, the rest as JSON, what is wrong marked."""

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

# what to_pylist raises for a value that Python cannot hold; out of memory is none of these
_NOT_PYTHON = (ValueError, ArithmeticError, LookupError, TypeError, NotImplementedError)


class Rows(NamedTuple):
    """Rows of a file: places, values of our columns, the other values, and what is wrong with each."""

    offsets: list[int]
    lengths: Sequence[int | None]
    found: dict[str, Any]
    unknown: list[dict[str, Any]]
    problems: Sequence[str | None]

    def places(self, file: str) -> tuple[Sequence[Any], ...]:
        """The columns of the locator."""
        return [file] * len(self.offsets), self.offsets, self.lengths


def table_documents(shard: Shard, rows: Rows, adds: Sequence[str], *, rule: str, expected: str) -> pa.RecordBatch:
    """A batch of the columns `adds`; rows with a problem, or without a text, are marked. rule: for a problem."""
    count, name = len(rows.offsets), shard.name or os.path.basename(shard.file)
    columns = {ours: _cast(ours, values, shard.file) for ours, values in rows.found.items()}
    places = pa.array([f"{name}#{offset}" for offset in rows.offsets])
    if "id" in columns:
        said = columns["id"]
        places = pc.if_else(pc.fill_null(pc.equal(said, ""), True), places, said)
    columns["id"] = places
    columns["source"] = pa.array([shard.source] * count)
    parts = [pa.array(part, type=kind.type) for part, kind in zip(rows.places(shard.file), LOCATOR, strict=True)]
    columns["locator"] = pa.StructArray.from_arrays(parts, fields=list(LOCATOR))
    columns["meta"] = pa.array([json_text(values) for values in rows.unknown], type=pa.string())
    columns |= {ours: pa.nulls(count, DOCUMENT.field(ours).type) for ours in adds if ours not in columns}
    batch = documents({ours: columns[ours] for ours in adds})
    breaks = pa.array([(problem or "").startswith(BREAK) for problem in rows.problems])
    batch = drop(batch, breaks, "read_table.bad_compression", rows.problems, "a compressed file without damage")
    bad = pa.array([problem is not None for problem in rows.problems])
    batch = drop(batch, bad, f"read_table.{rule}", rows.problems, expected)
    broken = _broken_sequences(rows.found.get("text"))
    batch = drop(batch, broken > 0, "read_table.bad_utf8", broken, 0)
    return drop(batch, batch.column("text").is_null(), "read_table.no_text", "null", "a text")


def refuse_types(fields: Iterable[pa.Field], file: str) -> None:
    """DataError if a column holds values that pyarrow cannot hand out: intervals of months, or of days and times, or
    structs with two fields of one name, or one whose name is not UTF-8.
    """
    for field in fields:
        try:
            remedy = _remedy(field.type)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{file}: a field inside the column {field.name!r} has a name that is none: {error}"
            ) from error
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
        return "give its fields names of their own"
    return next(filter(None, (_remedy(field.type) for field in fields)), "")


def python_rows(batch: pa.RecordBatch) -> tuple[list[dict[str, Any]], list[str | None]]:
    """(the rows, what is wrong with each): files can hold strings that are not UTF-8, and those are left out, and dates
    and times that Python cannot hold, which become text.
    """
    try:
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
    """The value, or what Arrow writes for it, or for parts of it, where Python has no such value."""
    try:
        return value.as_py()
    except UnicodeDecodeError:
        raise
    except _NOT_PYTHON:
        if isinstance(value, pa.StructScalar):
            return {name: _python(value[name]) for name in value}
        if isinstance(value, pa.MapScalar):
            return [tuple(_python(part) for part in pair.values()) for pair in value.values]
        if isinstance(value, pa.ListScalar):
            return [_python(one) for one in value.values]
        if pa.types.is_timestamp(value.type) and value.type.tz:  # the zone may be one that nobody knows
            value = value.cast(pa.timestamp(value.type.unit, tz="UTC"))
        return value.cast(pa.string()).as_py()


def _cast(ours: str, values: Any, file: str) -> pa.Array:
    """Values of a file as one of our columns. JSON values that cannot be one become null."""
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
    """The cast; a number that would become infinite is null, and one that is rounded is good enough for a score."""
    if not pa.types.is_floating(wanted):
        return values.cast(wanted)
    wide = values.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_inf(wide.cast(wanted)), None, wide).cast(wanted)


def _number(value: Any) -> float | None:
    """A number, or a text that is one."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _dates(values: pa.Array) -> pa.Array:
    """Texts and numbers as they are written, null for what is neither that nor a date."""
    if pa.types.is_temporal(values.type):
        return moments(values)
    text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    if text or pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return timestamps(_strings(_sound(values).to_pylist()))
    return pa.nulls(len(values), TIMESTAMP)


def _sound(values: pa.Array) -> pa.Array:
    """The values, or if they are strings that are not UTF-8, which Parquet files can hold, with U+FFFD in them."""
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
    """How many ill-formed sequences each text of a column has, int64 (rows,); none for texts that came from JSON."""
    if not _is_broken(values):
        return np.zeros(len(values or ()), dtype=np.int64)
    content = values.cast(pa.large_binary()).fill_null(b"")
    return soundness(*text_buffer(pa.record_batch({"text": content})))[0]


def _strings(values: Iterable[Any], *, only_strings: bool = False) -> list[str | None]:
    """Texts stay, numbers are written out, all else is null. Half a surrogate pair, which JSON can spell, is U+FFFD."""
    kinds = (str,) if only_strings else (str, int, float)
    texts = [str(value) if isinstance(value, kinds) and not isinstance(value, bool) else None for value in values]
    try:
        "".join(text for text in texts if text).encode()
    except UnicodeEncodeError:
        return [text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    return texts


def json_text(values: dict[str, Any]) -> str:
    """JSON with its keys sorted; NaN and infinities, which are no JSON, become null, and what else it lacks text."""
    try:
        return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_written, allow_nan=False)
    except ValueError:  # a number that is not finite
        as_it_is = json.dumps(values, separators=(",", ":"), default=_written)
        finite = json.loads(as_it_is, parse_constant=lambda _: None)
        return json.dumps(finite, sort_keys=True, separators=(",", ":"))


def _written(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)

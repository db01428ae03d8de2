"""Rows of source files, and the batch that they become."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tokenmill.core.columns import LOCATOR, documents, drop
from tokenmill.core.kinds import Shard
from tokenmill.stages.reading.charset import decode
from tokenmill.stages.reading.dates import TIMESTAMP

COLUMNS = ("id", "source", "path", "license", "date", "text", "code_lang", "locator", "meta")
Refusal = tuple[str, Any, Any]
"""(rule, measured value, threshold)"""

_EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())  # packers write 1970, 1980 and 1985 for unknown
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"  # not white space, and not ESC (colours)
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())  # a later date is unknown too


@dataclass
class CodeRow:
    """One file, or one document of joined files.

    Attributes:
        id: id of the document.
        path: path in the repository; None for joined files and for names that are not valid paths.
        offset: place of the file in its archive; for a table, its row.
        size: size of the content in bytes.
        time: seconds since 1970, 0 if unknown. Default 0.
        license: SPDX expression. Default None.
        code_lang: name of the language. Default None.
        text: the text; None if the file is refused. Default None.
        facts: values for the column `meta`. Default none.
        refusal: the first rule that the file breaks. Default None.
    """

    id: str
    path: str | None
    offset: int
    size: int
    time: int = 0
    license: str | None = None
    code_lang: str | None = None
    text: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None


def name_length(row: CodeRow) -> int:
    """Returns the number of characters of a source file's id, path and facts, which may be longer than its text."""
    return len(row.id) + len(row.path or "") + sum(len(str(fact)) for fact in row.facts.values())


def batch_of(rows: list[CodeRow], shard: Shard) -> pa.RecordBatch:
    """Returns the rows of source files as a batch of documents, with marks on the refused ones."""
    places = [{"file": shard.file, "offset": row.offset, "length": row.size} for row in rows]
    batch = documents(
        {
            "id": [row.id for row in rows],
            "source": [shard.source] * len(rows),
            "path": [row.path for row in rows],
            "license": [row.license for row in rows],
            "date": pa.array([_microseconds(row.time) for row in rows], pa.int64()).cast(TIMESTAMP),
            "text": [row.text for row in rows],
            "code_lang": [row.code_lang for row in rows],
            "locator": pa.array(places, type=LOCATOR),
            "meta": [json.dumps(row.facts, sort_keys=True, separators=(",", ":")) for row in rows],
        }
    )
    refusals = [row.refusal for row in rows]
    for rule in dict.fromkeys(refusal[0] for refusal in refusals if refusal):
        mask = pa.array([refusal is not None and refusal[0] == rule for refusal in refusals])
        measured = [refusal and refusal[1] for refusal in refusals]
        threshold = next(refusal[2] for refusal in refusals if refusal and refusal[0] == rule)
        batch = drop(batch, mask, f"read_code.{rule}", measured, threshold)
    return batch


def text_of(content: bytes) -> tuple[str, str, float]:
    """Returns (text, charset, bad) for a source file's bytes. A byte order mark is removed.

    bad: the share of the bytes that could not be decoded or are control characters, 0 to 1.
    """
    if not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = content.decode("utf-8").removeprefix("\ufeff")
            return text, "utf-8", (len(content) - len(content.translate(None, _CONTROLS))) / max(len(content), 1)
        except UnicodeDecodeError:
            pass
    decoded = decode([content], [""])
    return decoded.text[0].as_py(), decoded.charset[0], float(decoded.bad[0])


def _microseconds(time: int) -> int | None:
    return time * 1_000_000 if _EARLIEST <= time <= _LATEST else None

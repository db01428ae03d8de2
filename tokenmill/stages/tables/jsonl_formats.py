"""A document as datatrove and as Dolma lay it out in a line of JSON, read and written.

datatrove: text, id, media, metadata; url and date are in metadata. Dolma: id, text, source, created, added, version,
attributes, metadata. What is no column of ours is in `meta`, the keys of metadata beside the others. Where a document
says no source, or that of the recipe, nothing is kept of it.
"""

import json
from collections.abc import Iterable
from typing import Any

from tokenmill.stages.reading.json_lines import MAX_DEPTH, is_deep

FORMATS = ("datatrove", "dolma")

_BESIDE = {"datatrove": ("media",), "dolma": ("source", "added", "version", "attributes")}  # of metadata, not in it
_NAMES = {"lang": "language", "lang_score": "language_score"}  # datatrove's names of ours
_COLUMNS = ("url", "path", "license", "lang", "lang_score", "code_lang")


def unpacked(
    values: Iterable[dict[str, Any]], format: str, source: str, columns: dict[str, str]
) -> tuple[dict[str, list[Any]], list[dict[str, Any]]]:
    """(our columns, what else there is of each row). columns: from a key of theirs, or of metadata, to our name."""
    rows = [_parts(value, format) for value in values]
    names = dict.fromkeys(["id", "text", "url", "date", *columns.values()])
    found = {name: [ours.get(name) for ours, _ in rows] for name in names}
    for theirs, name in columns.items():
        found[name] = [rest.pop(theirs, None) for _, rest in rows]
    for _, rest in rows:
        if rest.get("source") == source:
            del rest["source"]
    return found, [rest for _, rest in rows]


def packed(row: dict[str, Any], format: str) -> dict[str, Any]:
    """The object for one row of documents, absent columns left out."""
    meta = _object(row.get("meta"), "meta")
    source = meta.pop("source", row.get("source"))
    if source is not None:
        meta["source"] = source
    beside = {key: meta.pop(key) for key in _BESIDE[format] if key in meta}
    known = {name: row.get(name) for name in _COLUMNS}
    meta |= {_NAMES.get(name, name): value for name, value in known.items() if value is not None and value == value}
    date = row.get("date")
    if date is not None:
        (meta if format == "datatrove" else beside)["date" if format == "datatrove" else "created"] = _written(date)
    return {"id": row["id"], "text": row["text"], **beside, "metadata": meta}


def _parts(value: dict[str, Any], format: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(id, text, url, date as far as they are there; all other keys, those of metadata beside them)."""
    top = dict(value)
    metadata = _object(top.pop("metadata", None), "metadata")
    ours: dict[str, Any] = {name: top.pop(name) for name in ("id", "text") if name in top}
    if format == "dolma" and "created" in top:
        top["date"] = top.pop("created")
    for name in ("url", "date"):
        if name in top or (name in metadata and (name, format) != ("date", "dolma")):
            ours[name] = (top if name in top else metadata).pop(name)
    if not top.get("media", True):
        del top["media"]
    return ours, metadata | top


def _object(said: Any, name: str) -> dict[str, Any]:
    """A mapping, or the JSON text of one; anything else under its name."""
    if isinstance(said, str):
        try:
            read = json.loads(said, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            return {name: said}
        if said.count("[") + said.count("{") > MAX_DEPTH and is_deep(read):
            return {name: said}
        said = read
    if said is None:
        return {}
    return dict(said) if isinstance(said, dict) else {name: said}


def _written(date: Any) -> str:
    return str(date.isoformat()).replace("+00:00", "Z")

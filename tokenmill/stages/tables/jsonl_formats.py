"""Converts between documents and the JSON objects of datatrove and of Dolma.

datatrove: text, id, media, metadata; url and date are in metadata. Dolma: id, text, source, created, added, version,
attributes, metadata. Keys that do not become a column are in `meta`, the keys of metadata on the same level as the
others. The source of an object is not kept if it is that of the recipe.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tokenmill.stages.reading.json_lines import MAX_DEPTH, is_deep

FORMATS = ("datatrove", "dolma")

_BESIDE = {"datatrove": ("media",), "dolma": ("source", "added", "version", "attributes")}  # keys next to metadata
_NAMES = {"lang": "language", "lang_score": "language_score"}  # our column: datatrove's name for it
_OWN = ("id", "text", "url", "date")
_COLUMNS = ("url", "path", "license", "lang", "lang_score", "code_lang")


def unpacked(
    values: Iterable[dict[str, Any]],
    format: str,
    source: str,
    columns: dict[str, str],
    more: Mapping[str, Any],
) -> tuple[dict[str, list[Any]], list[dict[str, Any]]]:
    """Returns (values by column, all other keys of each row) of JSON objects of datatrove or Dolma.

    format: one of FORMATS. source: the recipe's name of the source. columns: {key of an object or its metadata: column}
    more: {key: value} for the objects that lack the key.
    """
    rows = [_parts(value, format) for value in values]
    for name, value in more.items():
        for ours, rest in rows:
            (ours if name in _OWN else rest).setdefault(name, value)
    names = dict.fromkeys([*_OWN, *columns.values()])
    found = {name: [ours.get(name) for ours, _ in rows] for name in names}
    for theirs, name in columns.items():
        found[name] = [rest.pop(theirs, None) for _, rest in rows]
    for _, rest in rows:
        if rest.get("source") == source:
            del rest["source"]
    return found, [rest for _, rest in rows]


def packed(row: dict[str, Any], format: str) -> dict[str, Any]:
    """Returns the JSON object of datatrove or Dolma for one row of documents.

    Absent and null columns are left out, except id and text.
    """
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
    """Returns (id, text, url and date if they exist; all other keys, those of metadata on the same level)."""
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
    """Returns a mapping from a mapping or its JSON text. Another value becomes {name: value}, and None becomes {}."""
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

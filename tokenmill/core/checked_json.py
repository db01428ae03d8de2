"""JSON objects that end with their own checksum (XXH3), which detects files that are cut, empty, edited or damaged."""

import json
from typing import Any

import xxhash

_CHECKSUM = b',\n "xxh3": "'  # no name of a field sorts after it, so the fields stay sorted
_END = b'"\n}'


def with_checksum(content: bytes) -> bytes:
    """Appends the field `xxh3`, the checksum of all bytes before it, to a JSON object written with indent=1."""
    body = content.removesuffix(b"\n}")
    return body + _CHECKSUM + xxhash.xxh3_64_hexdigest(body).encode() + _END


def parsed(content: bytes) -> tuple[dict[str, Any], bool]:
    """Reads a JSON object that ends with its own checksum.

    Returns (fields, True if there was a checksum to compare). Older versions wrote none. Raises ValueError if the
    content is not a JSON object or its checksum does not match, RecursionError if it is nested too deeply.
    """
    if not content:
        raise ValueError("it is empty")
    said = json.loads(content)
    if not isinstance(said, dict):
        raise ValueError("it is not a JSON object")
    if said.pop("xxh3", None) is None:
        return said, False
    body, _, checksum = content.rpartition(_CHECKSUM)
    if checksum != xxhash.xxh3_64_hexdigest(body).encode() + _END:
        raise ValueError("its checksum does not match")
    return said, True

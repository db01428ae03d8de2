"""JSON objects that end with their own XXH3, so that one which is cut, empty, edited or damaged is noticed."""

import json
from typing import Any

import xxhash

_CHECKSUM = b',\n "xxh3": "'  # stands last: no field's name comes after it
_END = b'"\n}'


def with_checksum(content: bytes) -> bytes:
    """A JSON object, written with indent=1, with the XXH3 of what is before it as its last field."""
    body = content.removesuffix(b"\n}")
    return body + _CHECKSUM + xxhash.xxh3_64_hexdigest(body).encode() + _END


def parsed(content: bytes) -> tuple[dict[str, Any], bool]:
    """(fields, whether there was a checksum to compare: older versions wrote none).

    Raises ValueError if it is not a JSON object or its checksum does not match, RecursionError if it is too deeply
    nested.
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

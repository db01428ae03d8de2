"""Whether a record's content is what its header's digest says. Source: WARC 1.1, 5.8 and 5.9 (labelled digests)."""

import base64
import binascii
import hashlib

from tokenmill.stages.web.warc_records import Record

_LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}


def stated(record: Record) -> str:
    """The digest of the payload, else of the whole block, as the header has it; "" if there is none."""
    value = record.fields.get(b"warc-payload-digest") or record.fields.get(b"warc-block-digest") or b""
    return value.decode("ascii", "replace")


def mismatch(record: Record, body: int, *, whole_body: bool) -> tuple[str, str] | None:
    """(what was found, what the header states) of a digest that differs; None if it fits, or cannot be checked.

    body: where the payload begins in the block. whole_body: the payload is stored as it was hashed, not in chunks,
    which some writers hash and others do not.
    """
    if record.block_bytes > len(record.block):
        return None  # cut off at the reader's limit
    for name, start, sound in ((b"warc-block-digest", 0, True), (b"warc-payload-digest", body, whole_body)):
        algorithm, _, value = record.fields.get(name, b"").decode("ascii", "replace").strip().partition(":")
        wanted = _bytes_of(algorithm.lower().replace("-", ""), value)
        if wanted and sound:
            found = hashlib.new(algorithm.lower().replace("-", ""), record.block[start:]).digest()
            return None if found == wanted else (f"{algorithm}:{found.hex()}", f"{algorithm}:{wanted.hex()}")
    return None


def _bytes_of(algorithm: str, value: str) -> bytes:
    """A digest written in base 32 or hexadecimal digits; b"" for another writing or algorithm."""
    length = _LENGTHS.get(algorithm, -1)
    try:
        if len(value) == 2 * length:
            return bytes.fromhex(value)
        digest = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return b""
    return digest if len(digest) == length else b""

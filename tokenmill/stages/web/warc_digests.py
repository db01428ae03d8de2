"""Compares a record's content with the digest in its header. Source: WARC 1.1, 5.8 and 5.9 (labelled digests)."""

import base64
import binascii
import hashlib

from tokenmill.stages.web.warc_records import Record

_LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}


def stated(record: Record) -> str:
    """Returns the digest in a WARC record's header, of the payload or else of the whole block, or "" without one."""
    value = record.fields.get(b"warc-payload-digest") or record.fields.get(b"warc-block-digest") or b""
    return value.decode("ascii", "replace")


def mismatch(record: Record, body: int, *, whole_body: bool) -> tuple[str, str] | None:
    """Returns (actual digest, digest in the header) of a WARC record if they differ; None if they agree.

    Also None if they cannot be compared. body: offset of the payload in the block. whole_body: False if the payload is
    stored in chunks. Its digest is then not compared, because some writers hash the chunks as stored and others do not.
    """
    if record.block_bytes > len(record.block):
        return None  # the block was cut off at the reader's limit
    for name, start, sound in ((b"warc-block-digest", 0, True), (b"warc-payload-digest", body, whole_body)):
        algorithm, _, value = record.fields.get(name, b"").decode("ascii", "replace").strip().partition(":")
        wanted = _bytes_of(algorithm.lower().replace("-", ""), value)
        if wanted and sound:
            found = hashlib.new(algorithm.lower().replace("-", ""), record.block[start:]).digest()
            return None if found == wanted else (f"{algorithm}:{found.hex()}", f"{algorithm}:{wanted.hex()}")
    return None


def _bytes_of(algorithm: str, value: str) -> bytes:
    """Decodes a digest in base 32 or hexadecimal digits. Returns b"" for another notation or algorithm."""
    length = _LENGTHS.get(algorithm, -1)
    try:
        if len(value) == 2 * length:
            return bytes.fromhex(value)
        digest = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return b""
    return digest if len(digest) == length else b""

"""Hashes the names of wikitext: 64-bit FNV-1a, in Python and in kernels."""

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, uint8
from tokenmill.text.kernel.cache import inlined

START = 0xCBF29CE484222325
BASIS = np.uint64(0xCBF29CE484222325)  # START, for kernels
_PRIME, _MASK = 0x100000001B3, 0xFFFFFFFFFFFFFFFF


def name_hash(name: str | bytes) -> int:
    """Returns the 64-bit FNV-1a hash of a wikitext name, folded: ASCII letters in lower case, `_` as a space."""
    coded = name.encode() if isinstance(name, str) else name
    return exact_hash(coded.lower().replace(b"_", b" "))


def exact_hash(name: str | bytes) -> int:
    """Returns the 64-bit FNV-1a hash of a name whose case counts, such as a unit of measurement."""
    value = START
    for byte in name.encode() if isinstance(name, str) else name:
        value = ((value ^ byte) * _PRIME) & _MASK
    return value


@inlined
def folded_hash(buffer: Bytes, start: int, end: int) -> np.uint64:
    """Returns, in a kernel, name_hash of the wikitext name buffer[start:end]."""
    return folded_on(BASIS, buffer, start, end)


@inlined
def add_byte(value: np.uint64, byte: int) -> np.uint64:
    """Returns the hash of a folded wikitext name with one more byte. The hash of no bytes is BASIS."""
    if 65 <= byte <= 90:
        byte = uint8(byte + 32)
    elif byte == 95:
        byte = uint8(32)
    return (value ^ np.uint64(byte)) * np.uint64(0x100000001B3)


@inlined
def folded_on(value: np.uint64, buffer: Bytes, start: int, end: int) -> np.uint64:
    """Returns name_hash of a prefix and the name buffer[start:end]; value: the hash of the prefix."""
    for i in range(start, end):
        byte = buffer[i]
        if 65 <= byte <= 90:
            byte = uint8(byte + 32)
        elif byte == 95:
            byte = uint8(32)
        value = (value ^ np.uint64(byte)) * np.uint64(0x100000001B3)
    return value


@inlined
def exact_on(value: np.uint64, buffer: Bytes, start: int, end: int) -> np.uint64:
    """Returns exact_hash of a prefix and the name buffer[start:end]; value: the hash of the prefix."""
    for i in range(start, end):
        value = (value ^ np.uint64(buffer[i])) * np.uint64(0x100000001B3)
    return value


@inlined
def byte_on(value: np.uint64, byte: int) -> np.uint64:
    """Returns the hash of a prefix and one byte; value: the hash of the prefix."""
    return (value ^ np.uint64(byte)) * np.uint64(0x100000001B3)

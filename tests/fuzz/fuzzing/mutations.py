"""Changes to bytes: small random damage, changed length fields, repetition, nesting, and splices of two inputs."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

ODD_NUMBERS = (b"0", b"1", b"-1", b"00", b"2147483648", b"9223372036854775807", b"99999999999999999999", b"1e9", b"")
ODD_BYTES = (b"\0", b"\xff", b"\n", b"\r\n", b"<", b">", b"&", b'"', b"'", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")
ODD_INTEGERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_NUMBER = re.compile(rb"\d+")
_NUMBERS_UP_TO = 1 << 16
_LONGEST = 1 << 19  # largest size of a mutant in bytes

Brackets = tuple[bytes, bytes]


@dataclass(frozen=True)
class Material:
    """Inputs and tokens that mutations use.

    Attributes:
        inputs: valid inputs, for splices.
        tokens: bytes that have a meaning in this format. Mutations insert them.
        brackets: pairs that open and close something. Mutations nest them.
    """

    inputs: Sequence[bytes]
    tokens: Sequence[bytes] = ()
    brackets: Sequence[Brackets] = ()


def mutated(data: bytes, material: Material, random: Random) -> bytes:
    """Returns the bytes after one, two or four changes, most of them small."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = random.choice(_CHANGES)(data, material, random)[:_LONGEST]
    return data


def _flip(data: bytes, material: Material, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _overwrite(data: bytes, material: Material, random: Random) -> bytes:
    at, content = random.randrange(len(data) + 1), random.randbytes(random.choice((1, 1, 2, 4, 32)))
    return data[:at] + content + data[at + len(content) :]


def _insert(data: bytes, material: Material, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    chosen = random.choice(material.tokens if material.tokens and random.random() < 0.7 else ODD_BYTES)
    return data[:at] + chosen * random.choice((1, 1, 1, 3, 3, 3, 500, 2000)) + data[at:]


def _cut_out(data: bytes, material: Material, random: Random) -> bytes:
    at, end = _range(data, random)
    return data[:at] + data[end if random.random() < 0.2 else min(end, at + 20) :]


def _cut_off(data: bytes, material: Material, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeat(data: bytes, material: Material, random: Random) -> bytes:
    at, end = _range(data, random)
    return data[:end] + data[at:end] * random.choice((1, 1, 8)) + data[end:]


def _splice(data: bytes, material: Material, random: Random) -> bytes:
    other = random.choice(material.inputs)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _number_in_digits(data: bytes, material: Material, random: Random) -> bytes:
    places = [match.span() for match in _NUMBER.finditer(data, 0, _NUMBERS_UP_TO)]
    if not places:
        return _overwrite(data, material, random)
    at, end = random.choice(places)
    return data[:at] + random.choice(ODD_NUMBERS) + data[end:]


def _number_in_binary(data: bytes, material: Material, random: Random) -> bytes:
    """Writes an extreme value, or one near the input's size, at a place that may be a length field of 1 to 8 bytes."""
    size = random.choice((1, 2, 4, 4, 8))
    at = random.randrange(len(data) + 1) if random.random() < 0.5 else max(0, len(data) - random.randrange(1, 65))
    value = random.choice((*ODD_INTEGERS, len(data), len(data) + 1)) & ((1 << 8 * size) - 1)
    return data[:at] + value.to_bytes(size, random.choice(("little", "big"))) + data[at + size :]


def _nest(data: bytes, material: Material, random: Random) -> bytes:
    if not material.brackets:
        return _insert(data, material, random)
    at, end = _range(data, random)
    opens, closes = random.choice(material.brackets)
    depth = random.choice((1, 2, 30, 600, 3000))
    return data[:at] + opens * depth + data[at:end] + closes * random.choice((depth, depth, depth - 1, 0)) + data[end:]


def _range(data: bytes, random: Random) -> tuple[int, int]:
    at, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return at, end


_CHANGES: tuple[Callable[[bytes, Material, Random], bytes], ...] = (
    _flip, _overwrite, _overwrite, _insert, _insert, _cut_out, _cut_off, _repeat, _splice, _number_in_digits,
    _number_in_binary, _nest,
)  # fmt: skip

"""Sixteen bytes at a time: which of them surely go on with a word, so that most words are found without a loop.

The processor compares sixteen bytes at once, but only with ranges; so what it calls quiet is a part of what the class
table calls idle.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tokenmill.text.kernel.arrays import Bytes

WIDTH = 16
LETTERS = ((0x61, 0x7A),)  # and 0x20 less, the capitals
OTHERS = ((0x80, 0xC1), (0xC3, 0xD1), (0xE5, 0xE9), (0xEB, 0xED))
"""Ranges of bytes, ends included: quiet are ASCII letters, and what other characters are made of that are letters or
marks on them.
"""
DIGITS = ((0x30, 0x39),)

_BYTES, _BITS, _MASK = ir.VectorType(ir.IntType(8), WIDTH), ir.IntType(WIDTH), ir.IntType(64)


def _quiet_and_digits(typing_context: Any, buffer: Any, i: Any) -> Any:
    """In a kernel: (bit k set: buffer[i + k] is quiet or an ASCII digit; the same for digits alone), two int64.

    buffer: a pointer to bytes, of which WIDTH from i on may be read.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), _BYTES.as_pointer())
        found = builder.load(place, align=1)
        digits = _within(builder, found, DIGITS)
        letters = _within(builder, builder.or_(found, _all(0x20)), LETTERS)
        quiet = builder.or_(letters, _within(builder, found, OTHERS))
        masks = [builder.or_(quiet, digits), digits]
        counts = [builder.zext(builder.bitcast(mask, _BITS), _MASK) for mask in masks]
        return context.make_tuple(builder, signature.return_type, counts)

    return types.UniTuple(types.int64, 2)(buffer, types.int64), generate


def _within(builder: Any, found: Any, ranges: tuple[tuple[int, int], ...]) -> Any:
    """One bit a byte: whether it lies in one of the ranges."""
    masks = [
        builder.icmp_unsigned("<=", builder.sub(found, _all(low)), _all(high - low))  # below low wraps to above
        for low, high in ranges
    ]
    whole = masks[0]
    for mask in masks[1:]:
        whole = builder.or_(whole, mask)
    return whole


def _all(byte: int) -> Any:
    return ir.Constant(_BYTES, [byte] * WIDTH)


quiet_and_digits: Callable[[Bytes, int], tuple[int, int]] = intrinsic(_quiet_and_digits)

"""The code of the operations that exist only in kernels; see cache.intrinsic. Imports numba."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tokenmill.text.kernel.quick import DIGITS, LETTERS, OTHERS, WIDTH

_BYTES, _BITS, _MASK = ir.VectorType(ir.IntType(8), WIDTH), ir.IntType(WIDTH), ir.IntType(64)


@intrinsic  # type: ignore[untyped-decorator]  # numba has no types
def pointer(typing_context: Any, array: Any) -> Any:
    """Generates the code by which kernels get the address of an array's elements. See cache.pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic  # type: ignore[untyped-decorator]
def trailing_zeros(typing_context: Any, value: Any) -> Any:
    """Generates the code by which kernels count the zero bits of an int64 below its lowest set bit.

    See cache.trailing_zeros.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.int64(types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def quiet_and_digits(typing_context: Any, buffer: Any, i: Any) -> Any:
    """Generates the code by which kernels find which of sixteen bytes surely continue a word.

    See quick.quiet_and_digits.
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
    """Generates code for one bit per byte: whether the byte is in one of the ranges, which include their ends."""
    masks = [
        builder.icmp_unsigned("<=", builder.sub(found, _all(low)), _all(high - low))  # bytes below low wrap around
        for low, high in ranges
    ]
    whole = masks[0]
    for mask in masks[1:]:
        whole = builder.or_(whole, mask)
    return whole


def _all(byte: int) -> Any:
    return ir.Constant(_BYTES, [byte] * WIDTH)

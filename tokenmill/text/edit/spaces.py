"""Folds white space, and finds texts that have nothing else."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.text.kernel.arrays import Bytes, Offsets, int64
from tokenmill.text.kernel.cache import frozen, kernel, pointer
from tokenmill.text.kernel.points import point_at
from tokenmill.text.words.segment import text_buffer

_VISIBLE = r"[^\s\p{Z}\p{Cc}\p{Cf}]"


def without_blank_texts(texts: pa.Array) -> pa.Array:
    """Returns the texts, with null for each that has no visible character: only white space, controls, format marks."""
    return pc.if_else(pc.match_substring_regex(texts, _VISIBLE), texts, None)


def single_spaced(batch: pa.RecordBatch) -> tuple[Bytes, Offsets]:
    """Returns documents' texts with each run of white space as a single space, and without white space at the ends.

    White space is that of str.isspace. The result is (UTF-8 bytes, offsets int64 (rows + 1,)).
    """
    buffer, offsets = text_buffer(batch)
    out = np.empty(int(offsets[-1] - offsets[0]), dtype=np.uint8)
    out_offsets = np.zeros(len(offsets), dtype=np.int64)
    used = _fold_spaces(buffer, offsets, out, out_offsets)
    return frozen(out[:used]), frozen(out_offsets)


@kernel
def _fold_spaces(buffer: Bytes, offsets: Offsets, out: Bytes, out_offsets: Offsets) -> int:
    used = int64(0)
    for row in range(len(offsets) - 1):
        first = used
        after_space = False
        i = offsets[row]
        end = offsets[row + 1]
        while i < end:
            point, size = point_at(pointer(buffer), i, end)
            if _is_space(point):
                after_space = True
            else:
                if after_space and used > first:
                    out[used] = 32
                    used += 1
                after_space = False
                for k in range(i, i + size):
                    out[used] = buffer[k]
                    used += 1
            i += size
        out_offsets[row + 1] = used
    return used


@kernel
def _is_space(point: int) -> bool:
    if point < 0x80:
        return point == 32 or 9 <= point <= 13 or 28 <= point <= 31
    return point in (0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000) or 0x2000 <= point <= 0x200A


def warm() -> None:
    """Compiles or loads the kernels of this module."""
    batch = pa.record_batch({"text": pa.array([" a \n b "], type=pa.large_string())})
    assert single_spaced(batch)[0].tobytes() == b"a b"

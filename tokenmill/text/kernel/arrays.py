"""The types of the arrays and numbers that kernels take and return.

numba ignores annotations; mypy checks calls by them. A pointer (see cache.pointer) has the type of its array, because a
helper may be given either. mypy knows no element's type, so what is read from an array fits anywhere.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ushorts = npt.NDArray[np.uint16]
Uints = npt.NDArray[np.uint32]
Ulongs = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# The same arrays by what is in them.
Offsets = Longs  # where rows or words begin or end, in an array that holds all of them
Positions = Uints  # where they begin or end in their document
Hashes = Ulongs

if TYPE_CHECKING:  # mypy takes numpy's integers for int, else each sum of the two would need a cast
    uint8 = int
    uint32 = int
    int32 = int
    int64 = int
else:
    from numpy import int32 as int32
    from numpy import int64 as int64
    from numpy import uint8 as uint8
    from numpy import uint32 as uint32

"""The types of the arrays and numbers that kernels take and return.

numba ignores annotations; mypy uses them to check calls. A pointer (see cache.pointer) has the type of its array,
because a helper accepts both. For mypy an element of an array is of type Any, so it can be passed anywhere.
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

# The same types, named after the meaning of the values.
Offsets = Longs  # where rows or words start or end, in an array that has all of them
Positions = Uints  # where they start or end in their document
Hashes = Ulongs

if TYPE_CHECKING:  # mypy treats numpy's integers as int; otherwise each sum of the two would need a cast
    uint8 = int
    uint32 = int
    int32 = int
    int64 = int
else:
    from numpy import int32 as int32
    from numpy import int64 as int64
    from numpy import uint8 as uint8
    from numpy import uint32 as uint32

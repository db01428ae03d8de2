"""Anchor documents and all that is like them: exact Jaccard similarities by an index of the anchors' shingles."""

import numpy as np
import numpy.typing as npt

from tokenmill.text.hash import Hashes, Ragged

Places = npt.NDArray[np.int64]


class Anchors:
    """ids, band keys (anchors, bands) and shingle sets of some documents; those without shingles are like nothing."""

    def __init__(self, ids: list[str], shingles: Ragged, keys: Hashes) -> None:
        self.ids, self.keys = ids, keys
        self.sizes = np.diff(shingles.offsets)
        order = np.argsort(shingles.values, kind="stable")
        self.owner = np.repeat(np.arange(len(ids)), self.sizes)[order]
        self.shingles, self.starts = np.unique(shingles.values[order], return_index=True)
        self.counts = np.diff(np.append(self.starts, len(order)))

    def alike(self, others: Ragged, lowest: float) -> tuple[Places, Places, npt.NDArray[np.float64]]:
        """(row of `others`, anchor, their Jaccard similarity) of all pairs at `lowest` (above 0) or above."""
        if not len(self.shingles):
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        place = np.minimum(np.searchsorted(self.shingles, others.values), len(self.shingles) - 1)
        hit = np.flatnonzero(self.shingles[place] == others.values)
        place, times = place[hit], self.counts[place[hit]]
        row = np.repeat(np.arange(len(others)), np.diff(others.offsets))[hit]
        first = np.repeat(self.starts[place] - np.append(0, np.cumsum(times))[:-1], times)
        owner = self.owner[first + np.arange(int(times.sum()))]
        pairs, shared = np.unique(np.repeat(row, times) * len(self.ids) + owner, return_counts=True)
        row, anchor = np.divmod(pairs, len(self.ids))
        value = shared / (np.diff(others.offsets)[row] + self.sizes[anchor] - shared)
        near = value >= lowest
        return row[near], anchor[near], value[near]

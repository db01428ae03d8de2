"""Finds documents similar to anchor documents by exact Jaccard similarity, with an index of the anchors' shingles."""

import numpy as np
import numpy.typing as npt

from tokenmill.text.words.hash import Ragged

Places = npt.NDArray[np.int64]

_MAX_MATCHES = 1 << 22  # about 200 MB of arrays


class Anchors:
    """An index of the shingle sets of anchor documents, which are numbered from 0.

    A document without shingles is similar to no document.
    """

    def __init__(self, shingles: Ragged) -> None:
        self.sizes = np.diff(shingles.offsets)
        order = np.argsort(shingles.values, kind="stable")
        self.owner = np.repeat(np.arange(len(shingles)), self.sizes)[order]
        self.shingles, self.starts = np.unique(shingles.values[order], return_index=True)
        self.counts = np.diff(np.append(self.starts, len(order)))

    def similar_pairs(self, others: Ragged, lowest: float) -> tuple[Places, Places, npt.NDArray[np.float64]]:
        """Returns all pairs with a Jaccard similarity of `lowest` or above: (row of `others`, anchor, similarity).

        lowest: above 0. The three arrays are int64, int64 and float64 of the same length. Rows are processed in slices
        of at most _MAX_MATCHES matches of shingles, because boilerplate matches every anchor.
        """
        if not len(self.shingles) or not len(others):
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        place = np.minimum(np.searchsorted(self.shingles, others.values), len(self.shingles) - 1)
        hit = np.flatnonzero(self.shingles[place] == others.values)
        row = np.repeat(np.arange(len(others)), np.diff(others.offsets))[hit]
        place, sizes = place[hit], np.diff(others.offsets)
        matches = np.append(0, np.cumsum(np.bincount(row, self.counts[place], len(others)).astype(np.int64)))
        found = []
        first = 0
        while first < len(others):
            end = max(first + 1, int(np.searchsorted(matches, matches[first] + _MAX_MATCHES, side="right")) - 1)
            low, high = np.searchsorted(row, [first, end])
            found.append(self._near(row[low:high], place[low:high], sizes, lowest))
            first = end
        rows, anchors, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return rows, anchors, values

    def _near(
        self, row: Places, place: Places, sizes: Places, lowest: float
    ) -> tuple[Places, Places, npt.NDArray[np.float64]]:
        """Returns the pairs of these rows. row, place: for each match, the row and the place in `self.shingles`."""
        times = self.counts[place]
        first = np.repeat(self.starts[place] - np.append(0, np.cumsum(times))[:-1], times)
        owner = self.owner[first + np.arange(int(times.sum()))]
        pairs, shared = np.unique(np.repeat(row, times) * len(self.sizes) + owner, return_counts=True)
        row, anchor = np.divmod(pairs, len(self.sizes))
        value = shared / (sizes[row] + self.sizes[anchor] - shared)
        near = value >= lowest
        return row[near], anchor[near], value[near]

"""Computes which pairs given numbers of bands and rows nominate, and which numbers give a wanted recall.

A pair of similarity s shares a band with probability 1 - (1 - s^rows)^bands (Leskovec et al., Mining of Massive
Datasets, 3.4).
"""

import math
from collections.abc import Sequence

SHOWN = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def bands_for(threshold: float, recall: float, hashes: int) -> tuple[int, int] | None:
    """Returns (bands, rows) of MinHash that nominate pairs at the threshold with probability `recall` or more, or None.

    Of all such numbers it returns those with the most rows per band, because more rows nominate fewer pairs below the
    threshold. Pairs below the threshold cost only time, because each pair is verified. hashes: largest product of bands
    and rows.
    """
    for rows in range(hashes, 0, -1):
        bands = _fewest_bands(threshold, recall, rows)
        if bands * rows <= hashes:
            return bands, rows
    return None


def chance(similarity: float, bands: int, rows: int) -> float:
    """Returns the probability that a MinHash step of these bands and rows nominates a pair of this similarity."""
    return -math.expm1(bands * math.log1p(-(similarity**rows))) if similarity < 1 else 1.0


def outlook(bands: int, rows: int, threshold: float, fold: Sequence[str]) -> str:
    """Returns the S-curve of a MinHash step, the probabilities of nomination by similarity, as one line of text."""
    curve = ", ".join(f"{s:g}: {chance(s, bands, rows):.3g}" for s in sorted({*SHOWN, threshold}))
    seen = f", after folding {', '.join(fold)}," if fold else ""
    return f"{bands} bands of {rows} rows nominate a pair of similarity s{seen} with a chance of ({curve})"


def _fewest_bands(threshold: float, recall: float, rows: int) -> int:
    in_one = threshold**rows
    if in_one >= 1.0:
        return 1
    if in_one < 1e-12:
        return 1 << 40  # more than any setting of hashes
    return max(1, math.ceil(math.log1p(-recall) / math.log1p(-in_one)))

"""The four FineWeb filters add at most one and a half times the size of a batch to the memory in use."""

from pathlib import Path

import pytest

from bench.filters_speed import SHARES, WAYS, added_share, batch_of, filtered, made_pages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is asked of Linux"),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dropped", SHARES)
def test_filtering_adds_at_most_one_and_a_half_times_the_batch(dropped: float, way: str) -> None:
    texts = made_pages(dropped)
    assert filtered(batch_of(texts)).num_rows == round((1 - dropped) * len(texts))
    assert added_share(texts, WAYS[way]) <= 1.5

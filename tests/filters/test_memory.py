"""A batch that goes through the four FineWeb filters adds at most one and a half times its size to what is held."""

import multiprocessing
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from bench.filters_speed import MB, added_memory, batch_of, filtered, ran_as_task

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is asked of Linux"),
]


def page(chance: random.Random, vocabulary: list[str]) -> str:
    """Paragraphs of prose; one page in ten is too short, one in three has no stop words."""
    common = [] if chance.random() < 0.35 else ["the", "of", "and", "to", "with"] * 200
    lines = 1 if chance.random() < 0.1 else chance.randint(5, 60)
    words = [chance.choices(vocabulary + common, k=chance.randint(12, 40)) for _ in range(lines)]
    return "\n".join(" ".join(line).capitalize() + "." for line in words)


@pytest.mark.parametrize("work", [filtered, ran_as_task])
def test_filtering_adds_at_most_one_and_a_half_times_the_batch(
    work: Callable[[pa.RecordBatch], Any], tmp_path: Path
) -> None:
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices("abcdefghij", k=chance.randint(2, 9))) for _ in range(4000)]
    texts = [page(chance, vocabulary) for _ in range(400)]
    batch = batch_of(texts * (64 * MB // sum(map(len, texts)) + 1))
    kept = filtered(batch).num_rows / batch.num_rows
    assert 0.5 < kept < 0.7
    with pa.ipc.new_file(tmp_path / "batch.arrow", batch.schema) as file:
        file.write_batch(batch)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        size, added = pool.apply(added_memory, (tmp_path / "batch.arrow", work))
    assert added <= 1.5 * size

"""stages/dedup/minhash_bands.py: the split of hashes into bands, compared with a trial of all splits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.errors import RecipeError
from tokenmill.stages.dedup.minhash import Minhash
from tokenmill.stages.dedup.minhash_bands import bands_for, chance
from tokenmill.text.similarity.signature import chance_of_meeting


@given(st.floats(0.1, 0.99), st.floats(0.5, 0.999), st.integers(1, 150))
@pytest.mark.slow
def test_it_is_the_best_of_all_splits(threshold: float, recall: float, hashes: int) -> None:
    good = [
        (rows, -bands)
        for rows in range(1, hashes + 1)
        for bands in range(1, hashes // rows + 1)
        if chance_of_meeting(threshold, bands, rows) >= recall + 1e-9
    ]
    found = bands_for(threshold, recall, hashes)
    if found is None:
        assert not good
        return
    bands, rows = found
    assert bands * rows <= hashes
    assert chance(threshold, bands, rows) == pytest.approx(chance_of_meeting(threshold, bands, rows))
    assert chance(threshold, bands, rows) >= recall - 1e-9
    assert not good or (rows, -bands) >= max(good)


def test_a_wanted_recall_sets_bands_and_rows() -> None:
    work = Minhash(threshold=0.75, recall=0.95)
    assert (work.bands, work.rows) == (16, 6)
    assert Minhash(bands=3, rows=2, threshold=0.75, recall=0.95) == work
    assert Minhash(threshold=1.0, recall=0.95).bands == 1
    assert (Minhash().bands, Minhash().rows) == (14, 8)
    assert "16 bands of 6 rows" in work.outlook()
    assert "0.75: 0.957" in work.outlook()


@pytest.mark.parametrize("settings", [{"recall": 1.0}, {"recall": -0.1}, {"threshold": 0.01, "recall": 0.99}])
def test_a_recall_that_cannot_be_had_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(RecipeError, match="recall"):
        Minhash(**settings)  # type: ignore[arg-type]

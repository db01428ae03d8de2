"""keep_rule.py: the kept documents are compared with the rule in plain Python, on random and on hostile graphs."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.keep_rule import Decision, decide
from tokenmill.text.words.hash import Ragged

Set = frozenset[int]


def jaccard(a: Set, b: Set) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def examined_pairs(
    keys: list[list[int]], sets: list[Set], threshold: float, max_bucket: int, hubs: int
) -> dict[str, set]:  # type: ignore[type-arg]
    """Returns {"pairs": pairs examined in some bucket; "missed": (bucket, pair) not examined in that giant bucket}."""
    buckets = defaultdict(list)
    for document, (bands, shingles) in enumerate(zip(keys, sets, strict=True)):
        for band, key in enumerate(bands):
            if shingles:
                buckets[band, key].append(document)
    pairs, missed = set(), set()
    for bucket, members in buckets.items():
        everything = set(combinations(members, 2))
        if len(members) <= max_bucket:
            pairs |= everything
            continue
        here, alone = set(), members
        for _ in range(hubs):
            if len(alone) < 2:
                break
            hub, *others = alone
            here |= {(hub, other) for other in others}
            alone = [other for other in others if jaccard(sets[hub], sets[other]) < threshold]
        pairs |= here
        missed |= {(bucket, pair) for pair in everything - here}
    return {"pairs": pairs, "missed": missed}


def plain(keys: list[list[int]], sets: list[Set], threshold: float, max_bucket: int, hubs: int) -> dict[str, object]:
    """The keep rule by its definition: the lexicographically first independent set of the graph of verified pairs."""
    examined = examined_pairs(keys, sets, threshold, max_bucket, hubs)
    earlier = defaultdict(list)
    for one, other in examined["pairs"]:
        if jaccard(sets[one], sets[other]) >= threshold:
            earlier[other].append(one)
    duplicate_of: list[int] = []
    for document in range(len(sets)):
        kept = [other for other in sorted(earlier[document]) if duplicate_of[other] == -1]
        duplicate_of.append(max(kept, key=lambda other: jaccard(sets[other], sets[document])) if kept else -1)
    return {
        "duplicate_of": duplicate_of,
        "similarity": [jaccard(sets[of], sets[i]) if of >= 0 else 0.0 for i, of in enumerate(duplicate_of)],
        "unexamined": len(examined["missed"]),
        "unexamined_kept": sum(duplicate_of[a] == duplicate_of[b] == -1 for _, (a, b) in examined["missed"]),
    }


def found(keys: list[list[int]], sets: list[Set], threshold: float, max_bucket: int, hubs: int) -> dict[str, object]:
    decision = decided(keys, sets, threshold, max_bucket, hubs)
    return {
        "duplicate_of": decision.duplicate_of.tolist(),
        "similarity": decision.similarity.tolist(),
        "unexamined": decision.unexamined,
        "unexamined_kept": decision.unexamined_kept,
    }


def decided(
    keys: list[list[int]], sets: list[Set], threshold: float, max_bucket: int = 1000, hubs: int = 10
) -> Decision:
    values = np.array([value for shingles in sets for value in sorted(shingles)], dtype=np.uint64)
    shingles = Ragged(frozen(values), frozen(np.cumsum([0, *map(len, sets)])))
    bands = len(keys[0]) if keys else 1
    return decide(
        np.array(keys, dtype=np.uint64).reshape(-1, bands), shingles,
        threshold=threshold, max_bucket=max_bucket, hubs=hubs,
    )  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[list[int]], list[Set]]:
    """Up to 25 documents have few shingles, so that all similarities occur, in up to 4 bands of few buckets."""
    count, bands = draw(st.integers(0, 25)), draw(st.integers(1, 4))
    shingles = st.frozensets(st.integers(0, draw(st.integers(1, 9))), max_size=8)
    keys = st.lists(st.integers(0, draw(st.integers(0, 3))), min_size=bands, max_size=bands)
    return draw(st.lists(keys, min_size=count, max_size=count)), draw(
        st.lists(shingles, min_size=count, max_size=count)
    )


@given(graphs(), st.sampled_from([0.1, 1 / 3, 0.5, 0.6, 0.75, 1.0]), st.integers(1, 30), st.integers(1, 6))
@settings(deadline=None, max_examples=300)
def test_the_rule_is_that_of_the_plain_twin(
    graph: tuple[list[list[int]], list[Set]], threshold: float, max_bucket: int, hubs: int
) -> None:
    assert found(*graph, threshold, max_bucket, hubs) == plain(*graph, threshold, max_bucket, hubs)


@pytest.mark.parametrize("max_bucket", [1000, 5])
@pytest.mark.parametrize(("width", "step"), [(20, 1), (20, 3), (9, 2)])
def test_a_long_chain_keeps_every_link_that_has_no_kept_neighbour(width: int, step: int, max_bucket: int) -> None:
    """Each document is similar to the next, the first not at all to the last. Connected components would keep one of
    300.
    """
    sets = [frozenset(range(i * step, i * step + width)) for i in range(300)]
    keys = [[i // 2, (i + 1) // 2, 7] for i in range(300)]
    assert found(keys, sets, 0.6, max_bucket, 200) == plain(keys, sets, 0.6, max_bucket, 200)
    stays = [i for i, of in enumerate(decided(keys, sets, 0.6).duplicate_of) if of == -1]
    assert len(stays) >= 50
    assert all(jaccard(sets[a], sets[b]) < 0.6 for a, b in combinations(stays, 2))


def test_a_star_goes_to_its_hub_when_the_hub_is_first_and_stays_when_it_is_last() -> None:
    """Every ray is similar to the hub, at 10/14, but no ray is similar to another, at 10/18."""
    rays = [frozenset([*range(10), *range(100 * i, 100 * i + 4)]) for i in range(1, 400)]
    hub = frozenset(range(10))
    first, last = decided([[1]] * 400, [hub, *rays], 0.7), decided([[1]] * 400, [*rays, hub], 0.7)
    assert first.duplicate_of.tolist() == [-1] + [0] * 399
    assert last.duplicate_of.tolist() == [-1] * 399 + [0]
    assert last.similarity[-1] == 10 / 14


def test_a_star_of_a_million_rays_goes_to_its_hub() -> None:
    """Every ray has nine of the hub's ten shingles and one of its own. `release` is called several times meanwhile."""
    rays = np.tile(np.arange(10, dtype=np.uint64), (1_000_000, 1))
    rays[:, 9] = np.arange(100, 1_000_100)
    values = frozen(np.concatenate([np.arange(10, dtype=np.uint64), rays.ravel()]))
    shingles = Ragged(values, frozen(np.arange(0, len(values) + 1, 10)))
    calls: list[int] = []
    decision = decide(
        np.ones((1_000_001, 2), dtype=np.uint64), shingles,
        threshold=0.8, max_bucket=5000, hubs=3, release=lambda: calls.append(1),
    )  # fmt: skip
    assert decision.duplicate_of[0] == -1
    assert not decision.duplicate_of[1:].any()
    assert (decision.giants, decision.unexamined_kept, len(calls) > 3) == (2, 0, True)


def test_two_giants_joined_by_one_pair_stay_two() -> None:
    """Connected components would merge them."""
    one, other = frozenset(range(100)), frozenset(range(1000, 1100))
    bridge = frozenset([*range(80), *range(1000, 1080)])  # it shares 80 of 180 with either
    sets = [one, other, *[one | {2000 + i} for i in range(500)], *[other | {3000 + i} for i in range(500)], bridge]
    for max_bucket in (10, 2000):
        decision = decided([[5]] * len(sets), sets, 0.44, max_bucket)
        assert decision.duplicate_of.tolist() == [-1, -1, *[0] * 500, *[1] * 500, 0]
        assert decision.giants == (max_bucket == 10)


def test_the_most_similar_kept_document_is_named_and_the_earlier_at_a_tie() -> None:
    base = frozenset(range(10))
    earlier, twin, nearer = base - {1, 2}, base - {3, 4}, base - {5}
    decision = decided([[1, 4], [2, 4], [3, 4], [1, 2]], [earlier, twin, base - {7, 8, 9}, base], 0.8)
    assert decision.duplicate_of.tolist() == [-1, -1, -1, 0]
    decision = decided([[1], [1], [1], [1]], [earlier, twin, nearer - {6, 7}, nearer], 0.75)
    assert decision.duplicate_of.tolist() == [-1, -1, -1, 2]


def test_a_giant_bucket_says_how_many_pairs_it_left() -> None:
    """There are 10 dissimilar documents and 2 rounds, so 9 + 8 of 45 pairs are examined."""
    decision = decided([[1]] * 10, [frozenset([i]) for i in range(10)], 0.5, 9, 2)
    assert (decision.giants, decision.verified, decision.unexamined, decision.unexamined_kept) == (1, 17, 28, 28)
    copies = decided([[1]] * 10, [frozenset([1])] * 10, 0.5, 9, 2)
    assert (copies.verified, copies.unexamined, copies.unexamined_kept) == (9, 36, 0)


def test_documents_without_shingles_meet_nobody() -> None:
    decision = decided([[1]] * 4, [frozenset(), frozenset([1]), frozenset(), frozenset([1])], 0.5)
    assert decision.duplicate_of.tolist() == [-1, -1, -1, 1]
    assert decided([], [], 0.5).duplicate_of.tolist() == []


def test_giant_buckets_of_the_same_documents_are_examined_once() -> None:
    """Tables from one template share all bands, although no two of them are similar."""
    sets = [frozenset(range(10 * i, 10 * i + 10)) for i in range(9)]
    one, five = (decided([[7] * bands] * 9, sets, 0.5, max_bucket=3, hubs=2) for bands in (1, 5))
    assert (one.verified, one.giants, one.unexamined) == (15, 1, 21)
    assert (five.verified, five.giants, five.unexamined, five.unexamined_kept) == (15, 5, 105, 105)
    assert five.duplicate_of.tolist() == one.duplicate_of.tolist() == [-1] * 9

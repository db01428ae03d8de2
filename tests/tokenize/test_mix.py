"""tokenize/mix.py: sources get their weights, copies have distinct ids, and every document's fate can be computed."""

import json
import pickle
from collections import Counter
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.chance import keyed_hash, unit_interval
from tokenmill.core.columns import documents, split
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import FACTS, Concluding, Repeating, Rewriting, Room
from tokenmill.tokenize.mix import Mix
from tokenmill.tokenize.write_shards import Shuffle

Document = tuple[str, str | None, str]


def run(
    work: Mix, given: list[Document], *, batch_rows: int = 3
) -> tuple[pa.Table, list[dict[str, Any]], dict[str, Any]]:
    """Runs the step as the engine does. Returns (kept rows and their copies, dropped rows, the conclusion)."""
    batch = documents(dict(zip(("id", "text", "source"), map(list, zip(*given, strict=True)), strict=True)))
    parts = [batch.slice(first, batch_rows) for first in range(0, batch.num_rows, batch_rows)]
    (round,) = pickle.loads(pickle.dumps(work)).rounds()
    routed = [round.route(part) for part in [*parts, batch.slice(0, 0)]]
    (rates,) = round.reduce(iter(routed), Room(1 << 30, "", {0: batch.num_rows}))
    facts = work.conclude([json.loads(rates.schema.metadata[FACTS])], Counter(batch.column("source").to_pylist()))
    alive: list[pa.RecordBatch] = []
    gone: list[dict[str, Any]] = []
    for part in parts:
        kept, left_out = split(work.rewrite(part, pa.Table.from_batches([rates])))
        alive += list(work.repeat(kept))
        gone += left_out.to_pylist()
    return pa.Table.from_batches(alive), gone, facts


def corpus(**counts: int) -> list[Document]:
    """Returns the given number of documents of 100 bytes for each source."""
    return [(f"{name}{number}", "x" * 100, name) for name, count in counts.items() for number in range(count)]


def test_it_is_what_the_engine_takes_it_for() -> None:
    assert isinstance(Mix({"a": 1}), Rewriting) and isinstance(Mix({"a": 1}), Repeating)
    assert isinstance(Mix({"a": 1}), Concluding)


def test_the_scarcest_source_is_taken_whole_and_the_others_by_weight() -> None:
    alive, gone, facts = run(Mix({"web": 7, "wiki": 1, "code": 2}, seed=3), corpus(web=9000, wiki=500, code=1500))
    found = Counter(alive.column("source").to_pylist())
    assert found["wiki"] == 500
    assert abs(found["web"] - 3500) < 150 and abs(found["code"] - 1000) < 90  # four standard deviations
    assert alive.num_rows + len(gone) == 11_000
    assert [facts[name]["rate"] for name in ("web", "wiki", "code")] == [0.388888889, 1.0, 0.666666667]
    assert facts["web"] == {"documents": 9000, "bytes": 900_000, "weight": 7, "rate": 0.388888889}


def test_what_is_left_out_says_the_draw_and_the_rate() -> None:
    _, gone, _ = run(Mix({"a": 1, "b": 1}), corpus(a=40, b=20))
    assert gone and all(row["drop_rule"] == "mix.left_out" for row in gone)
    for row in gone:
        draw = unit_interval(keyed_hash(0, "mix", [row["id"]]))[0]
        assert (row["drop_measured"], row["drop_threshold"]) == (f"{draw:.6g}", "0.5") and draw >= 0.5


def test_copies_have_ids_of_their_own_and_name_the_first() -> None:
    alive, _, facts = run(Mix({"a": 3, "b": 1}, max_copies={"a": 3}), corpus(a=2, b=2))
    assert facts["a"]["rate"] == 3.0
    found = [(row["id"], row["mix.copy_of"]) for row in alive.to_pylist() if row["source"] == "a"]
    assert sorted(found) == [
        ("a0", None), ("a0#2", "a0"), ("a0#3", "a0"), ("a1", None), ("a1#2", "a1"), ("a1#3", "a1"),
    ]  # fmt: skip


def test_a_copy_falls_into_the_split_of_its_first() -> None:
    alive, _, _ = run(Mix({"a": 5}, max_copies={"a": 5}), corpus(a=200))
    batch = alive.combine_chunks().to_batches()[0]
    tokens = pa.array([[1]] * batch.num_rows, pa.large_list(pa.uint32()))
    batch = batch.append_column("_tokens", tokens).append_column("encode.n_bytes", pa.array([100] * batch.num_rows))
    routed = Shuffle(seed=0, val=0.3).route(batch)
    splits: dict[str, set[str]] = {}
    for id, where in zip(routed.column("id").to_pylist(), routed.column("_split").to_pylist(), strict=True):
        splits.setdefault(id.partition("#")[0], set()).add(where)
    assert len(splits) == 200 and all(len(where) == 1 for where in splits.values())
    assert {where for found in splits.values() for where in found} == {"train", "val"}


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.tuples(st.integers(1, 9), st.integers(1, 30), st.integers(1, 4)), min_size=1
    ),
    st.integers(0, 2**64 - 1),
    st.integers(1, 40),
)
@settings(deadline=None, max_examples=60)
def test_it_does_what_the_docstring_says(sources: dict[str, tuple[int, int, int]], seed: int, batch_rows: int) -> None:
    work = Mix(
        {n: float(w) for n, (w, _, _) in sources.items()}, {n: float(m) for n, (_, _, m) in sources.items()}, seed
    )
    given = [(f"{name}{i}", "é" * (i + 1), name) for name, (_, count, _) in sources.items() for i in range(count)]
    sizes = {name: sum(2 * (i + 1) for i in range(count)) for name, (_, count, _) in sources.items()}
    total = min(Fraction(m * sizes[name], w) for name, (w, _, m) in sources.items())
    wanted: list[str] = []
    for id, _, name in given:
        rate = round(float(sources[name][0] * total / sizes[name]), 9)
        draw = unit_interval(keyed_hash(seed, "mix", [id]))[0]
        wanted += [id, *(f"{id}#{k}" for k in range(2, 9))][: int(rate) + int(draw < rate - int(rate))]
    alive, gone, _ = run(work, given, batch_rows=batch_rows)
    assert sorted(alive.column("id").to_pylist()) == sorted(wanted)
    assert len({id.partition("#")[0] for id in wanted}) + len(gone) == len(given)


def test_a_higher_rate_keeps_what_a_lower_one_kept() -> None:
    few, _, _ = run(Mix({"a": 1, "b": 9}), corpus(a=300, b=300))
    more, _, _ = run(Mix({"a": 5, "b": 9}), corpus(a=300, b=300))
    kept = [{row["id"] for row in found.to_pylist() if row["source"] == "a"} for found in (few, more)]
    assert kept[0] < kept[1]


@pytest.mark.parametrize(
    ("weights", "given", "message"),
    [
        ({"web": 1.0}, corpus(web=1, wkii=2), "2 documents of the source 'wkii' have no weight"),
        (
            {"web": 1.0, "wiki": 1.0},
            corpus(web=1),
            "no text of the source 'wiki', which has a weight; the sources are: web",
        ),
    ],
)
def test_weights_and_sources_that_do_not_fit_stop_the_run(weights: Any, given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        run(Mix(weights), given)


def test_a_weight_of_zero_leaves_a_source_out() -> None:
    alive, gone, _ = run(Mix({"a": 1, "b": 0}), corpus(a=3, b=3))
    assert (alive.num_rows, {row["source"] for row in gone}) == (3, {"b"})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"weights": {}}, "expected numbers of 0 or more"),
        ({"weights": {"a": 0.0}}, "at least one above 0"),
        ({"weights": {"a": 1.0, "b": -1.0}}, "expected numbers of 0 or more"),
        ({"weights": {"web": 1.0}, "max_copies": {"wbe": 2.0}}, "'wbe' has no weight; did you mean 'web'"),
        ({"weights": {"web": 1.0}, "max_copies": {"web": 0.0}}, "expected more than 0"),
    ],
)
def test_wrong_settings_are_refused(setting: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Mix(**setting)

"""tokenize/rehydrate.py: the cluster size decides how often a document occurs, and copies are distinguishable."""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.core.kinds import Repeating, Rewriting
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.tokenize.mix import Mix
from tokenmill.tokenize.rehydrate import Rehydrate

NOTHING_SAID = Rehydrate.SAID.empty_table()


def sized(sizes: list[int | None]) -> pa.RecordBatch:
    batch = documents({"id": [f"d{i}" for i in range(len(sizes))], "text": ["x"] * len(sizes)})
    return batch.append_column("minhash.cluster_size", pa.array(sizes, pa.int32()))


def test_it_is_what_the_engine_takes_it_for() -> None:
    assert isinstance(Rehydrate(), Rewriting) and isinstance(Rehydrate(), Repeating)


def test_the_weights_of_fineweb_2() -> None:
    sizes = [None, 1, 2, 3, 4, 5, 99, 100, 999, 1000, 2_000_000]
    batch = Rehydrate().rewrite(sized(list(sizes)), NOTHING_SAID)
    assert batch.column("rehydrate.copies").to_pylist() == [1, 1, 2, 3, 3, 5, 5, 8, 8, 1, 1]
    rows = pa.Table.from_batches(list(Rehydrate().repeat(batch)))
    found = Counter(row["rehydrate.copy_of"] or row["id"] for row in rows.to_pylist())
    assert list(found.values()) == [1, 1, 2, 3, 3, 5, 5, 8, 8, 1, 1]
    assert len(set(rows.column("id").to_pylist())) == rows.num_rows


@given(st.lists(st.one_of(st.none(), st.integers(1, 30)), max_size=20), st.sets(st.integers(2, 30), max_size=4))
def test_each_occurs_as_the_largest_limit_that_it_reaches_says(sizes: list[int | None], more: set[int]) -> None:
    limits = (1, *sorted(more))
    copies = tuple(range(2, 2 + len(limits)))
    batch = Rehydrate(limits, copies).rewrite(sized(sizes), NOTHING_SAID)
    wanted = [max(c for low, c in zip(limits, copies, strict=True) if (size or 1) >= low) for size in sizes]
    assert batch.column("rehydrate.copies").to_pylist() == wanted


def test_copies_of_copies_name_the_document_itself() -> None:
    [first, again] = Rehydrate().repeat(Rehydrate().rewrite(sized([2]), NOTHING_SAID))
    both = pa.Table.from_batches([first, again]).combine_chunks().to_batches()[0]
    doubled = both.append_column("mix.copies", pa.array([2, 2], pa.int32()))
    doubled = doubled.append_column("mix.copy_of", pa.nulls(2, pa.string()))
    rows = pa.Table.from_batches(list(Mix({"a": 1}).repeat(doubled))).to_pylist()
    assert [row["id"] for row in rows] == ["d0", "d0+2", "d0#2", "d0+2#2"]
    assert [row["mix.copy_of"] or row["rehydrate.copy_of"] or row["id"] for row in rows] == ["d0"] * 4


@pytest.mark.parametrize(
    "settings",
    [{"limits": ()}, {"limits": (2, 3)}, {"limits": (1, 1)}, {"copies": (1, 2)}, {"copies": (0, 2, 3, 5, 8, 1)}],
)
def test_settings_that_make_no_sense(settings: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(RecipeError, match=next(iter(settings))):
        Rehydrate(**settings)


def test_a_run_repeats_what_had_duplicates(tmp_path: Path) -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    rows = [{"id": f"a{n}", "text": text} for n in range(3)] + [{"id": "b", "text": text[::-1]}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "r.yaml").write_text(
        f"run: r\nstages:\n  read: [{{stages.read_table: {{paths: '{tmp_path}/in.jsonl'}}}}]\n"
        "  dedup: [stages.minhash]\n  again: [tokenize.rehydrate]\n"
    )
    done = run(load_recipe(tmp_path / "r.yaml"), InProcess(), Options(out=str(tmp_path)), progress_for("none"))
    assert not done.failures
    table = pq.read_table(tmp_path / "r/again/data").to_pylist()
    assert sorted(row["id"] for row in table) == ["a0", "a0+2", "a0+3", "b"]
    assert {row["rehydrate.copy_of"] for row in table if "+" in row["id"]} == {"a0"}

"""configs/mixed.yaml turns crawl, Wikipedia and code into one verified corpus with the shares that the recipe names."""

import os
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tokenmill.core.corpus.token_shard import read_corpus
from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel

RECIPE = Path(__file__).parents[1] / "configs" / "mixed.yaml"


def ran(world: Path, workers: int) -> Path:
    here = Path.cwd()
    os.chdir(world)
    engine = LocalPool(workers) if workers else InProcess()
    try:
        result = run(load_recipe(RECIPE), engine, Options(out=f"runs{workers}"), progress_for("none"))
    finally:
        engine.close()
        os.chdir(here)
    assert not result.failures
    return world / f"runs{workers}" / "mixed"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    write_mini(folder / "demo" / "crawl", pages=240, seed=5)
    return folder


@pytest.fixture(scope="module")
def whole(world: Path) -> Path:
    return ran(world, 0)


@pytest.mark.slow
def test_it_balances_and_the_corpus_verifies(whole: Path) -> None:
    stages = {one.stage: one for one in funnel(read_run(str(whole)))}
    assert [name for name, one in stages.items() if not one.balanced] == []
    corpus = verify_corpus(whole / "tokens" / "corpus")
    documents = sum(info.documents for shards in corpus.splits.values() for info in shards.values())
    assert documents == stages["mix"].rows_out and stages["mix"].repeated > 0


@pytest.mark.slow
def test_the_sources_have_the_shares_that_the_recipe_names(whole: Path) -> None:
    facts = read_facts(str(whole / "mix"))
    size: Counter[str] = Counter()
    for path in (whole / "mix" / "data").glob("*.parquet"):
        for row in pq.read_table(path, columns=["source", "text"]).to_pylist():
            size[row["source"]] += len(row["text"].encode())
    expected = {name: fact["bytes"] * fact["rate"] for name, fact in facts.items()}
    total = sum(expected.values())
    assert {name: round(value / total, 6) for name, value in expected.items()} == {"web": 0.7, "wiki": 0.1, "code": 0.2}
    # The bound is wide, because there are only some hundred documents.
    assert all(abs(size[name] / value - 1) < 0.25 for name, value in expected.items())
    tokens: Counter[str] = Counter()
    for shards in read_corpus(whole / "tokens" / "corpus").splits.values():
        for info in shards.values():
            tokens.update(info.tokens_by_source)
    assert set(tokens) == {"web", "wiki", "code"}


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(world: Path, whole: Path) -> None:
    other = ran(world, 2)
    for stage in ("mix", "tokens"):
        files = [path.relative_to(whole) for path in sorted((whole / stage).rglob("*")) if path.is_file()]
        for file in files:
            if "manifest" not in file.parts:
                assert (whole / file).read_bytes() == (other / file).read_bytes(), file

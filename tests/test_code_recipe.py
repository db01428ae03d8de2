"""configs/code.yaml turns the archive of the mini dump into tokens: it keeps what may be used and records all else."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.mini.code_dump import repository, write_code
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess, LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel

RECIPE = Path(__file__).parents[1] / "configs" / "code.yaml"
PAGES, SEED = 240, 11


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the recipe, the archive of the dump and a tokenizer of single bytes."""
    folder = tmp_path_factory.mktemp("code")
    (folder / "data").mkdir()
    write_code(folder / "data", pages=PAGES, seed=SEED)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(folder / "data" / "tokenizer.json"))
    (folder / "code.yaml").write_text(RECIPE.read_text().replace("data/", f"{folder}/data/"))
    return folder


def ran(world: Path, workers: int) -> Path:
    engine = LocalPool(workers) if workers else InProcess()
    try:
        run(load_recipe(world / "code.yaml"), engine, Options(out=str(world / f"runs{workers}")), progress_for("none"))
    finally:
        engine.close()
    return world / f"runs{workers}" / "code"


def rows(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted(folder.glob("*.parquet")))


@pytest.mark.slow
def test_the_recipe_keeps_what_may_be_used_and_balances(world: Path) -> None:
    folder = ran(world, 0)
    assert all(one.balanced for one in funnel(read_run(str(folder))))
    truth = [file for number in range(PAGES // 30) for file in repository(SEED, number)]
    free = {file.path for file in truth if file.licence in ("MIT", "Apache-2.0")}
    kept, dropped = rows(folder / "code" / "data"), rows(folder / "code" / "dropped")
    assert kept.num_rows + dropped.num_rows == len(truth)
    assert set(kept["path"].to_pylist()) <= free and set(kept["license"].to_pylist()) == {"MIT", "Apache-2.0"}
    num_repos = PAGES // 30
    found = Counter(dropped["drop_rule"].to_pylist())
    assert found["read_code.generated"] == num_repos and found["read_code.minified"] == num_repos
    others = sum(file.licence not in ("MIT", "Apache-2.0") for file in truth)
    # half of the generated and minified files have no such licence, but read_code drops them first
    assert found["code_license.license"] == others - num_repos
    assert (folder / "tokens" / "corpus" / "manifest.json").exists()


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(world: Path) -> None:
    first, second = ran(world, 0), ran(world, 2)
    for stage in ("code", "dedup", "exact"):
        for kind in ("data", "dropped"):
            for path in sorted((first / stage / kind).glob("*")):
                assert path.read_bytes() == (second / stage / kind / path.name).read_bytes()

"""The frozen recipes make the same decisions on a fixed sample as before: a change of a decision must be intended.

The decisions are in tests/golden, one file per recipe. To write them again after an intended change that CHANGELOG.md
describes, delete the file and run this test once: it fails and leaves the new file.
"""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.planning.resolve import resolve

CONFIGS = Path(__file__).parents[1] / "configs"
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden") / "data"
    write_mini(folder, pages=120, seed=5)
    for odd in folder.glob("broken-*"):
        odd.unlink()
    return folder


def decisions(name: str, crawl: Path) -> dict[str, str]:
    """Returns {id: the rule that dropped it, or "kept"} after all stages before the tokens."""
    recipe = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text().replace("data/", f"{crawl}/"))
    del recipe["stages"]["tokens"]
    file = crawl.parent / f"{name}.yaml"
    file.write_text(yaml.safe_dump(recipe, sort_keys=False))
    run(load_recipe(file), InProcess(), Options(out=str(crawl.parent / "runs")), progress_for("none"))
    folder = crawl.parent / "runs" / name
    dropped = [pq.read_table(path, columns=["id", "drop_rule"]) for path in sorted(folder.glob("*/dropped/*.parquet"))]
    fates = {row["id"]: row["drop_rule"] for table in dropped for row in table.to_pylist()}
    last = list(recipe["stages"])[-1]
    for path in sorted((folder / last / "data").glob("*.parquet")):
        fates.update(dict.fromkeys(pq.read_table(path, columns=["id"])["id"].to_pylist(), "kept"))
    return dict(sorted(fates.items()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fineweb", "fineweb2", "dclm", "dolma3"])
def test_each_document_has_the_fate_it_had(name: str, crawl: Path) -> None:
    found, file = decisions(name, crawl), GOLDEN / f"{name}.json"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(found, indent=0) + "\n")
        pytest.fail(f"{file} was not there; it is now: look at it, and commit it")
    assert found == json.loads(file.read_text())
    assert "kept" in found.values()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder in which the paths of the recipes lead to files."""
    folder = tmp_path_factory.mktemp("inputs")
    write_mini(folder / "demo" / "crawl", pages=40)
    (folder / "data").symlink_to(folder / "demo" / "crawl")
    return folder


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_each_recipe_that_is_shipped_can_be_resolved(name: str, inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(inputs)
    assert resolve(load_recipe(CONFIGS / f"{name}.yaml"))

"""The main job on the mini-crawl finds the known truth, and no kill and no number of workers changes a byte."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.mini.world import write_mini
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run
from tokenmill.pipeline.report.funnel import funnel

CONFIG = Path(__file__).parents[1] / "configs" / "mini.yaml"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with a mini-crawl and a recipe for it, with paths relative to the folder."""
    folder = tmp_path_factory.mktemp("world")
    write_mini(folder / "demo" / "crawl", pages=300, seed=3)
    (folder / "mini.yaml").write_text(CONFIG.read_text())
    return folder


def run_in(world: Path, out: str, workers: int) -> Path:
    here = Path.cwd()
    os.chdir(world)
    pool = LocalPool(workers)
    try:
        result = run(load_recipe("mini.yaml"), pool, Options(out=out), progress_for("none"))
    finally:
        pool.close()
        os.chdir(here)
    assert not result.failures
    return world / out / "mini"


def digests(run_folder: Path) -> dict[str, str]:
    """Returns {path: SHA-256} of every data file, drop record and corpus file."""
    files = [p for p in run_folder.rglob("*") if p.is_file() and {"data", "dropped", "corpus"} & set(p.parts)]
    return {str(p.relative_to(run_folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


@pytest.fixture(scope="module")
def whole(world: Path) -> Path:
    return run_in(world, "whole", 2)


@pytest.mark.slow
def test_every_stage_balances_and_the_shards_verify(whole: Path) -> None:
    stages = funnel(read_run(str(whole)))
    assert [one.stage for one in stages if not one.balanced] == []
    assert stages[0].rows_in > 300 and stages[-1].rows_out > 50
    corpus = verify_corpus(whole / "tokens" / "corpus")
    documents = sum(info.documents for shards in corpus.splits.values() for info in shards.values())
    assert documents == stages[-1].rows_out


@pytest.mark.slow
def test_broken_files_are_reported_and_their_good_part_is_used(whole: Path) -> None:
    [web, *_] = funnel(read_run(str(whole)))
    assert sum(web.damage.values()) >= 2


@pytest.mark.slow
def test_the_truth_is_found(world: Path, whole: Path) -> None:
    from bench.quality import figures_of

    figures = figures_of(world / "demo" / "crawl" / "truth.parquet", whole)

    def share(name: str) -> float:
        part, _, total = figures[name].partition(" ")[0].partition("/")
        return int(part) / int(total)

    assert share("exact duplicates found") == 1
    assert share("near duplicates at >= 0.85 found") >= 0.95
    assert figures["removals below the threshold"] == 0
    assert figures["removals whose recomputed similarity differs"] == 0
    assert figures["removals recomputed"] > 5
    for kind in ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE"):
        assert share(f"{kind} scrubbed") == 1
    assert share("toxic pages marked toxic") == 1
    for kind in ("medical", "legal", "other"):
        assert share(f"{kind} pages marked toxic") == 0
    assert share("languages right") >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_killed_at_random_points_and_resumed_gives_the_same_bytes(world: Path, whole: Path, workers: int) -> None:
    command = [
        sys.executable,
        "-m",
        "tokenmill",
        "run",
        "mini.yaml",
        "--out",
        f"killed{workers}",
        "--workers",
        str(workers),
    ]
    random = Random(workers)
    for _ in range(5):
        driver = subprocess.Popen(command, cwd=world, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(1.5, 7.0))
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    done = subprocess.run(command, cwd=world, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert digests(world / f"killed{workers}" / "mini") == digests(whole)


@pytest.mark.slow
def test_a_fused_run_holds_under_2_gib_a_worker(whole: Path) -> None:
    """The crawl has a page with one line of 5 MB and a page with 100,000 nested tags."""
    for stage in funnel(read_run(str(whole))):
        assert stage.peak_rss_bytes < 2 << 30, stage.stage

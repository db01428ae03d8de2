"""Deduplication of many documents as a run: adversarial neighbourhoods with a known outcome, and killed runs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.exchange import exchange
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/in/*.parquet", shard_bytes: 65536}}}}]
  dedup: {{memory: 1200MB, steps: [{{stages.minhash: {settings}}}]}}
"""


def words(count: int, seed: int) -> list[str]:
    """Returns `count` different words."""
    numbers = np.random.default_rng(seed).permutation(count)
    return ["w" + np.base_repr(int(number) + 1000, 26).translate(str.maketrans("0123456789", "qrstuvwxyz")).lower()
            for number in numbers]  # fmt: skip


def recipe_of(folder: Path, texts: list[str], settings: str, files: int = 4) -> Path:
    (folder / "in").mkdir()
    ids = [f"{number:07d}" for number in range(len(texts))]
    for number in range(files):
        table = pa.table({"id": ids[number::files], "text": texts[number::files]})
        pq.write_table(table, folder / "in" / f"{number}.parquet")
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder, settings=settings))
    return folder / "recipe.yaml"


def removed(folder: Path, texts: list[str], settings: str) -> tuple[dict[int, int], dict[str, int]]:
    """Returns ({removed document: the document that was kept instead}, the facts of the stage)."""
    recipe = recipe_of(folder, texts, settings)
    run_recipe(load_recipe(recipe), InProcess(), Options(out=str(folder)), progress_for("none"))
    dropped = pq.read_table(folder / "toy/dedup/dropped")
    gone = zip(dropped["id"].to_pylist(), dropped["duplicate_of"].to_pylist(), strict=True)
    return {int(id): int(kept) for id, kept in gone}, read_facts(str(folder / "toy/dedup"))


@pytest.mark.slow
def test_a_chain_of_thirty_thousand_loses_every_other_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts are windows of 44 words, five words apart; each is alike only to its neighbours (35 of 45)."""
    monkeypatch.setattr(exchange, "TARGET_PARTITION_BYTES", 1 << 20)
    count = 30_000
    text = words(5 * count + 44, 1)
    chain = [" ".join(text[5 * i : 5 * i + 44]) for i in range(count)]
    gone, facts = removed(tmp_path, chain, "{bands: 80, rows: 1, threshold: 0.75, keep: earliest}")
    assert [i for i in range(count) if gone.get(i) != (i - 1 if i % 2 else None)] == []
    assert facts["giant_buckets"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("max_bucket", "hub_first"), [(5_000, True), (1_000_000, True), (2_000, False)])
def test_a_star_of_fifty_thousand_goes_to_its_hub_or_stays(tmp_path: Path, max_bucket: int, hub_first: bool) -> None:
    """A ray is 40 common words and eight of its own: alike to the hub (36 of 44 shingles), not to others (36 of 52)."""
    count = 50_000
    common, own = " ".join(words(40, 2)), words(8 * count, 3)
    rays = [f"{common} {' '.join(own[8 * i : 8 * i + 8])}" for i in range(count)]
    # White space makes it the longest text, but does not change its words.
    hub = common + " " * 200 if hub_first else common
    settings = f"{{bands: 30, rows: 1, threshold: 0.75, max_bucket: {max_bucket}, hubs: 5}}"
    gone, facts = removed(tmp_path, [hub, *rays], settings)
    if hub_first:
        assert gone == dict.fromkeys(range(1, count + 1), 0)
        assert facts["hub_rounds"] == (1 if max_bucket == 5_000 else 0)
    else:
        # The hub is removed for a ray. The rays stay, although all are connected.
        assert list(gone) == [0]
        assert facts["hub_rounds"] == 5 and facts["pairs_unexamined_kept"] > 0


@pytest.mark.slow
def test_two_giants_joined_by_one_pair_stay_two(tmp_path: Path) -> None:
    count = 20_000
    one, other, own = words(60, 4), words(120, 5)[60:], words(2 * count, 6)
    texts = [" ".join([*common, own[2 * i + k]]) for i in range(count) for k, common in enumerate((one, other))]
    bridge = " ".join([*one, *other])
    gone, _ = removed(
        tmp_path, [*texts, bridge], "{bands: 40, rows: 2, threshold: 0.9, max_bucket: 1000, keep: earliest}"
    )
    assert set(gone.values()) == {0, 1}
    assert len(gone) == 2 * count - 2


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_in_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    vocabulary = np.array(words(5_000, 8))
    texts = []
    for _ in range(6_000):
        text = vocabulary[rng.integers(0, len(vocabulary), 120)]
        for _ in range(1 + rng.integers(0, 4)):
            copy = text.copy()
            copy[rng.integers(0, 120, rng.integers(0, 4))] = vocabulary[rng.integers(0, len(vocabulary))]
            texts.append(" ".join(copy))
    recipe = recipe_of(tmp_path, texts, "{keep: longest}")
    run_recipe(load_recipe(recipe), InProcess(), Options(out=str(tmp_path / "whole")), progress_for("none"))
    command = [
        sys.executable,
        "-m",
        "tokenmill",
        "run",
        str(recipe),
        "--workers",
        "2",
        "--out",
        str(tmp_path / "killed"),
    ]
    kills = 0
    for seconds in (0.5, 1.2, 1.6, 2.0, 2.5, 3.0):
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            time.sleep(0.5)
    assert kills
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    whole, killed = (
        {path.relative_to(out): path.read_bytes() for path in out.rglob("*.parquet")}
        for out in (tmp_path / "whole", tmp_path / "killed")
    )
    assert killed == whole
    assert pq.read_table(tmp_path / "whole/toy/dedup/dropped").num_rows > 5_000

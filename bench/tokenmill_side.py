"""Runs the FineWeb recipe with tokenmill, through a recipe and the engine, in this process."""

from pathlib import Path
from typing import Any

import polars as pl

from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import read_run

READ = {
    "web": "stages.read_warc: {{paths: '{inputs}/*.warc.gz', source: web}}\n    - stages.extract_html",
    "text": "stages.read_table: {{paths: '{inputs}/*.parquet', source: web}}",
}
RECIPE = """
run: versus
excerpt: 0
stages:
  clean:
    - {read}
    - stages.language
    - filters.language_in: {{keep: [en], min_score: 0.65}}
    - filters.gopher_repetition
    - filters.gopher_quality
    - filters.c4
    - filters.fineweb
    - stages.minhash: {{bands: 14, rows: 8, ngram: 5, threshold: 0.75}}
  tokens:
    - stages.scrub_pii: {{types: [EMAIL_ADDRESS, IP_ADDRESS]}}
    - tokenize.encode: {{tokenizer: '{tokenizer}'}}
    - tokenize.write_shards: {{val: 0.01}}
"""


def run(inputs: Path, kind: str, tokenizer: Path, out: Path) -> dict[str, Any]:
    """Returns seconds per step. inputs: a folder of .warc.gz files (kind 'web') or .parquet files (kind 'text')."""
    recipe = out / "recipe.yaml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    read = READ[kind].format(inputs=inputs)
    recipe.write_text(RECIPE.format(read=read, tokenizer=tokenizer))
    result = run_recipe(load_recipe(recipe), InProcess(), Options(out=str(out)), progress_for("none"))
    if result.failures:
        raise RuntimeError("; ".join(result.failures))
    seconds: dict[str, float] = {}
    for stage in read_run(result.folder):
        for manifest in stage.manifests.values():
            steps = manifest.timing["steps"]
            for name, value in steps.items():
                seconds[name] = seconds.get(name, 0.0) + value
            rest = f"{stage.name}: read, route, write"
            seconds[rest] = seconds.get(rest, 0.0) + manifest.timing["seconds"] - sum(steps.values())
    return {"seconds_by_step": seconds}


def kept(out: Path) -> list[str]:
    """Returns the ids of the documents that a run kept."""
    files = sorted(out.glob("versus/clean/data/*.parquet"))
    return sorted(pl.concat([pl.read_parquet(file, columns=["id"]) for file in files])["id"].to_list())

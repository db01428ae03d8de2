"""Measures `pipeline what-if` on many documents: three questions to a made-up --mark-only run of N rows.

    python -m bench.what_if [--rows 1000000] [--keep FOLDER]

The signals are random. The ids, the URLs and the number of columns are like those of the FineWeb recipe. The run stores
no text, because what-if reads none.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from tokenmill.core.columns import documents
from tokenmill.core.io import parquet, storage
from tokenmill.core.rules import judge, step_name
from tokenmill.filters.c4 import C4
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.pipeline.record.manifest import Manifest, write_manifest
from tokenmill.pipeline.report.what_if import what_if
from tokenmill.pipeline.tasks.mark_only import with_first_marks, without_marks

FILTERS = (GopherRepetition(), GopherQuality(), C4(), Fineweb())
QUESTIONS = (
    ["gopher_quality.min_words=30"],
    ["gopher_quality.min_words=80", "gopher_quality.max_hash_ratio=0.05", "fineweb.min_ended_line_ratio=null"],
    ["gopher_repetition.max_top_2_gram_ratio=0.1", "c4.min_sentences=9"],
)


def made_run(folder: Path, rows: int) -> None:
    """Writes one stage with shards of 100,000 rows and all signals and marks, as a run does."""
    stage = folder / "quality"
    for number, first in enumerate(range(0, rows, 100_000)):
        batch = _marked(np.random.default_rng(number), first, min(100_000, rows - first))
        record = parquet.write_table([batch], str(stage / f"data/{number:06d}.parquet"), schema=batch.schema)
        manifest = Manifest("bench", rows_in=batch.num_rows, rows_out=batch.num_rows)
        manifest.outputs.append(storage.FileRecord(f"data/{number:06d}.parquet", record.bytes, record.xxh3))
        write_manifest(str(stage / f"manifest/{number:06d}.json"), manifest)
    quality = [{"stages.read_table": {"paths": "none.jsonl"}}, *(f"filters.{step_name(work)}" for work in FILTERS)]
    stages = {"quality": {"steps": quality}, "dedup": {"steps": ["stages.minhash"]}}
    (folder / "recipe.yaml").write_text(yaml.safe_dump({"run": "bench", "stages": stages}))


def _marked(random: np.random.Generator, first: int, rows: int) -> pa.RecordBatch:
    ids = [f"<urn:uuid:{number:032x}>" for number in range(first, first + rows)]
    batch = documents({"id": ids, "url": [f"https://example.com/{id}" for id in ids]})
    for work in FILTERS:
        signals = {name: _signal(random, name, rows) for name in work.SIGNALS}
        batch = with_first_marks(judge(without_marks(batch), work, signals), batch, step_name(work))
    return batch


def _signal(random: np.random.Generator, name: str, rows: int) -> pa.Array:
    if name.startswith(("n_lorem", "n_curly")):
        return pa.array((random.random(rows) < 0.01).astype(np.int64))
    if name.startswith("n_"):
        return pa.array(random.geometric(0.005, rows))
    if name == "mean_word_length":
        return pa.array(random.normal(4.8, 0.7, rows))
    tops = {"alphabetic_ratio": (30, 3), "ended_line_ratio": (3, 1), "top_2_gram_ratio": (2, 30)}
    return pa.array(random.beta(*tops.get(name, (1, 60)), rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="write the run to this folder and keep it")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        made_run(folder, chosen.rows)
        for question in QUESTIONS:
            began = time.perf_counter()
            answer = what_if(str(folder), question)
            seconds = time.perf_counter() - began
            now, least, most = answer.kept
            print(f"{seconds:6.2f} s  {answer.documents:,} documents, kept {now:,} → {least:,} to {most:,}  {question}")


if __name__ == "__main__":
    main()

"""Runs the FineWeb recipe with datatrove's own blocks, one task after the other in this process."""

import gzip
import json
from pathlib import Path
from typing import Any

import trafilatura  # noqa: F401  (otherwise datatrove imports it again in each extraction process that it forks)
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader, ParquetReader, WarcReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils import _import_utils, lid
from datatrove.utils.hashing import HashConfig

from tokenmill.core.io.models import model_path


def run(inputs: Path, kind: str, tokenizer: Path, out: Path) -> dict[str, Any]:
    """Returns seconds per block and the counts of extraction.

    inputs: a folder of .warc.gz files (kind 'web') or .parquet files (kind 'text').
    """
    _import_utils._is_distribution_available = lambda name: True  # it requires one fastText wheel by name; any will do
    lid.FT176LID.MODEL_URL = str(model_path("lid176"))  # the same model as the other side, without a download
    minhash = MinhashConfig(hash_config=HashConfig(hash_fc="sha1", precision=64), num_buckets=14, hashes_per_bucket=8)
    if kind == "web":
        read = [WarcReader(str(inputs), glob_pattern="*.warc.gz", default_metadata={}), Trafilatura(timeout=1)]
    else:
        read = [ParquetReader(str(inputs), glob_pattern="*.parquet", batch_size=1000)]
    clean = [
        *read,
        LanguageFilter(languages=["en"], language_threshold=0.65),
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
        JsonlWriter(str(out / "clean")),
    ]
    steps = [
        (clean, 1),
        ([JsonlReader(str(out / "clean")), MinhashDedupSignature(str(out / "sig"), config=minhash)], 1),
        ([MinhashDedupBuckets(str(out / "sig"), str(out / "dups"), config=minhash)], 14),
        ([MinhashDedupCluster(str(out / "dups"), str(out / "remove"), config=minhash)], 1),
        (
            [
                JsonlReader(str(out / "clean")),
                MinhashDedupFilter(str(out / "remove"), exclusion_writer=JsonlWriter(str(out / "removed"))),
                PIIFormatter(),
                DocumentTokenizer(str(out / "tokens"), str(tokenizer), eos_token="<|endoftext|>"),
            ],
            1,
        ),
    ]
    seconds: dict[str, float] = {}
    extraction: dict[str, float] = {}
    for number, (pipeline, tasks) in enumerate(steps):
        stats = LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(out / f"log{number}")).run()
        for block in stats.stats:
            seconds[block.name] = seconds.get(block.name, 0.0) + block.time_stats.total
            if "Trafilatura" in block.name:
                extraction = {name: stat.total for name, stat in block.stats.items() if name != "doc_len"}
    return {"seconds_by_step": seconds, "extraction": extraction}


def kept(out: Path) -> list[str]:
    """Returns the ids of the documents that a run kept."""
    return sorted(_ids(out / "clean") - _ids(out / "removed"))


def _ids(folder: Path) -> set[str]:
    found = set()
    for file in folder.glob("**/*.jsonl.gz"):
        with gzip.open(file, "rt") as lines:
            found |= {json.loads(line)["id"] for line in lines}
    return found

"""Runs datatrove's four MinHash stages for bench/dedup.py: python -m bench.dedup_datatrove INPUTS OUT."""

import argparse
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig


def run(inputs: str, out: Path) -> None:
    """Runs one task after the other in this process, with sha1, the default: the other hash fails with xxhash 4."""
    config = MinhashConfig(
        hash_config=HashConfig(hash_fc="sha1", precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5
    )
    read = ParquetReader(inputs, glob_pattern="*.parquet", batch_size=1000)
    stages = [
        ([read, MinhashDedupSignature(str(out / "sig"), config=config)], 1),
        ([MinhashDedupBuckets(str(out / "sig"), str(out / "dups"), config=config)], 14),
        ([MinhashDedupCluster(str(out / "dups"), str(out / "remove"), config=config)], 1),
        ([read, MinhashDedupFilter(str(out / "remove")), ParquetWriter(str(out / "kept"))], 1),
    ]
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(out / f"log{number}")).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", help="a folder of .parquet files with id and text")
    parser.add_argument("out", type=Path, help="a folder for results and logs")
    options = parser.parse_args()
    run(options.inputs, options.out)


if __name__ == "__main__":
    main()

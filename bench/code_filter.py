"""Measures MB/s of filters.code_quality and of its kernels on source files, and of the filter on hostile texts.

    python -m bench.code_filter [FOLDER] [--mb 30] [--rounds 5]

FOLDER has Python files; default: the standard library. Times are CPU seconds on one core; the best round counts. A
hostile text is one document of 50 MB that repeats one part. If its speed is less than a tenth of that of the others,
something is not linear.
"""

import argparse
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import documents
from tokenmill.filters.code_quality import CodeQuality
from tokenmill.text.code.comment_syntax import COMMENTS
from tokenmill.text.code.comments import comment_chars
from tokenmill.text.code.encoded_runs import encoded_runs
from tokenmill.text.code.lines import code_lines
from tokenmill.text.kernel.cache import warm_all
from tokenmill.text.words.segment import text_buffer

HOSTILE = ("\\", '"', "'''", "/*", "1f ", "\\u00e9", "a" * 63 + " ", "é", " ", "<")
HOSTILE_BYTES = 50_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_path("stdlib")))
    parser.add_argument("--mb", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    pa.set_cpu_count(1)
    warm_all()
    batch = source_files(options.folder, options.mb * 1_000_000)
    buffer, offsets = text_buffer(batch)
    languages = np.full(batch.num_rows, list(COMMENTS).index("Python"))
    print(f"{batch.num_rows} files, {offsets[-1] / 1e6:.1f} MB")
    for name, work in (
        ("code_lines", lambda: code_lines(buffer, offsets)),
        ("encoded_runs", lambda: encoded_runs(buffer, offsets)),
        ("comment_chars", lambda: comment_chars(buffer, offsets, languages)),
        ("code_quality", lambda: CodeQuality()(batch)),
    ):
        print(f"{name:16}{offsets[-1] / seconds(work, options.rounds) / 1e6:8.0f} MB/s")
    for part in HOSTILE:
        language = "HTML" if part == "<" else "Python"
        hostile = batch_of([part * (HOSTILE_BYTES // len(part.encode()))], language)
        speed = HOSTILE_BYTES / seconds(lambda hostile=hostile: CodeQuality()(hostile), 1) / 1e6  # type: ignore[misc]
        print(f"{part[:8]!r:16}{speed:8.0f} MB/s")


def source_files(folder: Path, most: int) -> pa.RecordBatch:
    """Returns Python files in the order of their paths, up to about `most` bytes. Skips files that are not UTF-8."""
    texts, size = [], 0
    for path in sorted(path for path in folder.rglob("*.py") if "site-packages" not in path.parts):
        try:
            texts.append(path.read_bytes().decode())
        except UnicodeDecodeError:
            continue
        size += path.stat().st_size
        if size >= most:
            break
    return batch_of(texts, "Python")


def batch_of(texts: list[str], language: str) -> pa.RecordBatch:
    names = [str(row) for row in range(len(texts))]
    return documents({"id": names, "text": texts, "code_lang": [language] * len(texts)})


def seconds(work: Callable[[], Any], rounds: int) -> float:
    work()
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


if __name__ == "__main__":
    main()

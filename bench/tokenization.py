"""Compares MB/s of tokenize.encode with `tokenizers` on one thread, with the same text and tokenizer and equal ids.

    python -m bench.tokenization [--tokenizer tokenizer.json] [--mb 64] [TEXTS ...]

TEXTS are text files, or Parquet files with a column `text`; default: the source code of the running Python. Without
--tokenizer, a byte-level BPE of 32,768 ids is first trained on a part of the text. The reference encodes a tenth of the
documents, spread evenly, and all its ids are compared; its best round counts. For tokenmill, the cold round counts, in
which no word has been seen before; warm is the best round on the same text again. Start-up is listed separately.
"""

import argparse
import itertools
import sysconfig
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tokenmill.core.columns import documents
from tokenmill.tokenize.encode import Encode

BATCH_BYTES = 16 << 20
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", type=Path, metavar="TEXTS")
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--mb", type=int, default=64, help="most text to encode, in MB")
    options = parser.parse_args()
    texts = some_texts(options.texts or sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")), options.mb * 10**6)
    with tempfile.TemporaryDirectory() as folder:
        compare(texts, str(options.tokenizer or train(texts, Path(folder) / "tokenizer.json")))


def compare(texts: list[str], tokenizer: str) -> None:
    """Prints both speeds and their ratio. Raises AssertionError if an id differs."""
    sizes = np.array([len(text.encode()) for text in texts])
    batches = in_batches(texts, sizes)
    began = time.perf_counter()
    step = Encode(tokenizer, bos=None)
    step(batches[0].slice(0, 1))
    start_up = time.perf_counter() - began

    seconds, lists = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        lists = [step(batch).column("_tokens") for batch in batches]
        seconds.append(time.perf_counter() - began)
    tokens = pa.chunked_array(lists)

    reference = Tokenizer.from_file(tokenizer)
    reference.encode_special_tokens = True
    reference.no_truncation()
    reference.no_padding()
    rows = range(0, len(texts), 10)
    reference_seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        expected = [reference.encode(texts[row], add_special_tokens=False).ids for row in rows]
        reference_seconds.append(time.perf_counter() - began)
    for row, ids in zip(rows, expected, strict=True):
        assert tokens[row].as_py() == ids, f"document {row} differs"
    checked = sum(map(len, expected))

    total, per_token = sizes.sum() / 1e6, sizes.sum() / len(tokens.combine_chunks().values)
    ours, theirs = [total / second for second in seconds], sizes[list(rows)].sum() / 1e6 / min(reference_seconds)
    print(f"text        {total:8.1f} MB in {len(texts)} documents, {per_token:.2f} bytes per token")
    print(f"start-up    {start_up:8.2f} s")
    print(f"encode      {ours[0]:8.1f} MB/s cold, {max(ours[1:]):.1f} warm (BOS and check included, one thread)")
    print(f"tokenizers  {theirs:8.1f} MB/s (one thread)")
    print(f"ratio       {ours[0] / theirs:8.1f} x cold, {max(ours[1:]) / theirs:.1f} warm; {checked} ids identical")


def some_texts(files: list[Path], most_bytes: int) -> list[str]:
    """Returns the documents of the files, in order, until they have most_bytes bytes together."""
    texts: list[str] = []
    size = 0
    for file in files:
        if file.suffix == ".parquet":
            found = [text for text in pq.read_table(file, columns=["text"])["text"].to_pylist() if text]
        else:
            found = [file.read_text(encoding="utf-8", errors="replace")]
        for text in found:
            if size >= most_bytes:
                return texts
            texts.append(text)
            size += len(text.encode())
    return texts


def in_batches(texts: list[str], sizes: np.ndarray) -> list[pa.RecordBatch]:
    """Returns batches of about BATCH_BYTES, as in a run."""
    ends = np.searchsorted(np.cumsum(sizes), np.arange(BATCH_BYTES, sizes.sum(), BATCH_BYTES)).tolist()
    bounds = sorted({0, *ends, len(texts)})
    return [
        documents({"id": [str(row) for row in range(start, stop)], "text": texts[start:stop]})
        for start, stop in itertools.pairwise(bounds)
    ]


def train(texts: list[str], path: Path) -> Path:
    """Trains a byte-level BPE with GPT-2's splitting of words on about 4 MB of the texts; returns path."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    step = max(1, sum(map(len, texts)) // 4_000_000)
    trainer = trainers.BpeTrainer(
        vocab_size=32_768,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts[::step], trainer)
    tokenizer.save(str(path))
    return path


if __name__ == "__main__":
    main()

"""Compares tokenmill with datatrove, datasketch and rensa: MinHash signatures, 112 hashes over word 5-grams, one core.

    python -m bench.dedup signatures [--mb 4] [--texts FILE] [--json]

Each tool computes signatures from the same texts. Times are CPU seconds of this process, which would count all threads
if there were more than one; start-up is listed separately. The texts are generated, or the `text` of a JSONL file (also
`.zst` and `.gz`). datatrove uses its own normalisation, words (spaCy) and xxhash. rensa and datasketch have neither, so
they get lower-case words split at white space.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from tokenmill.core.columns import documents
from tokenmill.text.similarity.shingle import Shingling, shingled
from tokenmill.text.similarity.signature import band_keys, signatures
from tokenmill.text.words.hash import word_hashes
from tokenmill.text.words.segment import words

BANDS, ROWS, NGRAM = 14, 8, 5
Figures = dict[str, float]


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=float, default=4.0, help="megabytes of text (datatrove takes 2 to 3 s per MB)")
    parser.add_argument("--texts", help="JSONL file with a field `text`")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(given)
    texts = cut(read(options.texts) if options.texts else generated(), options.mb * 1e6)
    size = sum(len(text.encode()) for text in texts) / 1e6
    tools = {"tokenmill": ours, "rensa": rensa, "datasketch": datasketch, "datatrove": datatrove}
    figures = {name: tool(texts) for name, tool in tools.items()}
    speeds = {name: size / figure["seconds"] for name, figure in figures.items()}
    result = {
        "megabytes": size,
        "documents": len(texts),
        "start-up seconds": {name: figure["startup"] for name, figure in figures.items()},
        "MB/s": speeds,
        "times datatrove": speeds["tokenmill"] / speeds["datatrove"],
        "times rensa": speeds["tokenmill"] / speeds["rensa"],
        "times datasketch": speeds["tokenmill"] / speeds["datasketch"],
        "tokenmill by part, MB/s": {part: size / seconds for part, seconds in parts(texts).items()},
    }
    print(json.dumps(result, indent=1) if options.json else "\n".join(lines(result)))


def ours(texts: list[str]) -> Figures:
    """Measures tokenmill: from an Arrow batch to words, hashes, shingles, signatures and band keys."""
    batch = documents({"text": texts})

    def work() -> Any:
        _, shingles = Shingling(NGRAM).nominating(batch)
        return band_keys(signatures(shingles, BANDS * ROWS, seed=1), BANDS)

    return {"startup": seconds_of(lambda: Shingling(NGRAM).nominating(batch.slice(0, 1))), "seconds": best_of(5, work)}


def parts(texts: list[str]) -> Figures:
    """Returns CPU seconds of each kernel alone, which gets the output of the kernel before it."""
    batch, _ = words(documents({"text": texts}))
    _, hashes = word_hashes(batch)
    shingles = shingled(hashes, NGRAM)
    minima = signatures(shingles, BANDS * ROWS, seed=1)
    return {
        "words": best_of(5, lambda: words(batch.select(["text"]))),
        "word hashes": best_of(5, lambda: word_hashes(batch)),
        "shingle sets": best_of(5, lambda: shingled(hashes, NGRAM)),
        "signatures": best_of(5, lambda: signatures(shingles, BANDS * ROWS, seed=1)),
        "band keys": best_of(5, lambda: band_keys(minima, BANDS)),
        "unmodified shingle sets": best_of(5, lambda: Shingling(NGRAM).verifying(batch)),
    }


def rensa(texts: list[str]) -> Figures:
    """Measures RMinHash over 5-grams of words joined by a blank, one object per document, as in its documentation."""
    began = time.process_time()
    from rensa import RMinHash

    def signature(text: str) -> Any:
        cut_up = text.lower().split()
        sketch = RMinHash(num_perm=BANDS * ROWS, seed=1)
        sketch.update([" ".join(cut_up[i : i + NGRAM]) for i in range(len(cut_up) - NGRAM + 1)])
        return sketch.digest()

    signature(texts[0])
    startup = time.process_time() - began
    return {"startup": startup, "seconds": best_of(3, lambda: [signature(text) for text in texts])}


def datatrove(texts: list[str]) -> Figures:
    """Measures get_shingles and get_signature of MinhashDedupSignature, without writing its files."""
    began = time.process_time()
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig

    config = MinhashConfig(n_grams=NGRAM, num_buckets=BANDS, hashes_per_bucket=ROWS)
    config.hash_config = HashConfig(hash_fc="xxhash", precision=64)
    with tempfile.TemporaryDirectory() as folder:
        step = MinhashDedupSignature(folder, config=config)
    # datatrove 0.10.1 passes str to xxhash, which xxhash 4 rejects. Remove this when datatrove encodes it.
    step._hash_func = lambda shingle: xxhash.xxh64_intdigest(shingle.encode())

    def signature(text: str) -> Any:
        shingles = step.get_shingles(text)
        return step.get_signature(shingles) if shingles.size else None

    signature(texts[0])
    startup = time.process_time() - began
    return {"startup": startup, "seconds": best_of(1, lambda: [signature(text) for text in texts])}


def datasketch(texts: list[str]) -> Figures:
    began = time.process_time()
    from datasketch import MinHash

    def hashed(shingle: bytes) -> int:
        return xxhash.xxh32_intdigest(shingle)

    def signature(text: str) -> Any:
        words = text.lower().encode().split()
        made = MinHash(BANDS * ROWS, hashfunc=hashed)
        made.update_batch([b" ".join(words[at : at + NGRAM]) for at in range(max(0, len(words) - NGRAM + 1))])
        return made.hashvalues

    signature(texts[0])
    startup = time.process_time() - began
    return {"startup": startup, "seconds": best_of(1, lambda: [signature(text) for text in texts])}


def seconds_of(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def best_of(times: int, work: Callable[[], Any]) -> float:
    return min(seconds_of(work) for _ in range(times))


def lines(result: dict[str, Any]) -> list[str]:
    out = [
        f"{result['documents']:,} texts, {result['megabytes']:.1f} MB, {BANDS} x {ROWS} hashes, {NGRAM}-grams of words"
    ]
    for name, speed in result["MB/s"].items():
        out.append(f"{name:12} {speed:10.2f} MB/s   start-up {result['start-up seconds'][name]:.1f} s")
    out += [f"  {part:12} {speed:8.0f} MB/s" for part, speed in result["tokenmill by part, MB/s"].items()]
    out.append(f"tokenmill is {result['times datatrove']:.0f} x datatrove and {result['times rensa']:.1f} x rensa")
    out.append(f"and {result['times datasketch']:.0f} x datasketch")
    return out


def read(path: str) -> list[str]:
    with pa.input_stream(path, compression="detect") as stream:
        return [json.loads(line)["text"] for line in stream.read().splitlines()]


def generated(seed: int = 0) -> list[str]:
    """Returns about 50 MB of made-up prose: words by Zipf's law, sentences, capitals, commas, numbers, quotes."""
    rng = random.Random(seed)
    syllables = [a + b for a in "bcdfghjklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "is")]
    vocabulary = ["".join(rng.choices(syllables, k=rng.choice((1, 1, 2, 2, 3, 4)))) for _ in range(30_000)]
    weights = np.cumsum(1 / np.arange(1, len(vocabulary) + 1)).tolist()
    return [prose(rng, vocabulary, weights, rng.randrange(100, 2000)) for _ in range(8000)]


def prose(rng: random.Random, vocabulary: list[str], weights: list[float], count: int) -> str:
    out, start = [], True
    for word in rng.choices(vocabulary, cum_weights=weights, k=count):
        mark = rng.random()
        shown = str(rng.randrange(3000)) if mark > 0.985 else word.capitalize() if start else word
        start = mark < 0.07
        out.append(f'"{shown}"' if 0.16 < mark < 0.17 else shown + (". " if start else ", " if mark < 0.14 else ""))
    return " ".join(out)


def cut(texts: list[str], size: float) -> list[str]:
    """Returns the first texts, up to `size` bytes together, but at least one."""
    ends = np.cumsum([len(text.encode()) for text in texts])
    return texts[: max(1, int(np.searchsorted(ends, size, side="right")))]


if __name__ == "__main__":
    main()

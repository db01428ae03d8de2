"""Checks a whole corpus: every shard with its .idx and .docs, the tokenizer, and that there is no other file."""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import xxhash

from tokenmill.core.corpus.token_layout import refused
from tokenmill.core.corpus.token_shard import Corpus, ShardInfo, TokenShard, Verify, file_content, read_corpus
from tokenmill.core.errors import DataError

COMPANIONS = ("bin", "idx", "docs")


def verify_corpus(path: str | Path, *, verify: Verify = "whole") -> Corpus:
    """Checks every token shard of a corpus with its .idx and .docs, and the tokenizer. Returns the manifest's contents.

    A file that the manifest does not list is a fault, because readers glob the folder. Shards of a remote corpus are
    downloaded again, one by one. Raises one DataError with one line per fault.
    """
    corpus = read_corpus(path)
    faults: list[str] = []
    tokenizer = f"{corpus.folder}/tokenizer/tokenizer.json"
    try:
        found = hashlib.sha256(file_content(tokenizer)).hexdigest()
    except OSError:
        found = "no file"
    if found != corpus.tokenizer_hash.hex():
        faults.append(str(refused(tokenizer, "SHA-256", found, corpus.tokenizer_hash.hex())))
    for stem, info in ((stem, info) for shards in corpus.splits.values() for stem, info in shards.items()):
        try:
            with tempfile.TemporaryDirectory(prefix="tokenmill-") as fresh:
                shard = replace(corpus, copies=Path(fresh)).shard(stem, info, verify=verify)
                if verify != "none":
                    _verify_companions(shard, info)
        except (DataError, FileNotFoundError) as error:
            faults.append(f"{corpus.folder}/{stem}: {error}" if "://" in corpus.folder else str(error))
    faults += [
        f"{corpus.folder}/{name}: the manifest does not list this file; delete it, or readers may train on it"
        for name in unlisted(corpus)
    ]
    if faults:
        raise DataError("\n".join(faults))
    return corpus


def unlisted(corpus: Corpus) -> list[str]:
    """Returns the relative paths of the files in the corpus folder that the corpus manifest does not list."""
    from tokenmill.core.io import storage

    stems = (stem for shards in corpus.splits.values() for stem in shards)
    listed = {f"{stem}.{suffix}" for stem in stems for suffix in COMPANIONS}
    listed |= {"manifest.json", "tokenizer/tokenizer.json"}
    others = (path.removeprefix(f"{corpus.folder}/") for path in storage.not_files(corpus.folder))
    return [name for name in (*storage.files_below(corpus.folder), *others) if name not in listed]


def _verify_companions(shard: TokenShard, info: ShardInfo) -> None:
    for suffix, expected in (("idx", info.idx_xxh3), ("docs", info.docs_xxh3)):
        path = Path(f"{shard.stem}.{suffix}")
        found = xxhash.xxh3_128_hexdigest(path.read_bytes()) if path.is_file() else "no file"
        if found != expected:
            raise refused(str(path), "xxh3-128", found, expected)
    text_bytes = sum(shard.docs()["n_bytes"].to_pylist())
    if text_bytes != info.text_bytes:
        raise refused(f"{shard.stem}.docs", "sum of n_bytes", text_bytes, info.text_bytes)

"""The token file format: readers, also those of other tools, get back what was written, and refuse damage by name."""

import hashlib
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import xxhash

from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.corpus.token_shard import (
    DocumentRow,
    ShardInfo,
    open_token_shard,
    read_corpus,
    write_corpus_manifest,
    write_token_shard,
)
from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.core.errors import DataError

BOS = 1
TOKENIZER = b'{"a": "tokenizer"}'
HASH = hashlib.sha256(TOKENIZER).digest()
DOCUMENTS = [[1, 5, 6, 7], [1], [1, 9, 9]]


def row(number: int, length: int) -> DocumentRow:
    locator = ("a.warc.gz", number * 100, 100) if number != 1 else (None, None, None)
    return DocumentRow(f"doc{number}", "web" if number % 2 == 0 else "wiki", f"http://x/{number}", 3 * length, *locator)


def write(stem: Path, documents: list[list[int]], *, vocab_size: int = 100, bos_id: int = BOS) -> ShardInfo:
    arrays = [np.array(document, dtype=np.int64) for document in documents]
    rows = [row(number, len(document)) for number, document in enumerate(documents)]
    return write_token_shard(stem, arrays, rows, vocab_size=vocab_size, bos_id=bos_id, eos_id=-1, tokenizer_hash=HASH)


def write_corpus(folder: Path) -> Path:
    splits = {
        "train": {f"train/{n:06d}": write(folder / f"train/{n:06d}", DOCUMENTS[n:]) for n in range(2)},
        "val": {"val/000000": write(folder / "val/000000", [])},
    }
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer/tokenizer.json").write_bytes(TOKENIZER)
    write_corpus_manifest(
        folder,
        splits,
        vocab_size=100,
        bos_id=BOS,
        eos_id=-1,
        tokenizer_hash=HASH,
        shuffle_seed=17,
        recipe_hash="ab" * 32,
        summary={"licences": ["cc0"]},
    )
    return folder


def read_by_llm_c_rules(path: Path) -> np.ndarray:
    """Reads by the rules of llm.c's data loader: 256 int32 (magic, version, the exact token count), then the tokens."""
    raw = path.read_bytes()
    magic, version, count = np.frombuffer(raw, dtype="<i4", count=256)[:3]
    dtype = {(20240520, 1): "<u2", (20240801, 7): "<u4"}[int(magic), int(version)]
    assert len(raw) == 256 * 4 + int(count) * np.dtype(dtype).itemsize
    return np.frombuffer(raw, dtype=dtype, offset=1024)


def read_by_megatron_rules(stem: Path) -> list[list[int]]:
    """Reads as Megatron's indexed dataset: 9-byte magic, version, dtype code, counts, lengths, pointers, document
    index.
    """
    index, payload = stem.with_suffix(".idx").read_bytes(), stem.with_suffix(".bin").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, sequences, documents = struct.unpack("<QBQQ", index[9:34])
    assert (version, documents) == (1, sequences + 1)
    lengths = np.frombuffer(index, "<i4", sequences, 34)
    pointers = np.frombuffer(index, "<i8", sequences, 34 + 4 * sequences)
    indices = np.frombuffer(index, "<i8", documents, 34 + 12 * sequences)
    assert len(index) == 42 + 20 * sequences
    assert indices[0] == 0 and indices[-1] == sequences
    dtype = {8: "<u2", 4: "<i4"}[code]
    return [np.frombuffer(payload, dtype, n, p).tolist() for n, p in zip(lengths, pointers, strict=True)]


@pytest.mark.parametrize(
    ("documents", "vocab_size", "dtype"),
    [
        ([], 100, "uint16"),
        ([[1, 2, 3]], 100, "uint16"),
        ([[1]] * 5, 100, "uint16"),
        (DOCUMENTS, 100, "uint16"),
        ([[1, 65_535]], 65_536, "uint16"),
        ([[1, 65_535], [1, 65_536]], 65_537, "uint32"),
    ],
    ids=["empty", "one document", "one-token documents", "several", "65,535", "65,536"],
)
def test_documents_come_back_by_our_reader_and_by_others_rules(
    tmp_path: Path, documents: list[list[int]], vocab_size: int, dtype: str
) -> None:
    stem = tmp_path / "000000"
    info = write(stem, documents, vocab_size=vocab_size)
    flat = [token for document in documents for token in document]

    shard = open_token_shard(stem, verify="whole", tokenizer_hash=HASH, vocab_size=vocab_size)
    assert isinstance(shard.tokens, np.memmap) == bool(flat)  # an empty shard has nothing to map
    assert (shard.tokens.tolist(), shard.tokens.dtype.name, shard.ends.dtype.name) == (flat, dtype, "int64")
    assert [shard.document(number).tolist() for number in range(len(documents))] == documents
    assert read_by_llm_c_rules(tmp_path / "000000.bin").tolist() == flat
    assert read_by_megatron_rules(stem) == documents

    raw = (tmp_path / "000000.bin").read_bytes()
    assert info == ShardInfo(
        tokens=len(flat),
        documents=len(documents),
        bytes=len(raw),
        text_bytes=3 * len(flat),
        dtype=dtype,
        min_id=min(flat, default=-1),
        max_id=max(flat, default=-1),
        tokens_by_source={
            source: sum(len(d) for d in documents[first::2])
            for first, source in enumerate(["web", "wiki"])
            if documents[first::2]
        },
        xxh3=xxhash.xxh3_128_hexdigest(raw[1024:]),
        sha256=hashlib.sha256(raw).hexdigest(),
        idx_xxh3=xxhash.xxh3_128_hexdigest((tmp_path / "000000.idx").read_bytes()),
        docs_xxh3=xxhash.xxh3_128_hexdigest((tmp_path / "000000.docs").read_bytes()),
    )


def test_every_header_word_lies_where_the_layout_says(tmp_path: Path) -> None:
    write(tmp_path / "s", DOCUMENTS)
    raw = (tmp_path / "s.bin").read_bytes()
    words = np.frombuffer(raw, "<i4", 256)
    assert words[:4].tolist() == [20240520, 1, 8, 2]
    assert raw[16:24] == b"TOKNMILL"
    assert words[6:16].tolist() == [1, 8, 8, 0, 3, 0, BOS, -1, 100, 9]
    assert raw[64:96] == HASH
    assert raw[96:112] == xxhash.xxh3_128_digest(raw[1024:])
    assert not words[28:255].any()


def test_docs_rows_carry_ends_and_locators(tmp_path: Path) -> None:
    write(tmp_path / "s", DOCUMENTS)
    assert open_token_shard(tmp_path / "s.bin").docs().to_pylist() == [
        {
            "id": f"doc{number}",
            "source": source,
            "url": f"http://x/{number}",
            "end": end,
            "n_bytes": n_bytes,
            "locator": locator,
        }
        for number, source, end, n_bytes, locator in [
            (0, "web", 4, 12, {"file": "a.warc.gz", "offset": 0, "length": 100}),
            (1, "wiki", 5, 3, None),
            (2, "web", 8, 9, {"file": "a.warc.gz", "offset": 200, "length": 100}),
        ]
    ]


def test_bytes_depend_on_the_documents_alone(tmp_path: Path) -> None:
    """They depend neither on the integer type of the ids nor on the folder."""
    rows = [row(number, len(document)) for number, document in enumerate(DOCUMENTS)]
    infos = []
    for name, dtype in (("a", np.uint16), ("b", np.int32)):
        arrays = (np.array(document, dtype=dtype) for document in DOCUMENTS)
        infos.append(
            write_token_shard(
                tmp_path / name / "s", arrays, rows, vocab_size=100, bos_id=BOS, eos_id=-1, tokenizer_hash=HASH
            )
        )
    assert infos[0] == infos[1]
    for suffix in ("bin", "idx", "docs"):
        assert (tmp_path / f"a/s.{suffix}").read_bytes() == (tmp_path / f"b/s.{suffix}").read_bytes()
    first, second = write_corpus(tmp_path / "c"), write_corpus(tmp_path / "d")
    manifest = (first / "manifest.json").read_bytes()
    assert manifest == (second / "manifest.json").read_bytes()
    assert str(tmp_path).encode() not in manifest


@pytest.mark.parametrize(
    ("documents", "vocab_size", "message"),
    [
        ([[1, 2], []], 100, "document 1: no tokens"),
        ([[1, 2], [1, 100]], 100, "document 1: id 100 is outside the vocabulary of 100"),
        ([[1, -1]], 100, "document 0: id -1 is outside"),
        ([[1, 2], [1], [2, 1]], 100, "document 2: begins with id 2; expected BOS 1"),
        ([[1]], 0, "vocabulary of 0 ids"),
        ([[1]], 2**31, "vocabulary of 2147483648 ids"),
    ],
)
def test_documents_that_break_the_promise_are_refused_by_number(
    tmp_path: Path, documents: list[list[int]], vocab_size: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        write(tmp_path / "s", documents, vocab_size=vocab_size)
    assert list(tmp_path.iterdir()) == []


def test_without_a_bos_documents_begin_with_anything(tmp_path: Path) -> None:
    write(tmp_path / "s", [[7, 8], [9]], bos_id=-1)
    assert open_token_shard(tmp_path / "s", verify="whole").bos_id == -1


def test_more_tokens_than_31_bits_count_are_refused_before_they_are_held(tmp_path: Path) -> None:
    endless = np.broadcast_to(np.uint16(1), (2**31,))  # a broadcast array takes no memory
    with pytest.raises(DataError, match="more than 2147483647 tokens"):
        write_token_shard(
            tmp_path / "s", [endless], [row(0, 1)], vocab_size=100, bos_id=1, eos_id=-1, tokenizer_hash=HASH
        )


def test_docs_that_do_not_match_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 docs rows for 1 documents"):
        write_token_shard(tmp_path / "s", [np.array([1])], [], vocab_size=100, bos_id=1, eos_id=-1, tokenizer_hash=HASH)


def test_any_flipped_bit_in_header_index_or_payload_is_refused_by_name(tmp_path: Path) -> None:
    """The test flips one bit in every byte of a small shard; the error names the file."""
    stem = tmp_path / "s"
    write(stem, DOCUMENTS)
    for suffix in ("bin", "idx"):
        path = tmp_path / f"s.{suffix}"
        good = path.read_bytes()
        for at in range(len(good)):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
            with pytest.raises(DataError, match=rf"s\.{suffix}: .*found .* expected "):
                open_token_shard(stem, verify="whole")
        path.write_bytes(good)
    open_token_shard(stem, verify="whole")


@pytest.mark.parametrize(
    ("suffix", "at", "flip", "message"),
    [
        ("bin", 0, 1, "magic and version"),
        ("bin", 50, 1, "header CRC-32"),
        ("bin", 600, 1, "header CRC-32"),
        ("bin", 1030, 1, "payload xxh3-128"),
        ("idx", 40, 1, "index"),
    ],
)
def test_what_is_damaged_is_said(tmp_path: Path, suffix: str, at: int, flip: int, message: str) -> None:
    write(tmp_path / "s", DOCUMENTS)
    path = tmp_path / f"s.{suffix}"
    raw = bytearray(path.read_bytes())
    raw[at] ^= flip
    path.write_bytes(raw)
    with pytest.raises(DataError, match=message):
        open_token_shard(tmp_path / "s", verify="whole")


@pytest.mark.parametrize(("suffix", "size"), [("bin", 1038), ("bin", 1024), ("bin", 500), ("bin", 0), ("idx", 90)])
def test_a_cut_file_is_refused_even_unverified(tmp_path: Path, suffix: str, size: int) -> None:
    write(tmp_path / "s", DOCUMENTS)
    path = tmp_path / f"s.{suffix}"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=rf"s\.{suffix}: size: found {size} bytes"):
        open_token_shard(tmp_path / "s", verify="none")


def test_an_index_of_another_shard_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a", DOCUMENTS)
    write(tmp_path / "b", [[1, 5], [1, 5, 6], [1, 9]])
    (tmp_path / "b.idx").replace(tmp_path / "a.idx")
    with pytest.raises(DataError, match="index: found 7 tokens"):
        open_token_shard(tmp_path / "a")


def resigned(raw: bytes, offset: int, value: bytes) -> bytes:
    """Changes the header and corrects its CRC, as a newer or a hostile writer would."""
    changed = raw[:offset] + value + raw[offset + len(value) :]
    return changed[:1020] + struct.pack("<I", zlib.crc32(changed[:1020])) + changed[1024:]


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (24, struct.pack("<i", 2), "extension and version"),
        (60, struct.pack("<i", 100), "largest id"),
        (60, struct.pack("<i", 8), "largest id: found 9"),
        (48, struct.pack("<i", 5), "first id of a document, at token 0: found 1, expected BOS 5"),
    ],
    ids=["unknown extension", "id beyond the vocabulary", "id beyond the stated largest", "other BOS"],
)
def test_a_signed_lie_in_the_header_is_refused(tmp_path: Path, offset: int, value: bytes, message: str) -> None:
    write(tmp_path / "s", DOCUMENTS)
    path = tmp_path / "s.bin"
    path.write_bytes(resigned(path.read_bytes(), offset, value))
    with pytest.raises(DataError, match=message):
        open_token_shard(tmp_path / "s", verify="sampled")


def test_another_tokenizer_or_vocabulary_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "s", DOCUMENTS)
    with pytest.raises(DataError, match=f"tokenizer hash: found {HASH.hex()}, expected {'00' * 32}"):
        open_token_shard(tmp_path / "s", tokenizer_hash=bytes(32))
    with pytest.raises(DataError, match="vocabulary: found 100, expected 99"):
        open_token_shard(tmp_path / "s", vocab_size=99)


def test_a_plain_llm_c_shard_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"s\.bin: cannot be read"):
        open_token_shard(tmp_path / "s")
    (tmp_path / "s.bin").write_bytes(struct.pack("<3i", 20240520, 1, 0) + bytes(1012))
    with pytest.raises(DataError, match="header CRC-32"):
        open_token_shard(tmp_path / "s")


def test_a_corpus_comes_back_from_its_manifest(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus")
    corpus = verify_corpus(folder)
    assert corpus == read_corpus(folder / "manifest.json")
    assert corpus.sha256 == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert [shard.tokens.tolist() for shard in corpus.shards("train")] == [[1, 5, 6, 7, 1, 1, 9, 9], [1, 1, 9, 9]]
    assert [shard.tokens.tolist() for shard in corpus.shards("val")] == [[]]
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["totals"]["train"] == {"shards": 2, "tokens": 12, "documents": 5, "text_bytes": 36}
    assert manifest["tokenizer"]["bos_policy"] == "prepended"
    with pytest.raises(DataError, match=r"no split 'test'; there are \['train', 'val'\]"):
        corpus.shards("test")


def test_verify_names_every_fault_of_a_corpus(tmp_path: Path) -> None:
    """A swapped shard, a changed .docs file and another tokenizer file are all named in one message."""
    folder = write_corpus(tmp_path / "corpus")
    for suffix in ("bin", "idx", "docs"):
        (folder / f"train/000001.{suffix}").write_bytes((folder / f"val/000000.{suffix}").read_bytes())
    docs = folder / "train/000000.docs"
    docs.write_bytes(docs.read_bytes()[:-1] + b"!")
    (folder / "tokenizer/tokenizer.json").write_bytes(b"{}")
    with pytest.raises(DataError) as caught:
        verify_corpus(folder)
    faults = str(caught.value).splitlines()
    assert [fault.split(": ")[0].rpartition("/")[2] for fault in faults] == [
        "tokenizer.json",
        "000000.docs",
        "000001.bin",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"schema_version": 2},
            r"a corpus of format 2\. This is tokenmill .*, which reads format 1\. Upgrade tokenmill",
        ),
        ({"schema_version": 0}, r"a corpus of format 0\. .* Write the corpus again: run its recipe with another --out"),
        ({"splits": {"train": [{"path": "train/000000"}]}}, "not a corpus manifest"),
        ({"tokenizer": None}, "not a corpus manifest"),
    ],
)
def test_a_malformed_manifest_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = write_corpus(tmp_path / "corpus")
    path = folder / "manifest.json"
    said, _ = parsed(path.read_bytes())
    path.write_bytes(with_checksum(json.dumps(said | change, indent=1).encode()))
    with pytest.raises(DataError, match=message):
        read_corpus(folder)


def test_no_manifest_or_half_of_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"manifest\.json: cannot be read"):
        read_corpus(tmp_path)
    (tmp_path / "manifest.json").write_text('{"schema_version": 1, "spl')
    with pytest.raises(DataError, match=r"manifest\.json: not as it was written: Unterminated"):
        read_corpus(tmp_path)


@pytest.mark.parametrize("stem", ["/etc/000000", "../train/000000", "s3://bucket/000000"])
def test_a_manifest_lists_only_shards_of_its_own_folder(tmp_path: Path, stem: str) -> None:
    info = write(tmp_path / "s", DOCUMENTS)
    with pytest.raises(DataError, match="relative to the corpus folder"):
        write_corpus_manifest(
            tmp_path,
            {"train": {stem: info}},
            vocab_size=100,
            bos_id=BOS,
            eos_id=-1,
            tokenizer_hash=HASH,
            shuffle_seed=0,
            recipe_hash="",
        )


def test_reading_tokens_does_not_load_arrow(tmp_path: Path) -> None:
    write(tmp_path / "s", DOCUMENTS)
    code = "import sys; from tokenmill.core.corpus.token_shard import open_token_shard; open_token_shard(sys.argv[1]); "
    code += "assert 'pyarrow' not in sys.modules and 'fsspec' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], check=True)

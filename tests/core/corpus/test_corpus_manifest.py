"""The manifest of a corpus ends with its own checksum, so every reader refuses an edited or cut manifest."""

import hashlib
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from typer.testing import CliRunner

from tokenmill.cli.app import app
from tokenmill.core.checked_json import parsed, with_checksum
from tokenmill.core.corpus.token_shard import read_corpus, write_corpus_manifest, write_token_shard
from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.core.errors import DataError

TOKENIZER = b'{"a": "tokenizer"}'
HASH = hashlib.sha256(TOKENIZER).digest()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "tokenizer/tokenizer.json").write_bytes(TOKENIZER)
    ids = {"vocab_size": 100, "bos_id": 1, "eos_id": -1, "tokenizer_hash": HASH}
    row = ("doc", "web", None, 12, None, None, None)
    info = write_token_shard(folder / "train/000000", [np.array([1, 5, 6])], [row], **ids)
    splits = {"train": {"train/000000": info}}
    write_corpus_manifest(folder, splits, **ids, shuffle_seed=17, recipe_hash="ab" * 32, summary={"val": 0.1})
    return folder


def edited(corpus: Path, old: str, new: str) -> None:
    path = corpus / "manifest.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def without_checksum(corpus: Path) -> None:
    """Rewrites the manifest as earlier builds wrote it."""
    path = corpus / "manifest.json"
    said, _ = parsed(path.read_bytes())
    path.write_text(json.dumps(said, sort_keys=True, indent=1, ensure_ascii=False) + "\n")


def command(*arguments: str) -> tuple[int, str]:
    said = CliRunner().invoke(app, list(arguments))
    return said.exit_code, said.output + str(said.exception or "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"shuffle_seed": 17', '"shuffle_seed": 18'),
        ('"recipe_hash": "ab', '"recipe_hash": "ba'),
        ('"val": 0.1', '"val": 0.2'),
        ('"text_bytes": 12', '"text_bytes": 13'),
        ('"web": 3', '"wiki": 3'),
        ('"splits"', '"split2"'),
        (',\n "xxh3"', ', "xxh3"'),
        ('"xxh3": "', '"xxh3": "0'),
        (',\n "xxh3"', ',\n "xxh4"'),
    ],
)
def test_an_edited_manifest_is_refused_by_every_reader(corpus: Path, old: str, new: str) -> None:
    """Guards against an earlier fault: only the data about shards was compared, so other numbers and the seed could be
    changed.
    """
    read_corpus(corpus)
    text = (corpus / "manifest.json").read_text()
    at = text.rindex(old)  # the last `xxh3` is that of the manifest, not of a shard
    (corpus / "manifest.json").write_text(text[:at] + new + text[at + len(old) :])
    for reader in (read_corpus, verify_corpus):
        with pytest.raises(DataError, match=r"corpus/manifest\.json: .*(not as it was written|not a corpus manifest)"):
            reader(corpus)
    for name in ("verify", "stats", "cat"):
        code, said = command("tokens", name, str(corpus))
        assert code != 0 and "run its recipe again" in said


@pytest.mark.parametrize("seed", range(200))
def test_no_flipped_bit_or_cut_goes_unseen(corpus: Path, seed: int) -> None:
    random, path = Random(seed), corpus / "manifest.json"
    content = bytearray(path.read_bytes())
    if seed % 4:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    else:
        del content[random.randrange(len(content)) :]
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"manifest\.json: "):
        read_corpus(corpus)


def test_the_checksum_is_of_all_that_is_before_it_and_of_nothing_else(corpus: Path) -> None:
    """The same splits therefore give the same bytes, whichever program wrote them."""
    content = (corpus / "manifest.json").read_bytes()
    said, checked = parsed(content)
    assert checked and read_corpus(corpus).checked
    assert content == with_checksum(json.dumps(said, sort_keys=True, indent=1, ensure_ascii=False).encode())


def test_a_corpus_of_an_earlier_build_is_read_and_verify_says_what_it_cannot_compare(corpus: Path) -> None:
    code, said = command("tokens", "verify", str(corpus))
    assert code == 0 and "checksum" not in said
    without_checksum(corpus)
    assert not read_corpus(corpus).checked and not verify_corpus(corpus).checked
    code, said = command("tokens", "verify", str(corpus))
    assert (
        code == 0
        and "verified: 1 shards" in said
        and "manifest.json was written by an earlier build and has no checksum" in said
    )
    edited(corpus, '"recipe_hash"', '"recipe_hush"')
    with pytest.raises(DataError, match="not a corpus manifest"):
        read_corpus(corpus)


@pytest.mark.parametrize("content", [b"{}", b'{"a": 1}', with_checksum(b'{\n "a": 1\n}'), b'{"schema_version": 1}'])
def test_what_is_no_manifest_is_called_that(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(DataError, match=r"not a corpus manifest: fields .* missing or unknown"):
        read_corpus(tmp_path)


def test_a_corpus_of_another_format_says_so_and_nothing_of_checksums(corpus: Path) -> None:
    said, _ = parsed((corpus / "manifest.json").read_bytes())
    (corpus / "manifest.json").write_bytes(with_checksum(json.dumps(said | {"schema_version": 2}, indent=1).encode()))
    with pytest.raises(DataError, match=r"a corpus of format 2\. .* Upgrade tokenmill"):
        read_corpus(corpus)


def test_a_link_to_nothing_in_a_corpus_is_named(corpus: Path) -> None:
    """Listings skip such a link, so the corpus counted as good, but a reader that globs the folder fails on it."""
    verify_corpus(corpus)
    (corpus / "train/000001.bin").symlink_to("nowhere")
    with pytest.raises(DataError, match=r"train/000001\.bin: the manifest does not list this file; delete it"):
        verify_corpus(corpus)

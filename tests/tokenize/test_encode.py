import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from tokenmill.core.columns import documents, marked
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.tokenize import encoders
from tokenmill.tokenize.encode import CHECKED_BYTES, Encode, _sample
from tokenmill.tokenize.tokenizer_json import read_tokenizer

BOS = 0
SPELLED = st.sampled_from(["<|endoftext|>", "<pad>", "<late>", "<think>", "<|endo", " ", "\n", "the"])
TEXT = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | SPELLED, max_size=5).map("".join)


def batch(texts: list[str | None]) -> pa.RecordBatch:
    return documents({"id": [f"doc{i}" for i in range(len(texts))], "text": texts})


def tokens(encoded: pa.RecordBatch) -> list[list[int]]:
    found: list[list[int]] = encoded.column("_tokens").to_pylist()
    return found


def whole_tokenizer(path: str) -> Tokenizer:
    """Returns the tokenizer as its library loads it, except that it reads special tokens in a text as text."""
    tokenizer = Tokenizer.from_file(path)
    tokenizer.encode_special_tokens = True
    return tokenizer


@pytest.mark.parametrize("encoder", ["gigatoken", "tokenizers"])
def test_ids_are_those_of_tokenizers_on_any_text(tokenizer_path: str, encoder: Any) -> None:
    """Texts are random Unicode with spelled special tokens in them. BOS comes first if there is any text."""
    step, reference = Encode(tokenizer_path, encoder=encoder, check=0), whole_tokenizer(tokenizer_path)

    @settings(max_examples=150, deadline=None)
    @given(st.lists(TEXT, min_size=1, max_size=6))
    def same(texts: list[str]) -> None:
        encoded = step(batch(list(texts)))
        ids = [reference.encode(text, add_special_tokens=False).ids for text in texts]
        assert tokens(encoded) == [[BOS, *found] if found else [] for found in ids]
        assert encoded.column("encode.n_tokens").to_pylist() == [len(found) + 1 if found else 0 for found in ids]
        assert encoded.column("encode.n_bytes").to_pylist() == [len(text.encode()) for text in texts]

    same()


def test_what_it_adds_has_the_promised_types(tokenizer_path: str) -> None:
    encoded = Encode(tokenizer_path)(batch(["a b"]))
    assert encoded.schema.field("_tokens").type == pa.large_list(pa.uint32())
    assert encoded.schema.field("encode.n_tokens").type == encoded.schema.field("encode.n_bytes").type == pa.int64()
    assert Encode(tokenizer_path)(batch([])).schema == encoded.schema


def test_without_bos_there_is_none(tokenizer_path: str) -> None:
    texts: list[str | None] = ["the cat", "", "sat"]
    bare = tokens(Encode(tokenizer_path, bos=None)(batch(texts)))
    assert tokens(Encode(tokenizer_path)(batch(texts))) == [[BOS, *ids] if ids else [] for ids in bare]
    assert tokens(Encode(tokenizer_path, bos="<late>")(batch(texts)))[0][0] == 699


@pytest.mark.parametrize("encoder", ["gigatoken", "tokenizers"])
def test_text_cannot_spell_a_special_token(tokenizer_path: str, encoder: Any) -> None:
    """No text gives the special ids 0, 1 and 699; a spelled special token decodes to the same characters."""
    text = "end<|endoftext|><pad> <late>\n<|endoftext|>"
    encoded = Encode(tokenizer_path, encoder=encoder)(batch([text]))
    ids = tokens(encoded)[0]
    assert ids[0] == BOS and not {0, 1, 699} & set(ids[1:])
    assert Tokenizer.from_file(tokenizer_path).decode(ids[1:], skip_special_tokens=False) == text
    assert not marked(encoded).any()


@pytest.mark.parametrize("encoder", ["gigatoken", "tokenizers"])
def test_an_added_token_that_is_not_special_stays_one_token(tokenizer_path: str, encoder: Any) -> None:
    assert tokens(Encode(tokenizer_path, encoder=encoder)(batch(["<think>"]))) == [[BOS, 698]]


def test_a_vocabulary_of_words_that_yields_a_special_id_drops_the_document(tmp_path: Path) -> None:
    """A word-level vocabulary contains its special tokens as words. <unk> is special, and ordinary text can give it."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordLevelTrainer(special_tokens=["<unk>", "<s>"], show_progress=False)
    tokenizer.train_from_iterator(["the cat sat"], trainer)
    tokenizer.save(str(tmp_path / "words.json"))
    encoded = Encode(str(tmp_path / "words.json"), bos="<s>")(batch(["the cat", "a dog", "the <s> cat", ""]))
    assert encoded.column("drop_rule").to_pylist() == [None, None, "encode.special", "encode.empty"]
    assert encoded.column("drop_measured").to_pylist() == [None, None, "<s>", "0"]


def test_empty_and_null_text_have_no_tokens_and_are_dropped(tokenizer_path: str) -> None:
    encoded = Encode(tokenizer_path)(batch([None, "", "a", None]))
    assert [len(ids) for ids in tokens(encoded)] == [0, 0, 2, 0]
    assert encoded.column("encode.n_tokens").to_pylist() == [0, 0, 2, 0]
    assert encoded.column("encode.n_bytes").to_pylist() == [0, 0, 1, 0]
    assert encoded.column("drop_rule").to_pylist() == ["encode.empty", "encode.empty", None, "encode.empty"]


def test_a_large_text_without_a_space_is_encoded_alike(tokenizer_path: str) -> None:
    """The text is 1 MB in one word. The step's own check reads less than that, so the test compares it."""
    letters = np.random.default_rng(1).integers(97, 123, size=1_000_000).astype(np.uint8).tobytes().decode()
    encoded = Encode(tokenizer_path, check=0)(batch([letters, "字" * 100_000]))
    reference = encoders.load_reference(read_tokenizer(tokenizer_path))
    for row, text in enumerate([letters, "字" * 100_000]):
        assert np.array_equal(encoded.column("_tokens")[row].values.to_numpy()[1:], reference.ids(text))


def test_batches_do_not_matter(tokenizer_path: str) -> None:
    """f(a + b) == f(a) + f(b), also for slices, and the pieces in which a batch is encoded change nothing."""
    step = Encode(tokenizer_path, check=1)
    texts: list[str | None] = ["the cat", None, "sät 字", "", "on\n\nit", "x" * 50]
    whole = step(batch(texts))
    apart = [step(batch(texts).slice(start, 2)) for start in (0, 2, 4)]
    assert [ids for part in apart for ids in tokens(part)] == tokens(whole)


def test_pieces_and_renewal_change_nothing(tokenizer_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str | None] = [f"word{i} " * (i % 7) for i in range(50)]
    whole = tokens(Encode(tokenizer_path)(batch(texts)))
    grown = iter(range(0, 1 << 40, 1 << 30))
    renewals = []
    monkeypatch.setattr(encoders, "SLICE_BYTES", 64)
    monkeypatch.setattr(encoders, "resident_bytes", lambda: next(grown))
    renew = encoders.Fast._renew

    def counted(self: encoders.Fast) -> None:
        renewals.append(1)
        renew(self)

    monkeypatch.setattr(encoders.Fast, "_renew", counted)
    fresh = encoders.Fast(read_tokenizer(tokenizer_path))
    monkeypatch.setattr("tokenmill.tokenize.encode.load_encoder", lambda file, kind: fresh)
    assert tokens(Encode(tokenizer_path)(batch(texts))) == whole
    assert len(renewals) > 10


def test_ids_that_differ_are_an_error_that_names_the_document(
    tokenizer_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(encoders.Fast):
        def __call__(self, texts: pa.LargeStringArray) -> tuple[encoders.Ids, encoders.Offsets]:
            ids, offsets = super().__call__(texts)
            return ids + np.uint32(1), offsets

    wrong = Wrong(read_tokenizer(tokenizer_path))
    monkeypatch.setattr("tokenmill.tokenize.encode.load_encoder", lambda file, kind: wrong)
    with pytest.raises(DataError, match=r"document 'doc0': gigatoken gives .* not the same"):
        Encode(tokenizer_path)(batch(["the cat"]))
    Encode(tokenizer_path, check=0)(batch(["the cat"]))


def test_the_sample_is_by_id_and_has_one_document_at_least() -> None:
    ids, sizes = pa.array([f"doc{i}" for i in range(1000)]), np.full(1000, 9)
    assert len(_sample(ids, sizes, 0.01)) == 10
    assert _sample(ids, sizes, 0.01) == _sample(ids, sizes, 0.01) != list(range(10))
    assert len(_sample(ids, sizes, 1e-9)) == 1
    assert len(_sample(ids, sizes, 1)) == 1000
    assert _sample(ids, sizes, 0) == _sample(ids.slice(0, 0), sizes[:0], 1) == []
    assert _sample(ids, np.where(np.arange(1000) == 5, 9, CHECKED_BYTES + 1), 1) == [5]


def test_auto_falls_back_where_gigatoken_cannot_or_differs(
    train: Callable[..., Tokenizer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """gigatoken refuses the first tokenizer. It accepts the second but splits its words. The ids must be right in both
    cases.
    """
    refused = train(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.Lowercase())
    differing = train(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    for tokenizer, objection in ((refused, "cannot load"), (differing, "gives other ids")):
        path = str(tmp_path / f"{objection}.json")
        tokenizer.save(path)
        with caplog.at_level(logging.INFO):
            encoded = Encode(path)(batch(["The Cat's  hat 12; the cat sat on the mat."]))
        assert tokens(encoded) == [[BOS, *tokenizer.encode("The Cat's  hat 12; the cat sat on the mat.").ids]]
        assert f"gigatoken {objection}" in caplog.text and "encoding with tokenizers" in caplog.text
        with pytest.raises(RecipeError, match=f"encoder: gigatoken {objection}.*encoder: tokenizers"):
            Encode(path, encoder="gigatoken")


def test_a_tokenizers_own_tokens_are_probes(
    train: Callable[..., Tokenizer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of several words reveals that gigatoken splits them, even if no prepared text contains it."""
    monkeypatch.setattr(encoders, "PROBES", ())
    train(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)).save(str(tmp_path / "phrases.json"))
    with pytest.raises(RecipeError, match="gives other ids"):
        Encode(str(tmp_path / "phrases.json"), encoder="gigatoken")


def test_truncation_padding_and_dropout_of_the_file_are_off(train: Callable[..., Tokenizer], tmp_path: Path) -> None:
    tokenizer = train(pre_tokenizers.ByteLevel(add_prefix_space=False))
    texts: list[str | None] = ["the cat sat on the hat " * 5, "a"]
    plain = [[BOS, *tokenizer.encode(text).ids] for text in texts]
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=100)
    config = json.loads(tokenizer.to_str())
    config["model"]["dropout"] = 0.5
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(config))
    for encoder in ("gigatoken", "tokenizers"):
        assert tokens(Encode(str(path), encoder=encoder)(batch(texts))) == plain


def test_a_wrong_setting_is_a_recipe_error(tokenizer_path: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"model": 3}')
    (tmp_path / "broken.json").write_text('{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}')
    with pytest.raises(RecipeError, match=r"tokenizer: .*absent\.json"):
        Encode(str(tmp_path / "absent.json"))
    with pytest.raises(RecipeError, match="cannot be read"):
        Encode(str(tmp_path))
    with pytest.raises(RecipeError, match=r"not a tokenizer\.json"):
        Encode(str(tmp_path / "other.json"))
    with pytest.raises(RecipeError, match="cannot load it"):
        Encode(str(tmp_path / "broken.json"), bos=None)
    with pytest.raises(RecipeError, match=r"bos: '<\|endoftxt\|>'.*did you mean '<\|endoftext\|>'\?"):
        Encode(tokenizer_path, bos="<|endoftxt|>")
    with pytest.raises(RecipeError, match="check: found 2"):
        Encode(tokenizer_path, check=2)


def test_it_pickles_and_holds_only_settings(tokenizer_path: str) -> None:
    step = Encode(tokenizer_path, check=0.5)
    step(batch(["a"]))
    again = pickle.loads(pickle.dumps(step))
    assert again == step and len(pickle.dumps(step)) < 1000
    assert tokens(again(batch(["the cat"]))) == tokens(step(batch(["the cat"])))


def test_its_result_depends_on_the_tokenizers_content(tokenizer_path: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(Path(tokenizer_path).read_bytes())
    before = Encode(str(copy)).file_checksums()
    assert before == Encode(tokenizer_path).file_checksums()
    copy.write_bytes(copy.read_bytes() + b"\n")
    assert Encode(str(copy)).file_checksums() != before


@pytest.mark.parametrize("name", ["gpt2", "allenai/OLMo-2-0425-1B"])
def test_the_name_of_a_model_says_where_its_tokenizer_is(name: str) -> None:
    with pytest.raises(RecipeError, match=f"give the address of its file, https://huggingface.co/{name}/resolve/main/"):
        Encode(tokenizer=name)


@pytest.mark.parametrize("path", ["no/such/tokenizer.json", "/no/such", "s p a c e"])
def test_a_path_without_a_file_is_no_name_of_a_model(path: str) -> None:
    with pytest.raises(RecipeError, match=r"give the path of a tokenizer\.json"):
        Encode(tokenizer=path)

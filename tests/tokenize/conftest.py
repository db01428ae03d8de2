"""A small byte-level BPE that is trained here and always the same."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers


def corpus() -> list[str]:
    """Returns 200 lines of random words, some of them not ASCII, and a phrase that is common enough to become one
    token.
    """
    chance = random.Random(7)
    words = ["".join(chance.choices("etaoinshrdlucé字", k=chance.randint(1, 9))) for _ in range(300)]
    return [" ".join([*chance.choices(words, k=40), "the cat sat on the mat."]) for _ in range(200)]


@pytest.fixture(scope="session")
def train() -> Callable[..., Tokenizer]:
    """Returns a function that trains a byte-level BPE of 698 ids with a pre-tokenizer and a normalizer. <|endoftext|>
    is 0, <pad> is 1.
    """

    def trained(pre_tokenizer: Any, normalizer: Any = None) -> Tokenizer:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizer
        if normalizer:
            tokenizer.normalizer = normalizer
        trainer = trainers.BpeTrainer(
            vocab_size=698,
            special_tokens=["<|endoftext|>", "<pad>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(corpus(), trainer)
        return tokenizer

    return trained


@pytest.fixture(scope="session")
def tokenizer_path(train: Callable[..., Tokenizer], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Returns the path of a tokenizer of 700 ids: 698 is <think>, an added token that is not special, and 699 is
    <late>, a special one.
    """
    tokenizer = train(pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken("<think>", special=False)])
    tokenizer.add_special_tokens(["<late>"])
    assert tokenizer.token_to_id("<late>") == 699
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return str(path)

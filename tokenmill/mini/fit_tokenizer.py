"""Writes tokenizer.json: a byte-level BPE tokenizer trained on the prose of the mini-crawl."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 4096
END_OF_TEXT = "<|endoftext|>"
TRAINING_BYTES = 600_000  # enough for 4096 merges; training takes less than a second for any number of pages


def write_tokenizer(texts: Sequence[str], path: Path) -> None:
    """Trains the mini-crawl's tokenizer on the first texts, up to TRAINING_BYTES, and saves it.

    The format is that of Hugging Face tokenizers. Words are split as in GPT-2. The end-of-text token has id 0.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_first(texts, TRAINING_BYTES), trainer)
    path.write_text(tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")


def _first(texts: Sequence[str], limit: int) -> list[str]:
    chosen, size = [], 0
    for text in texts:
        if size >= limit:
            break
        chosen.append(text)
        size += len(text.encode())
    return chosen

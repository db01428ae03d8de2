"""text/toxicity/toxic_match.py is compared with a plain twin over the same words, and the list is checked."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.kernel.classes import LETTER, SENTENCE, class_table
from tokenmill.text.toxicity.toxic_match import FIGURES, SENTENCE_WORDS, toxic_figures
from tokenmill.text.toxicity.toxic_words import EXCUSES, WORDS
from tokenmill.text.words.segment import text_buffer, words


def figures(text: str, language: str = "en") -> dict[str, int]:
    batch, split = words(pa.record_batch({"text": pa.array(["x", text], type=pa.large_string())}))
    found = toxic_figures(*text_buffer(batch), split, np.array([1]), language)
    return dict(zip(FIGURES, found[0].tolist(), strict=True))


def twin(text: str) -> dict[str, int]:
    """Computes the same figures for English, slowly."""
    batch, split = words(pa.record_batch({"text": pa.array([text], type=pa.large_string())}))
    coded = batch.column("text")[0].as_py().encode()
    weights = {}
    for weight, entries in sorted(WORDS["en"].items()):
        for entry in entries.split():
            marked, _, group = entry.partition("/")
            word = marked.rstrip("~=")
            spellings = {word} if "=" in marked else {word, word.capitalize(), word.upper()}
            weights |= dict.fromkeys(spellings - ({word.capitalize()} if "~" in marked else set()), (weight, group))
    all_words = [coded[start:end].decode() for start, end in zip(split.starts, split.ends, strict=True)]
    present = {word.lower() for word in all_words if word in {word.lower(), word.capitalize(), word.upper()}}
    excused = {group for group, entries in EXCUSES.items() if present & {word.lower() for word in entries.split()}}
    sentences: list[list[str]] = [[]]
    fresh, position = False, 0
    for word, start, end in zip(all_words, split.starts.tolist(), split.ends.tolist(), strict=True):
        fresh |= b"\n" in coded[position:start]
        position = end
        if is_lettered(word) and (fresh or sum(map(is_lettered, sentences[-1])) == SENTENCE_WORDS):
            sentences.append([])
            fresh = False
        fresh |= not is_lettered(word) and bool(class_table()[ord(word[0])] & SENTENCE)
        sentences[-1].append(word)
    scores = []
    for sentence in sentences:
        found = [weights[word] for word in sentence if word in weights]
        strong = sum(weight for weight, group in found if weight > 1 and group not in excused)
        scores.append(strong and strong + sum(weight == 1 or group in excused for weight, group in found))
    lettered = sum(any(map(is_lettered, sentence)) for sentence in sentences)
    return dict(zip(FIGURES, (sum(scores), lettered, sum(map(bool, scores)), max(scores)), strict=True))


def is_lettered(word: str) -> bool:
    return bool(class_table()[ord(word[0])] & LETTER)


PIECES = (
    "fuck", "Fuck", "FUCK", "fUck", "bitch", "dog", "Puppies", "idiot", "dick", "Dick", "DICK", "thot", "Thot", "hoe",
    "soil", "f*ck", "the", "cat.", ".", "!", "?", "...", "\n", "\n\n", "。", "(", ")", "’", "12", "é", "a " * 61,
    "nigger",
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
def test_the_kernel_agrees_with_its_plain_twin(text: str) -> None:
    assert figures(text) == twin(text)


def test_figures_of_a_small_text() -> None:
    text = "You fucking idiot, you moron! Calm down.\n\nShit happens? Never. “Idiot.”"
    assert figures(text) == {"n_hits": 6, "n_sentences": 5, "n_toxic_sentences": 2, "max_sentence_score": 4}
    assert figures("") == dict.fromkeys(FIGURES, 0)
    assert figures("fuck " * 600)["n_sentences"] == 10


@pytest.mark.parametrize(
    ("text", "language", "toxic"),
    [
        ("Shitake, Scunthorpe, assassins, cockpit, niggardly, Fuchs, http://shit.example.com, @bitch", "en", 0),
        ("that B*TCh again", "en", 0),
        ("that b*tch again. B*TCH.", "en", 2),
        ("The bitch whelped. Her puppies thrive.", "en", 0),
        ("Dick and dick.", "en", 1),
        ("Quel l’enculé. Espèce d'enculé.", "fr", 2),
        ("Le bordel, con, idiot.", "fr", 0),
        ("Du Arschloch. SCHEISSE! Scheiß-Wetter.", "de", 3),
        ("Блядь, опять. Сука щенится.", "ru", 1),
        ("Kurwa mać. Pedał hamulca.", "pl", 1),
    ],
)
def test_whole_words_of_each_language(text: str, language: str, toxic: int) -> None:
    assert figures(text, language)["n_toxic_sentences"] == toxic


@pytest.mark.parametrize("language", sorted(WORDS))
def test_a_word_stands_once_in_small_letters_and_its_group_exists(language: str) -> None:
    entries = [entry for text in WORDS[language].values() for entry in text.split()]
    bare = [entry.partition("/")[0].rstrip("~=") for entry in entries]
    assert sorted(set(bare)) == sorted(bare)
    assert [word for word in bare if word != word.lower()] == []
    assert {entry.partition("/")[2] for entry in entries} <= {"", *EXCUSES}

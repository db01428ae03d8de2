"""Every language has the parts that the page makers request, and its sentences are complete."""

import codecs
import random
import re

import pytest

from tokenmill.mini.grammar import GRAMMARS
from tokenmill.mini.prose import voice

CHROME = {"nav", "cookie", "accept", "related", "rights", "comments", "search", "script"}


@pytest.mark.parametrize("lang", GRAMMARS)
def test_a_language_is_complete(lang: str) -> None:
    grammar = GRAMMARS[lang]
    assert set(grammar.chrome) == CHROME
    assert len(grammar.topics) >= 3
    assert all(codecs.lookup(encoding) for encoding in grammar.encodings)
    assert grammar.gap == ("" if lang in ("zh", "ja") else " ")
    assert all(re.compile(pattern) and replacement for pattern, replacement in grammar.joins)


@pytest.mark.parametrize("lang", GRAMMARS)
def test_every_slot_that_is_referred_to_has_words_in_every_topic(lang: str) -> None:
    for topic in GRAMMARS[lang].topics:
        speak, rng = voice(lang, topic), random.Random(7)
        for slot in ("sentence", "title", "heading", "name"):
            phrases = [speak.phrase(rng, slot) for _ in range(150)]
            assert all(phrase and phrase == phrase.strip() for phrase in phrases)
            assert not any(set("{}|") & set(phrase) for phrase in phrases)


@pytest.mark.parametrize(
    ("lang", "raw", "joined"),
    [
        ("en", "a owl, a use, a Utrecht bike, Barnes's", "an owl, a use, a Utrecht bike, Barnes'"),
        ("de", "von dem Haus zu der Tür", "vom Haus zur Tür"),
        ("es", "de el mar y islas o otros", "del mar e islas u otros"),
        ("fr", "de le pont, de les eaux, que il, ce arbre, la église", "du pont, des eaux, qu'il, cet arbre, l'église"),
        (
            "it",
            "il studente, il olio, i zii, un zaino, di il vino",
            "lo studente, l'olio, gli zii, uno zaino, del vino",
        ),
        ("pl", "w wnęce, z sklepu, w domu", "we wnęce, ze sklepu, w domu"),
        ("ru", "о оси, о доме", "об оси, о доме"),
    ],
)
def test_joins_contract_and_elide(lang: str, raw: str, joined: str) -> None:
    for pattern, replacement in GRAMMARS[lang].joins:
        raw = re.sub(pattern, replacement, raw)
    assert raw == joined

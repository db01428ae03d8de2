"""Pages of abuse are marked by their share of toxic sentences; hospitals, courts, farms and other languages are not."""

import pytest

from tokenmill.core.columns import documents
from tokenmill.filters.toxicity import Toxicity
from tokenmill.text.toxic_words import MILD, STRONG


def judged(text: str, lang: str | None = None) -> dict[str, object]:
    batch = documents({"id": ["a"], "text": [text]} | ({"lang": [lang]} if lang else {}))
    return dict(Toxicity()(batch).to_pylist()[0])


def test_signals_count_words_and_sentences() -> None:
    row = judged("You fucking idiot, you moron! Calm down.\n\nShit happens? Never.")
    assert (row["toxicity.n_strong"], row["toxicity.n_mild"]) == (2, 2)
    assert (row["toxicity.n_sentences"], row["toxicity.n_toxic_sentences"]) == (4, 2)
    assert row["toxicity.toxic_sentence_ratio"] == 0.5


def test_whole_words_count_whatever_their_case_and_accents() -> None:
    assert judged("SHIT! Shït!")["toxicity.n_strong"] == 2
    assert judged("Shitake mushrooms, Scunthorpe, assassins, cockpit")["toxicity.n_strong"] == 0


@pytest.mark.parametrize(
    ("text", "lang", "toxic"),
    [
        ("Du Arschloch. Geh weg.", "de", True),
        ("Der Raum ist hell und dick. Con cuidado.", "de", False),
        ("El perro va con el gato, con calma.", "es", False),
        ("Fuck, sagte er.", "de", True),
        ("Блядь, опять.", "ru", True),
    ],
)
def test_a_document_is_held_against_its_own_language(text: str, lang: str, toxic: bool) -> None:
    assert ("drop_rule" in judged(text, lang)) == toxic


def test_an_unknown_language_or_share_is_refused() -> None:
    with pytest.raises(ValueError, match="no word list for 'xx'"):
        Toxicity(languages=("xx",))
    with pytest.raises(ValueError, match="expected 0 to 1"):
        Toxicity(max_toxic_sentence_ratio=5)


def test_no_word_is_in_both_lists() -> None:
    for language in STRONG:
        assert not set(STRONG[language].split()) & set(MILD[language].split()), language

"""language_in accepts every code that stages.language writes, and refuses misspelt codes."""

import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.filters.language_in import KNOWN, TWO_LETTERS_OF, UNKNOWN, LanguageIn
from tokenmill.stages.scoring import language


@pytest.mark.parametrize("code", ["eng_Latn", "zh-Hant", "pt_BR", "cmn_Hani", "und", "ha", "wuu", "tzm", "sr-Latn-RS"])
def test_codes_of_models_of_the_users_own_are_taken(code: str) -> None:
    """Guards against an earlier fault: labels of GlotLID, OpenLID and FineWeb-2, and `und` of stages.language, were
    refused.
    """
    batch = documents({"id": ["a", "b"], "lang": [code, "xx"], "lang_score": [0.9, 0.9]})
    assert LanguageIn(keep=(code,))(batch).column("drop_rule").to_pylist() == [None, "language_in.language"]


@pytest.mark.parametrize(
    ("code", "nearest"),
    [("eng", "'en'"), ("ger", "'de'"), ("xx", ""), ("e", ""), ("EN", ""), ("English", ""), ("", "")],
)
def test_what_is_no_code_is_refused(code: str, nearest: str) -> None:
    with pytest.raises(RecipeError, match=f"language_in.keep: found '{code}', expected .*eng_Latn.*{nearest}"):
        LanguageIn(keep=("en", code))


def test_an_unknown_language_has_one_name() -> None:
    assert UNKNOWN == language.UNKNOWN
    batch = documents({"id": ["a", "b"], "lang": [None, "und"], "lang_score": [None, None]})
    assert "drop_rule" not in LanguageIn(keep=("und",))(batch).schema.names
    assert LanguageIn(keep=("en",))(batch).column("drop_measured").to_pylist() == ["und", "und"]


def test_codes_of_three_letters_stand_for_labels_of_the_model() -> None:
    assert set(TWO_LETTERS_OF.values()) <= KNOWN and not set(TWO_LETTERS_OF) & KNOWN
    assert {label for label in KNOWN if len(label) == 2} == set(TWO_LETTERS_OF.values())

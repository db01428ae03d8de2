"""language_in accepts every code that stages.language writes, and refuses misspelt codes."""

import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.filters.language_in import KNOWN, TWO_LETTERS_OF, UNKNOWN, LanguageIn
from tokenmill.stages.scoring import language

LABELS = {
    "lid.176": "en ceb zh sh als min yue",
    "GlotLID, OpenLID, NLLB": "eng_Latn cmn_Hani zho_Hans arb_Arab und_Mong zxx_Zzzz ace_Arab kmr_Latn",
    "FLORES+": "cat_Latn_vale1238 oci_Latn_aran1260",
    "CLD2, CLD3": "iw fil zh-Latn bg-Latn zh-Hant no",
    "MMS": "eng deu tzm hbs",
    "Wikipedia": "be-x-old zh_classical roa-tara zh-min-nan nds-nl",
    "BCP 47": "pt_BR sr-Latn-RS de-1996 es-419 sl-rozaj-biske",
    "without a language": "und mul zxx mis",
    "of the user's own": "English EN Deutsch __en__ web 1",
}


@pytest.mark.parametrize("label", [label for labels in LABELS.values() for label in labels.split()])
def test_labels_of_all_models_are_accepted(label: str) -> None:
    """Guards against an earlier fault: labels of GlotLID, OpenLID and FineWeb-2, and `und` of stages.language, were
    refused.
    """
    batch = documents({"id": ["a", "b"], "lang": [label, "xx"], "lang_score": [0.9, 0.9]})
    assert LanguageIn(keep=(label,))(batch).column("drop_rule").to_pylist() == [None, "language_in.language"]


@pytest.mark.parametrize("labels", LABELS.values())
def test_labels_of_a_model_are_accepted_together(labels: str) -> None:
    LanguageIn(keep=(*labels.split(), "und"))


@pytest.mark.parametrize(("label", "nearest"), [("jp", ""), ("xx", ""), (" ", ""), ("", "")])
def test_a_label_that_no_model_has_is_refused_alone(label: str, nearest: str) -> None:
    with pytest.raises(RecipeError, match=f"language_in.keep: found '{label}', expected .*{nearest}"):
        LanguageIn(keep=(label,))


@pytest.mark.parametrize(
    ("label", "short"),
    [("eng", "en"), ("eng_Latn", "en"), ("ger", "de"), ("EN", "en"), ("zho_Hans", "zh"), ("CEB", "ceb")],
)
def test_a_label_of_another_spelling_than_the_column_is_an_error(label: str, short: str) -> None:
    """Without the error, all documents would be dropped."""
    batch = documents({"id": ["a", "b"], "lang": ["fr", short], "lang_score": [0.9, 0.9]})
    with pytest.raises(DataError, match=f"found '{label}', but the column `lang` has '{short}'.*did you mean"):
        LanguageIn(keep=(label,))(batch)


@pytest.mark.parametrize(
    ("keep", "lang", "dropped"),
    [
        (("eng_Latn",), ["fr", None, "und"], [True, True, True]),  # there may be English documents in other batches
        (("eng_Latn", "en"), ["en", "fr", "eng_Latn"], [False, True, False]),
        (("eng_Latn", "en"), ["en", "fr", "de"], [False, True, True]),
        (("eng",), ["en", "eng", "fr"], [True, False, True]),  # the column has both spellings
        (("zh-Hant",), ["zh", "zh-Hant", "en"], [True, False, True]),
    ],
)
def test_other_labels_in_the_column_are_no_error(keep: tuple[str, ...], lang: list[str], dropped: list[bool]) -> None:
    batch = documents({"id": ["a", "b", "c"], "lang": lang, "lang_score": [0.9] * 3})
    rules = LanguageIn(keep=keep)(batch).column("drop_rule").to_pylist()
    assert [rule is not None for rule in rules] == dropped


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


@pytest.mark.parametrize("keep", [("und",), ("en", "und")])
@pytest.mark.parametrize("min_score", [0.65, 0.0, None])
def test_an_unknown_language_needs_no_score(keep: tuple[str, ...], min_score: float | None) -> None:
    """Guards against an earlier fault: stages.language gives `und` the score 0, so it was never kept."""
    batch = documents({"id": ["a", "b", "c"], "lang": ["und", None, "und"], "lang_score": [0.0, 0.0, 0.5]})
    assert "drop_rule" not in LanguageIn(keep=keep, min_score=min_score)(batch).schema.names


@pytest.mark.parametrize("keep", [("UND",), ("Und",), ("en", "UND"), ("eng_Latn", "UND")])
def test_another_spelling_of_und_is_refused(keep: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError, match=r"found '(UND|Und)', expected .*did you mean 'und'"):
        LanguageIn(keep=keep)


def test_codes_of_three_letters_stand_for_labels_of_the_model() -> None:
    assert set(TWO_LETTERS_OF.values()) <= KNOWN and not set(TWO_LETTERS_OF) & KNOWN
    assert {label for label in KNOWN if len(label) == 2} == set(TWO_LETTERS_OF.values())

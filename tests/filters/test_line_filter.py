"""Lists of phrases come from files, and the filter leaves all other text unchanged."""

from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.filters.line_filter import LineFilter
from tokenmill.pipeline.planning.fingerprint import work_fingerprint
from tokenmill.text.words.segment import COLUMN, words


def text_after(work: LineFilter, text: str) -> Any:
    return work(documents({"id": ["a"], "text": [text]})).column("text")[0].as_py()


def test_lists_in_files_join_those_of_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "equal.txt").write_bytes("\ufeff# ours, 2026\r\nRead more\r\n\r\n#1 choice\r\n".encode())
    (tmp_path / "contain.txt").write_text("Datenschutzerklärung\n全著作権所有")
    work = LineFilter(
        equal=("Teilen",),
        equal_file=str(tmp_path / "equal.txt"),
        contain_file=str(tmp_path / "contain.txt"),
        max_removed_word_ratio=None,
    )
    text = "Eine Zeile.\nTEILEN\nread more\n#1 choice\nours, 2026\nZur DATENSCHUTZERKLÄRUNG\n© 全著作権所有。\nEnde."
    assert text_after(work, text) == "Eine Zeile.\nours, 2026\nEnde."


def test_long_lines_may_quote_a_phrase() -> None:
    work = LineFilter(contain=("cookie policy",), max_contain_words=3, max_removed_word_ratio=None)
    assert text_after(work, "Our cookie policy\nThis is our cookie policy") == "This is our cookie policy"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, r"line_filter.equal_file: '.*list.txt' cannot be read .*give the path of a list"),
        (b"caf\xe9", r"line_filter.equal_file: '.*list.txt' is not UTF-8"),
        (b"# nothing\n\n", r"line_filter.equal_file: '.*list.txt' has no phrases"),
    ],
)
def test_a_bad_list_is_refused_by_name(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(RecipeError, match=told):
        LineFilter(equal_file=str(tmp_path / "list.txt"))


def test_another_list_is_another_fingerprint(tmp_path: Path) -> None:
    prints = set()
    for content in ("a", "b"):
        (tmp_path / "list.txt").write_text(content)
        work = LineFilter(equal_file=str(tmp_path / "list.txt"))
        prints.add(work_fingerprint([work], [], mark_only=False, excerpt=0))
    assert len(prints) == 2


def test_where_no_line_goes_words_are_not_split_again() -> None:
    batch, _ = words(documents({"id": ["a", "b"], "text": [" A line.\n", "Read more\nRead more"]}))
    out = LineFilter.example()(batch)
    assert out.column(COLUMN).equals(batch.column(COLUMN)) and out.column("text").equals(batch.column("text"))
    assert out.column("drop_rule").to_pylist() == [None, "line_filter.removed_words"]

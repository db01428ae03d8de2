"""Removes lines that are, or hold, boilerplate phrases of your own lists, and drops pages that are mostly that.

C4 (Raffel et al. 2020, section 2.2) removes lines with the phrases of a policy notice, RefinedWeb (Penedo et al. 2023,
arXiv:2306.01116, section 3.2 and appendix G.2) those that are nothing but `sign-in` and the like, and drops documents
of which this removes more than 5 %; that it is counted in words is DCLM's reading. Their phrases are those of English
pages; this takes any. A dropped page keeps its text.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from tokenmill.core.columns import set_column
from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.rules import Rule, check_bounds, judge, ratio, signal_columns, verdicts
from tokenmill.text.edit.line_edits import packed
from tokenmill.text.edit.phrase_lines import COUNTS, PhraseAutomaton, filter_lines, phrase_automaton
from tokenmill.text.words.segment import text_array, text_buffer

_LINE = "The cat sat with that dog, and they have to be home soon.\n"  # 12 words
_ANY_NUMBER = 1 << 62


@dataclass(frozen=True)
class LineFilter:
    """Rewrite each text to the lines that stay, and keep pages that lose few words. Null switches a rule off.

    equal: a line that is one of these goes. contain: a line goes in which one of these stands, inside a word too; lines
    of more than max_contain_words words stay, since prose may quote a phrase (null: none stays). equal_file,
    contain_file: paths of UTF-8 files with more of them, one a line; blank lines and those that begin with `# ` say
    nothing. Case and the amount of white space make no difference, punctuation does. max_removed_word_ratio: words of
    removed lines a word of the text, as in RefinedWeb.
    """

    equal: tuple[str, ...] = ()
    contain: tuple[str, ...] = ()
    equal_file: str | None = None
    contain_file: str | None = None
    max_contain_words: int | None = None
    max_removed_word_ratio: float | None = 0.05
    min_lines: int | None = 1

    RULES: ClassVar[dict[str, Rule]] = {
        "removed_words": Rule("removed_word_ratio", high="max_removed_word_ratio"),
        "empty": Rule("n_kept_lines", low="min_lines"),
    }
    SIGNALS: ClassVar[tuple[str, ...]] = ("removed_word_ratio", "n_kept_lines", *(f"n_{name}" for name in COUNTS))
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ("text", *signal_columns("line_filter", *SIGNALS))

    EXAMPLES: ClassVar[list[tuple[str, str | None]]] = [
        (_LINE * 4, None),
        (_LINE * 4 + "  READ   more ", None),  # 2 of 50 words
        (_LINE * 4 + "Read more!", None),  # another line
        (_LINE * 3 + "Read more\nRead more", "removed_words"),  # 4 of 40
        (_LINE * 3 + "See our Cookie Policy.", "removed_words"),  # 4 of 40
        (_LINE * 3 + "See our Cookie\nPolicy.", None),
        ("Подробнее\n" + _LINE * 2, None),  # 1 of 25
        ("подробнее\n" * 2 + _LINE * 2, "removed_words"),  # 2 of 26
        (" \n\n", "empty"),
        ("", "empty"),
    ]

    @classmethod
    def example(cls) -> Self:
        return cls(equal=("Read more", "Подробнее"), contain=("cookie policy",))

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.max_contain_words is not None and self.max_contain_words < 1:
            raise ValueError(
                f"line_filter.max_contain_words: found {self.max_contain_words!r}, expected a number from 1 up, "
                "or null for no bound"
            )
        for setting in ("equal", "contain"):
            if isinstance(getattr(self, setting), str):
                raise ValueError(f"line_filter.{setting}: found {getattr(self, setting)!r}, expected a list of phrases")
        if not (self.equal or self.contain or self.equal_file or self.contain_file):
            raise ValueError("line_filter: found no phrases, expected some in equal, contain, equal_file, contain_file")
        try:
            self._phrases()
        except ValueError as error:
            raise ValueError(f"line_filter: {error}") from error

    def files(self) -> dict[str, str]:
        """The SHA-256 of each list, which every result depends on."""
        named = {"equal_file": self.equal_file, "contain_file": self.contain_file}
        return {name: hashlib.sha256(_content(name, path)).hexdigest() for name, path in named.items() if path}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        buffer, offsets = text_buffer(batch)
        most = _ANY_NUMBER if self.max_contain_words is None else self.max_contain_words
        edited = filter_lines(buffer, offsets, self._phrases(), max_contain_words=most)
        counts = edited.counts
        removed = counts["equal_lines"] + counts["contain_lines"]
        signals = {
            "removed_word_ratio": ratio(counts["removed_words"], counts["words"]),
            "n_kept_lines": pa.array(counts["lines"] - removed),
            **{f"n_{name}": pa.array(counts[name]) for name in COUNTS},
        }
        dropped = np.zeros(batch.num_rows, dtype=np.bool_)
        for rule in self.RULES.values():
            for fires, _ in verdicts(rule, signals[rule.signal], self):
                dropped |= fires
        if (removed[~dropped] > 0).any():  # else the split of the words is still good
            text = text_array(*packed(edited, buffer, offsets, dropped), like=batch.column("text"))
            batch = set_column(batch, "text", text)
        return judge(batch, self, signals)

    def _phrases(self) -> PhraseAutomaton:
        equal = (*self.equal, *(_listed("equal_file", self.equal_file) if self.equal_file else ()))
        contain = (*self.contain, *(_listed("contain_file", self.contain_file) if self.contain_file else ()))
        return phrase_automaton(equal, contain)


def _listed(setting: str, path: str) -> tuple[str, ...]:
    """The phrases in a list file. RecipeError if it cannot be read, is not UTF-8, or has none."""
    try:
        found = _parsed(_content(setting, path))
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"line_filter.{setting}: {path!r} is not UTF-8 ({error}); expected one phrase a line"
        ) from error
    if not found:
        raise RecipeError(f"line_filter.{setting}: {path!r} has no phrases; expected one a line")
    return found


def _content(setting: str, path: str) -> bytes:
    try:
        return storage.read_bytes(path)
    except OSError as error:
        raise RecipeError(
            f"line_filter.{setting}: {path!r} cannot be read ({error}); give the path of a list, one phrase a line"
        ) from error


@lru_cache(maxsize=4)
def _parsed(content: bytes) -> tuple[str, ...]:
    lines = (line.strip() for line in content.decode("utf-8-sig").split("\n"))
    return tuple(line for line in lines if line and not line.startswith("# "))

"""Removes lines that equal or contain boilerplate phrases of your own lists, and drops pages that lose many words.

C4 (Raffel et al. 2020, section 2.2) removes lines that contain the phrases of a policy notice. RefinedWeb (Penedo et
al. 2023, arXiv:2306.01116, section 3.2 and appendix G.2) removes lines that consist only of `sign-in` and similar
phrases, and drops documents that lose more than 5 % in this way; DCLM counts this share in words, and so does this
filter. C4 and RefinedWeb have English phrases; this filter takes phrases of any language. A dropped page keeps its
original text.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import pyarrow as pa

from tokenmill.core.errors import RecipeError
from tokenmill.core.io import storage
from tokenmill.core.rules import Rule, check_bounds, check_lists, check_numbers, signal_columns
from tokenmill.filters._edits import LOSS_RULES, LOSS_SIGNALS, judge_edits, loss_signals
from tokenmill.text.edit.phrase_lines import COUNTS, PhraseAutomaton, filter_lines, phrase_automaton
from tokenmill.text.words.segment import text_buffer

_LINE = "The cat sat with that dog, and they have to be home soon.\n"  # 12 words
_ANY_NUMBER = 1 << 62


@dataclass(frozen=True)
class LineFilter:
    """Removes lines by phrase lists and drops pages that lose many words. None switches a rule off.

    At least one phrase is required. Case and the amount of white space make no difference in a comparison; punctuation
    does. List files are UTF-8 with one phrase per line; blank lines and lines that begin with `# ` are ignored.

    Attributes:
        equal: remove a line that equals one of these phrases. Default none.
        contain: remove a line that contains one of these phrases, also inside a word. Default none.
        equal_file: path or URL of a file with more phrases for `equal`. Default none.
        contain_file: path or URL of a file with more phrases for `contain`. Default none.
        max_contain_words: lines with more words keep the phrases of `contain`, because prose may quote a phrase. At
            least 1; None means that no line is too long. Default None.
        max_removed_word_ratio: largest share of words that a kept page may lose, 0 to 1. Default 0.05 (RefinedWeb).
        min_lines: smallest number of remaining lines that are not blank in a page that is kept, 0 or more. Default 1.
    """

    equal: tuple[str, ...] = ()
    contain: tuple[str, ...] = ()
    equal_file: str | None = None
    contain_file: str | None = None
    max_contain_words: int | None = None
    max_removed_word_ratio: float | None = 0.05
    min_lines: int | None = 1

    RULES: ClassVar[dict[str, Rule]] = LOSS_RULES
    SIGNALS: ClassVar[tuple[str, ...]] = (*LOSS_SIGNALS, *(f"n_{name}" for name in COUNTS))
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
        check_numbers(self, "max_contain_words", low=1, optional=True)
        check_lists(self, "equal", "contain", expected="a list of phrases")
        if not (self.equal or self.contain or self.equal_file or self.contain_file):
            raise RecipeError(
                "line_filter: found no phrases, expected some in equal, contain, equal_file, contain_file"
            )
        try:
            self._phrases()
        except ValueError as error:
            raise RecipeError(f"line_filter: {error}") from error

    def file_checksums(self) -> dict[str, str]:
        """Returns {setting: SHA-256 of the list file}, for the fingerprint."""
        named = {"equal_file": self.equal_file, "contain_file": self.contain_file}
        return {name: hashlib.sha256(_content(name, path)).hexdigest() for name, path in named.items() if path}

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        buffer, offsets = text_buffer(batch)
        most = _ANY_NUMBER if self.max_contain_words is None else self.max_contain_words
        edited = filter_lines(buffer, offsets, self._phrases(), max_contain_words=most)
        removed = edited.counts["equal_lines"] + edited.counts["contain_lines"]
        signals = loss_signals(edited.counts, removed)
        return judge_edits(batch, self, signals, edited, (buffer, offsets), changed=removed > 0)

    def _phrases(self) -> PhraseAutomaton:
        equal = (*self.equal, *(_listed("equal_file", self.equal_file) if self.equal_file else ()))
        contain = (*self.contain, *(_listed("contain_file", self.contain_file) if self.contain_file else ()))
        return phrase_automaton(equal, contain)


def _listed(setting: str, path: str) -> tuple[str, ...]:
    """Returns the phrases in a list file. Raises RecipeError if it cannot be read, is not UTF-8, or has no phrases."""
    try:
        found = _parsed(_content(setting, path))
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"line_filter.{setting}: {path!r} is not UTF-8 ({error}); expected one phrase per line"
        ) from error
    if not found:
        raise RecipeError(f"line_filter.{setting}: {path!r} has no phrases; expected one per line")
    return found


def _content(setting: str, path: str) -> bytes:
    try:
        return storage.read_bytes(path)
    except OSError as error:
        raise RecipeError(
            f"line_filter.{setting}: {path!r} cannot be read ({error}); give the path of a list, one phrase per line"
        ) from error


@lru_cache(maxsize=4)
def _parsed(content: bytes) -> tuple[str, ...]:
    lines = (line.strip() for line in content.decode("utf-8-sig").split("\n"))
    return tuple(line for line in lines if line and not line.startswith("# "))

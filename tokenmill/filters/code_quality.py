"""The rules for source files of The Stack v2 (StarCoder 2) and of BigCode's first models, by language.

Sources: v2 is Lozhkov et al. 2024, section 2.1, "Basic filters" and "Language-specific filters". StarCoder is Li et
al. 2023, section 3.1. SantaCoder is Ben Allal et al. 2023 (its comparison of filters), as implemented in the
preprocessing of bigcode-dataset. Lines are those of str.splitlines, lengths are in code points. The filter runs at
320 MB/s on one core for Python's standard library.

Not implemented: go-enry's is_generated (stages.read_code rejects generated files by other rules), whole excluded
extensions (see `languages` of stages.read_code), stars, and characters per token.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.columns import BoolMask, as_mask
from tokenmill.core.errors import RecipeError, did_you_mean
from tokenmill.core.rules import Rule, check_bounds, check_lists, judge, ratio, signal_columns
from tokenmill.text.code.comment_syntax import COMMENTS
from tokenmill.text.code.comments import comment_chars
from tokenmill.text.code.encoded_runs import encoded_runs
from tokenmill.text.code.languages import known_languages
from tokenmill.text.code.lines import code_lines
from tokenmill.text.edit.phrase_first import phrase_first
from tokenmill.text.measure.html_visible import visible_chars
from tokenmill.text.words.segment import text_buffer

_XML_HEADER = ("<?xml version=",)
_HEAD_CHARS = 1000  # the search for an XML header stops here, or at xml_header_chars if that is larger
_HEAD_LINES = 20  # the search for a marker stops here, or at generated_lines if that is larger
_ANY_NUMBER = 1 << 62

_PYTHON = "# Says what a row is worth.\ndef worth(row):\n    return row.price * row.count\n\n\n"
_ESCAPES = "\\u00e9"
_PAGE = "<html><body><p>" + "A visible sentence of some words. " * 4 + "</p></body></html>"


@dataclass(frozen=True)
class CodeQuality:
    """Drops generated files, encoded data and files that are mostly not code. None switches a rule off.

    The defaults are the rules of The Stack v2. Rules that only StarCoder and SantaCoder have are off by default; their
    published values are given below. The language of a file is the column `code_lang`, in GitHub's names
    (stages.read_code fills it); if it is null, the general rules apply. Each list of languages moves its languages from
    one rule to another, or limits a rule to them. Numbers are 0 or more, and ratios are at most 1.

    Attributes:
        max_lines: largest number of lines. Default 100,000.
        max_mean_line_length: largest mean length of a line, in code points. Default 100.
        max_longest_line: largest length of a line, in code points. Default 1000.
        max_longest_text_line: the same for long_line_languages, which have no bound on the mean length. Default
            100,000.
        long_line_languages: languages with long lines. Default: nine markup and data languages (v2).
        min_alphabetic_ratio: smallest share of letters, except in symbol_languages. Default 0.25.
        min_alphanumeric_ratio: smallest share of letters and digits, in all languages (StarCoder; v2 applies it to
            symbol_languages only). Default 0.25.
        symbol_languages: languages without a smallest share of letters. Default: two assembly languages (v2).
        generated_lines: number of first lines in which no generated_markers may occur. Default 5.
        generated_markers: phrases that mark generated files, compared without case. Default: five phrases (v2).
        max_encoded_ratio: largest share of encoded data, as text/code/encoded_runs.py finds it. Default 0.5.
        max_longest_encoded: largest length of one run of encoded data, in code points. Default 1024.
        max_data_lines: largest number of lines in data_languages. Default 512.
        data_languages: languages that mostly hold data. Default: five languages (v2).
        min_visible_ratio: smallest share of characters that a browser shows, in html_languages. Default 0.2.
        min_visible_chars: smallest number of characters that a browser shows, in html_languages. Default 100.
        html_languages: languages of web pages. Default [HTML].
        text_names: patterns of the file names to keep in text_languages, with `*` for any characters. A name is
            compared in lower case, with and without its extension, and only if there is a `path`. Default: six names
            (v2).
        text_languages: languages in which only text_names are kept. Default [Text].
        min_comment_ratio: smallest share of characters in comments, in comment_languages. Default None (SantaCoder:
            0.01 in Python, Java and JavaScript, without the comment marks in Python).
        max_comment_ratio: largest share of characters in comments, in comment_languages. Default None (SantaCoder:
            0.8).
        comment_languages: languages whose comments are counted. Default None: all in
            text/code/comment_syntax.py.
        xml_header_chars: number of first characters after which `<?xml version=` may occur, except in xml_languages.
            Default None (StarCoder: 100, for all languages but XSLT).
        xml_languages: languages that may begin as XML. Default [SVG, XML, XSLT].
        min_json_chars: smallest number of characters in json_languages. Default None (StarCoder: 50).
        max_json_chars: largest number of characters in json_languages. Default None (StarCoder: 5000).
        min_json_alphabetic_ratio: smallest share of letters in json_languages. Default None (StarCoder: 0.5).
        json_languages: languages of JSON-like data. Default [JSON, YAML].
    """

    max_lines: int | None = 100_000
    max_mean_line_length: float | None = 100
    max_longest_line: int | None = 1000
    max_longest_text_line: int | None = 100_000
    long_line_languages: tuple[str, ...] = (
        "HTML", "JSON", "Markdown", "Roff", "Roff Manpage", "SMT", "TeX", "Text", "XML",
    )  # fmt: skip
    min_alphabetic_ratio: float | None = 0.25
    min_alphanumeric_ratio: float | None = 0.25
    symbol_languages: tuple[str, ...] = ("Motorola 68K Assembly", "WebAssembly")
    generated_lines: int | None = 5
    generated_markers: tuple[str, ...] = (
        "auto-generated", "autogenerated", "automatically generated", "generated automatically",
        "this file is generated",
    )  # fmt: skip
    max_encoded_ratio: float | None = 0.5
    max_longest_encoded: int | None = 1024
    max_data_lines: int | None = 512
    data_languages: tuple[str, ...] = ("Graphviz (DOT)", "JSON", "Text", "Web Ontology Language", "YAML")
    min_visible_ratio: float | None = 0.2
    min_visible_chars: int | None = 100
    html_languages: tuple[str, ...] = ("HTML",)
    text_names: tuple[str, ...] | None = ("*requirement*", "cmakelists", "description", "notes", "readme", "todo")
    text_languages: tuple[str, ...] = ("Text",)
    min_comment_ratio: float | None = None
    max_comment_ratio: float | None = None
    comment_languages: tuple[str, ...] | None = None
    xml_header_chars: int | None = None
    xml_languages: tuple[str, ...] = ("SVG", "XML", "XSLT")
    min_json_chars: int | None = None
    max_json_chars: int | None = None
    min_json_alphabetic_ratio: float | None = None
    json_languages: tuple[str, ...] = ("JSON", "YAML")

    RULES: ClassVar[dict[str, Rule]] = {
        "many_lines": Rule("n_lines", high="max_lines"),
        "long_mean_line": Rule("mean_line_length", high="max_mean_line_length"),
        "long_line": Rule("longest_line", high="max_longest_line"),
        "long_text_line": Rule("longest_text_line", high="max_longest_text_line"),
        "generated": Rule("marker_line", above="generated_lines"),
        "not_alphabetic": Rule("alphabetic_ratio", low="min_alphabetic_ratio"),
        "not_alphanumeric": Rule("alphanumeric_ratio", low="min_alphanumeric_ratio"),
        "long_encoded": Rule("longest_encoded", high="max_longest_encoded"),
        "encoded": Rule("encoded_ratio", high="max_encoded_ratio"),
        "many_data_lines": Rule("n_data_lines", high="max_data_lines"),
        "little_visible": Rule("visible_ratio", low="min_visible_ratio"),
        "short_visible": Rule("n_visible_chars", low="min_visible_chars"),
        "text_name": Rule("text_name", one_of="text_names"),
        "few_comments": Rule("comment_ratio", low="min_comment_ratio"),
        "many_comments": Rule("comment_ratio", high="max_comment_ratio"),
        "xml": Rule("xml_header_end", above="xml_header_chars"),
        "short_json": Rule("n_json_chars", low="min_json_chars"),
        "long_json": Rule("n_json_chars", high="max_json_chars"),
        "json_not_alphabetic": Rule("json_alphabetic_ratio", low="min_json_alphabetic_ratio"),
    }
    NOT_FOR: ClassVar[dict[str, str]] = {
        "mean_line_length": "long_line_languages",
        "longest_line": "long_line_languages",
        "alphabetic_ratio": "symbol_languages",
        "xml_header_end": "xml_languages",
    }
    """{signal: the setting with the languages in which it is null, so that no rule judges it}"""
    ONLY_FOR: ClassVar[dict[str, str]] = {
        "longest_text_line": "long_line_languages",
        "n_data_lines": "data_languages",
        "visible_ratio": "html_languages",
        "n_visible_chars": "html_languages",
        "text_name": "text_languages",
        "comment_ratio": "comment_languages",
        "n_json_chars": "json_languages",
        "json_alphabetic_ratio": "json_languages",
    }
    """{signal: the setting with the languages in which it is measured; in all others it is null}"""
    SIGNALS: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(rule.signal for rule in RULES.values()))
    reads: ClassVar[tuple[str, ...]] = ("text", "code_lang")
    adds: ClassVar[tuple[str, ...]] = signal_columns("code_quality", *SIGNALS)

    EXAMPLES: ClassVar[list[tuple[Any, str | None]]] = [
        ({"text": _PYTHON, "code_lang": "Python"}, None),
        ({"text": _PYTHON}, None),
        ({"text": "a;\n" * 100_000}, None),
        ({"text": "a;\n" * 100_001}, "many_lines"),
        ({"text": "word " * 20 + "\n"}, None),  # 100 characters
        ({"text": "word " * 20 + "s\n"}, "long_mean_line"),
        ({"text": "word " * 200 + "\nend" * 12}, None),  # 1000
        ({"text": "word " * 200 + "s" + "\nend" * 12}, "long_line"),
        ({"text": "word " * 2000, "code_lang": "Markdown"}, None),
        ({"text": "word " * 20_000 + "s", "code_lang": "TeX"}, "long_text_line"),
        ({"text": "# Auto-Generated by a tool\n" + _PYTHON}, "generated"),
        ({"text": "\n" * 4 + "# this file is  generated\n" + _PYTHON}, "generated"),
        ({"text": "\n" * 5 + "# this file is generated\n" + _PYTHON}, None),
        ({"text": "a = 1\n(+);" * 3}, "not_alphabetic"),
        ({"text": "(1 2);\n" * 3, "code_lang": "WebAssembly"}, None),
        ({"text": "((1+));\n" * 3, "code_lang": "WebAssembly"}, "not_alphanumeric"),
        ({"text": "word " * 20 + "\n" + ("QUJD" * 16 + "\n") * 16 + "end of it.\n" * 99}, "long_encoded"),  # 1040
        ({"text": "x = '" + _ESCAPES * 16 + "'\n" + "words behind it, and more of them, and a last one\n" * 2}, None),
        ({"text": "x = '" + _ESCAPES * 16 + "'\n" + "words behind it, and more of them\n" * 2}, "encoded"),
        ({"text": "- item\n" * 513, "code_lang": "YAML"}, "many_data_lines"),
        ({"text": "- item\n" * 512, "code_lang": "YAML"}, None),
        ({"text": _PAGE, "code_lang": "HTML"}, None),
        ({"text": _PAGE + "<p class='of many words'></p>" * 30, "code_lang": "HTML"}, "little_visible"),
        ({"text": "<p>Too few words</p>", "code_lang": "HTML"}, "short_visible"),
        ({"text": "Read this.", "code_lang": "Text", "path": "a/README.txt"}, None),
        ({"text": "numpy", "code_lang": "Text", "path": "dev-requirements.txt"}, None),
        ({"text": "Read this.", "code_lang": "Text", "path": "a/words.txt"}, "text_name"),
        ({"text": "def worth(row):\n    return row.price\n", "code_lang": "Python"}, "few_comments"),
        ({"text": "def worth(row):\n    return row.price\n", "code_lang": "Ruby"}, None),
        ({"text": "/* " + "Words. " * 9 + "*/ class A {}\n", "code_lang": "Java"}, "many_comments"),
        ({"text": '<?xml version="1.0"?>\n<some><words/></some>\n'}, "xml"),
        ({"text": '<?xml version="1.0"?>\n<some><words/></some>\n', "code_lang": "XSLT"}, None),
        ({"text": "key: word\n" * 4, "code_lang": "YAML"}, "short_json"),
        ({"text": "key: word, and some more\n" * 201, "code_lang": "YAML"}, "long_json"),
        ({"text": "key: [1, 2, a, b]\n" * 4, "code_lang": "YAML"}, "json_not_alphabetic"),
    ]

    @classmethod
    def example(cls) -> Self:
        """Returns a filter with all rules: those of The Stack v2, StarCoder and SantaCoder."""
        return cls(
            min_comment_ratio=0.01,
            max_comment_ratio=0.8,
            comment_languages=("Java", "JavaScript", "Python"),
            xml_header_chars=100,
            min_json_chars=50,
            max_json_chars=5000,
            min_json_alphabetic_ratio=0.5,
        )

    def __post_init__(self) -> None:
        check_bounds(self)
        for setting in dict.fromkeys((*self.NOT_FOR.values(), *self.ONLY_FOR.values())):
            check_lists(self, setting, expected="a list such as [C, Python]")
            _check_languages(setting, getattr(self, setting))
        for setting, phrases in (("generated_markers", self.generated_markers), ("text_names", self.text_names)):
            if isinstance(phrases, str) or (phrases is not None and not (phrases and all(map(str.strip, phrases)))):
                raise RecipeError(
                    f"code_quality.{setting}: found {phrases!r}, expected a list of phrases that are not blank"
                )
        if self.comment_languages == ():
            raise RecipeError("code_quality.comment_languages: found (), expected languages, or null for all known")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        languages = batch.column("code_lang").cast(pa.string())
        signals = self._measured(batch, languages)
        for signal, setting in (self.NOT_FOR | self.ONLY_FOR).items():
            applies = self._are_in(languages, setting) == (signal in self.ONLY_FOR)
            signals[signal] = pc.if_else(pa.array(applies), signals[signal], pa.scalar(None, signals[signal].type))
        return judge(batch, self, {signal: signals[signal] for signal in self.SIGNALS})

    def _are_in(self, languages: pa.Array, setting: str) -> BoolMask:
        """Returns whether the language of each row is in the list of a setting, bool (rows,)."""
        chosen = getattr(self, setting)
        return as_mask(
            pc.is_in(languages, value_set=pa.array(list(COMMENTS if chosen is None else chosen), pa.string()))
        )

    def _measured(self, batch: pa.RecordBatch, languages: pa.Array) -> dict[str, pa.Array]:
        """Returns each signal, before __call__ sets those to null whose rules do not apply to the language."""
        buffer, offsets = text_buffer(batch)
        lines, encoded = code_lines(buffer, offsets), encoded_runs(buffer, offsets)
        marked_lines = max(self.generated_lines or 0, _HEAD_LINES)
        looked_at = max(self.xml_header_chars or 0, _HEAD_CHARS)
        marker = phrase_first(buffer, offsets, self.generated_markers, lines=marked_lines, chars=_ANY_NUMBER)
        header = phrase_first(buffer, offsets, _XML_HEADER, lines=_ANY_NUMBER, chars=looked_at)
        visible = visible_chars(buffer, offsets, self._are_in(languages, "html_languages"))
        comments = comment_chars(buffer, offsets, self._comment_syntax(languages))
        chars, alphabetic = lines["chars"], ratio(lines["letters"], lines["chars"])
        longest, n_lines = pa.array(lines["longest_line"]), pa.array(lines["lines"])
        return {
            "n_lines": n_lines,
            "n_data_lines": n_lines,
            "mean_line_length": ratio(lines["line_chars"], lines["lines"]),
            "longest_line": longest,
            "longest_text_line": longest,
            "alphabetic_ratio": alphabetic,
            "json_alphabetic_ratio": alphabetic,
            "alphanumeric_ratio": ratio(lines["alphanumerics"], chars),
            "n_json_chars": pa.array(chars),
            "encoded_ratio": ratio(encoded["encoded_chars"], chars),
            "longest_encoded": pa.array(encoded["longest_encoded"]),
            "marker_line": pa.array(marker.line, mask=marker.line == 0),
            "xml_header_end": pa.array(header.end, mask=header.end == 0),
            "n_visible_chars": pa.array(visible),
            "visible_ratio": ratio(visible, chars),
            "comment_ratio": ratio(comments, chars),
            "text_name": self._text_name(batch, languages),
        }

    def _comment_syntax(self, languages: pa.Array) -> npt.NDArray[np.int64]:
        """Returns the index in COMMENTS of each row's language, int64 (rows,); -1 if its comments are not counted."""
        known = pc.index_in(languages, value_set=pa.array(list(COMMENTS), pa.string()))
        numbers = pc.fill_null(known, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(self._are_in(languages, "comment_languages"), numbers, -1)

    def _text_name(self, batch: pa.RecordBatch, languages: pa.Array) -> pa.Array:
        """Returns by row the pattern of text_names that the file name matches, else the name; null without path."""
        names: list[str | None] = [None] * batch.num_rows
        if "path" in batch.schema.names and self.text_names is not None:
            rows = np.flatnonzero(self._are_in(languages, "text_languages"))
            for row, path in zip(rows.tolist(), batch.column("path").take(pa.array(rows)).to_pylist(), strict=True):
                names[row] = path and _fitting(path.rpartition("/")[2].lower(), self.text_names)
        return pa.array(names, pa.string())


def _fitting(name: str, patterns: tuple[str, ...]) -> str:
    stem = name.rpartition(".")[0] or name
    return next((one for one in patterns if fnmatchcase(name, one) or fnmatchcase(stem, one)), name)


def _check_languages(setting: str, languages: Any) -> None:
    """Raises RecipeError for an unknown language, because its rules would never apply."""
    of_comments = setting == "comment_languages"
    known = frozenset(COMMENTS) if of_comments else known_languages()
    for language in languages or ():
        if language not in known:
            expected = "a language whose comments are known" if of_comments else "the name of a language on GitHub"
            near = did_you_mean(language, known).partition("; known: ")[0]  # a list of 1,000 names does not help
            raise RecipeError(f"code_quality.{setting}: found {language!r}, expected {expected}{near}")

"""Targets: kernels over plain text, each with its plain twin. An input is up to eight rows, separated by \\x1e."""

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
from fuzzing.harness import Target
from fuzzing.mutations import Brackets
from fuzzing.twins import test_module

from bench.filters_fuzz import made_text
from tokenmill.text.edit.dclm_edits import edit_dclm_lines
from tokenmill.text.edit.line_edits import edit_c4_lines, packed
from tokenmill.text.edit.phrase_lines import as_compared, filter_lines, phrase_automaton
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.lang.fasttext_file import Labels, read_labels
from tokenmill.text.lang.fasttext_labels import best_labels
from tokenmill.text.measure.line_counts import line_counts
from tokenmill.text.measure.word_counts import word_counts
from tokenmill.text.words.hash import word_hashes
from tokenmill.text.words.lexicon import word_set
from tokenmill.text.words.segment import text_array, text_buffer, words

_SEPARATOR = "\x1e"
_ROWS = 8
_TWIN_CHARS = 300  # characters of a row that a twin reads, because twins take quadratic time
_C4 = {"least": 2, "most": 10, "terminal": True, "citations": True, "lorem": 0}

Rows = list[str]
Kernel = Callable[[Rows], list[Any]]


def rows_of(data: bytes) -> Rows:
    return data.decode("utf-8", "replace").split(_SEPARATOR)[:_ROWS]


def text_target(
    name: str,
    kernel: Kernel,
    twin: Callable[[str], Any] | None,
    *,
    pieces: Sequence[str] = (),
    brackets: Sequence[Brackets] = (),
    past: dict[str, str] | None = None,
    sound: Callable[[str, Any], bool] = lambda text, found: True,
) -> Target:
    """Returns a target that checks each row: together with others and alone, the kernel gives the same value. The twin
    gives it too, and `sound` accepts it.
    """

    def check(data: bytes) -> int:
        rows = rows_of(data)
        found = kernel(rows)
        assert len(found) == len(rows)
        for row, value in zip(rows, found, strict=True):
            alone = kernel([row])[0]
            assert alone == value, f"alone {alone!r}, among others {value!r}"
            assert sound(row, value), f"{value!r} is not sound"
            if twin:
                short = row[:_TWIN_CHARS]
                ours = value if short == row else kernel([short])[0]
                assert ours == (plain := twin(short)), f"{short!r}: {ours!r}, but the twin says {plain!r}"
        return len(rows)

    def seeds() -> dict[str, bytes]:
        random = Random(name)
        soups = ["".join(random.choices(pieces or ["a", " "], k=random.randint(1, 40))) for _ in range(12)]
        pages = [made_text(random)[:2000] for _ in range(6)]
        joined = {f"pieces {at}": _SEPARATOR.join(soups[at * 4 : at * 4 + 4]) for at in range(3)}
        texts = joined | {f"page {at}": _SEPARATOR.join(pages[at * 2 : at * 2 + 2]) for at in range(3)}
        return {key: text.encode() for key, text in texts.items()}

    def failures() -> dict[str, bytes]:
        return {key: text.encode() for key, text in (past or {}).items()}

    tokens = [piece.encode() for piece in pieces]
    return Target(name, seeds, check, past=failures, tokens=tokens, brackets=brackets, fast=4, slow=200)


def batch_of(rows: Rows) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(rows, type=pa.large_string())})


def words_of(text: str) -> Rows:
    _, split = words(batch_of([text]))
    coded = text.encode()
    return [coded[start:end].decode() for start, end in zip(split.starts, split.ends, strict=True)]


def _all_words(rows: Rows) -> list[Rows]:
    _, split = words(batch_of(rows))
    found = []
    for row, text in enumerate(rows):
        first, last, coded = split.offsets[row], split.offsets[row + 1], text.encode()
        spans = zip(split.starts[first:last], split.ends[first:last], strict=True)
        found.append([coded[start:end].decode() for start, end in spans])
    return found


def _dicts(counts: Any, names: Sequence[str], rows: int) -> list[dict[str, int]]:
    return [{name: int(counts[name][row]) for name in names} for row in range(rows)]


def _edited(rows: Rows, edit: Callable[[Any, Any], Any], names: Sequence[str]) -> list[tuple[str, dict[str, int]]]:
    batch = batch_of(rows)
    buffer, offsets = text_buffer(batch)
    edited = edit(buffer, offsets)
    kept = packed(edited, buffer, offsets, np.zeros(len(rows), dtype=np.bool_))
    texts = text_array(*kept, like=batch.column("text")).to_pylist()
    return list(zip(texts, _dicts(edited.counts, names, len(rows)), strict=True))


def _word_kernels() -> list[Target]:
    split, sentences = test_module("text/words/test_split.py"), test_module("text/words/test_sentences.py")
    hashes, shingle = test_module("text/words/test_hash.py"), test_module("text/similarity/test_shingle.py")

    def shingles(rows: Rows) -> list[Any]:
        hashed = word_hashes(batch_of(rows))[1]
        return [row.tolist() for row in map(shingle.shingled(hashed, 3).__getitem__, range(len(rows)))]

    marks = ["a", "Word", ".", "", "!", "?", "...", ")", '"', "。", "…", "\n", "\t", "1.5", "\xa0", "字", "🙂"]
    letters = list("aAéE\u0301İßẞΣς각가が\u3099กำ1٣٫.,-_'’…\u00ad\u200d\ufeff\u00a0\t\n 😀€ＡＺ０\U00011cff\u302e")
    return [
        text_target("words", _all_words, split.slow_words, pieces=split.PIECES),
        text_target("sentences", sentences.counts_of, sentences.slow_count, pieces=marks),
        text_target("word_hashes", lambda rows: hashes.hashes(*rows), hashes.plain, pieces=letters),
        text_target("shingles", shingles, lambda text: shingle.plain(hashes.hashes(text)[0], 3), pieces=letters),
    ]


def _measures() -> list[Target]:
    repetition, lines = test_module("text/measure/test_repetition.py"), test_module("text/measure/test_line_counts.py")
    counts, code = test_module("text/measure/test_word_counts.py"), test_module("text/code/test_lines.py")

    def counted_words(rows: Rows) -> list[dict[str, int]]:
        batch, split = words(batch_of(rows))
        found = word_counts(*text_buffer(batch), split, word_set(counts.STOP_WORDS))
        return _dicts(found, counts.COUNTS, len(rows))

    def counted_lines(rows: Rows) -> list[dict[str, int]]:
        batch, split = words(batch_of(rows))
        return _dicts(line_counts(*text_buffer(batch), split, 5), lines.COUNTS, len(rows))

    def counted_repetition(rows: Rows) -> list[dict[str, int]]:
        batch, split = words(batch_of(rows))
        return _dicts(repetition.repetition_counts(*text_buffer(batch), split), repetition.COUNTS, len(rows))

    def counted_code(rows: Rows) -> list[dict[str, int]]:
        return _dicts(code.code_lines(*text_buffer(batch_of(rows))), code.COUNTS, len(rows))

    parts = ["a ", "b ", "ab ", "é ", "字 ", "longer-than-eight ", "longer-than-nine ", ". ", "\n", "\n\n", "\u2028"]
    return [
        text_target(
            "repetition", counted_repetition, lambda text: repetition.slow_counts(text, words_of(text)), pieces=parts
        ),
        text_target(
            "word_counts", counted_words, lambda text: counts.slow_counts(text, words_of(text)), pieces=counts.PIECES
        ),
        text_target(
            "line_counts", counted_lines, lambda text: lines.slow_counts(text, len(words_of(text)), 5), pieces=parts
        ),
        text_target("code_lines", counted_code, code.slow_counts, pieces=[*parts, "\r", "\x0b", "\x85", "²", "\0"]),
    ]


def _line_edits() -> list[Target]:
    c4, dclm = test_module("text/edit/test_line_edits.py"), test_module("text/edit/test_dclm_edits.py")
    phrases, tidy = test_module("text/edit/test_phrase_lines.py"), test_module("text/edit/test_tidy.py")
    equal, contain = ("ab", "a b"), ("aba", "é")
    spelt = {as_compared(phrase) for phrase in equal}, {as_compared(phrase) for phrase in contain}

    def edit_c4(buffer: Any, offsets: Any) -> Any:
        both = {"terminal": _C4["terminal"], "citations": _C4["citations"]}
        return edit_c4_lines(
            buffer, offsets, min_words=_C4["least"], max_word_chars=_C4["most"], max_lorem_lines=_C4["lorem"], **both
        )

    def edit_dclm(buffer: Any, offsets: Any) -> Any:
        return edit_dclm_lines(buffer, offsets, dclm.USUAL)

    def filtered(buffer: Any, offsets: Any) -> Any:
        return filter_lines(buffer, offsets, phrase_automaton(equal, contain), max_contain_words=4)

    return [
        text_target(
            "c4_lines", lambda rows: _edited(rows, edit_c4, c4.COUNTS), lambda text: c4.slow_edit(text, **_C4),
            pieces=c4.PIECES,
        ),
        text_target(
            "dclm_lines",
            lambda rows: _edited(rows, edit_dclm, dclm.COUNTS),
            lambda text: dclm.slow_edit(text, dclm.USUAL), pieces=dclm.PIECES,
            past={"phrases-move-together": "items in items in cart cart\x1e  12K  Likes!! \x1eitems in cart" * 2},
        ),
        text_target(
            "phrase_lines", lambda rows: _edited(rows, filtered, phrases.COUNTS),
            lambda text: phrases.slow_filter(text, *spelt, 4), pieces=[*phrases.LETTERS, "\n", "\n\n", "\r", "\u2028"],
        ),
        text_target(
            "tidy_lines", lambda rows: tidy.tidied(*rows), tidy.twin, pieces=list("ab\n\r\t \xa0\x00\x0c\x7f\x85é字")
        ),
    ]  # fmt: skip


def _pii() -> Target:
    scan = test_module("text/pii/test_scan.py")

    def scanned(rows: Rows) -> list[Any]:
        found: list[list[tuple[int, str]]] = [[] for _ in rows]
        for row, kind, place in scan.found(*rows):
            found[row].append((kind, place))
        return found

    past = {
        "many-groups": "12 34 56" * 30 + "@" * 5 + "\x1e" + "::" * 20,
        "literal-host": "1.2.3.4.5 x@[é]",
        "literal-host-not-closed": "x@[" + "é.2" * 40 + "\x1ex@[" + "1.1" * 40,
        "full-of-places": "AB12 " * 5_000,
        "line-end-inside": "AB\n12 0123\x1eab\n::12:34",
    }
    return text_target("pii_scan", scanned, lambda text: sorted(scan.twin(text)), pieces=scan.PIECES, past=past)


def _urls() -> list[Target]:
    hosts, url_words = test_module("text/url/test_hosts.py"), test_module("text/url/test_words.py")
    parts = [
        "http://",
        "HTTPS://",
        "//",
        "a",
        "B1",
        ".",
        "-",
        "_",
        ":",
        "/",
        "@",
        "?",
        "#",
        "[",
        "]",
        "%",
        "%61",
        "%2E",
    ]
    parts += ["\\", " ", "\t", "\n", "é", "。", "ａ", "www.", "[::1]", "0xC0", "e\u0301", "%C3%A9", "%FF"]
    past = {"host-long": "http://" + "a." * 5_000 + "org", "host-of-escapes": "http://" + "%41" * 5_000}
    return [
        text_target("url_hosts", lambda rows: hosts.names(*rows), hosts.plain_host, pieces=parts, past=past),
        text_target("url_words", url_words.read, url_words.plain_readable, pieces=parts, past=past),
    ]


def _code() -> list[Target]:
    comments, encoded = test_module("text/code/test_comments.py"), test_module("text/code/test_encoded_runs.py")

    def language(text: str) -> str:
        found: str = comments.LANGUAGES[sum(map(ord, text[:3])) % len(comments.LANGUAGES)]
        return found

    marks = {mark for some in comments.COMMENTS.values() for one in some for mark in (one.opens, one.closes) if mark}
    past = {"comment-open": '/*\x1e/\x1e"\\\x1e"""a\x1e#\x1e/*/**/', "nested": "/*" * 3000}
    runs = [
        "0x1f,",
        "\\x1f",
        "1f ",
        "AB",
        "f",
        "0x",
        "123",
        ",",
        "\n",
        "\u3000",
        "_",
        "QUJD" * 16,
        "\\u00e9" * 8,
        "a" * 63,
    ]
    return [
        text_target(
            "code_comments", lambda rows: comments.measured(*[(language(row), row) for row in rows]),
            lambda text: comments.slow_chars(language(text), text),
            pieces=[*sorted(marks), *comments.OTHERS], past=past,
            brackets=((b"/*", b"*/"), (b"{-", b"-}"), (b"'''", b"'''")),
        ),
        text_target("encoded_runs", lambda rows: encoded.measured(*rows), encoded.slow_measured, pieces=runs),
    ]  # fmt: skip


@functools.cache
def _model() -> tuple[Labels, Any]:
    """Returns (a small model as our code reads it, the same model as the library reads it)."""
    random = Random(5)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        lines = [f"__label__{name} {' '.join(made_text(random).split()[:30])}" for name in "abcdefg" for _ in range(12)]
        (Path(folder) / "train").write_text("\n".join(lines), encoding="utf-8")
        options = {"dim": 16, "loss": "hs", "minn": 2, "maxn": 4, "bucket": 2000, "epoch": 5, "thread": 1, "verbose": 0}
        library = fasttext.train_supervised(str(Path(folder) / "train"), **options)
        library.save_model(str(Path(folder) / "model.bin"))
        return read_labels(str(Path(folder) / "model.bin")), library.f


def _labels() -> Target:
    def labelled(rows: Rows) -> list[tuple[str, float]]:
        coded = [row.encode() for row in rows]
        data = frozen(np.frombuffer(b"".join(coded), dtype=np.uint8))
        labels, scores, _ = best_labels(_model()[0], data, frozen(np.cumsum([0, *map(len, coded)], dtype=np.int64)))
        names = _model()[0].names
        return [(names[at] if at >= 0 else "", float(score)) for at, score in zip(labels, scores, strict=True)]

    def as_library(text: str, found: tuple[str, float]) -> bool:
        expected = _model()[1].predict(text.replace("\n", " ") + "\n", 1, 0.0, "strict")
        return not found[0] or abs(found[1] - expected[0][0]) < 2e-4

    pieces = ["the ", "Der ", "字", "é", "\n", "\x00", "</s>", "__label__a ", "word", " ", "\t", "x" * 300]
    return text_target("fasttext_labels", labelled, None, pieces=pieces, sound=as_library)


TARGETS = (*_word_kernels(), *_measures(), *_line_edits(), _pii(), *_urls(), *_code(), _labels())

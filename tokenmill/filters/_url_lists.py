"""Finds, checks and reads lists of domains, URLs and words, and prepares them for look-ups, once per process.

A list file is UTF-8 (gzipped if its name ends in `.gz`) with one entry per line; blank lines and lines that begin with
`#` are ignored. A folder in the layout of UT1 (Université Toulouse Capitole) has one folder per category, with the
files `domains` and `urls`.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from ahocorasick_rs import BytesAhoCorasick

from tokenmill.core.errors import DataError, RecipeError, did_you_mean
from tokenmill.core.io import storage
from tokenmill.core.io.compression import DecompressionError, Format, decompress, growth_limit
from tokenmill.text.kernel.arrays import Bytes, Positions
from tokenmill.text.url.hosts import clean_host, hosts, without_www
from tokenmill.text.url.name_set import MOST_BYTES, NameSet, host_lines, name_set
from tokenmill.text.url.urls import address_keys
from tokenmill.text.url.words import as_word
from tokenmill.text.words.lexicon import WordSet, word_set
from tokenmill.text.words.segment import string_buffer

KINDS = ("domains", "urls", "hard_words", "soft_words", "subwords")

_CHUNK = 1 << 16  # entries that are normalized at once, so that intermediate arrays take little memory

log = logging.getLogger(__name__)

Entries = tuple[tuple[str, ...], ...]
Kept = frozenset[str]


class ListFile(NamedTuple):
    """A file with entries of one kind.

    Attributes:
        kind: one of KINDS.
        group: the category or setting, as the signal `category` names it.
        place: the setting, for messages.
        path: path or URL.
        sha256: SHA-256 of the decompressed content, in hexadecimal.
    """

    kind: str
    group: str
    place: str
    path: str
    sha256: str


class Part(NamedTuple):
    """The content of a file, or the recipe's entries of one kind. place: the setting and the path, for messages."""

    group: str
    place: str
    content: bytes
    is_file: bool


class Lists(NamedTuple):
    """The lists as look-ups need them.

    Attributes:
        groups: names of the groups, in the order of the numbers in NameSet.groups.
        domains: host names.
        urls: URLs in normalized form (address_keys).
        url_hosts: hosts of these URLs, without `www.`.
        hard_words, hard: the words as strings and as a set for kernels, in the same order.
        soft: the words as a set for kernels.
        subwords, automaton: the words as strings and as an automaton, in the same order.
    """

    groups: tuple[str, ...]
    domains: NameSet
    urls: NameSet
    url_hosts: NameSet
    hard_words: tuple[str, ...]
    hard: WordSet
    soft: WordSet
    subwords: tuple[str, ...]
    automaton: BytesAhoCorasick


def category_files(folder: str, categories: Iterable[str]) -> Iterator[ListFile]:
    """Yields the files of the categories of a URL blocklist.

    Raises RecipeError for a category that has no folder or no files.
    """
    known = storage.list_folders(folder)
    if not known:
        raise RecipeError(
            f"url_blocklist.folder: {folder!r} has no folders; give the path of a folder that has one folder per "
            "category, each with a file `domains` or `urls`"
        )
    for category in categories:
        if category not in known:
            near = did_you_mean(category, known)
            raise RecipeError(
                f"url_blocklist.categories: found {category!r}, which is not a folder in {folder!r}{near}"
            )
        yield from _files_of(storage.join(folder, category), category)


def _files_of(inside: str, category: str) -> Iterator[ListFile]:
    found = storage.list_files(inside)
    names = [name for name in found if name.removesuffix(".gz") in ("domains", "urls")]
    if not names:
        raise RecipeError(
            f"url_blocklist.categories: found {found} in {inside!r}, expected a file `domains` or `urls` "
            "(or `domains.gz`, `urls.gz`), one entry per line"
        )
    for name in names:
        yield list_file(name.removesuffix(".gz"), category, "categories", storage.join(inside, name))


def list_file(kind: str, group: str, setting: str, path: str) -> ListFile:
    """Returns a file of a URL blocklist with the checksum of its current content.

    Raises RecipeError if it cannot be read.
    """
    place = f"url_blocklist.{setting}"
    try:
        return ListFile(kind, group, place, path, hashlib.sha256(_content(path)).hexdigest())
    except (OSError, DecompressionError) as error:
        raise RecipeError(
            f"{place}: {path!r} cannot be read ({error}); give the path of a list, one entry per line"
        ) from error


@lru_cache(maxsize=8)  # a recipe has fewer url_blocklist steps
def loaded(files: tuple[ListFile, ...], entries: Entries, keep_hard: Kept, keep_sub: Kept) -> Lists:
    """Returns the lists of a URL blocklist, from its files and the recipe, without the words in keep_*.

    Cached per process. entries: the entries in the recipe, in the order of KINDS. Raises RecipeError for an invalid
    entry and for a file that is empty or not UTF-8, DataError for a file that no longer has its checksum.
    """
    groups = tuple(dict.fromkeys([*KINDS, *(file.group for file in files)]))
    named = dict(zip(KINDS, entries, strict=True))

    def parts(kind: str) -> Iterator[Part]:
        if named[kind]:
            yield Part(kind, f"url_blocklist.{kind}", "\n".join(named[kind]).encode(errors="replace"), False)
        for file in files:
            if file.kind == kind:
                yield Part(file.group, f"{file.place}: {file.path!r}", _checked(file), True)

    hard, soft, sub = (tuple(dict.fromkeys(chain.from_iterable(map(_words, parts(kind))))) for kind in KINDS[2:])
    hard, sub = tuple(w for w in hard if w not in keep_hard), tuple(w for w in sub if w not in keep_sub)
    automaton = BytesAhoCorasick([word.encode() for word in sub])
    of_urls: set[str] = set()
    domains = _joined(map(_domains, parts("domains")), groups)
    urls = _joined((_urls(part, of_urls) for part in parts("urls")), groups)
    url_hosts = _joined([("urls", *_lines(sorted(of_urls)))], groups)
    _check_filled(files, {groups[number] for number in np.union1d(domains.groups, urls.groups)})
    return Lists(groups, domains, urls, url_hosts, hard, word_set(hard), word_set(soft), sub, automaton)


def _joined(read: Iterable[tuple[str, Bytes, Positions]], groups: tuple[str, ...]) -> NameSet:
    """Joins lists to one NameSet. A list is (group, names with a newline after each, start of each name)."""
    texts, starts, of_group, size = [np.empty(0, np.uint8)], [np.empty(0, np.uint32)], [np.empty(0, np.uint16)], 0
    for group, text, begins in read:
        texts.append(text)
        starts.append(begins + np.uint32(size))
        of_group.append(np.full(len(begins), groups.index(group), dtype=np.uint16))
        size += len(text)
    if size >= MOST_BYTES:
        raise RecipeError(f"url_blocklist: found lists of {size:,} bytes, expected fewer than {MOST_BYTES:,}")
    return name_set(np.concatenate(texts), np.concatenate(starts), np.concatenate(of_group))


def _check_filled(files: tuple[ListFile, ...], filled: set[str]) -> None:
    """Raises RecipeError for a category without entries. Half of UT1's categories have one empty file."""
    for file in files:
        if file.kind in ("domains", "urls") and file.group not in filled:
            raise RecipeError(f"{file.place}: {file.path!r} has no entries; add one per line, or leave it out")


def _domains(part: Part) -> tuple[str, Bytes, Positions]:
    text, starts, odd = host_lines(part.content)
    names = [clean_host(line) for line in odd]
    bad = [line.decode() for line, name in zip(odd, names, strict=True) if not name]
    if bad and not part.is_file:
        raise RecipeError(f"{part.place}: found {bad[0]!r}, expected a host name such as example.com")
    if bad:
        log.warning("%s: %d lines are not host names and block nothing; the first is %r", part.place, len(bad), bad[0])
    more, begins = _lines([name for name in names if name])
    return part.group, np.concatenate([text, more]), np.concatenate([starts, begins + np.uint32(len(text))])


def _urls(part: Part, of_urls: set[str]) -> tuple[str, Bytes, Positions]:
    """Returns the normalized URLs. Adds their hosts to of_urls, because only pages on these hosts are compared."""
    entries, keys = _entries(part), []
    for first in range(0, len(entries), _CHUNK):
        some = pa.array(entries[first : first + _CHUNK], type=pa.large_string())
        found = without_www(hosts(*string_buffer(some))[0])
        for row in np.flatnonzero(found.starts == found.ends).tolist():
            raise RecipeError(f"{part.place}: found {some[row].as_py()!r}, expected an address with a host; remove it")
        of_urls.update(map(found.name, range(len(some))))
        keys += address_keys(some).to_pylist()
    return part.group, *_lines(keys)


def _words(part: Part) -> list[str]:
    words, entries = [], _entries(part)
    if not entries:
        raise RecipeError(f"{part.place} has no words; add one per line, or leave it out")
    for entry in entries:
        words.append(as_word(entry))
        if not words[-1]:
            raise RecipeError(f"{part.place}: found {entry!r}, expected an entry with a letter or digit; remove it")
    return words


def _entries(part: Part) -> list[str]:
    lines = (line.strip() for line in part.content.decode().split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def _lines(names: list[str]) -> tuple[Bytes, Positions]:
    """Returns (the names with a newline after each, start of each name)."""
    coded = [name.encode() + b"\n" for name in names]
    starts = np.cumsum([0, *map(len, coded)], dtype=np.int64)[:-1]
    return np.frombuffer(b"".join(coded), dtype=np.uint8), starts.astype(np.uint32)


def _checked(file: ListFile) -> bytes:
    """Returns the content. Raises RecipeError if it is not UTF-8, DataError if the recipe's checksum differs."""
    content = _content(file.path)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataError(f"{file.place}: {file.path!r} has changed since the recipe was read; start the run again")
    try:
        if not content.isascii():
            content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecipeError(
            f"{file.place}: {file.path!r} is not UTF-8 in line {line} ({error}); convert it, or remove the line"
        ) from error
    return content.removeprefix(b"\xef\xbb\xbf")


def _content(path: str) -> bytes:
    content = storage.read_bytes(path)
    return decompress(content, Format.GZIP, growth_limit(len(content))) if path.endswith(".gz") else content

"""Fuzzing targets of dumps and wikitext, archives and repositories of code, and tables. See bench.fuzz.

What each must keep, whatever the file: an answer or a DataError in bounded time and memory, sound texts, ids that are
there and differ, the same rows from pieces as from the whole, and a row for each line, page or member that is there.
"""

import bz2
import functools
import gzip
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from bench.fuzz import Target
from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError
from tokenmill.stages.code.read_code import ReadCode
from tokenmill.stages.tables.read_table import ReadTable
from tokenmill.stages.wiki.extract_wikitext import ExtractWikitext
from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia

_LIMIT = 1 << 16
_WIKITEXT = (
    "'''A''' is ''b''.<ref name=x>{{cite web|url=http://a}}</ref> {{convert|5|km|mi}} [[File:a.jpg|thumb|A [[b|c]]]]\n"
    "== H ==\n* one\n# two\n{| class=wikitable\n! h !! i\n|-\n| 1 || colspan=2 | 2\n|}\n<math>\\frac{1}{2}</math>\n"
    "{{lang|fr|été}} {{Infobox x|a=1|b={{plainlist|\n* c\n}}}} <nowiki>[[d]]</nowiki> <!-- e --> [http://f g] &amp;\n"
    "{{quote|h}} [[Category:I]] [[de:J]] -{zh-hans:k;zh-hant:l}- __TOC__ <gallery>\nFile:m.png|n\n</gallery>\n"
    "{{{o|p}}} {{#if:q|r|s}}\n"
)
_HEAD = (
    '<mediawiki xml:lang="en"><siteinfo><dbname>enwiki</dbname><base>https://en.example/wiki/Main_Page</base>'
    '<namespaces><namespace key="6">File</namespace></namespaces></siteinfo>\n'
)
_PAGE = (
    "<page><title>T{n}</title><ns>{ns}</ns><id>{n}</id>{extra}<revision><id>{n}9</id><timestamp>2024-01-02T03:04:05Z"
    "</timestamp><model>wikitext</model><text>{text}</text></revision></page>\n"
)
_CODE = b"# SPDX-License-Identifier: MIT\ndef f(x):\n    return x\n"
_NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": ["x = 1"], "outputs": []}], "metadata": {}, "nbformat": 4}'
_FILES = {
    "lib-1.0/a.py": _CODE * 20,
    "lib-1.0/LICENSE": b"MIT License\n\nPermission is hereby granted, free of charge",
    "lib-1.0/é.js": b"let x = 1;",
    "lib-1.0/REUSE.toml": b'[[annotations]]\npath = "**"\nSPDX-License-Identifier = "ISC"\n',
    "lib-1.0/n.ipynb": _NOTEBOOK,
    "lib-1.0/package.json": b'{"license": "MIT"}',
    "lib-1.0/" + "d/" * 60 + "long.c": b"int x;\n" * 3,
}


def _dump() -> str:
    pages = [(n, 0, _WIKITEXT.replace("&", "&amp;").replace("<", "&lt;") * (n % 3 + 1), "") for n in range(1, 9)]
    pages += [(20, 0, "#REDIRECT [[T1]]", '<redirect title="T1" />'), (21, 10, "template", ""), (22, 0, "", "")]
    made = (_PAGE.format(n=n, ns=ns, text=text, extra=extra) for n, ns, text, extra in pages)
    return _HEAD + "".join(made) + "</mediawiki>\n"


def _streams(data: bytes) -> bytes:
    """As multistream dumps are: the head, three pages a stream, the tail."""
    parts = re.split(rb"(?=<page>)", data)
    groups = [parts[:1], *(parts[at : at + 3] for at in range(1, len(parts), 3))]
    return b"".join(bz2.compress(b"".join(group)) for group in groups)


def check_wikipedia(data: bytes) -> int:
    def make(path: str, size: int) -> ReadWikipedia:
        return ReadWikipedia(path, max_bytes=_LIMIT, shard_bytes=size)

    rows = _rows_of(data, ".xml.bz2", lambda path: make(path, 1 << 30))
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids), f"{len(ids) - len(set(ids))} ids come twice"
    pieces = _rows_of(data, ".xml.bz2", lambda path: make(path, len(data) // 3 + 1))
    places = [[(row["locator"]["offset"], row["meta"]) for row in some] for some in (rows, pieces)]
    assert set(places[0]) <= set(places[1]), "pieces lose rows of the whole"
    more = [row for row, place in zip(pieces, places[1], strict=True) if place not in places[0]]
    outside = [row.get("drop_measured") == "content outside a page" for row in more]
    assert all(outside), "pieces give rows that the whole has not"  # a long one may be told of by several pieces
    if data.startswith(b"<mediawiki"):
        assert len(rows) >= data.count(b"<page>"), f"{data.count(b'<page>')} pages, but {len(rows)} rows"
    return len(rows)


def check_wikitext(data: bytes) -> None:
    """Any text gives a text, the same alone as in company."""
    text = data.decode("utf-8", "replace")
    alone, both = (ExtractWikitext()(documents({"id": ["a", "b"][:n], "text": [text] * n})) for n in (1, 2))
    alone.validate(full=True)
    assert both.column("text").to_pylist() == alone.column("text").to_pylist() * 2


def _tars() -> list[bytes]:
    made = []
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w", format=form) as archive:
            for name, content in _FILES.items():
                info = tarfile.TarInfo(name if form != tarfile.USTAR_FORMAT else name[-90:])
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
                info = tarfile.TarInfo(f"lib-1.0/kind{kind!r}")
                info.type, info.linkname = kind, "/etc/passwd"
                archive.addfile(info)
        made.append(target.getvalue())
    return made


def _zips() -> list[bytes]:
    made = []
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", method) as archive:
            for name, content in _FILES.items():
                archive.writestr(name, content)
        made.append(target.getvalue())
    return made


def check_archive(data: bytes, ending: str) -> int:
    return len(_same_in_pieces(data, ending, lambda path, size: ReadCode(path, max_bytes=_LIMIT, shard_bytes=size)))


@functools.cache
def _repository() -> Path:
    """A repository whose objects are one pack."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-git-"))
    for name, content in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    named = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    calm = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **named}
    for command in ("init -q", "add .", "commit -qm one", "gc -q"):
        subprocess.run(["git", *command.split()], cwd=folder, env=calm, check=True)
    return folder / ".git"


def _packs() -> list[bytes]:
    return [b"".join(path.read_bytes() for path in _pack_files(_repository()))]


def _pack_files(folder: Path) -> list[Path]:
    """The pack, then its index."""
    found = sorted((folder / "objects" / "pack").glob("*.pack"))
    return [*found, *(path.with_suffix(".idx") for path in found)]


def check_git(data: bytes) -> int:
    """The repository with another pack and index."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "lib.git"
        shutil.copytree(_repository(), copy)
        pack, index = _pack_files(copy)
        size = pack.stat().st_size
        for path, content in ((pack, data[:size]), (index, data[size:])):
            path.chmod(0o644)
            path.write_bytes(content)
        return len(_rows(ReadCode(str(copy))))


def _parquets() -> list[bytes]:
    made = []
    for compression in ("none", "snappy", "zstd", "gzip"):
        for setting in ({"use_dictionary": False}, {"write_page_checksum": True, "data_page_version": "2.0"}):
            target = io.BytesIO()
            pq.write_table(_table(), target, row_group_size=7, compression=compression, **setting)  # type: ignore[arg-type]
            made.append(target.getvalue())
    return made


def _arrows() -> list[bytes]:
    made = []
    for make in (pa.ipc.new_file, pa.ipc.new_stream):
        for compression in (None, "lz4", "zstd"):
            target = io.BytesIO()
            with make(target, _table().schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
                writer.write_table(_table(), max_chunksize=7)
            made.append(target.getvalue())
    return made


def _table() -> pa.Table:
    texts = [None if n == 3 else f"text {n} é " * (n % 5) for n in range(20)]
    kinds = pa.array([f"kind {n % 3}" for n in range(20)]).dictionary_encode()
    more = [{"a": n, "b": [str(n)] * (n % 3)} for n in range(20)]
    return pa.table({"id": [str(n) for n in range(20)], "text": texts, "kind": kinds, "more": more})


def _lines() -> list[bytes]:
    rows = [
        {"id": str(n), "text": f"text {n} é " * n, "more": {"a": [n, None, 1.5e300, "\ud83d\ude00"]}} for n in range(12)
    ]
    return [b"".join(json.dumps(row).encode() + b"\n" for row in rows)]


def check_lines(data: bytes) -> int:
    rows = _same_in_pieces(data, ".jsonl", lambda path, size: ReadTable(path, shard_bytes=size, max_line_bytes=_LIMIT))
    if not data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        there = sum(bool(line.strip()) for line in data.split(b"\n"))
        assert len(rows) == there, f"{there} lines, but {len(rows)} rows"
    return len(rows)


def check_csv(data: bytes) -> int:
    """All but the header, blank lines and line ends is in a row."""
    rows = _rows_of(data, ".csv", lambda path: ReadTable(path, max_line_bytes=_LIMIT))
    if rows and not data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        at = rows[0]["locator"]["offset"]
        for row in rows:
            place = row["locator"]
            assert not data[at : place["offset"]].strip(b"\r\n"), f"bytes {at} to {place['offset']} in no row"
            at = place["offset"] + place["length"]
        assert not data[at:].strip(b"\r\n"), f"bytes from {at} on in no row"
    return len(rows)


def check_table(data: bytes, ending: str) -> int:
    return len(_same_in_pieces(data, ending, lambda path, size: ReadTable(path, shard_bytes=size)))


def _same_in_pieces(data: bytes, ending: str, make: Callable[[str, int], Any]) -> list[dict[str, Any]]:
    """The rows of the whole, which must be those of three pieces; if it is refused, they must be too."""
    whole = _rows_of(data, ending, lambda path: make(path, 1 << 30))
    try:
        pieces = _rows_of(data, ending, lambda path: make(path, len(data) // 3 + 1))
    except DataError as error:
        raise AssertionError(f"refused in pieces, not as a whole: {error}") from error
    assert [row["id"] for row in pieces] == [row["id"] for row in whole], "pieces give other rows than the whole"
    assert [row["text"] for row in pieces] == [row["text"] for row in whole], "pieces give other texts"
    return whole


def _rows_of(data: bytes, ending: str, make: Callable[[str], Any]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"lib-1.0{ending}"
        path.write_bytes(data)
        return _rows(make(str(path)))


def _rows(work: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for shard in work.shards():
        for batch in work.read(shard):
            batch.validate(full=True)
            rows += batch.to_pylist()
    ids: Sequence[str] = [row["id"] for row in rows]
    assert all(ids), "a row without an id"
    if isinstance(work, ReadCode):  # elsewhere ids are what the file says; the engine refuses those that come twice
        assert len(set(ids)) == len(ids), f"{len(ids) - len(set(ids))} ids come twice"
    assert all(row["text"] is not None or row.get("drop_rule") for row in rows), "a row with neither text nor reason"
    return rows


_PACKINGS = (bytes, gzip.compress, zstandard.compress)
TARGETS = {
    "wikipedia": Target(lambda: [_dump().encode()], check_wikipedia, forms=(*_PACKINGS, bz2.compress, _streams)),
    "wikitext": Target(lambda: [_WIKITEXT.encode()], check_wikitext),
    "tar": Target(_tars, lambda data: check_archive(data, ".tar"), forms=(*_PACKINGS, bz2.compress, lzma.compress)),
    "zip": Target(_zips, lambda data: check_archive(data, ".zip")),
    "git": Target(_packs, check_git),
    "parquet": Target(_parquets, lambda data: check_table(data, ".parquet")),
    "arrow": Target(_arrows, lambda data: check_table(data, ".arrow")),
    "jsonl": Target(_lines, check_lines, forms=_PACKINGS),
    "csv": Target(lambda: [b'id,text,n\n1,"a ""b""\nc",2\r\n2,d,3\n,,\n' * 4], check_csv, forms=_PACKINGS),
}

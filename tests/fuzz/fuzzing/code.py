"""Targets: archives and repositories of source code, and tables of source code."""

import atexit
import bz2
import functools
import gzip
import io
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
import warnings
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from fuzzing.harness import Target
from fuzzing.rows import Row, damaged, is_broken, rows_of, same_in_any_size, same_unless_damaged

from tokenmill.stages.code.read_code import ReadCode

_LIMIT = 1 << 16
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
_DAMAGE = ("read_code.corrupt", "read_code.bomb")
_TAR_FORMATS = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}


def _tars() -> dict[str, bytes]:
    made = {}
    for name, form in _TAR_FORMATS.items():
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w", format=form) as archive:
            for path, content in _FILES.items():
                info = tarfile.TarInfo(path if form != tarfile.USTAR_FORMAT else path[-90:])
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
                info = tarfile.TarInfo(f"lib-1.0/kind{kind!r}")
                info.type, info.linkname = kind, "/etc/passwd"
                archive.addfile(info)
        made[name] = target.getvalue()
    return made


def _tar(*names: str, fields: dict[str, str] | None = None, form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for number, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(_CODE), fields if fields and number else {}
            archive.addfile(info, io.BytesIO(_CODE))
    return target.getvalue()


def _past_tars() -> dict[str, bytes]:
    plain = _tar("r/a.py", "r/b.py", form=tarfile.USTAR_FORMAT)
    binary = bytearray(plain)
    binary[1024 + 124 : 1024 + 136] = b"\x80" + (1 << 63).to_bytes(11, "big")
    deep = {f"r/{'n' * 200}/{number}.py": number for number in range(40)}
    return {
        "archive-behind-the-end": plain + _tar("r/b.py", "r/c.py"),
        "junk-behind-the-end": plain + b"junk" * 300,
        "zeros-behind-the-end": plain + bytes(70_000),
        "zeros-then-no-archive": bytes(1024) + b"junk" * 300,
        "size-in-binary-over-2^63": resealed(bytes(binary)),
        "size-in-words-over-2^63": _tar("r/a.py", "r/b.py", fields={"size": "9" * 30}),
        "long-name-then-the-end": _tar("r/" + "n" * 150 + ".py", form=tarfile.GNU_FORMAT)[:1024] + bytes(1024) + plain,
        "names-long": _tar(*deep),
        "unknown-fields-long": _tar("r/a.py", "r/b.py", fields={"x" * 500: "y" * 60_000}),
        "blank-lines": gzip.compress(_tar("r/a.pl") + b"\n" * 40_000),
    }


def resealed(data: bytes) -> bytes:
    """Corrects the checksums of all blocks that look like headers, so that a changed field is read."""
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    return b"".join(_sealed(block) if block[257:262] == b"ustar" else block for block in blocks)


def _sealed(header: bytes) -> bytes:
    total = sum(header[:148]) + 8 * 32 + sum(header[156:])
    return header[:148] + b"%06o\0 " % total + header[156:]


def _zips() -> dict[str, bytes]:
    methods = {
        "deflate": zipfile.ZIP_DEFLATED, "stored": zipfile.ZIP_STORED, "bzip2": zipfile.ZIP_BZIP2,
        "lzma": zipfile.ZIP_LZMA,
    }  # fmt: skip
    return {name: _zip(_FILES, method) for name, method in methods.items()}


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, extra: bytes = b"") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for number, (name, content) in enumerate(files.items()):
            info = zipfile.ZipInfo(name)
            info.compress_type, info.extra = method, b"" if number else extra
            archive.writestr(info, content)
    return target.getvalue()


def _past_zips() -> dict[str, bytes]:
    files = {f"r/{name}.py": _CODE for name in "abcd"}
    whole = _zip(files)
    end = whole.rindex(b"PK\x05\x06")
    extra = struct.pack("<2H2Q", 0xCAFE, 16, 1 << 63, 99)
    zip64 = bytearray(_zip(files, extra=extra))
    at = zip64.index(b"PK\x01\x02")
    struct.pack_into("<2I", zip64, at + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    zip64[zip64.index(struct.pack("<H", 0xCAFE), at) :][:2] = b"\1\0"
    for place in (at, 0):
        found = zip64.find(struct.pack("<H", 0xCAFE), place)
        zip64[found : found + 2] = b"\1\0"
    packed = bytearray(_zip(files, zipfile.ZIP_LZMA))
    struct.pack_into("<I", packed, packed.index(b"\x05\x00\x5d") + 3, 0xFFFFFFF0)
    settings = bytearray(packed)
    settings[settings.index(b"\x05\x00\x5d") + 2] = 4 * 9 + 4
    entry = whole[whole.index(b"PK\x01\x02") : end]
    first = entry[: entry.index(b"PK\x01\x02", 4)]
    many = bytearray(whole[: whole.index(b"PK\x01\x02")] + first * 4 + whole[end:])
    struct.pack_into("<2HI", many, len(many) - 14, 4, 4, 4 * len(first))
    return {
        "member-without-name": _zip({"a.py": _CODE, "": _CODE}),
        "cut-off-in-front": whole[whole.index(b"PK\x03\x04", 1) :],
        "directory-far-away": whole[:-6] + struct.pack("<I", 1_000_000) + whole[-2:],
        "data-before-it": b"#!/usr/bin/env python3\n" + b"MZ" * 400 + whole,
        "sizes-over-2^63": bytes(zip64),
        "lzma-window-of-4-gb": bytes(packed),
        "lzma-settings-refused": bytes(settings),
        "bzip2-bomb": _zip({"r/a.py": bytes(8 << 20), "r/b.py": _CODE}, zipfile.ZIP_BZIP2),
        "entries-of-one-place": bytes(many),
        "inside-a-broken-tar": b"x" * 512 + whole + bytes(1024),
        "name-of-bad-utf-8": _zip({"r/é.py": _CODE, "r/b.py": _CODE}).replace(b"\xc3\xa9", b"\xff\xa9"),
    }


def _check_archive(data: bytes, name: str) -> int:
    def make(path: str, **settings: int) -> ReadCode:
        return ReadCode(path, max_bytes=_LIMIT, **settings)  # type: ignore[arg-type]

    with warnings.catch_warnings(action="ignore"):
        rows = same_in_any_size(data, name, make)
    assert_apart(rows)
    if is_broken(data):
        assert damaged(rows, *_DAMAGE), "a broken file without a row of damage"
    return len(rows)


def check_table(data: bytes) -> int:
    rows = same_unless_damaged(data, "t.parquet", ReadCode, *_DAMAGE)
    assert_apart(rows)
    return len(rows)


def assert_apart(rows: list[Row]) -> None:
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids), f"{len(ids) - len(set(ids))} ids come twice"


@functools.cache
def _repository() -> Path:
    """Creates a repository whose objects are in one pack, and returns its .git folder."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-git-"))
    atexit.register(shutil.rmtree, folder)  # children end without atexit, so the folder stays for all of them
    for name, content in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    named = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {f"GIT_{who}_DATE": "2024-01-02T03:04:05Z" for who in ("AUTHOR", "COMMITTER")}
    calm = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **named, **dates}
    for command in ("init -q", "add .", "commit -qm one", "gc -q"):
        subprocess.run(["git", *command.split()], cwd=folder, env=calm, check=True)
    return folder / ".git"


def _packs() -> dict[str, bytes]:
    return {"pack": b"".join(path.read_bytes() for path in _pack_files(_repository()))}


def _pack_files(folder: Path) -> list[Path]:
    """Returns the pack, then its index."""
    found = sorted((folder / "objects" / "pack").glob("*.pack"))
    return [*found, *(path.with_suffix(".idx") for path in found)]


def check_git(data: bytes) -> int:
    """Reads the repository with another pack and another index."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        copy = Path(folder) / "lib.git"
        shutil.copytree(_repository(), copy)
        pack, index = _pack_files(copy)
        size = pack.stat().st_size
        for path, content in ((pack, data[:size]), (index, data[size:])):
            path.chmod(0o644)
            path.write_bytes(content)
        rows = rows_of(ReadCode(str(copy)))
        assert_apart(rows)
        return len(rows)


def _stack_tables() -> dict[str, bytes]:
    """Returns tables with the columns of The Stack v2."""
    rows = 12
    columns = {
        "content": [None if row == 3 else _CODE.decode() * (row + 1) for row in range(rows)],
        "max_stars_repo_name": [f"a/b{row // 4}" for row in range(rows)],
        "max_stars_repo_path": [f"src/f{row}.py" for row in range(rows)],
        "max_stars_repo_licenses": [["MIT"], []] * (rows // 2),
        "lang": ["Python"] * rows,
    }
    made = {}
    for compression in ("none", "zstd"):
        target = io.BytesIO()
        pq.write_table(pa.table(columns), target, row_group_size=5, compression=compression)
        made[compression] = target.getvalue()
    return made


TARGETS = (
    Target(
        "tar", _tars, lambda data: _check_archive(data, "lib-1.0.tar"), past=_past_tars,
        rows={"pax": 10, "gnu": 10, "ustar": 10}, repair=resealed,
        forms=(bytes, bytes, gzip.compress, zstandard.compress, bz2.compress, lzma.compress),
        tokens=(bytes(512), b"ustar\x0000", b"30 path=x/y/z\n", b"\x80"), fast=5, slow=200,
    ),
    Target(
        "zip", _zips, lambda data: _check_archive(data, "lib-1.0.zip"), past=_past_zips,
        rows={"deflate": 7, "stored": 7, "bzip2": 7, "lzma": 7},
        tokens=(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"), fast=5,
        slow=200,
    ),
    Target("git", _packs, check_git, rows={"pack": 7}, most_refused=1.0, fast=4, slow=60),
    Target("code_table", _stack_tables, check_table, rows={"none": 12, "zstd": 12}),
)  # fmt: skip

"""Archives of source code: each file is a row in every form of archive, and hostile archives are refused by name."""

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.mini.code_dump import MIT as MIT_TEXT
from tokenmill.mini.code_dump import repository, write_code
from tokenmill.stages.code.read_code import ReadCode

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.zst": zstandard.compress,
}
PYTHON = b"def f():\n    return 1\n"
MIT = MIT_TEXT.format(year=2020, owner="A. Nonymous").encode()
GPL = b"""/*
 * This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
 * version.
 */
int x;
"""


def tar(*files: tuple[str, bytes] | tarfile.TarInfo, format: int = tarfile.PAX_FORMAT, **options: Any) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format, **options) as archive:
        for file in files:
            if isinstance(file, tarfile.TarInfo):
                archive.addfile(file)
                continue
            info = tarfile.TarInfo(file[0])
            info.size, info.mtime = len(file[1]), 1_600_000_000
            archive.addfile(info, io.BytesIO(file[1]))
    return target.getvalue()


def zipped(*files: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, (2020, 9, 13, 12, 26, 40)), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def read(folder: Path, content: bytes, name: str = "lib-1.0.tar", **options: Any) -> list[dict[str, Any]]:
    path = folder / name
    path.write_bytes(content)
    work = ReadCode(paths=str(path), **options)
    batches = [batch for shard in work.shards() for batch in work.read(shard)]
    for batch in batches:
        batch.validate(full=True)
    return [row for batch in batches for row in batch.to_pylist()]


def rules(rows: list[dict[str, Any]]) -> list[str | None]:
    return [(row.get("drop_rule") or "").removeprefix("read_code.") or None for row in rows]


def test_a_file_becomes_a_row(tmp_path: Path) -> None:
    content = tar(("lib-1.0/LICENSE", MIT), ("lib-1.0/src/a.py", PYTHON))
    _, row = read(tmp_path, content)
    assert row["id"] == "lib@1.0:src/a.py" and row["path"] == "src/a.py"
    assert (row["text"], row["code_lang"], row["license"]) == (PYTHON.decode(), "Python", "MIT")
    assert row["date"].isoformat() == "2020-09-13T12:26:40+00:00"
    assert row["locator"]["length"] == len(PYTHON)
    assert content[row["locator"]["offset"] :].startswith(b"lib-1.0/src/a.py\0")
    assert json.loads(row["meta"]) == {"repo": "lib", "rev": "1.0", "license_from": "license_file"}


@pytest.mark.parametrize("packing", [*PACKINGS, "zip"])
def test_the_same_rows_however_packed_and_batched(tmp_path: Path, packing: str) -> None:
    files = [("lib-1.0/COPYING", MIT), *((f"lib-1.0/src/f{number}.py", PYTHON * number) for number in range(1, 9))]
    content = zipped(*files) if packing == "zip" else PACKINGS[packing](tar(*files))
    rows = read(tmp_path, content, f"lib-1.0.{packing}", batch_bytes=100)
    kept = [(row["id"], row["text"], row["license"], row["date"].year) for row in rows]
    assert kept == [(f"lib@1.0:{name[8:]}", text.decode(), "MIT", 2020) for name, text in files]


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names(tmp_path: Path, format: int) -> None:
    name = "lib-1.0/" + "/".join(["folder" * 3] * 5) + "/" + "n" * 90 + ".py"
    (row,) = read(tmp_path, tar((name, PYTHON), format=format))
    assert row["path"] == name[8:]


def test_the_mini_dump_comes_out_with_its_licences_and_languages(tmp_path: Path) -> None:
    write_code(tmp_path, pages=300, seed=5)
    rows = read(tmp_path, (tmp_path / "code.tar.gz").read_bytes(), "code.tar.gz")
    truth = [file for number in range(10) for file in repository(5, number)]
    assert len(rows) == len(truth) and len({row["id"] for row in rows}) == len(rows)
    for row, file in zip(rows, truth, strict=True):
        assert row["id"] == f"{file.repo.replace('/', '__')}@code:{file.path}"
        if rules([row]) == [None]:
            assert (row["text"], row["code_lang"], row["license"]) == (file.content, file.lang, file.licence)
    dropped = {(rule, row["path"]) for rule, row in zip(rules(rows), rows, strict=True) if rule}
    assert dropped == {("generated", "gen/schema.pb.go"), ("minified", "dist/bundle.min.js")}


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("package-lock.json", b"{}", "lock_file"),
        ("Cargo.lock", b"x", "lock_file"),
        ("node_modules/a/index.js", b"x", "vendored"),
        ("vendor/github.com/a/b.go", b"package b", "vendored"),
        ("static/js/jquery-3.6.0.js", b"x", "vendored"),
        ("api/x_pb2.py", b"x = 1", "generated"),
        ("a.go", b"// Code generated by stringer. DO NOT EDIT.\npackage a\n", "generated"),
        ("a.min.js", b"var a", "minified"),
        ("a.js", b"var a=1;" * 400, "minified"),
        ("a.png", b"\x89PNG", "binary"),
        ("a.py", b"x\0y", "binary"),
        ("a.py", b" \n", "empty"),
        ("a.py", b"x = 1\n" * 40_000, "too_large"),
        ("a.unheardof", b"x", "language"),
        ("a.c", bytes(range(1, 32)) * 40, "charset"),
        ("src/jquery.js", b"var jquery = 1\n", None),
        ("a.h", b"#pragma once\nnamespace a {}\n", None),
    ],
)
def test_what_is_no_code_of_the_repository_is_refused(
    tmp_path: Path, name: str, content: bytes, rule: str | None
) -> None:
    assert rules(read(tmp_path, tar(("r/" + name, content)), max_bytes=100_000)) == [rule]


def test_rules_can_be_switched_off_and_languages_chosen(tmp_path: Path) -> None:
    content = tar(("r/vendor/a.go", b"package a"), ("r/b.min.js", b"var b"), ("r/c.py", PYTHON), ("r/d.xyz1", b"d"))
    assert rules(read(tmp_path, content, keep=("vendored", "minified", "language"))) == [None] * 4
    kept = read(tmp_path, content, keep=("vendored",), languages=("Go",))
    assert rules(kept) == [None, "minified", "language", "language"]
    with pytest.raises(RecipeError, match="did you mean 'vendored'"):
        ReadCode(paths="x", keep=("vendord",))


@pytest.mark.parametrize(
    ("member", "rule"),
    [
        (("../evil.py", PYTHON), "unsafe_path"),
        (("r/../../evil.py", PYTHON), "unsafe_path"),
        (("/etc/evil.py", PYTHON), "unsafe_path"),
        (("C:\\evil.py", PYTHON), "unsafe_path"),
        (("r\\..\\evil.py", PYTHON), "unsafe_path"),
        (("r/a\nb.py", PYTHON), "unsafe_path"),
        (("r/" + "d/" * 3000 + "a.py", PYTHON), "unsafe_path"),
        (("r/" + "a" * 1100 + ".py", PYTHON), "unsafe_path"),
        (special("r/a.py", tarfile.SYMTYPE, "/etc/passwd"), "link"),
        (special("r/a.py", tarfile.LNKTYPE, "r/b.py"), "link"),
        (special("r/a.py", tarfile.CHRTYPE), "device"),
        (special("r/a.py", tarfile.BLKTYPE), "device"),
        (special("r/a.py", tarfile.FIFOTYPE), "device"),
        (special("r/a.py", b"Z"), "device"),
    ],
)
def test_hostile_members_are_refused_by_name(
    tmp_path: Path, member: tuple[str, bytes] | tarfile.TarInfo, rule: str
) -> None:
    rows = read(tmp_path, tar(("r/b.py", PYTHON), member, ("r/c.py", PYTHON)))
    assert rules(rows) == [None, rule, None]
    assert len({row["id"] for row in rows}) == 3


def test_names_that_repeat_or_are_not_utf_8(tmp_path: Path) -> None:
    latin = tar(("r/café.py", PYTHON), format=tarfile.GNU_FORMAT, encoding="latin-1")
    (row,) = read(tmp_path, latin)
    assert row["path"] == "caf\\xe9.py" and row["text"] == PYTHON.decode()
    rows = read(tmp_path, tar(("r/a.py", PYTHON), ("./r//a.py", b"x = 2\n")))
    assert rules(rows) == [None, "repeated"] and rows[0]["text"] == PYTHON.decode()


def test_a_sparse_file_and_one_that_claims_10_gb_are_not_believed(tmp_path: Path) -> None:
    sparse = special("r/a.py", tarfile.GNUTYPE_SPARSE)
    huge = bytearray(tar(("r/a.py", PYTHON), ("r/b.py", PYTHON), format=tarfile.USTAR_FORMAT))
    huge[124:136] = b"\x80" + (10 << 30).to_bytes(11, "big")
    huge[148:156] = b"%06o\0 " % (sum(huge[:148]) + 8 * 32 + sum(huge[156:512]))
    assert rules(read(tmp_path, tar(sparse, ("r/c.py", PYTHON)))) == ["sparse", None]
    assert rules(read(tmp_path, bytes(huge))) == ["too_large", "corrupt"]


def test_more_licence_files_than_can_be_held_are_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenmill.stages.code.repository.MAX_NOTED", 3)
    with pytest.raises(DataError, match="more than 3 licence files and manifests; cut it into several archives"):
        read(tmp_path, tar(*((f"r{number}/LICENSE", b"x") for number in range(5))))


def test_a_bomb_is_refused_where_it_goes_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokenmill.stages.code.read_code._GROWTH_FLOOR", 1 << 20)
    content = gzip.compress(tar(("r/a.py", PYTHON), ("r/zeros.py", bytes(8 << 20)), ("r/b.py", PYTHON)))
    rows = read(tmp_path, content, "bomb.tar.gz")
    assert rules(rows) == [None, "too_large", "bomb"] and "zeros" in rows[1]["id"]
    assert rules(read(tmp_path, content, "bomb.tar.gz", max_growth=5000.0)) == [None, "too_large", None]
    flat = zipped(("r/a.py", PYTHON), ("r/zeros.py", bytes(8 << 20)))
    assert rules(read(tmp_path, flat, "bomb.zip")) == [None, "bomb"]


def test_zip_members_that_lie(tmp_path: Path) -> None:
    whole = zipped(("r/a.py", PYTHON * 50), ("r/b.py", PYTHON))
    directory = whole.index(b"PK\x01\x02")
    for claimed, rule in ((7, "corrupt"), (10 << 20, "too_large")):
        lying = bytearray(whole)
        struct.pack_into("<I", lying, directory + 24, claimed)
        assert rules(read(tmp_path, bytes(lying), "lying.zip", max_growth=1e9)) == [rule, None]
    encrypted = bytearray(whole)
    encrypted[directory + 8] |= 1
    assert rules(read(tmp_path, bytes(encrypted), "locked.zip")) == ["encrypted", None]
    elsewhere = bytearray(whole)
    struct.pack_into("<I", elsewhere, directory + 42, 1 << 30)
    assert sorted(rules(read(tmp_path, bytes(elsewhere), "far.zip")), key=str) == [None, "corrupt"]
    link = zipfile.ZipInfo("r/l.py")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../a.py", PYTHON)
    assert rules(read(tmp_path, target.getvalue(), "link.zip")) == ["link", "unsafe_path"]


def test_an_archive_inside_an_archive_is_a_binary(tmp_path: Path) -> None:
    inner = gzip.compress(tar(("x/a.py", PYTHON)))
    assert rules(read(tmp_path, tar(("r/in.tar.gz", inner), ("r/in", inner), ("r/a.py", PYTHON)))) == [
        "binary", "binary", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"x" * 2000, b"PK\x03\x04 no zip", b"\x1f\x8b\x08 no gzip", b"BZh9", b"PK\x05\x06"]
)
def test_what_is_no_archive_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"lib-1\.0\.tar.*expected an archive"):
        read(tmp_path, content)


@pytest.mark.parametrize("packing", [*PACKINGS, "zip"])
def test_cut_short_or_damaged_anywhere_it_never_fails_otherwise(tmp_path: Path, packing: str) -> None:
    files = [(f"r/f{number}.py", f"x = {number}\n".encode() * 90) for number in range(20)]
    whole = zipped(*files) if packing == "zip" else PACKINGS[packing](tar(*files))
    rng = random.Random(7)
    for _ in range(12):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        for content in (whole[: rng.randrange(len(whole))], bytes(damaged)):
            try:
                rows = read(tmp_path, content, "r")
            except DataError:
                continue
            assert len({row["id"] for row in rows}) == len(rows)


def test_a_tar_file_cut_short_keeps_what_came_before(tmp_path: Path) -> None:
    whole = tar(("r/a.py", PYTHON), ("r/b.py", PYTHON), ("r/c.py", PYTHON))
    rows = read(tmp_path, whole[: 1024 * 2 + 516])
    assert rules(rows) == [None, None, "corrupt", "corrupt"][: len(rows)] and rows[1]["text"] == PYTHON.decode()
    assert rules(read(tmp_path, gzip.compress(whole, 0)[:-9500], "a.tar.gz"))[-1] == "corrupt"
    assert rules(read(tmp_path, whole[: 1024 * 3])) == [None, None, None, "corrupt"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=700))
def test_any_header_is_survived(tmp_path: Path, noise: bytes) -> None:
    base = bytearray(tar(("r/a.py", PYTHON), ("r/b.py", PYTHON)))
    base[1024 : 1024 + len(noise)] = noise
    rows = read(tmp_path, bytes(base))
    assert rows[0]["text"] == PYTHON.decode()


def test_licences_by_header_folder_and_manifest(tmp_path: Path) -> None:
    files = [
        ("r/LICENSE", MIT),
        ("r/a.py", PYTHON),
        ("r/b.c", GPL),
        ("r/c.rs", b"// SPDX-License-Identifier: Apache-2.0 OR MIT\nfn main() {}\n"),
        ("r/d.js", b"// Released under the ISC license.\nlet d = 1\n"),
        ("r/sub/package.json", b'{"license": "BSD-3-Clause"}'),
        ("r/sub/deep/e.js", b"let e = 1\n"),
        ("r/odd/COPYING", b"You may look at this on Sundays.\n"),
        ("r/odd/f.py", PYTHON),
        ("s/Cargo.toml", b'[package]\nlicense = "MIT OR Apache-2.0"\n'),
        ("s/LICENSE-MIT", MIT),
        ("s/g.rs", b"fn g() {}\n"),
        ("t/package.json", b'{"license": "Apache-2.0"}'),
        ("t/LICENSE", MIT),
        ("t/h.js", b"let h = 1\n"),
        ("u/i.py", PYTHON),
        ("u/licenses.json.gz", b"no licence"),
        ("v/META.json", b'{"license": ["perl_5"]}'),
        ("v/LICENSE-DEPENDENCIES", GPL),
        ("v/j.py", PYTHON),
    ]
    found = {
        row["path"]: row["license"]
        for row in read(tmp_path, tar(*files))
        if row["path"][-2:] in ("py", "js", "rs", ".c")
    }
    assert found == {
        "a.py": "MIT", "b.c": "GPL-3.0-or-later", "c.rs": "Apache-2.0 OR MIT", "d.js": "ISC",
        "sub/deep/e.js": "BSD-3-Clause",
        "odd/f.py": "LicenseRef-unknown", "g.rs": "MIT OR Apache-2.0", "h.js": "Apache-2.0 AND MIT", "i.py": None,
        "j.py": "Artistic-1.0-Perl OR GPL-1.0-or-later",
    }  # fmt: skip


def test_what_packers_write_beside_the_files_governs_them(tmp_path: Path) -> None:
    pom = b"<project><licenses><license>\n<name>The Apache License, Version 2.0</name></license></licenses></project>"
    jar = zipped(("META-INF/maven/g/a/pom.xml", pom), ("org/A.java", b"class A{}"))
    wheel = zipped(("x/a.py", PYTHON), ("x-1.0.dist-info/METADATA", b"License-Expression: ISC\n\nRead me."))
    assert [row["license"] for row in read(tmp_path, jar, "a-1.0-sources.jar")] == ["Apache-2.0"] * 2
    assert read(tmp_path, wheel, "x-1.0-py3-none-any.whl")[0]["license"] == "ISC"
    again = ("r/src/r.egg-info/PKG-INFO", b"License-Expression: ISC\n\n")
    assert read(tmp_path, tar(("r/COPYING", MIT), again, ("r/src/a.py", PYTHON)))[2]["license"] == "MIT"


def test_how_repositories_are_called(tmp_path: Path) -> None:
    def ids(content: bytes, name: str) -> list[str]:
        return [row["id"] for row in read(tmp_path, content, name)]

    assert ids(tar(("package/a.js", b"x")), "left-pad-1.3.0.tgz") == ["left-pad@1.3.0:a.js"]
    assert ids(zipped(("META-INF/a.txt", b"x"), ("org/B.java", b"class B{}")), "b-2.1-sources.jar") == [
        "b@2.1-sources:META-INF/a.txt", "b@2.1-sources:org/B.java",
    ]  # fmt: skip
    assert ids(tar(("a.py", PYTHON), ("lib/b.py", PYTHON)), "loose.tar") == ["loose@0:a.py", "loose@0:lib/b.py"]
    commit = "0123456789abcdef0123456789abcdef01234567"
    content = tar(("tool-main/a.py", PYTHON), pax_headers={"comment": commit})
    assert ids(content, "main.tar") == [f"tool-main@{commit}:a.py"]
    assert ids(tar(("a/x.py", PYTHON), ("b/x.py", PYTHON)), "two.tar") == ["a@two:x.py", "b@two:x.py"]


def test_other_charsets_and_byte_order_marks(tmp_path: Path) -> None:
    text = "# Grüße aus Zürich, schöne Größe\nx = 'ä'\n"
    files = [
        ("r/a.py", b"\xef\xbb\xbf" + text.encode()),
        ("r/b.py", text.encode("utf-16")),
        ("r/c.py", text.encode("cp1252")),
    ]
    rows = read(tmp_path, tar(*files))
    assert [row["text"] for row in rows] == [text] * 3
    assert [json.loads(row["meta"]).get("charset") for row in rows[:2]] == [None, "utf-16-le"]


def test_a_zip_member_without_a_name_is_refused(tmp_path: Path) -> None:
    """Python's is_dir() fails for such a member."""
    content = zipped(("a.py", PYTHON), ("", PYTHON))
    assert [(row["path"], row.get("drop_rule")) for row in read(tmp_path, content, "lib-1.0.zip")] == [
        ("a.py", None), (None, "read_code.unsafe_path"),
    ]  # fmt: skip

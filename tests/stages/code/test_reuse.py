"""REUSE's ways to state a licence outside the file, licences at a file's end, and which statement wins if several
differ.
"""

import io
import re
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.mini.code_dump import MIT as MIT_TEXT
from tokenmill.stages.code.license_evidence import of_source_file
from tokenmill.stages.code.read_code import ReadCode
from tokenmill.stages.code.reuse import MAX_STATEMENTS, Pattern, Reuse

CODE = b"def f():\n    return 1\n"
MIT = MIT_TEXT.format(year=2020, owner="A. Nonymous").encode()


def licenses(folder: Path, **files: bytes | str) -> dict[str, tuple[str | None, str | None]]:
    """Returns {path: (licence, its source)} of the Python files of an archive. In names, `__` stands for `/`, `_DOT_`
    for `.`.
    """
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in files.items():
            content = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo("lib-1.0/" + name.replace("__", "/").replace("_DOT_", "."))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    (folder / "lib-1.0.tar").write_bytes(target.getvalue())
    work = ReadCode(str(folder / "lib-1.0.tar"))
    found = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    told = {row["path"]: re.search(r'"license_from":"([^"]*)"', row["meta"]) for row in found}
    return {row["path"]: (row["license"], told[row["path"]] and told[row["path"]][1]) for row in found  # type: ignore[index]
            if row["code_lang"] == "Python"}  # fmt: skip


TOML = """
version = 1
[[annotations]]
path = "src/**"
SPDX-FileCopyrightText = "2024 A"
SPDX-License-Identifier = "Apache-2.0"
[[annotations]]
path = ["src/vendored_*.py", "src/\\\\*.py"]
precedence = "override"
SPDX-License-Identifier = ["BSD-3-Clause", "MIT"]
[[annotations]]
path = "both/*.py"
precedence = "aggregate"
SPDX-License-Identifier = "ISC"
"""


def test_reuse_toml_speaks_for_files_that_do_not(tmp_path: Path) -> None:
    own = b"# SPDX-License-Identifier: GPL-3.0-only\n" + CODE
    found = licenses(
        tmp_path, REUSE_DOT_toml=TOML, LICENSE=MIT, src__a_DOT_py=CODE, src__deep__b_DOT_py=CODE, src__own_DOT_py=own,
        src__vendored_x_DOT_py=own, both__x_DOT_py=own, both__deep__y_DOT_py=own, other_DOT_py=CODE,
    )  # fmt: skip
    assert found == {
        "src/a.py": ("Apache-2.0", "reuse"),
        "src/deep/b.py": ("Apache-2.0", "reuse"),
        "src/own.py": ("GPL-3.0-only", "header"),
        "src/vendored_x.py": ("BSD-3-Clause AND MIT", "reuse"),
        "both/x.py": ("GPL-3.0-only AND ISC", "header,reuse"),
        "both/deep/y.py": ("GPL-3.0-only", "header"),
        "other.py": ("MIT", "license_file"),
    }


def test_the_nearest_reuse_toml_holds_unless_one_above_overrides(tmp_path: Path) -> None:
    say = '[[annotations]]\npath = "{}"\nSPDX-License-Identifier = "{}"\nprecedence = "{}"\n'
    found = licenses(
        tmp_path,
        REUSE_DOT_toml=say.format("**", "MIT", "closest") + say.format("a/hard.py", "GPL-2.0-only", "override"),
        a__REUSE_DOT_toml=say.format("**", "ISC", "closest"), a__x_DOT_py=CODE, a__hard_DOT_py=CODE, y_DOT_py=CODE,
    )  # fmt: skip
    assert {path: license for path, (license, _) in found.items()} == {
        "a/x.py": "ISC", "a/hard.py": "GPL-2.0-only", "y.py": "MIT",
    }  # fmt: skip


def test_a_license_beside_a_file_beats_its_head(tmp_path: Path) -> None:
    side = "SPDX-FileCopyrightText: 2024 A\nSPDX-License-Identifier: MIT\nSPDX-License-Identifier: CC0-1.0\n"
    own = b"# SPDX-License-Identifier: GPL-3.0-only\n" + CODE
    found = licenses(tmp_path, a_DOT_py=own, a_DOT_py_DOT_license=side, b_DOT_py=own, b_DOT_py_DOT_license="nothing")
    assert found == {"a.py": ("MIT AND CC0-1.0", "license_sidecar"), "b.py": ("GPL-3.0-only", "header")}


def test_dep5_speaks_for_paths_the_last_that_fits(tmp_path: Path) -> None:
    dep5 = (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: A\n"
        "License: Apache-2.0\n\nFiles: src/x?.py\n docs/*\nCopyright: B\nLicense: MIT\n The text.\n"
    )
    found = licenses(
        tmp_path,
        _DOT_reuse__dep5=dep5,
        a__b_DOT_py=CODE,
        src__x1_DOT_py=CODE,
        src__x22_DOT_py=CODE,
        docs__d__e_DOT_py=CODE,
    )
    assert {path: license for path, (license, _) in found.items()} == {
        "a/b.py": "Apache-2.0", "src/x1.py": "MIT", "src/x22.py": "Apache-2.0", "docs/d/e.py": "MIT",
    }  # fmt: skip


def test_the_texts_in_licenses_all_hold_where_nothing_else_speaks(tmp_path: Path) -> None:
    texts = {"LICENSES__MIT_DOT_txt": MIT, "LICENSES__Odd_DOT_txt": b"Do not use this, ever. All rights reserved."}
    assert licenses(tmp_path, **texts, a_DOT_py=CODE)["a.py"] == ("MIT AND LicenseRef-unknown", "license_file")
    assert licenses(tmp_path, **texts, LICENSE=MIT, a_DOT_py=CODE)["a.py"] == ("MIT", "license_file")


@pytest.mark.parametrize(
    ("glob", "dep5", "fits", "not_fits"),
    [
        ("a/*.py", False, ["a/x.py", "a/.py"], ["a/b/x.py", "a/x.pyc", "b/x.py"]),
        ("a/**", False, ["a/x", "a/b/c"], ["a", "b"]),
        ("**/x.py", False, ["a/x.py", "a/b/x.py"], ["x.pyc"]),
        ("a/**/b*c", False, ["a/1/2/bxc", "a/1/bc"], ["a/1/b/c"]),
        (r"\*.py", False, ["*.py"], ["a.py"]),
        ("*", True, ["a", "a/b"], []),
        ("a?/*.c", True, ["ab/x.c", "ab/d/x.c"], ["a/x.c"]),
        ("plain", False, ["plain"], ["plain2", "a/plain"]),
    ],
)
def test_patterns(glob: str, dep5: bool, fits: list[str], not_fits: list[str]) -> None:
    pattern = Pattern(glob, dep5=dep5)
    assert [path for path in fits if not pattern.fits(path)] == []
    assert [path for path in not_fits if pattern.fits(path)] == []


@given(st.text("ab/*", max_size=8), st.text("ab/", max_size=8))
@settings(max_examples=300)
def test_patterns_fit_as_a_regular_expression_does(glob: str, path: str) -> None:
    parts = re.findall(r"\*\*+|\*|[^*]", glob)
    regex = "".join(".*" if len(part) > 1 else "[^/]*" if part == "*" else re.escape(part) for part in parts)
    assert Pattern(glob).fits(path) == (re.fullmatch(regex, path) is not None)


def test_a_hostile_pattern_takes_no_time() -> None:
    pattern = Pattern("**a" * 300 + "b")
    began = time.process_time()
    assert not pattern.fits("a" * 4000)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"annotations = 3", b"[[annotations]]\npath = 3", b"x = [" * 9000, b""]
)
def test_broken_files_say_nothing(content: bytes) -> None:
    reuse = Reuse()
    reuse.note("REUSE.toml", content)
    reuse.note(".reuse/dep5", content)
    reuse.note("a.py.license", content)
    assert reuse.license_of("a.py", "MIT") == ("MIT", "header")


def test_statements_are_bounded() -> None:
    many = "".join(f'[[annotations]]\npath = "{n}"\nSPDX-License-Identifier = "MIT"\n' for n in range(3000))
    reuse = Reuse()
    reuse.note("REUSE.toml", many.encode())
    reuse.note("a/REUSE.toml", many.encode())
    assert sum(map(len, reuse.statements.values())) == MAX_STATEMENTS


LUA = (
    b"\n/*********\n* Copyright (C) 1994 X.\n*\n"
    + b"".join(b"* " + line + b"\n" for line in MIT.splitlines())
    + b"*****/\n"
)
POD = (
    b"\n=head1 COPYRIGHT AND LICENSE\n\nThis library is free software; you can redistribute it and/or modify it under\n"
    b"the same terms as Perl itself.\n\n=cut\n"
)


@pytest.mark.parametrize("size", [900, 3000])  # more lines than those that count as the head
@pytest.mark.parametrize(
    ("end", "license"),
    [
        (LUA, "MIT"),
        (LUA + b"\n#endif\n", "MIT"),
        (POD, "Artistic-1.0-Perl OR GPL-1.0-or-later"),
        (b"\n# SPDX-License-Identifier: ISC\n", "ISC"),
        (b'\nassert found("SPDX-License-Identifier: ISC")\n', None),
        (b'\nprint("released under the MIT license")\n', None),
    ],
)
def test_a_license_in_a_comment_at_the_end_counts(size: int, end: bytes, license: Any) -> None:
    assert of_source_file(b"int x;\n" * size + end) == license


def test_a_short_file_has_its_license_at_the_end_too() -> None:
    assert of_source_file(b"// see LICENSE\n" + b"int x;\n" * 5 + LUA) == "MIT"


def test_the_head_is_asked_first() -> None:
    assert of_source_file(b"// SPDX-License-Identifier: ISC\n" + b"int x;\n" * 2000 + LUA) == "ISC"

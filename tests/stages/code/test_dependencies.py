"""stages/code/dependencies.py: a file comes after the files that it imports, in every known language."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.stages.code.dependencies import by_dependency
from tokenmill.stages.code.rows import CodeRow
from tokenmill.text.code.imports import imports


def ordered(files: dict[str, str], language: str) -> list[str]:
    rows = [CodeRow(path, path, 0, len(text), text=text, code_lang=language) for path, text in files.items()]
    return [row.path or "" for row in by_dependency(rows)]


KNOWN = {  # files by path, in the wanted order; by path alone, the order would be another one
    "Python": {"pkg/z.py": "x = 1\n", "pkg/__init__.py": "from .z import x\n", "lib/b.py": "from pkg import z as q\n",
               "lib/a.py": "if True:\n    from . import (b,\n  c)\nimport os, lib.b\n"},
    "TypeScript": {"src/z.ts": "export const x = 1", "src/m/index.ts": "import {\n  x\n} from '../z.js'",
                   "src/b.ts": "export * from './m'", "src/a.ts": "const b = await import('./b')"},
    "JavaScript": {"z/k.js": "1", "b.js": "const k = require('./z/k')", "a.js": "import './b.js'"},
    "C++": {"include/lib/z.h": "int x;", "src/m.hpp": '#include <lib/z.h>', "src/a.cpp": '  # include "m.hpp"'},
    "Java": {"src/main/java/org/z/Z.java": "class Z {}", "src/main/java/org/b/B.java": "import static org.z.Z.of;",
             "src/main/java/org/a/A.java": "package org.a;\nimport org.b.B;"},
    "Go": {"z/z.go": "package z", "m/m.go": 'package m\nimport (\n\t"fmt"\n\tzz "example.com/me/it/z"\n)',
           "a.go": 'import "example.com/me/it/m"'},
    "Rust": {"src/z.rs": "fn z() {}", "src/m/mod.rs": "use crate::z::z;",
             "src/lib.rs": "pub mod m;\npub(crate) mod z;"},
    "Ruby": {"lib/z.rb": "", "lib/b/c.rb": "require_relative '../z'", "bin/a.rb": "require 'b/c'"},
    "PHP": {"src/Z.php": "<?php", "src/M.php": "require_once __DIR__ . '/Z.php';", "src/A.php": "use Vendor\\Pkg\\M;"},
    "Perl": {"lib/Z/Y.pm": "1;", "lib/M.pm": "use Z::Y;", "lib/A.pm": "require M;"},
    "Haskell": {"src/Z/Y.hs": "", "src/M.hs": "import qualified Z.Y as Y", "src/A.hs": "import M (x)"},
    "Lua": {"z/y.lua": "", "m/init.lua": "local y = require('z.y')", "a.lua": "require 'm'"},
    "Dart": {"lib/z.dart": "", "lib/m.dart": "import 'package:it/z.dart';", "lib/a.dart": 'export "m.dart";'},
    "Protocol Buffer": {"v1/z.proto": "", "v1/m.proto": 'import "v1/z.proto";',
                        "a.proto": 'import public "v1/m.proto";'},
    "Shell": {"lib/z.sh": "", "lib/m.sh": ". ${HERE}/z.sh", "a.sh": "source lib/m.sh"},
    "Julia": {"src/z.jl": "", "src/m.jl": 'include("z.jl")', "src/a.jl": 'include("m.jl")'},
    "SCSS": {"_z.scss": "", "m.scss": "@use 'z';", "a.scss": '@import "m";'},
}  # fmt: skip


@pytest.mark.parametrize("language", list(KNOWN))
def test_what_is_imported_comes_first(language: str) -> None:
    files = KNOWN[language]
    assert sorted(files) != list(files)
    for seed in range(3):
        shuffled = random.Random(seed).sample(sorted(files), len(files))
        assert ordered({path: files[path] for path in shuffled}, language) == list(files)


def test_of_files_with_the_same_name_the_nearest_above_is_meant() -> None:
    files = {"a/use.c": '#include "util/x.h"', "a/util/x.h": "", "b/util/x.h": "", "use.c": "#include <x.h>"}
    rows = ordered(files, "C")
    assert rows.index("a/util/x.h") < rows.index("a/use.c") < rows.index("b/util/x.h")
    assert rows == ["a/util/x.h", "a/use.c", "b/util/x.h", "use.c"]


def test_circles_are_cut_where_the_fewest_are_missing_and_nothing_is_lost() -> None:
    files = {"a.py": "import b, c, d", "b.py": "import c", "c.py": "import b", "d.py": "", "e.py": "import e, unknown"}
    assert ordered(files, "Python") == ["d.py", "e.py", "b.py", "c.py", "a.py"]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
@settings(deadline=None, max_examples=100)
def test_every_file_comes_once_after_all_that_it_imports_unless_in_a_circle(edges: list[tuple[int, int]]) -> None:
    forward = [(a, b) for a, b in edges if a > b]  # edges without circles
    for some in (edges, forward):
        texts = {f"f{n:02}.py": "".join(f"import f{b:02}\n" for a, b in some if a == n) for n in range(12)}
        rows = ordered(texts, "Python")
        assert sorted(rows) == sorted(texts)
    for a, b in forward:
        assert rows.index(f"f{b:02}.py") < rows.index(f"f{a:02}.py")


PIECES = ["import ", "from ", " ", "\t", "#include ", "a.", "../", "'", '"', "(", "use crate::", "require(", "::",
          "\\", "a/", "\n ", "@import ", "from . import a,", "import a,", "require_relative ", ". ", "pub(",
          "$HOME/"]  # fmt: skip


@pytest.mark.parametrize("language", list(KNOWN))
def test_hostile_text_ends(language: str) -> None:
    """Each text has a million characters; an expression that backtracks without bound would take hours."""
    for piece in PIECES:
        text = piece * (1_000_000 // len(piece))
        assert sum(1 for _ in imports(text, "a/b/c.x", language)) <= len(text)


def test_many_files_of_one_name_and_deep_paths() -> None:
    many = {f"d{n}/__init__.py": "from . import __init__\nimport x\n" for n in range(3000)}
    deep = {"/".join(["d"] * 5000) + "/x.py": "from ........ import x\n"}
    assert len(ordered(many | deep, "Python")) == 3001

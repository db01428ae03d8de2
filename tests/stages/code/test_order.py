"""Files come in path order or joined, each exactly once, with any amount of memory."""

import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.stages.code.order import Order
from tokenmill.stages.code.read_code import ReadCode
from tokenmill.stages.code.rows import CodeRow


def archive(folder: Path, files: list[tuple[str, str]]) -> str:
    with tarfile.open(folder / "two.tar", "w") as target:
        for name, text in files:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            target.addfile(info, io.BytesIO(text.encode()))
    return str(folder / "two.tar")


def read(path: str, **options: Any) -> list[dict[str, Any]]:
    work = ReadCode(paths=path, **options)
    return [row for batch in work.read(work.shards()[0]) for row in batch.to_pylist()]


FILES = [(f"{repo}/src/f{number:02}.py", f"# {repo} {number}\nx = {number}") for repo in "ab" for number in range(20)]
RELICENSED = ("a/src/g.py", "# SPDX-License-Identifier: ISC\n")
OTHERS = [("a/package.json", '{"license": "MIT"}'), RELICENSED, ("a/x.png", "x"), ("../evil.py", "x = 1\n")]


def shuffled(seed: int) -> list[tuple[str, str]]:
    first = [file for file in FILES + OTHERS if file[0][0] != "b"]
    random.Random(seed).shuffle(first)
    return first + [file for file in reversed(FILES) if file[0][0] == "b"]


def test_in_path_order(tmp_path: Path) -> None:
    rows = read(archive(tmp_path, shuffled(1)), order="path")
    names = [row["id"].replace("@two:", "/") for row in rows if row["path"]]
    assert names == sorted(name for name, _ in FILES + OTHERS[:3])
    plain = read(archive(tmp_path, shuffled(1)))
    assert sorted(map(str, plain)) == sorted(map(str, rows))


def test_put_together_one_document_a_licence(tmp_path: Path) -> None:
    rows = read(archive(tmp_path, shuffled(2)), whole=True, marker="<{path}>\n")
    kept = {row["id"]: row for row in rows if row["drop_rule"] is None}
    assert set(kept) == {"a@two:MIT", "a@two:ISC", "b@two:none"}
    assert kept["a@two:ISC"]["text"] == f"<src/g.py>\n{RELICENSED[1]}"
    wanted = "".join(f"<{name[2:]}>\n{text}\n" for name, text in FILES if name[0] == "b")
    assert kept["b@two:none"]["text"] == wanted and kept["b@two:none"]["code_lang"] == "Python"
    assert kept["a@two:MIT"]["license"] == "MIT" and kept["a@two:MIT"]["path"] is None
    assert sorted(row["drop_rule"] for row in rows if row["drop_rule"]) == ["read_code.binary", "read_code.unsafe_path"]


def test_in_the_order_of_imports(tmp_path: Path) -> None:
    files = [("r/a.py", "from . import m\n"), ("r/m.py", "import z.y\n"), ("r/z/y.py", "y = 1\n"), ("r/z/x.png", "x")]
    rows = read(archive(tmp_path, files), order="dependency")
    assert [row["path"] for row in rows] == ["z/x.png", "z/y.py", "m.py", "a.py"]
    [refused, whole] = read(archive(tmp_path, files), order="dependency", whole=True, marker="<{path}>")
    assert refused["drop_rule"] == "read_code.binary"
    assert whole["text"] == "<z/y.py>y = 1\n<m.py>import z.y\n<a.py>from . import m\n"


@pytest.mark.parametrize("most", [1, 600, 2000])
def test_a_repository_too_large_comes_in_parts(tmp_path: Path, most: int) -> None:
    rows = read(archive(tmp_path, FILES), whole=True, marker="{path}\n", max_repository_bytes=most)
    assert len({row["id"] for row in rows}) == len(rows) > 2
    assert "".join(row["text"] for row in rows) == "".join(f"{name[2:]}\n{text}\n" for name, text in FILES)


def test_refused_rows_are_not_held_without_limit() -> None:
    taken = 0

    def rows() -> Iterator[CodeRow]:
        nonlocal taken
        for taken in range(1000):
            yield CodeRow(
                f"a@1:{taken}", f"{taken}", taken, 0, facts={"repo": "a", "rev": "1"}, refusal=("empty", 0, 1)
            )

    for order, whole in (("path", False), ("dependency", False), ("archive", True)):
        next(Order(order, whole, "{path}", 60_000)(rows()))
        assert 50 < taken < 121


def test_settings_that_make_no_sense(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="order: found 'paths'; did you mean 'path'"):
        ReadCode(paths="x", order="paths")
    with pytest.raises(RecipeError, match="marker: found"):
        ReadCode(paths="x", marker="none")

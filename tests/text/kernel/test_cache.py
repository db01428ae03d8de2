"""Compiled kernels are kept, and never outlive an edit to the code they were made of."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import tokenmill
from tokenmill.text.kernel import cache

COUNT = """
import numpy as np
from tokenmill.text.words import segment
codes, starts, ends, offsets = np.full(4, 2, np.uint8), np.array([0]), np.array([4]), np.zeros(2, np.int64)
codes.flags.writeable = starts.flags.writeable = ends.flags.writeable = False
segment._count_words(codes, starts, ends, offsets)
print(offsets[1], sum(segment._count_words.stats.cache_misses.values()))
"""

FILTERED = """
import importlib
import numba
import pyarrow as pa
from tokenmill.core.columns import documents
from tokenmill.filters.c4 import C4
from tokenmill.filters.code_quality import CodeQuality
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.text.kernel import cache, cache_folder

def used():
    modules = [importlib.import_module(cache.module_name(path)) for path in cache_folder.sources()]
    kernels = [value for module in modules for value in vars(module).values() if hasattr(value, "nopython_signatures")]
    return sum(len(kernel.signatures) for kernel in kernels)

cache.warm()
before = used()
languages = ["HTML", None, "Text", "Python"]
texts = ["{ a b c", None, "", "One. Two. Three. [1] Four. Five. " * 9]
whole = documents({"id": list("abcd"), "code_lang": languages, "text": texts})
small = whole.set_column(2, "text", whole.column("text").cast(pa.string()))
works = [GopherRepetition(), GopherQuality(stop_words=("a", "b")), C4(terminal_punctuation=True), Fineweb()]
works.append(CodeQuality())
for batch in (whole, whole.slice(1), whole.slice(0, 0), whole.slice(3), small):
    for work in works:
        batch = work(batch)
        work(batch)
print(used() - before)
"""


def copied_package(folder: Path) -> Path:
    """A copy of what the kernels need, under folder; returns its text/."""
    source = Path(tokenmill.__file__).parent
    for part in ("text", "core"):
        shutil.copytree(source / part, folder / "tokenmill" / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source / "__init__.py", folder / "tokenmill")
    return folder / "tokenmill" / "text"


def answer(folder: Path) -> list[int]:
    """[what a kernel says in a fresh process of the copy, how often it was compiled]."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "HOME": str(folder)}
    run = subprocess.run(
        [sys.executable, "-c", COUNT], env=environment, cwd=folder, capture_output=True, check=True, text=True
    )
    return [int(number) for number in run.stdout.split()]


def test_an_edited_helper_changes_the_answer_and_an_unedited_one_is_loaded(tmp_path: Path) -> None:
    """numba alone would go on giving 4: the caller's file is as it was, and the helper is in another folder."""
    text = copied_package(tmp_path)
    assert answer(tmp_path) == [4, 1]
    assert answer(tmp_path) == [4, 0]
    helper = (text / "kernel" / "codes.py").read_text()
    (text / "kernel" / "codes.py").write_text(
        helper.replace("return at + 1, start, start + (code >> 1)", "return at + 2, start, start")
    )
    assert answer(tmp_path) == [2, 1]


def test_compiled_code_is_kept_where_no_one_else_can_write() -> None:
    folder = cache.cache_folder()
    assert folder.stat().st_uid == os.getuid()
    assert not folder.parent.stat().st_mode & 0o022


def test_after_warm_no_batch_makes_a_kernel_compile_or_load() -> None:
    """A second kind of argument would stop every worker for seconds in the middle of its work."""
    run = subprocess.run([sys.executable, "-c", FILTERED], capture_output=True, check=True, text=True)
    assert run.stdout.split() == ["0"]

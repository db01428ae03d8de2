"""Compiled kernels are cached, and are never used after an edit to the code that they were built from."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import tokenmill
from tokenmill.text.kernel import cache, cache_folder

COUNT = """
import numpy as np
from tokenmill.text.kernel.cache import as_kernel, frozen
from tokenmill.text.words import segment
codes, starts, ends, offsets = np.full(4, 2, np.uint8), np.array([0]), np.array([4]), np.zeros(2, np.int64)
segment._count_words(frozen(codes), frozen(starts), frozen(ends), offsets)
print(offsets[1], sum(as_kernel(segment._count_words).dispatcher.stats.cache_misses.values()))
"""

COMPARE = """
import numpy as np
from tokenmill.text.kernel.cache import as_kernel, frozen
from tokenmill.text.similarity import keep_rule
shingles, offsets = frozen(np.array([1, 2, 1, 2], np.uint64)), frozen(np.array([0, 2, 4]))
values = np.zeros(1)
keep_rule._compare(0, frozen(np.array([1], np.int32)), shingles, offsets, 0.5, values)
print(int(values[0]), sum(as_kernel(keep_rule._compare).dispatcher.stats.cache_misses.values()))
"""

FILTERED = """
import importlib
import pyarrow as pa
from tokenmill.core.columns import documents
from tokenmill.filters.c4 import C4
from tokenmill.filters.code_quality import CodeQuality
from tokenmill.filters.fineweb import Fineweb
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.filters.gopher_repetition import GopherRepetition
from tokenmill.text.kernel import cache, cache_folder

def used():
    modules = [importlib.import_module(cache_folder.module_name(path)) for path in cache_folder.sources()]
    return sum(len(kernel.dispatcher.signatures) for module in modules for kernel in cache.kernels_of(module))

cache.warm_all()
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
    """Copies the parts of the package that kernels need to `folder`, and returns the copy of text/."""
    source = Path(tokenmill.__file__).parent
    for part in ("text", "core"):
        shutil.copytree(source / part, folder / "tokenmill" / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source / "__init__.py", folder / "tokenmill")
    return folder / "tokenmill" / "text"


def answer(folder: Path, code: str) -> list[int]:
    """Runs the code in a fresh process of the copy. Returns [the kernel's answer, how often it was compiled]."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "HOME": str(folder)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, check=True, text=True
    )
    return [int(number) for number in run.stdout.split()]


@pytest.mark.parametrize(
    ("code", "helper", "old", "new", "answers"),
    [
        (COUNT, "kernel/codes.py", "return at + 1, start, start + (code >> 1)", "return at + 2, start, start", (4, 2)),
        (COMPARE, "similarity/jaccard.py", "return shared / (total - shared)", "return 7.0", (1, 7)),
    ],
    ids=["in another folder", "in the same folder"],
)
def test_an_edited_helper_changes_the_answer_and_an_unedited_one_is_loaded(
    tmp_path: Path, code: str, helper: str, old: str, new: str, answers: tuple[int, int]
) -> None:
    """numba alone would still give the first answer, because the caller's file is unchanged and the helper is in
    another file.
    """
    path = copied_package(tmp_path) / helper
    assert answer(tmp_path, code) == [answers[0], 1]
    assert answer(tmp_path, code) == [answers[0], 0]
    edited = path.read_text().replace(old, new)
    assert edited != path.read_text()
    path.write_text(edited)
    assert answer(tmp_path, code) == [answers[1], 1]


def edit(text: Path) -> None:
    (text / "words" / "deep" / "a.py").write_text("x = 2\n")


def move(text: Path) -> None:
    (text / "words" / "deep" / "a.py").rename(text / "words" / "a.py")


def add(text: Path) -> None:
    (text / "words" / "deep" / "c.py").touch()


@pytest.mark.parametrize("change", [edit, move, add])
def test_a_change_in_a_folder_of_a_folder_changes_the_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    (tmp_path / "words" / "deep").mkdir(parents=True)
    for file in ("b.py", "words/b.py", "words/deep/a.py", "words/deep/note.txt"):
        (tmp_path / file).write_text("x = 1\n")
    monkeypatch.setattr(cache_folder, "TEXT", tmp_path)
    before = cache_folder.source_hash()
    (tmp_path / "words" / "deep" / "note.txt").write_text("no code")
    assert cache_folder.source_hash() == before
    change(tmp_path)
    assert cache_folder.source_hash() != before


def test_warm_all_runs_every_module_in_every_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[str] = []
    expected = []
    for folder, _, files in os.walk(cache_folder.TEXT):
        for file in files:
            path = Path(folder, file)
            if path.suffix == ".py" and "\ndef warm()" in path.read_text():
                name = cache_folder.module_name(path)
                monkeypatch.setattr(importlib.import_module(name), "warm", partial(warmed.append, name))
                expected.append(name)
    cache.warm_all()
    assert sorted(warmed) == sorted(expected)
    assert {name.split(".")[2] for name in warmed} > {"kernel", "words", "measure", "html", "wikitext", "lang"}


def test_all_kernels_are_counted() -> None:
    modules = {name: importlib.import_module(name) for name in map(cache_folder.module_name, cache_folder.sources())}
    found = {name: len(cache.kernels_of(module)) for name, module in modules.items()}
    assert cache_folder.kernel_counts() == {name: count for name, count in found.items() if count}


def test_compiled_code_is_kept_where_no_one_else_can_write() -> None:
    folder = cache_folder.cache_folder()
    assert folder.stat().st_uid == os.getuid()
    assert not folder.parent.stat().st_mode & 0o022


def test_after_warm_no_batch_makes_a_kernel_compile_or_load() -> None:
    """A second type of argument would stop every worker for seconds in the middle of its work."""
    run = subprocess.run([sys.executable, "-c", FILTERED], capture_output=True, check=True, text=True)
    assert run.stdout.split() == ["0"]


INTERRUPTED = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "numba.core.typing":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
import tokenmill
for turn in range(2):
    try:
        print(turn, tokenmill.apply("filters.fineweb", [{"text": "A sentence that ends well."}]))
    except KeyboardInterrupt:
        print(turn, "interrupted")
"""


def test_an_interrupt_while_numba_is_imported_does_not_break_the_process() -> None:
    """Regression: numba was left half imported, and every later run of the process failed."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["0 interrupted", "1 []"], done.stderr

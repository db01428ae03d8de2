"""The record of compiled code is kept per Python, CPU and path, and unused folders are removed."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tokenmill.text.kernel import cache_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Returns the cache folder in a home folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_folder.cache_folder.cache_clear()
    monkeypatch.setattr(cache_folder, "_cpu", lambda: "cpu 1")
    yield cache_folder.cache_folder()
    cache_folder.cache_folder.cache_clear()


def test_marks_add_up_and_stay(folder: Path) -> None:
    assert cache_folder.compiled_modules() == frozenset()
    cache_folder.mark_compiled(["a.b"])
    cache_folder.mark_compiled(["a.c", "a.b"])
    assert cache_folder.compiled_modules() == {"a.b", "a.c"}
    assert [path.suffix for path in folder.iterdir()] == [""]


def test_another_python_cpu_path_or_setting_of_numba_has_marks_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_folder.mark_compiled(["a.b"])
    for change in (
        lambda patch: patch.setattr(cache_folder, "_cpu", lambda: "cpu 2"),
        lambda patch: patch.setattr(sys, "implementation", SimpleNamespace(cache_tag="cpython-399")),
        lambda patch: patch.setattr(cache_folder, "TEXT", Path("/elsewhere/text")),
        lambda patch: patch.setenv("NUMBA_CPU_NAME", "generic"),
    ):
        with monkeypatch.context() as patch:
            change(patch)
            assert cache_folder.compiled_modules() == frozenset()
            cache_folder.mark_compiled(["a.c"])
        assert cache_folder.compiled_modules() == {"a.b"}


def test_the_cpu_has_a_name_unless_numba_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder._cpu.__wrapped__()
    monkeypatch.setenv("NUMBA_CPU_NAME", "x86-64-v3")
    assert cache_folder._cpu.__wrapped__()  # numba uses the features of the machine
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "")
    assert cache_folder._cpu.__wrapped__() == ""


def test_only_old_folders_of_other_versions_are_removed(folder: Path) -> None:
    old, new, other, ours = (folder.parent / name for name in ("0" * 16, "1" * 16, "notes", folder.name))
    for each in (old, new, other):
        each.mkdir()
        (each / "file").touch()
    for each in (old, other, ours):
        os.utime(each, (0, time.time() - cache_folder.UNUSED_SECONDS - 60))
    assert cache_folder.remove_unused() == [old]
    assert {path.name for path in folder.parent.iterdir()} == {new.name, other.name, ours.name}


def test_use_keeps_a_folder(folder: Path) -> None:
    os.utime(folder, (0, 0))
    cache_folder.mark_used()
    assert time.time() - folder.stat().st_mtime < 60

"""Computes fingerprints of all units of work while files of a copy of the package are edited; see test_fingerprint.py.

It is a program that runs in the folder of the copy. It reads cases as JSON from standard input and prints which
fingerprints each of them changes. One process answers all cases, because importing all units takes seconds.
"""

import contextlib
import copy
import dataclasses
import importlib
import importlib.metadata
import itertools
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from tokenmill.core.kinds import Unit
from tokenmill.pipeline.planning import fingerprint, source_code, versions
from tokenmill.pipeline.planning.fingerprint import WorkPrint, work_fingerprint
from tokenmill.pipeline.planning.plan import ENGINE, ENGINE_OF_GLOBALS
from tokenmill.pipeline.planning.resolve import work_class, work_names
from tokenmill.text.templates.template_files import template_checksum

CACHES = (
    fingerprint._module_code, source_code.code_hash, source_code.reach, source_code.imported_packages,
    source_code._followed, source_code._code, versions.version_of, template_checksum,
)  # fmt: skip
TIMES = itertools.count(1)
"""Each edit gets a different modification time, whatever the resolution of the clock is."""

NEEDED: dict[str, Any] = {"paths": "x", "tokenizer": "x", "weights": {"web": 1.0}}
"""Values for settings without a default."""

WITH_MODELS = ("stages.extract_html", "stages.extract_wikitext", "stages.language")


def units() -> dict[str, Unit]:
    """Returns an example of each unit of work, and the units of the plug-in."""
    found: dict[str, Unit] = {}
    for name in work_names():
        cls: Any = work_class(name)
        needed = {field.name: NEEDED[field.name] for field in dataclasses.fields(cls) if field.name in NEEDED}
        cls.__post_init__ = lambda self: None  # there are no such files, and lists would compile kernels
        if hasattr(cls, "file_checksums") and name not in WITH_MODELS:
            cls.file_checksums = lambda self: {}
        found[name] = cls.example() if hasattr(cls, "example") else cls(**needed)
    plugins = {name: work_class(f"mylab.filters.{name}", plugins="mylab")() for name in ("loud", "quiet")}
    calls = work_class("stages.function")(function="mylab.edits:shout")  # type: ignore[call-arg]
    return found | plugins | {"calls": calls}


def prints(work: dict[str, Unit]) -> dict[str, WorkPrint]:
    for cache in CACHES:
        cache.cache_clear()
    found = {name: work_fingerprint([unit], (), mark_only=False, excerpt=0) for name, unit in work.items()}
    found["shards"] = work_fingerprint([], ENGINE, mark_only=False, excerpt=0)
    found["globals"] = work_fingerprint([], ENGINE_OF_GLOBALS, mark_only=False, excerpt=0)
    scrub: Any = work["stages.scrub_pii"]
    found["excerpts"] = work_fingerprint([], (), mark_only=False, excerpt=9, scrub=scrub)
    found["no excerpts"] = work_fingerprint([], (), mark_only=False, excerpt=0, scrub=scrub)
    return found


@contextlib.contextmanager
def edited(edits: dict[str, list[str]]) -> Iterator[None]:
    """Replaces text in files while the block runs: {path: [old, new]}. If `old` is empty, `new` is appended."""
    before = {Path(path): (Path(path).read_text(), Path(path).stat().st_mtime_ns) for path in edits}
    for path, (old, new) in zip(before, edits.values(), strict=True):
        text = before[path][0]
        assert old in text, f"{path} has no {old!r}"
        path.write_text(text.replace(old, new, 1) if old else text + new)
        os.utime(path, ns=(0, next(TIMES)))
    try:
        yield
    finally:
        for path, (text, changed) in before.items():
            path.write_text(text)
            os.utime(path, ns=(changed, changed))


@contextlib.contextmanager
def patched(case: dict[str, Any]) -> Iterator[None]:
    """Sets other versions and checksums while the block runs; test_fingerprint.Case describes them."""
    version = importlib.metadata.version
    other = set(case["packages"])
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        enter(mock.patch.object(importlib.metadata, "version", lambda name: "0" if name in other else version(name)))
        if case["unicode"]:
            enter(mock.patch.object(unicodedata, "unidata_version", case["unicode"]))
        for name, sha256 in case["models"].items():
            models = importlib.import_module("tokenmill.core.io.models").MODELS
            enter(mock.patch.dict(models, {name: dataclasses.replace(models[name], sha256=sha256)}))
        yield


def changed(before: dict[str, WorkPrint], after: dict[str, WorkPrint]) -> dict[str, list[str]]:
    """Returns the names whose settings part differs, and those whose code part differs."""
    differ: dict[str, list[str]] = {"settings": [], "code": []}
    for part, found in differ.items():
        found += sorted(name for name in before if getattr(before[name], part) != getattr(after[name], part))
    return differ


def settings_that_count(work: dict[str, Unit]) -> dict[str, list[str]]:
    """Returns {unit: the settings that do not change its fingerprint}. The unit does not check the new values."""
    silent: dict[str, list[str]] = {}
    for name, unit in work.items():
        before = work_fingerprint([_without_files(unit)], (), mark_only=False, excerpt=0)
        for field in dataclasses.fields(unit):  # type: ignore[arg-type]
            other = _without_files(unit)
            object.__setattr__(other, field.name, _other(getattr(unit, field.name)))
            if work_fingerprint([other], (), mark_only=False, excerpt=0) == before:
                silent.setdefault(name, []).append(field.name)
    return silent


def _without_files(unit: Unit) -> Unit:
    other = copy.copy(unit)
    if hasattr(other, "file_checksums"):
        object.__setattr__(other, "file_checksums", dict)
    if hasattr(other, "packages"):
        object.__setattr__(other, "packages", tuple)
    return other


def _other(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, dict):
        return {**value, "another": 1}
    if isinstance(value, list | tuple | set | frozenset):
        return [*value, "another"]
    return f"{value} another"


def main() -> None:
    cases = json.load(sys.stdin)
    work = units()
    before = prints(work)
    answers: dict[str, Any] = {"units": sorted(before), "settings": settings_that_count(work)}
    for name, case in cases.items():
        with edited(case["edits"]), patched(case):
            answers[name] = changed(before, prints(work))
    assert prints(work) == before
    print(json.dumps(answers))


if __name__ == "__main__":
    main()

"""Every unit of work on disk fulfils the contract of its kind, both for mypy and at run time."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from tokenmill.core.kinds import Filter, Global, Source, Writer
from tokenmill.pipeline.planning.contract import kind_of
from tokenmill.pipeline.planning.resolve import work_class, work_names

ROOT = Path(__file__).parents[2]


def kind_name(name: str) -> str:
    work = work_class(name)
    if isinstance(work, Writer):
        return "Writer"
    return "Filter" if isinstance(work, Filter) else kind_of(work).capitalize()


def test_each_unit_is_of_one_kind() -> None:
    for name in work_names():
        work = work_class(name)
        assert dataclasses.is_dataclass(work), name
        assert isinstance(work, Source) + isinstance(work, Global) + ("__call__" in vars(work)) == 1, name


@pytest.mark.slow
def test_mypy_accepts_each_unit_as_its_kind(tmp_path: Path) -> None:
    """Without this test, only a run would find a member of the wrong type."""
    lines = ["from tokenmill.core.kinds import Filter, Global, Source, Step, Writer"]
    for name in work_names():
        work = work_class(name)
        local = name.replace(".", "_")  # classes of two folders may have the same name
        lines += [f"from {work.__module__} import {work.__name__} as {local}"]
        lines += [f"def as_{local}(unit: {local}) -> {kind_name(name)}:", "    return unit"]
    file = tmp_path / "units.py"
    file.write_text("\n".join(lines) + "\n")
    call = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout

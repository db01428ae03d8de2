"""The contract of units of work holds for every unit on disk, in mypy's view and at run time."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from tokenmill.core.kinds import Filter, Global, Source, SourceTraits, Writer, contract_problem, kind_of
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
    """A member of the wrong type would else be found by a run only."""
    lines = ["from tokenmill.core.kinds import Filter, Global, Source, Step, Writer"]
    for name in work_names():
        work = work_class(name)
        kind, class_name = kind_name(name), work.__name__
        lines += [f"from {work.__module__} import {class_name}", f"def as_{class_name}(unit: {class_name}) -> {kind}:"]
        lines += ["    return unit"]
    file = tmp_path / "units.py"
    file.write_text("\n".join(lines) + "\n")
    call = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@dataclasses.dataclass(frozen=True)
class Good:
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch: object) -> object:
        return batch


def variant(**members: object) -> type:
    """A class like Good with other members; None removes one."""
    kept = {name: value for name, value in vars(Good).items() if not name.startswith("__") or name == "__call__"}
    found = {name: value for name, value in (kept | members).items() if value is not None}
    return dataclasses.dataclass(frozen=True)(type("Variant", (), found))


READS = {"rounds": lambda self: [], "__call__": None}


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        (Good, ""),
        (variant(reads=None), "a step has __call__, reads, adds; Variant lacks reads"),
        (variant(__call__=None), "lacks __call__"),
        (variant(**READS), ""),
        (variant(**READS, reads=None), "a global has rounds, reads, adds; Variant lacks reads"),
        (variant(__annotations__={"repeat": int}, repeat=3), "the setting 'repeat' has the name of a method"),
        (variant(__annotations__={"files": str}, files="*.txt"), ""),
        (variant(files=lambda self: {}), "files is called file_checksums now"),
        (variant(shards=list, read=list), "lacks traits"),
        (variant(shards=list, read=list, traits=SourceTraits()), ""),
        (variant(shards=list, read=list, traits=SourceTraits(), DAMAGE=("x",)), "DAMAGE is called traits now"),
        (int, "lacks __call__, reads, adds"),
    ],
)
def test_a_class_that_breaks_the_contract_is_refused_by_name(work: type, problem: str) -> None:
    found = contract_problem(work)
    assert problem in found if problem else found == ""

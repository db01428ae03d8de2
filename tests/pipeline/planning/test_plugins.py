"""--plugins takes a package, a folder or a file, wherever it is, and each gives the same names and fingerprints."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tokenmill
from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.planning.plugins import folders_of, package_of, plugin_names, search
from tokenmill.pipeline.planning.resolve import work_class
from tokenmill.pipeline.planning.source_code import reach
from tokenmill.pipeline.report.steps import describe

FILTER = '''
"""Drops nothing."""
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class NAME:
    reads: ClassVar[tuple[str, ...]] = ("text",)
    adds: ClassVar[tuple[str, ...]] = ()

    def __call__(self, batch):
        return batch
'''


def write(folder: Path, *files: str) -> None:
    """Writes Python files. Each, except __init__.py, contains the unit of its name."""
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        name = path.stem.title().replace("_", "")
        path.write_text("" if path.stem == "__init__" else FILTER.replace("NAME", name))


@pytest.fixture(autouse=True)
def modules_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Works in tmp_path, and removes the imported modules at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("files", "given", "package", "names"),
    [
        (["lab_a/__init__.py", "lab_a/long.py"], "lab_a", "lab_a", ["lab_a.long"]),
        (["lab_b/__init__.py", "lab_b/long.py"], "./lab_b", "lab_b", ["lab_b.long"]),
        (["lab_c/long.py", "lab_c/sub/it.py", "lab_c/_own.py"], "lab_c/", "lab_c", ["lab_c.long", "lab_c.sub.it"]),
        (["lab_d/long.py"], "lab_d", "lab_d", ["lab_d.long"]),
        (["lab_e/long_e.py"], "lab_e/long_e.py", "long_e", ["long_e"]),
        (["long_f.py"], "long_f.py", "long_f", ["long_f"]),
        (["long_g.py"], "long_g", "long_g", ["long_g"]),
        (
            ["lab_h/__init__.py", "lab_h/rules/__init__.py", "lab_h/rules/long.py"],
            "lab_h/rules", "lab_h.rules", ["lab_h.rules.long"],
        ),
        (
            ["lab_i/__init__.py", "lab_i/rules/__init__.py", "lab_i/rules/long.py"],
            "lab_i/rules/long.py", "lab_i.rules.long", ["lab_i.rules.long"],
        ),
        (
            ["lab_j/__init__.py", "lab_j/rules/__init__.py", "lab_j/rules/long.py"],
            "lab_j.rules", "lab_j.rules", ["lab_j.rules.long"],
        ),
    ],
)  # fmt: skip
def test_packages_folders_and_files_give_names(
    tmp_path: Path, files: list[str], given: str, package: str, names: list[str]
) -> None:
    write(tmp_path, *files)
    assert package_of(given) == package
    assert plugin_names(given) == names
    for name in names:
        assert work_class(name, plugins=given).__module__ == name


def test_a_folder_elsewhere_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "far/lab_k/long.py", "work/note.txt")
    monkeypatch.chdir(tmp_path / "work")
    assert plugin_names(str(tmp_path / "far/lab_k")) == plugin_names("../far/lab_k") == ["lab_k.long"]
    assert sys.path.count(str(tmp_path / "far")) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere", "--plugins nowhere: no module 'nowhere' in the working directory "),
        ("nowhere", ". Give an importable package, a folder (./mylab) or a file (mine.py)"),
        ("lab_l.absent", "--plugins lab_l.absent: no module 'lab_l.absent' in the working directory"),
        ("./nowhere", "--plugins ./nowhere: no such file or folder; looked for /"),
        ("mine.py", "/mine.py"),
        ("lab_l/note.txt", "found a file, expected a folder or a Python file (.py)"),
        ("./my-lab", "'my-lab' cannot be imported; rename it to letters, digits and '_'"),
        ("./filters", "units of tokenmill have names that begin with 'filters'; rename yours"),
        ("./json", "--plugins ./json: Python has another module 'json', "),
        ("./sys", "another module 'sys', which is built in; rename yours"),
        ("lab_l/broken.py", "lab_l/broken.py:1: ZeroDivisionError: division by zero. Correct this plug-in"),
        ("lab_l/wanting.py", "needs the package 'zzz_absent', which is not installed"),
    ],
)
def test_what_does_not_exist_is_refused_by_the_option_and_the_place(tmp_path: Path, given: str, message: str) -> None:
    write(tmp_path, "lab_l/long.py", "my-lab/long.py", "filters/long.py", "json/long.py", "sys/long.py")
    (tmp_path / "lab_l/note.txt").write_text("")
    (tmp_path / "lab_l/broken.py").write_text("1 / 0")
    (tmp_path / "lab_l/wanting.py").write_text("import zzz_absent")
    with pytest.raises(RecipeError) as caught:
        package_of(given)
    assert message in str(caught.value) and str(caught.value).startswith(f"--plugins {given}: ")


def test_names_outside_of_the_plug_in_stay_unknown(tmp_path: Path) -> None:
    write(tmp_path, "lab_m/long.py", "lab_m2/long.py", "single_m.py")
    for name, hint in [("lab_m2.long", "give --plugins lab_m2"), ("single_m", "give --plugins single_m.py")]:
        with pytest.raises(RecipeError, match=f"unknown unit '{name}'"):
            work_class(name, plugins="./lab_m")
        with pytest.raises(RecipeError, match=f"unknown unit '{name}'.*{hint}"):
            work_class(name)
    with pytest.raises(RecipeError, match=r"unknown unit 'logn'.*; did you mean 'lab_m.long'"):
        work_class("logn", plugins="./lab_m")
    with pytest.raises(RecipeError, match=r"lab_m.long:f is a function, which filters.function"):
        describe("lab_m.long:f", plugins="./lab_m")
    with pytest.raises(RecipeError, match=r"has no class Other; .* It has Long$"):
        (tmp_path / "lab_m/other.py").write_text((tmp_path / "lab_m/long.py").read_text())
        work_class("lab_m.other", plugins="./lab_m")


def test_a_file_that_imports_its_folder_is_told_to_name_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice was to install a package of the folder's name, which may be anybody's."""
    write(tmp_path, "lab_p/long.py")
    (tmp_path / "lab_p/words.py").write_text("from lab_p._own import x\n")
    for folder, given, advice in [(tmp_path, "lab_p/words.py", "lab_p"), (tmp_path / "lab_p", "words.py", tmp_path)]:
        monkeypatch.chdir(folder)
        with pytest.raises(RecipeError, match=rf"no module 'lab_p'; give --plugins {advice}.*, and write lab_p.NAME"):
            package_of(f"./{given}")
    with pytest.raises(RecipeError, match=r"--plugins lab \[3\]: 'lab \[3\]' cannot be imported; rename it"):
        package_of("lab [3]")


def test_no_file_beside_a_plug_in_hides_a_module_of_python(tmp_path: Path) -> None:
    write(tmp_path, "lab_n/long.py", "colorsys.py")
    package_of("./lab_n")
    import colorsys

    assert not hasattr(colorsys, "Colorsys")


PRINT = """
import sys
from tokenmill.pipeline.planning.fingerprint import work_fingerprint
from tokenmill.pipeline.planning.resolve import work_class
unit = work_class("lab_o.long", plugins=sys.argv[1])()
print(work_fingerprint([unit], (), mark_only=False, excerpt=0).on())
"""


def test_a_plug_in_has_the_same_fingerprint_however_it_is_given(tmp_path: Path) -> None:
    write(tmp_path, "lab_o/__init__.py", "lab_o/long.py", "elsewhere/note.py")
    root = str(Path(tokenmill.__file__).parents[1])

    def fingerprint(given: str, folder: str, *path: str) -> str:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, *path])}
        command = [sys.executable, "-P", "-c", PRINT, given]
        return subprocess.check_output(command, cwd=tmp_path / folder, env=environment, text=True)

    package = fingerprint("lab_o", "elsewhere", str(tmp_path))
    assert fingerprint("./lab_o", "") == fingerprint("lab_o/long.py", "") == package
    (tmp_path / "lab_o/long.py").write_text((tmp_path / "lab_o/long.py").read_text() + "\nmore = 1\n")
    assert fingerprint("../lab_o", "elsewhere") != package


def test_nodes_search_the_folders_of_plug_ins_relative_to_their_working_directory(tmp_path: Path) -> None:
    write(tmp_path, "lab_p/long.py", "single_p.py", "sub/far_p.py")
    for given in ("./lab_p", "single_p.py", "sub/far_p.py"):
        package_of(given)
    assert folders_of(["tokenmill.filters.c4", "lab_p.long", "single_p", "far_p"]) == ("sub", ".")
    search(["/other", "/other"])
    assert sys.path.count("/other") == 1


def test_the_same_run_with_worker_processes_and_a_plug_in_that_only_its_path_names(tmp_path: Path) -> None:
    write(tmp_path, "far/lab_q/long.py")
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "text": "a text"}))
    stages = {"read": [{"stages.read_table": {"paths": "rows.jsonl"}}, "lab_q.long"]}
    for workers in (0, 1):
        run = tokenmill.run(
            {"run": f"r{workers}", "excerpt": 0, "stages": stages},
            workers=workers, plugins="far/lab_q", progress="none",
        )  # fmt: skip
        assert run.ok and run.documents().collect()["id"].to_list() == ["a"]


WAYS = {
    "direct": "from tokenmill.filters.gopher_quality import GopherQuality",
    "lazy": "from tokenmill.filters import GopherQuality",
    "inside": "def f():\n    from tokenmill.filters import GopherQuality",
}


def test_a_class_that_loads_on_use_counts_with_all_that_it_reaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    found = {}
    for name, text in WAYS.items() | {("whole", "import tokenmill.filters"), ("all", "from tokenmill import filters")}:
        (tmp_path / f"lazily_{name}.py").write_text(text)
        found[name] = reach(f"lazily_{name}") - {f"lazily_{name}"}
    assert found["direct"] == found["lazy"] == found["inside"] > {"tokenmill.filters.gopher_quality"}
    assert found["whole"] == found["all"] > found["direct"] | {"tokenmill.filters.c4", "tokenmill.filters.toxicity"}

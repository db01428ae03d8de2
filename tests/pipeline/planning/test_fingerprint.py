"""A fingerprint changes if, and only if, the result could differ: edits in a copy of the package, case by case."""

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import tokenmill
from tokenmill.pipeline.planning.fingerprint import WorkPrint, code_of, with_code, work_fingerprint
from tokenmill.pipeline.planning.plan import ENGINE_OF_GLOBALS
from tokenmill.pipeline.planning.resolve import work_class, work_names
from tokenmill.pipeline.planning.source_code import NOT_HASHED, file_of, is_hashed, reach
from tokenmill.stages.scrubbing.scrub_pii import ScrubPii

PACKAGE = Path(tokenmill.__file__).parent
PROBE = Path(__file__).with_name("fingerprint_probe.py")

LEFT_OUT = {
    "tokenmill", "tokenmill.stages", "tokenmill.tokenize", "tokenmill.filters", "tokenmill.core.errors",
    "tokenmill.core.memory", "tokenmill.core.version", "tokenmill.core.corpus.local_copy",
    "tokenmill.core.io.cache_dirs", "tokenmill.core.io.http", "tokenmill.core.io.local_input",
    "tokenmill.core.io.manners", "tokenmill.core.io.models",
    "tokenmill.core.io.remote", "tokenmill.core.io.retry", "tokenmill.core.io.s3", "tokenmill.core.io.storage",
    "tokenmill.core.io.url_secrets", "tokenmill.text.kernel.cache_folder", "tokenmill.pipeline.engine.*",
    "tokenmill.pipeline.exchange.room", "tokenmill.pipeline.planning.*", "tokenmill.pipeline.record.*",
    "tokenmill.pipeline.report.*",
}  # fmt: skip
"""The reviewed list: none of these can change a value in a result. A module that is added to it needs a reason."""

COUNTED = {
    "core.chance", "core.checked_json", "core.columns", "core.functions", "core.kinds", "core.limits", "core.rules",
    "core.corpus.token_layout", "core.corpus.token_shard", "core.io.compression", "core.io.gzip_member",
    "core.io.parquet", "core.io.zstd_frame",
    "pipeline.driver.globals", "pipeline.exchange.exchange", "pipeline.exchange.global_tasks",
    "pipeline.exchange.ranges", "pipeline.exchange.reduce_tasks", "pipeline.exchange.shard_rows",
    "pipeline.exchange.sorted_rows",
    "pipeline.tasks.mark_only", "pipeline.tasks.pieces", "pipeline.tasks.quarantine", "pipeline.tasks.shard",
    "pipeline.tasks.source_rows", "pipeline.tasks.drop_records", "pipeline.driver.outputs", "pipeline.tasks.edits",
    "pipeline.tasks.step_call",
}  # fmt: skip
"""Modules of core and pipeline that decide values, below tokenmill."""

BESIDE = {"core.corpus.corpus_contents", "core.corpus.verify", "core.extras", "core.lazy"} | {
    f"pipeline.driver.{name}"
    for name in (
        "borrow", "check", "completeness", "failures", "filled_recipe", "options", "out_of_date", "preview", "progress",
        "recover", "released", "remake", "requests", "reuse", "run", "shard_tasks",
    )
}  # fmt: skip
"""Modules that no unit of work and no engine reaches."""

PLUGIN = {
    "sidekick.py": "LOUD = 7\n",
    "mylab/__init__.py": "LIMIT = 3\n",
    "mylab/tables.py": "ROWS = 1\n",
    "mylab/limits.py": "from mylab import deep\nHIGH = deep.HIGH\n",
    "mylab/deep.py": "HIGH = 4\n",
    "mylab/named.py": "NAMED = 5\n",
    "mylab/never.py": "NEVER = 6\n",
    "mylab/edits.py": "from mylab.edit_help import LOUD\n\ndef shout(document):\n    return {'text': LOUD}\n",
    "mylab/edit_help.py": "LOUD = '!'\n",
    "mylab/filters/__init__.py": "",
    "mylab/filters/rules.py": "LOW = 1\n",
    "mylab/filters/helper.py": "HELP = 2\n",
    "mylab/filters/late.py": "LATE = 8\n",
    "mylab/filters/near.py": "NEAR = 9\n",
    "mylab/filters/quiet.py": '''
"""Uses Unicode tables without a kernel, and a name of the package without importing it by name."""
import unicodedata
from dataclasses import dataclass
import mylab.tables

@dataclass(frozen=True)
class Quiet:
    high: int = mylab.LIMIT
    reads = ("text",)
    adds = ()

    def __call__(self, batch):
        return batch
''',
    "mylab/filters/loud.py": '''
"""A filter of one's own."""
from __future__ import annotations
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
import mylab.tables as tables
import sidekick
from tokenmill.text.edit.tidy import tidy_lines
from . import helper
from .. import LIMIT
from ..limits import HIGH
from .rules import LOW

if TYPE_CHECKING:
    from mylab.never import NEVER
else:
    NEVER = None

@dataclass(frozen=True)
class Loud:
    low: int = LOW
    reads = ("text",)
    adds = ()

    def __call__(self, batch):
        from .late import LATE
        importlib.import_module("mylab.named")
        importlib.import_module(".near", __package__)
        return batch
''',
}
REACHED_BY_LOUD = [
    "sidekick.py", "mylab/limits.py", "mylab/deep.py", "mylab/named.py",
    "mylab/filters/rules.py", "mylab/filters/helper.py", "mylab/filters/late.py", "mylab/filters/near.py",
    "mylab/filters/loud.py",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A change, and the names whose fingerprints it changes.

    Attributes:
        edits: {file: [old text, new text]}; if the old text is empty, the new one is appended.
        packages: names of packages that have another version.
        unicode: another version of the Unicode tables; "" for no change.
        models: {known model: another checksum}.
        code: names whose code part changes.
        settings: names whose settings part changes.
    """

    edits: dict[str, list[str]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    unicode: str = ""
    models: dict[str, str] = field(default_factory=dict)
    code: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def edit(*paths: str, code: str = "") -> Case:
    """Returns a case with one more statement at the end of each file."""
    places = (path if path in PLUGIN else f"tokenmill/{path}" for path in paths)
    return Case({place: ["", "\nEDITED = True\n"] for place in places}, code=names(code))


def replaced(path: str, old: str, new: str, *, code: str = "", settings: str = "") -> Case:
    return Case({f"tokenmill/{path}": [old, new]}, code=names(code), settings=names(settings))


def left_out_files() -> list[str]:
    found = []
    for name in LEFT_OUT:
        place = PACKAGE.joinpath(*name.split(".")[1:])
        if name.endswith(".*"):
            found += sorted(place.parent.glob("*.py"))
        else:
            found.append(place / "__init__.py" if place.is_dir() else place.with_suffix(".py"))
    return [path.relative_to(PACKAGE).as_posix() for path in found]


def reformatted() -> dict[str, list[str]]:
    """Returns edits that remove comments and blank lines, change the format and docstrings, and add a comment."""
    edits = {}
    places = ("core/columns.py", "core/rules.py", "filters/*.py", "text/pii/*.py", "text/words/*.py")
    for path in (path for place in places for path in PACKAGE.glob(place)):
        text = path.read_text()
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body[0] = ast.Expr(ast.Constant("Another docstring."))
        name = path.relative_to(PACKAGE.parent).as_posix()
        edits[name] = [text, f"# a comment\n{ast.unparse(tree)}\n\n'A string beside the code.'\n"]
    return edits


UNITS = frozenset(work_names())
EVERY_UNIT = UNITS | {"shards", "globals", "excerpts", "calls"}
WITHOUT_UNICODE = names("""
filters.code_license filters.function filters.language_in filters.opt_out stages.function stages.read_wikipedia
stages.read_wikipedia_html stages.write_jsonl tokenize.encode tokenize.mix tokenize.rehydrate tokenize.write_shards""")

CASES = {
    "another format": Case(reformatted()),
    "modules left out": edit(*left_out_files()),
    "a retry delay": replaced("core/io/retry.py", "LONGEST_WAIT = ", "LONGEST_WAIT = 1 + "),
    "the version": replaced("core/version.py", "0.", "9."),
    "a filter": edit("filters/gopher_quality.py", code="filters.gopher_quality"),
    "two filters' helper": edit("filters/_edits.py", code="filters.c4 filters.dclm_lines filters.line_filter"),
    "a filter's helper": edit("text/toxicity/toxic_match.py", code="filters.toxicity"),
    "the scrubber's helper": edit("text/pii/phones.py", code="stages.scrub_pii excerpts"),
    "a constant": replaced("text/html/tags.py", "1", "2", code="stages.extract_html"),
    "Parquet": edit("core/io/parquet.py", code="shards globals stages.minhash stages.read_warc tokenize.write_shards"),
    "columns": replace(edit("core/columns.py"), code=EVERY_UNIT),
    "one shard": edit("pipeline/tasks/shard.py", code="shards globals"),
    "an exchange": edit("pipeline/exchange/reduce_tasks.py", code="globals"),
    "a helper of units and plug-in": edit(
        "text/edit/tidy.py",
        code="loud stages.extract_html_resiliparse",
    ),
    **{path: edit(path, code="loud") for path in REACHED_BY_LOUD},
    **{path: edit(path, code="loud quiet") for path in ("mylab/filters/__init__.py", "mylab/tables.py")},
    "a package above": edit("mylab/__init__.py", code="calls loud quiet"),
    **{path: edit(path, code="calls") for path in ("mylab/edits.py", "mylab/edit_help.py")},
    "stages.function": edit("stages/function.py", code="calls stages.function"),
    "another filter of the plug-in": edit("mylab/filters/quiet.py", code="quiet"),
    "other files of the plug-in": edit("mylab/never.py"),
    "Unicode": Case(unicode="99.0.0", code=UNITS - WITHOUT_UNICODE | {"loud", "quiet", "excerpts"}),
    "packages that decide nothing": Case(packages=("numba", "llvmlite", "fsspec", "urllib3", "pydantic", "PyYAML")),
    "pyarrow": Case(packages=("pyarrow",), code=EVERY_UNIT),
    "tldextract": Case(packages=("tldextract",), code=names("filters.url_blocklist")),
    "Pygments": Case(packages=("Pygments",), code=names("filters.code_quality stages.read_code")),
    "license-expression": Case(packages=("license-expression",), code=names("filters.code_license stages.read_code")),
    "licenseclassifier": Case(packages=("licenseclassifier",), code=names("stages.read_code")),
    "datatrove": Case(packages=("datatrove",), code=names("stages.datatrove_block")),
    "nltk behind datatrove": Case(packages=("nltk",), code=names("stages.datatrove_block")),
    "spaCy behind datatrove": Case(packages=("spacy",), code=names("stages.datatrove_block")),
    "a known model": Case(models={"lid176": "0" * 64}, settings=names("stages.language")),
    "inline templates": replaced("text/templates/inline/en.txt", "docs", "dump", settings="stages.extract_wikitext"),
    "a model file": replaced("text/html/main_text.json", "1", "2", settings="stages.extract_html"),
}

UNHASHED = {
    "stages.read_code": ["paths"],
    "stages.read_table": ["paths"],
    "stages.read_warc": ["paths", "crawl", "part", "select", "gap", "selections", "requests_per_second", "shard_bytes"],
    "stages.read_wikipedia": ["paths"],
    "stages.read_wikipedia_html": ["paths"],
}
"""Settings that choose the shards or the way in which they are fetched."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Returns for each case, in a copy of the package: [names whose settings differ, names whose code differs]."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "tokenmill", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in PLUGIN.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    call = [sys.executable, PROBE]
    done = subprocess.run(
        call,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        input=json.dumps({name: asdict(replace(case, code=(), settings=())) for name, case in CASES.items()}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", CASES)
def test_what_could_change_results_changes_exactly_the_fingerprints_that_reach_it(
    found: dict[str, Any], name: str
) -> None:
    assert found[name] == {"settings": sorted(CASES[name].settings), "code": sorted(CASES[name].code)}


def test_every_unit_is_looked_at_and_every_setting_of_it_counts(found: dict[str, Any]) -> None:
    assert set(found["units"]) == EVERY_UNIT | {"loud", "quiet", "no excerpts"}
    assert found["settings"] == UNHASHED


def test_each_module_of_core_and_pipeline_was_reviewed() -> None:
    """A module is counted, or left out for a reason, or no result reaches it. A new module must be put on a list."""
    assert set(NOT_HASHED) == LEFT_OUT
    files = [path for place in ("core", "pipeline") for path in PACKAGE.joinpath(place).rglob("[a-z]*.py")]
    modules = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in files}
    left_out = {module for module in modules if not is_hashed(f"tokenmill.{module}")}
    assert modules == left_out | COUNTED | BESIDE
    assert not left_out & (COUNTED | BESIDE) and not COUNTED & BESIDE


def test_each_module_that_is_left_out_exists() -> None:
    for name in NOT_HASHED:
        assert file_of(name.removesuffix(".*")) is not None, name
        assert NOT_HASHED[name], f"{name}: give the reason"


def test_the_modules_that_units_and_engine_reach_are_those_that_were_reviewed() -> None:
    roots = [*ENGINE_OF_GLOBALS, *(work_class(name).__module__ for name in work_names())]
    reached = set().union(*map(reach, roots))
    files = {name for name in reached if file_of(name).name != "__init__.py"}  # type: ignore[union-attr]
    shared = {name for name in files if name.startswith(("tokenmill.core.", "tokenmill.pipeline."))}
    assert shared == {f"tokenmill.{name}" for name in COUNTED}


def test_a_fingerprint_says_which_of_its_parts_differ() -> None:
    old, new = (WorkPrint("s" * 16, code * 16).on("shard") for code in "ab")
    assert old != new and code_of(new) == "b" * 16
    assert with_code(old, "b" * 16) == new
    assert code_of("0" * 64) == ""


def test_other_options_are_other_settings() -> None:
    def options(**other: Any) -> str:
        return work_fingerprint([], (), **{"mark_only": False, "excerpt": 0, "scrub": None} | other).settings

    scrubs = [ScrubPii(replace="hash"), ScrubPii()]
    found = [options(), options(mark_only=True), options(excerpt=9), *(options(excerpt=9, scrub=one) for one in scrubs)]
    assert len(set(found)) == len(found)
    assert options(scrub=scrubs[0]) == options()

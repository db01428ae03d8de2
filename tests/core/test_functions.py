"""stages.function and filters.function call a user's function with each document."""

import dataclasses
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import tokenmill
from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.core.functions import check_reference
from tokenmill.filters.function import Function as FilterFunction
from tokenmill.pipeline.planning.recipe import WorkSpec
from tokenmill.pipeline.planning.resolve import build
from tokenmill.pipeline.tasks.step_call import Raised, apply_step
from tokenmill.stages.function import Function

OWN = """
from own_help import LOUD

def shout(document):
    if document["text"] == "raise":
        raise ValueError("not this one")
    if document["text"] == "same":
        return None
    return {"text": document["text"].upper() + LOUD, "n": len(document["text"]), "long": len(document["text"]) > 4}

def wrong(document):
    return {"text": 3, "none": None, "list": [1]}[document["text"]] if document["text"] != "id" else {"id": "x"}

def typed(document):
    return {"n": document["text"]}

def judge(document):
    return {"keep": True, "drop": False, "forget": None, "": ""}.get(document["text"], "about " + document["text"])

def quits(document):
    raise SystemExit("enough")

def fraction(document):
    return {"n": len(document["text"]) / 2}

def columns(document):
    return {"text": ",".join(sorted(document))}
"""
TEXTS = ["a", "same", None, "raise", "longer"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Writes a module of functions, which works as a plugin, and returns its name."""
    name = f"own_{len(tmp_path.name)}_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(OWN)
    (tmp_path / "own_help.py").write_text("LOUD = '!'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "own_help", raising=False)
    return name


def rows(texts: list[Any]) -> list[dict[str, Any]]:
    return [{"id": str(row), "text": text} for row, text in enumerate(texts)]


def test_changed_fields_are_taken_over_and_new_columns_have_their_types(own: str) -> None:
    step = Function(f"{own}:shout", columns={"n": "int", "long": "bool"})
    kept = tokenmill.apply(step, rows(TEXTS), mark_only=True)
    assert [(row["text"], row["n"], row["long"], row["drop_rule"]) for row in kept] == [
        ("A!", 1, False, None),
        ("same", None, None, None),
        (None, None, None, None),
        ("raise", None, None, "function.error"),
        ("LONGER!", 6, True, None),
    ]
    batch = documents({"id": ["0"], "text": [None]})
    assert step(batch).schema == step(documents({"id": ["1"], "text": ["a"]})).schema
    assert step(batch.slice(0, 0)).schema == step(batch).schema


def test_a_function_gets_the_lasting_columns_of_a_document(own: str) -> None:
    batch = documents({"id": ["0"], "text": ["a"], "url": [None], "_words": [1], "drop_rule": [None]})
    assert Function(f"{own}:columns")(batch).column("text").to_pylist() == ["id,text,url"]


@pytest.mark.parametrize(
    ("function", "text", "settings", "message"),
    [
        ("wrong", "text", {}, r":wrong returned 3; expected a dict of changed fields, or None"),
        ("wrong", "id", {}, r":wrong returned the field 'id', which it may not set; name it in `changes` or, with"),
        ("typed", "3", {"columns": {"n": "int"}}, ":typed returned n of another type than int64"),
        ("typed", "3", {"columns": {"n": "bool"}}, ":typed returned n of another type than bool"),
    ],
)
def test_what_a_function_may_not_return_is_named(
    own: str, function: str, text: str, settings: dict[str, Any], message: str
) -> None:
    step = Function(f"{own}:{function}", **settings)
    with pytest.raises((TypeError, ValueError), match=message):
        step(documents({"id": ["0"], "text": [text]}))
    assert tokenmill.apply(step, rows([text])) == []


@pytest.mark.parametrize("function", ["quits", "shout"])
def test_what_a_function_raises_is_counted_with_its_own_line(own: str, function: str, tmp_path: Path) -> None:
    """Guards against two earlier faults: SystemExit ended the worker, or the caller if workers=0, and the reported
    place was a line of stages/function.py.
    """
    raised = Raised()
    step = Function(f"{own}:{function}", columns={"n": "int", "long": "bool"})
    done = apply_step(step, documents({"id": ["0", "1"], "text": ["raise", "raise"]}), raised)
    assert done.column("drop_rule").to_pylist() == ["function.error"] * 2
    assert raised.failed == 2 and raised.place.startswith(f"{tmp_path / own}.py:")


@pytest.mark.parametrize(("text", "rule"), [("even", None), ("odd", "function.error")])
def test_a_fraction_is_not_cut_to_a_whole_number(own: str, text: str, rule: str | None) -> None:
    [found] = tokenmill.apply(Function(f"{own}:fraction", columns={"n": "int"}), rows([text]), mark_only=True)
    assert (found["drop_rule"], found["n"]) == (rule, None if rule else 2)


def test_a_filter_keeps_drops_and_records_the_reason(own: str) -> None:
    found = tokenmill.apply(
        FilterFunction(f"{own}:judge", accept=("about b",)),
        rows(["keep", "drop", None, "a", "b", "forget", ""]), mark_only=True,
    )  # fmt: skip
    assert [(row["drop_rule"], row["drop_measured"]) for row in found] == [
        (None, None),
        ("function.rejected", "rejected"),
        (None, None),
        ("function.rejected", "about a"),
        (None, None),
        ("function.error", "TypeError"),
        ("function.error", "TypeError"),
    ]


@pytest.mark.parametrize("reference", ["shout", "own.shout", ":shout", "own:", "own:shout:x", "own/a:b", "own..a:b"])
def test_a_reference_of_another_form_is_refused_before_anything_is_imported(reference: str) -> None:
    for found in (Function, FilterFunction):
        with pytest.raises(RecipeError, match=r"function\.function: found .*expected module:function"):
            found(reference)
    check_reference("absent.module:function", "x")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"changes": ("id",)}, "function.changes: found 'id', which only tokenmill may set"),
        ({"columns": {"_n": "int"}}, "function.columns: found '_n', which only tokenmill may set"),
        ({"columns": {"drop_rule": "text"}}, "found 'drop_rule', which only tokenmill may set"),
        ({"columns": {"text": "text"}}, "found 'text', which is in `changes`; name it once"),
        ({"columns": {"date": "text"}}, "found date: text, but documents have 'date' of the type timestamp"),
        ({"columns": {"lang": "int"}}, "found lang: int, but documents have 'lang' of the type string"),
    ],
)
def test_a_column_that_cannot_be_set_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Function("own:shout", **settings)
    Function("own:shout", columns={"lang": "text", "lang_score": "float", "n": "int"})


@pytest.mark.parametrize("unit", ["stages.function", "filters.function"])
@pytest.mark.parametrize(
    ("plugins", "reference", "message"),
    [
        ("OWN.py", "OWN:shout", None),
        ("OWN", "OWN:shout", None),
        (None, "OWN:shout", "r:1: unit: the function 'OWN:shout' is code of your own; give --plugins with the package"),
        ("own_help", "OWN:shout", "the function 'OWN:shout' is not inside --plugins own_help; give --plugins with"),
        ("OWN", "os:remove", "the function 'os:remove' is not inside --plugins OWN"),
        ("OWN", "OWN.more:shout", "no module 'OWN.more'"),
        ("OWN", "OWN:shuot", "OWN has no function 'shuot'; did you mean 'shout'?"),
        (None, "tokenmill.core.rules:judge", "is code of your own; give --plugins"),
    ],
)
def test_a_function_must_be_inside_the_plug_ins(
    own: str, unit: str, plugins: str | None, reference: str, message: str | None
) -> None:
    plugins, reference = plugins and plugins.replace("OWN", own), reference.replace("OWN", own)
    spec = WorkSpec(unit, {"function": reference}, 1)
    if message is None:
        assert build(spec, seed=0, plugins=plugins, where="")
        return
    with pytest.raises(RecipeError) as caught:
        build(spec, seed=0, plugins=plugins, where="r:1: ")
    assert message.replace("OWN", own).replace("unit", unit) in str(caught.value)


def test_a_run_calls_functions_in_worker_processes(own: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(f'{{"id": "{text}", "text": "{text}"}}' for text in ("a", "keep")))
    stages = {
        "read": [{"stages.read_table": {"paths": "rows.jsonl"}}],
        "judge": [{"filters.function": {"function": f"{own}:judge"}}],
        "edit": [{"stages.function": {"function": f"{own}:shout", "columns": {"n": "int", "long": "bool"}}}],
    }
    run = tokenmill.run({"run": "r", "stages": stages}, workers=1, plugins=f"{own}.py", progress="none")
    assert run.ok, run.failures
    assert run.documents().select("id", "text", "n").collect().rows() == [("keep", "KEEP!", 4)]
    assert run.dropped().select("drop_rule", "drop_measured").collect().rows() == [("function.rejected", "about a")]
    assert run.what_if({"judge.function.accept": ["about a"]}).kept[0] == 1


def test_both_pickle_and_compare() -> None:
    for step in (Function.example(), FilterFunction.example()):
        assert pickle.loads(pickle.dumps(step)) == step and dataclasses.is_dataclass(step)

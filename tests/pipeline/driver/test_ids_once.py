"""Ids are compared before the first Global over documents, and again only if two of them can have become equal."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine import Limits, Outcome, Watch
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.exchange.exchange import UniqueIds
from tokenmill.pipeline.exchange.reduce_tasks import ReduceTask
from tokenmill.pipeline.planning.recipe import load_recipe

HEAD = """
run: toy
excerpt: 0
stages:
  fruit: [{toolbox.numbered: {files: [apple, pear], rows: 6}}]
  trees: [{toolbox.numbered: {files: [oak, TREE], rows: 6}}]
"""
COPIES = "{tokenize.rehydrate: {limits: [1], copies: [2], size: exact_dedup.cluster_size}}"


@dataclass
class Watching(InProcess):
    """Records the stages whose ids are compared."""

    compared: list[str] = field(default_factory=list)

    def run(self, tasks: Iterable[Any], limits: Limits, watch: Watch) -> Iterator[Outcome]:
        for outcome in super().run(tasks, limits, watch):
            task = outcome.task
            if isinstance(task, ReduceTask) and isinstance(task.round, UniqueIds):
                self.compared.append(task.name.stage)
            yield outcome


def compared(folder: Path, stages: str, tree: str = "elm") -> list[str]:
    (folder / "r.yaml").write_text(HEAD.replace("TREE", tree) + stages)
    engine = Watching()
    options = Options(out=str(folder / "runs"), plugins="toolbox")
    result = run_recipe(load_recipe(folder / "r.yaml"), engine, options, progress_for("none"))
    assert not result.failures
    return engine.compared


@pytest.mark.parametrize(
    ("stages", "where"),
    [
        ("  one: {from: fruit, steps: [stages.exact_dedup]}\n  two: [toolbox.length, stages.line_dedup]\n"
         "  three: [toolbox.shout]\n  lines: [stages.write_jsonl]\n", ["one"]),
        ("  one: {from: fruit, steps: [stages.exact_dedup]}\n  two: {from: [one, trees], steps: [stages.line_dedup]}\n"
         "  lines: [stages.write_jsonl]\n", ["one", "two"]),
        ("  one: {from: fruit, steps: [stages.exact_dedup]}\n"
         f"  copies: [{COPIES}]\n  lines: [stages.write_jsonl]\n", ["one", "lines"]),
        ("  one: {from: fruit, steps: [stages.exact_dedup]}\n  left: {from: one, steps: [toolbox.shout]}\n"
         "  right: {from: one, steps: [toolbox.length]}\n  two: {from: left, steps: [stages.line_dedup]}\n"
         "  lines: {from: right, steps: [stages.write_jsonl]}\n", ["one"]),
    ],
    ids=["one_line", "two_come_together", "copies", "two_branches"],
)  # fmt: skip
def test_ids_are_compared_once(tmp_path: Path, stages: str, where: list[str]) -> None:
    assert compared(tmp_path, stages) == where


@pytest.mark.parametrize(
    "stages",
    [
        "  two: {from: [fruit, trees], steps: [stages.exact_dedup]}\n",
        "  one: {from: fruit, steps: [stages.exact_dedup]}\n  two: {from: [one, trees], steps: [stages.write_jsonl]}\n",
        "  one: {from: fruit, steps: [stages.exact_dedup]}\n  other: {from: trees, steps: [stages.exact_dedup]}\n"
        "  two: {from: [one, other], steps: [toolbox.shout]}\n  lines: [stages.write_jsonl]\n",
        "  one: {from: fruit, steps: [stages.exact_dedup]}\n  left: {from: one, steps: [toolbox.shout]}\n"
        "  right: {from: one, steps: [toolbox.length]}\n  two: {from: [left, right], steps: [stages.write_jsonl]}\n",
    ],
    ids=["first_global", "after_one", "after_two", "the_same_twice"],
)
def test_ids_that_clash_are_refused_wherever_they_come_together(
    tmp_path: Path, stages: str, caplog: pytest.LogCaptureFixture
) -> None:
    tree = "elm" if "right" in stages else "apple"  # otherwise both Sources read the file `apple`
    with caplog.at_level(logging.ERROR), pytest.raises(DataError, match=r"id 'apple-0-\d+' occurs twice: shard 00000"):
        compared(tmp_path, stages, tree)

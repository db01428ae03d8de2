"""The Ray engine in this process, on a cluster of this machine: isolation, copies, retries, refusals."""

import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine import Limits, Outcome, dispatch
from tokenmill.pipeline.engine.local import LocalPool
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.manifest import Manifest, write_manifest
from tokenmill.pipeline.record.task import TaskName, Tell, shard_name

pytestmark = pytest.mark.slow
pytest.importorskip("ray")

PLUGINS = str(Path(__file__).parents[2] / "plugins")
HERE = str(Path(__file__).parents[3])
HOSTILE = """
run: toy
excerpt: 0
stages:
  read: [{toolbox.numbered: {rows: 14}}]
  hostile:
    timeout: 3
    memory: 700MB
    steps: [{toolbox.hostile: {segfault: f0-0-3, memory: f1-1-4, hang: f2-0-5, error: f3-1-6}}]
  unique: [stages.exact_dedup]
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Any]:
    from tokenmill.pipeline.engine.ray import RayPool

    path = pytest.MonkeyPatch()
    path.setenv("PYTHONPATH", os.pathsep.join([PLUGINS, HERE]))  # for Ray's workers, which start in another folder
    made = RayPool(workers=3)
    try:
        yield made
    finally:
        made.close()
        path.undo()


def bytes_of(root: Path) -> dict[str, bytes]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.parent.name in ("data", "dropped"))
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def run_recipe(folder: Path, text: str, engine: Any) -> Any:
    folder.mkdir()
    (folder / "r.yaml").write_text(text)
    return run(load_recipe(folder / "r.yaml"), engine, Options(str(folder), plugins="toolbox"), progress_for("none"))


def test_documents_that_kill_a_worker_are_found_as_on_one_machine(tmp_path: Path, pool: Any) -> None:
    local = LocalPool(2)
    try:
        assert not run_recipe(tmp_path / "local", HOSTILE, local).failures
    finally:
        local.close()
    assert not run_recipe(tmp_path / "ray", HOSTILE, pool).failures
    assert bytes_of(tmp_path / "ray/toy") == bytes_of(tmp_path / "local/toy") != {}
    places = sorted((tmp_path / "ray/toy/hostile/quarantine").iterdir())
    causes = {entry["id"]: entry["cause"] for path in places for entry in json.loads(path.read_text())}
    assert causes == {"f0-0-3": "signal 11", "f1-1-4": "memory", "f2-0-5": "hang"}


def test_memory_stated_is_reserved(tmp_path: Path, pool: Any) -> None:
    stage = load_recipe(_written(tmp_path, HOSTILE)).stage("hostile")
    assert stage.resources == {"memory": 700_000_000}
    from tokenmill.pipeline.engine.ray import _options

    assert _options(stage.resources) == {"num_cpus": 1, "memory": 700_000_000}
    assert _options({"num_gpus": 1, "fast_disk": 0.5}) == {
        "num_cpus": 1,
        "num_gpus": 1,
        "resources": {"fast_disk": 0.5},
    }


def _written(folder: Path, text: str) -> Path:
    (folder / "r.yaml").write_text(text)
    return folder / "r.yaml"


@dataclass(frozen=True)
class Note:
    """A task that writes nothing but its manifest.

    Attributes:
        slow_once: seconds for which the first process that tries it sleeps. Default 0.
        die: number of tries in which its Ray worker dies. Default 0.
    """

    folder: str
    number: int
    slow_once: float = 0.0
    die: int = 0

    @property
    def name(self) -> TaskName:
        return shard_name(self.folder, self.number, "note")

    def __call__(self, tell: Tell) -> Manifest:
        tries = [name for name in os.listdir(self.folder) if name.startswith(f"try-{self.number}-")]
        Path(self.folder, f"try-{self.number}-{os.getpid()}-{len(tries)}").touch()
        if len(tries) < self.die:
            os.kill(os.getppid(), 9)
            time.sleep(60)
        if not tries and self.slow_once:
            time.sleep(self.slow_once)
        made = Manifest("note", facts={"by": os.getpid()})
        write_manifest(self.name.manifest_path, made)
        return made


def outcomes(pool: Any, tasks: list[Note]) -> list[Outcome]:
    Path(tasks[0].folder).mkdir(parents=True)
    Path(tasks[0].folder).with_name("recipe.yaml").touch()
    pool.make_ready([])
    return list(pool.run(tasks, Limits(), lambda task, position: None))


def test_a_task_that_lags_is_overtaken_by_a_copy(tmp_path: Path, pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "LAG_SECONDS", 2.0)
    began = time.monotonic()
    tasks = [Note(str(tmp_path / "stage"), number, slow_once=300.0 if number == 2 else 0.0) for number in range(4)]
    ends = outcomes(pool, tasks)
    assert sorted(one.task.name.number for one in ends) == [0, 1, 2, 3] and not any(one.error for one in ends)
    assert time.monotonic() - began < 120  # nobody waited for the one that sleeps
    assert len(list((tmp_path / "stage").glob("try-2-*"))) == 2


def test_what_dies_with_its_worker_starts_again(tmp_path: Path, pool: Any, caplog: pytest.LogCaptureFixture) -> None:
    ends = outcomes(pool, [Note(str(tmp_path / "stage"), number, die=2 if number == 1 else 0) for number in range(3)])
    assert sorted(one.task.name.number for one in ends) == [0, 1, 2] and not any(one.error for one in ends)
    assert caplog.text.count("stage 000001 was lost") == 2


def test_what_is_lost_too_often_fails(tmp_path: Path, pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "LOSSES", 1)
    [end] = outcomes(pool, [Note(str(tmp_path / "stage"), 0, die=9)])
    assert "lost 2 times with its node or worker; last: WorkerCrashedError" in str(end.error)


def test_a_manifest_that_stands_is_not_made_again(tmp_path: Path, pool: Any) -> None:
    task = Note(str(tmp_path / "stage"), 0)
    first = outcomes(pool, [task])[0].manifest
    [second] = pool.run([task], Limits(), lambda task, position: None)
    assert second.manifest.facts == first.facts
    assert len(list((tmp_path / "stage").glob("try-0-*"))) == 1


def test_a_node_that_does_not_see_the_output_is_named(tmp_path: Path, pool: Any) -> None:
    (tmp_path / "stage").mkdir()
    pool.make_ready([])
    with pytest.raises(DataError, match=r"does not see .*; give --out a folder that all nodes share, or a URL"):
        list(pool.run([Note(str(tmp_path / "stage"), 0)], Limits(), lambda task, position: None))


def test_a_plug_in_of_a_folder_elsewhere_reaches_the_nodes(
    tmp_path: Path, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: Ray unpickled tasks before a node could know where to search."""
    unit = (
        "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Noop:\n    reads, adds = ('text',), ()\n"
    )
    (tmp_path / "ray_lab").mkdir()
    (tmp_path / "ray_lab/noop.py").write_text(f"{unit}\n    def __call__(self, batch):\n        return batch\n")
    (tmp_path / "ray_lab/loud.py").write_text("def up(document):\n    return {'text': document['text'].upper()}\n")
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "text": "b"}')
    (tmp_path / "r.yaml").write_text(f"""
run: r
excerpt: 0
stages:
  read: [stages.read_table: {{paths: {tmp_path}/rows.jsonl}}, ray_lab.noop]
  edit: [stages.function: {{function: "ray_lab.loud:up"}}]
""")
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    options = Options(str(tmp_path), plugins=str(tmp_path / "ray_lab"))
    assert run(load_recipe(str(tmp_path / "r.yaml")), pool, options, progress_for("none")).failures == []
    assert pq.read_table(tmp_path / "r/edit/data/000000.parquet")["text"].to_pylist() == ["B"]


def test_names_of_tasks_are_few(tmp_path: Path, pool: Any) -> None:
    """Regression: Ray's driver kept some 10 kB for each name: 2 GB after 100,000 tasks."""
    from tokenmill.pipeline.engine.ray import _Names

    tasks = [Note(str(tmp_path / "web"), number) for number in range(100_000)]
    assert _Names(900)(tasks[17]) == "web 000017"
    many = _Names(len(tasks))
    assert many(tasks[17]) == "web 000000-000099" and len({many(task) for task in tasks}) == 1000


def test_a_node_with_other_code_is_refused(tmp_path: Path, pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tokenmill.pipeline.engine import node

    monkeypatch.setattr(node, "packages", lambda units, modules: {"pyarrow": "1.0"})
    with pytest.raises(DataError, match=r"other code than the driver: pyarrow is \d+.*, the driver's is 1.0. Install"):
        outcomes(pool, [Note(str(tmp_path / "stage"), 0)])


def test_a_task_no_node_has_room_for_is_said(
    tmp_path: Path, pool: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from tokenmill.pipeline.engine import ray as engine

    monkeypatch.setattr(engine, "_COMPLAIN_SECONDS", 0.0)
    waiting = pool.run([Note(str(tmp_path / "stage"), 0)], Limits(resources={"num_gpus": 4}), _stop_when_said(caplog))
    with pytest.raises(InterruptedError):
        list(waiting)
    assert "no node has room for a task: it needs {'CPU': 1, 'GPU': 4}" in caplog.text


def _stop_when_said(caplog: pytest.LogCaptureFixture) -> Any:
    deadline = time.monotonic() + 60

    def watch(task: Any, position: Any) -> None:
        if "no node has room" in caplog.text or time.monotonic() > deadline:
            raise InterruptedError

    logging.getLogger("tokenmill").setLevel(logging.INFO)
    return watch


def test_a_model_on_a_gpu_is_loaded_once_a_worker(tmp_path: Path) -> None:
    """If the test machine has no GPU, the test tells Ray that it has one. It checks that the process stays alive."""
    import ray
    from ray.cluster_utils import Cluster

    from tokenmill.pipeline.engine.ray import RayPool

    (tmp_path / "notes").mkdir()
    text = f"""
run: toy
excerpt: 0
stages:
  read: [{{toolbox.numbered: {{files: [a, b, c, d, e, f]}}}}]
  score: {{resources: {{num_gpus: 1}}, steps: [{{toolbox.placed: {{notes: {tmp_path}/notes}}}}]}}
"""
    with pytest.MonkeyPatch.context() as path:
        path.setenv("PYTHONPATH", os.pathsep.join([PLUGINS, HERE]))
        ray.shutdown()
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "num_gpus": 1})
        engine = RayPool(cluster.address)
        try:
            assert not run_recipe(tmp_path / "run", text, engine).failures
        finally:
            engine.close()
            cluster.shutdown()
    assert len(pq.read_table(tmp_path / "run/toy/score/data")) == 6 * 38
    loads, calls = list((tmp_path / "notes").glob("load-*")), list((tmp_path / "notes").glob("call-*"))
    assert len(calls) == 6 and len(loads) == 1
    assert {path.read_text().rpartition(" ")[2] for path in calls} == {"0"}

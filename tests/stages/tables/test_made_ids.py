"""Two rows with one id are an error that names `id: make`, which gives each row an id from its file and place."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenmill.core.errors import RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.stages.tables.read_table import ReadTable

ROWS = [{"id": "same", "text": "x"}, {"id": "same", "text": "y"}, {"id": None, "text": "z"}]
LINES = [json.dumps(row) for row in ROWS]


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out)
    return out.getvalue()


FORMATS: dict[str, tuple[Callable[[], bytes], list[int]]] = {
    "a.parquet": (parquet, [0, 1, 2]),
    "a.jsonl": (lambda: "\n".join(LINES).encode(), [0, len(LINES[0]) + 1, 2 * len(LINES[0]) + 2]),
    "a.json": (lambda: json.dumps(ROWS).encode(), [1, len(LINES[0]) + 3, 2 * len(LINES[0]) + 5]),
    "a.csv": (lambda: b"id,text\nsame,x\nsame,y\n,z\n", [8, 15, 22]),
}


def rows(path: Path, **setting: Any) -> list[tuple[str, str, str]]:
    source = ReadTable(str(path), **setting)
    found = [row for shard in source.shards() for batch in source.read(shard) for row in batch.to_pylist()]
    return [(row["id"], row["text"], row["meta"]) for row in found]


@pytest.mark.parametrize("name", FORMATS)
def test_made_ids_are_those_of_rows_without_one_and_the_others_become_metadata(tmp_path: Path, name: str) -> None:
    content, places = FORMATS[name]
    (tmp_path / name).write_bytes(content())
    none = '{"id":""}' if name == "a.csv" else '{"id":null}'
    metas = ['{"id":"same"}', '{"id":"same"}', none]
    ids = [f"{name}#{place}" for place in places]
    assert rows(tmp_path / name, id="make") == list(zip(ids, "xyz", metas, strict=True))
    assert rows(tmp_path / name) == list(zip(["same", "same", ids[2]], "xyz", ["{}"] * 3, strict=True))
    assert rows(tmp_path / name, id="make", unknown="drop") == list(zip(ids, "xyz", ["{}"] * 3, strict=True))


@pytest.mark.parametrize("format", ["datatrove", "dolma"])
def test_ids_of_other_layouts_are_made_too(tmp_path: Path, format: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "same", "text": "x", "metadata": {"k": 1}}\n' * 2)
    assert [row[0] for row in rows(tmp_path / "a.jsonl", format=format, id="make")] == ["a.jsonl#0", "a.jsonl#50"]
    assert rows(tmp_path / "a.jsonl", format=format, id="make")[0][2] == '{"id":"same","k":1}'


def test_files_of_one_name_get_different_ids(tmp_path: Path) -> None:
    for folder in ("b", "c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jsonl").write_text(LINES[0])
    assert [row[0] for row in rows(tmp_path / "*" / "a.jsonl", id="make")] == ["b/a.jsonl#0", "c/a.jsonl#0"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"id": "new"}, "id: found 'new', expected 'keep' or 'make'"),
        ({"id": "make", "columns": {"k": "id"}}, "leave one"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        ReadTable("a.jsonl", **setting)


def result_of(folder: Path, setting: str) -> tuple[list[str], list[str]]:
    """Runs a recipe over the file. Returns (the failures, the ids kept)."""
    text = f"run: r\nexcerpt: 0\nstages:\n  t: [{{stages.read_table: {{paths: '{folder}/a.jsonl'{setting}}}}}]\n"
    (folder / "r.yaml").write_text(text)
    options = Options(out=str(folder / "runs"))
    result = run(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none"))
    kept = folder / "runs/r/t/data/000000.parquet"
    return [str(one) for one in result.failures], pq.read_table(kept).column("id").to_pylist() if kept.exists() else []


def test_a_run_over_rows_with_one_id_names_the_setting_that_reads_them(tmp_path: Path) -> None:
    """Guards against an earlier fault: the file failed, and no setting helped."""
    (tmp_path / "a.jsonl").write_bytes(FORMATS["a.jsonl"][0]())
    failures, kept = result_of(tmp_path, "")
    assert not kept and any("id 'same' occurs twice" in one and "`id: make`" in one for one in failures)
    assert result_of(tmp_path, ", id: make") == ([], [f"a.jsonl#{place}" for place in FORMATS["a.jsonl"][1]])

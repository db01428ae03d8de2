"""Our reader and datatrove read the written JSON Lines back completely, and the bytes depend only on the rows."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.report import funnel, read_run
from tokenmill.stages.tables.jsonl_formats import FORMATS
from tokenmill.stages.tables.read_table import ReadTable
from tokenmill.stages.tables.write_jsonl import COMPRESSIONS, WriteJsonl

MINE = {"language": "lang", "language_score": "lang_score", "path": "path", "license": "license"}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | WORDS
)
TAKEN = {"source", "url", "date", "media", "metadata", "language", "language_score", "path", "license", "code_lang"}
META = st.dictionaries(
    WORDS.filter(lambda key: key not in TAKEN), PLAIN | st.lists(PLAIN) | st.dictionaries(WORDS, PLAIN)
)
ROW = st.fixed_dictionaries(
    {
        "text": WORDS,
        "url": st.none() | WORDS,
        "date": st.none()
        | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),
        "lang": st.none() | st.sampled_from(["en", "de"]),
        "lang_score": st.none() | st.floats(0, 1, width=32),
        "path": st.none() | WORDS,
        "license": st.none() | WORDS,
        "meta": META.map(lambda meta: json.dumps(meta, sort_keys=True, separators=(",", ":"))),
    }
)


def written(batches: list[pa.RecordBatch], folder: Path, work: WriteJsonl) -> list[Path]:
    """Returns the files that a writer writes when it is called as the engine calls it."""
    [round] = work.rounds()
    rows = pa.Table.from_batches([round.route(batch) for batch in batches])
    rows = rows.sort_by([(name, "ascending") for name in round.sort_by])
    ends = rows["_weight"].to_numpy().cumsum()
    files: list[Path] = []
    for cut in work.cuts({"all": int(ends[-1])}):
        starts = ends - rows["_weight"].to_numpy()
        inside = rows.filter(pa.array((starts >= cut.low) & (starts < cut.high)))
        paths, facts = work.write(cut, iter(inside.to_batches()), str(folder))
        assert facts["documents"] == inside.num_rows
        files += map(Path, paths)
    return files


def read(files: list[Path], **setting: Any) -> list[dict[str, Any]]:
    work = ReadTable(tuple(map(str, files)), **setting)
    found = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: row["id"])


@pytest.mark.parametrize("format", FORMATS)
@given(
    rows=st.lists(ROW, min_size=1, max_size=8), compression=st.sampled_from(COMPRESSIONS), size=st.integers(60, 2000)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_documents_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, format: str, rows: list[dict[str, Any]], compression: str, size: int
) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    batch = documents({"id": [f"d{row}" for row in range(len(rows))], "source": ["web"] * len(rows), **columns})
    folder = tmp_path_factory.mktemp("written")
    files = written([batch], folder, WriteJsonl(format, compression, size))
    back = read(files, source="web", format=format, columns=MINE)
    assert [{name: row[name] for name in batch.schema.names} for row in back] == batch.to_pylist()
    assert [row.get("drop_rule") for row in back] == [None] * len(rows)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_the_bytes_depend_on_the_rows_alone(tmp_path: Path, compression: str) -> None:
    ids = [f"d{row}" for row in range(500)]
    batch = documents({"id": ids, "text": [f"text of {id}" for id in ids], "meta": [None] * 500})
    work = WriteJsonl("dolma", compression, 5000)
    made = []
    for name, parts in (("a", [batch]), ("b", [batch.slice(300), batch.slice(0, 300)])):
        files = written(parts, tmp_path / name, work)
        made.append({file.name: file.read_bytes() for file in files})
    assert made[0] == made[1] and len(made[0]) > 3
    unpack = (
        gzip.decompress
        if compression == "gz"
        else lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)
    )
    texts = [json.loads(line)["text"] for data in made[0].values() for line in unpack(data).splitlines()]
    assert sorted(texts) == sorted(batch.column("text").to_pylist())
    assert texts != batch.column("text").to_pylist()


def test_dolma_keys_have_their_places(tmp_path: Path) -> None:
    line = {
        "id": "a",
        "text": "one",
        "source": "reddit",
        "added": "2023-04-11T11:43:14.204Z",
        "created": "2013-05-18T05:20:35Z",
        "version": "v0",
        "attributes": {"toxic": [[0, 3, 0.5]]},
        "metadata": {"url": "http://a.example/", "date": "yesterday", "n": 1},
    }
    (tmp_path / "in.jsonl").write_text(json.dumps(line))
    [row] = read([tmp_path / "in.jsonl"], source="mine", format="dolma")
    assert (row["id"], row["text"], row["source"], row["url"]) == ("a", "one", "mine", "http://a.example/")
    assert row["date"] == datetime(2013, 5, 18, 5, 20, 35, tzinfo=UTC)
    assert json.loads(row["meta"]) == {
        "source": "reddit",
        "added": line["added"],
        "version": "v0",
        "attributes": line["attributes"],
        "date": "yesterday",
        "n": 1,
    }
    batch = documents({name: [row[name]] for name in ("id", "source", "text", "url", "date", "meta")})
    [file] = written([batch], tmp_path, WriteJsonl("dolma"))
    assert json.loads(gzip.decompress(file.read_bytes())) == line


@pytest.mark.parametrize(
    ("line", "meta", "rule"),
    [
        ({"id": "a", "text": "x", "metadata": '{"n":1}'}, {"n": 1}, None),
        ({"id": "a", "text": "x", "metadata": "not json"}, {"metadata": "not json"}, None),
        ({"id": "a", "text": "x", "metadata": [1]}, {"metadata": [1]}, None),
        ({"id": "a", "text": "x", "media": [], "n": 1, "metadata": {"n": 2, "text": "y"}}, {"n": 1, "text": "y"}, None),
        ({"id": "a", "metadata": {"text": "y"}}, {"text": "y"}, "read_table.no_text"),
    ],
)
def test_odd_objects_are_read(tmp_path: Path, line: Any, meta: Any, rule: str | None) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(line))
    [row] = read([tmp_path / "in.jsonl"], format="datatrove")
    assert (json.loads(row["meta"]), row.get("drop_rule")) == (meta, rule)


def test_half_a_surrogate_pair_in_meta_is_replaced_and_a_whole_one_stays() -> None:
    [round] = WriteJsonl().rounds()
    batch = documents({"id": ["a"], "text": ["x"], "meta": ['{"\\ud800":"\\udc00 \\ud83d\\ude42"}']})
    [line] = round.route(batch).column("line").to_pylist()
    assert json.loads(line)["metadata"] == {"\ufffd": "\ufffd 🙂"}


def test_metadata_that_is_no_json_number_or_object_can_be_written() -> None:
    [round] = WriteJsonl().rounds()
    batch = documents(
        {"id": ["a", "b"], "text": ["x", None], "meta": ['{"n":NaN}', "[1]"], "lang_score": [float("nan"), 1]}
    )
    lines = [json.loads(line, parse_constant=pytest.fail) for line in round.route(batch).column("line").to_pylist()]
    assert lines == [
        {"id": "a", "text": "x", "metadata": {"n": None}},
        {"id": "b", "text": None, "metadata": {"meta": [1], "language_score": 1.0}},
    ]


def test_datatrove_reads_what_we_write_and_we_what_it_writes(tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    from datatrove.data import Document
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    row = {"text": "one\r\ntwo \u2028 é", "url": "http://a.example/", "date": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)}
    batch = documents(
        {"id": ["a"], "source": ["web"], **{key: [value] for key, value in row.items()}, "meta": ['{"n":1}']}
    )
    for compression in COMPRESSIONS:
        written([batch], tmp_path / compression, WriteJsonl("datatrove", compression))
        [document] = JsonlReader(str(tmp_path / compression), add_file_path=False).run()
        assert (document.id, document.text) == ("a", row["text"])
        assert document.metadata == {"n": 1, "source": "web", "url": row["url"], "date": "2024-05-06T07:08:09Z"}
        for expand in (False, True):
            out = tmp_path / f"{compression}-{expand}"
            pack = {"gz": "gzip", "zst": "zstd"}[compression]
            with JsonlWriter(
                str(out), output_filename=f"a.jsonl.{compression}", compression=pack, expand_metadata=expand
            ) as writer:
                writer.write(document)
                writer.write(Document(text="plain", id="b"))
            back = read([out / f"a.jsonl.{compression}"], source="web", format="datatrove")
            assert {name: back[0][name] for name in batch.schema.names} == batch.to_pylist()[0]
            assert (back[1]["text"], back[1]["meta"], back[1]["date"]) == ("plain", "{}", None)


def test_a_recipe_ends_in_jsonl_and_balances(tmp_path: Path) -> None:
    recipe = """
run: toy
excerpt: 0
stages:
  read: [toolbox.numbered]
  out: [{toolbox.length: {min_characters: 60}}, {stages.write_jsonl: {file_bytes: 4000, compression: zst}}]
"""
    (tmp_path / "r.yaml").write_text(recipe)
    made = []
    for name in "ab":
        options = Options(out=str(tmp_path / name), plugins="toolbox", mark_only=name == "b")
        result = run_recipe(load_recipe(tmp_path / "r.yaml"), InProcess(), options, progress_for("none"))
        assert not result.failures
        files = sorted(Path(options.folder("toy"), "out/corpus").iterdir())
        made.append({file.name: file.read_bytes() for file in files})
        assert all(one.balanced for one in funnel.funnel(read_run(result.folder)))
    assert made[0] == made[1] and len(made[0]) > 2
    kept = pq.read_table(tmp_path / "b/toy--mark-only/read/data/000000.parquet")
    assert kept.num_rows == 40
    back = read(files, source="toy", format="datatrove")
    assert all(len(row["text"]) >= 60 for row in back)
    assert len(back) == funnel.funnel(read_run(str(tmp_path / "a/toy")))[-1].rows_out


def test_wrong_settings_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'dolma'"):
        WriteJsonl("dolmo")
    with pytest.raises(RecipeError, match="did you mean 'datatrove'"):
        ReadTable("x.jsonl", format="datatrov")
    with pytest.raises(RecipeError, match="compression: found 'bz2'"):
        WriteJsonl(compression="bz2")
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="is for JSON Lines"):
        read([tmp_path / "t.parquet"], format="dolma")

"""read_table with other inputs than whole Parquet and JSON Lines files: Arrow, CSV, data set folders, pieces, hostile
files.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import Shard
from tokenmill.pipeline.planning.plan import _identity
from tokenmill.stages.reading.parquet_batches import open_parquet, row_batches
from tokenmill.stages.tables.csv_records import read_csv_records
from tokenmill.stages.tables.read_table import ReadTable


def rows(path: Path | str, **setting: Any) -> list[dict[str, Any]]:
    """Returns all rows without null marks, because only some batches have columns for marks."""
    work = ReadTable(str(path), **setting)
    found = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    return [{key: row[key] for key in row if row[key] is not None or not key.startswith("drop_")} for row in found]


def fates(path: Path | str, **setting: Any) -> list[tuple[str, str | None, str | None]]:
    """Returns (id, text, rule) of each row."""
    return [(row["id"], row["text"], row.get("drop_rule")) for row in rows(path, **setting)]


def arrow_file(path: Path, columns: dict[str, Any], *, batch_rows: int = 2, stream: bool = False) -> Path:
    table = pa.table(columns)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(str(path), table.schema) as writer:
        for batch in table.to_batches(max_chunksize=batch_rows):
            writer.write_batch(batch)
    return path


@pytest.mark.parametrize("stream", [False, True])
def test_arrow_files_and_streams_become_documents(tmp_path: Path, stream: bool) -> None:
    path = arrow_file(tmp_path / "t.arrow", {"text": ["a", None, "c"], "n": [1, 2, 3]}, stream=stream)
    assert fates(path) == [
        ("t.arrow#0", "a", None), ("t.arrow#1", None, "read_table.no_text"), ("t.arrow#2", "c", None),
    ]  # fmt: skip
    assert [row["meta"] for row in rows(path)] == ['{"n":1}', '{"n":2}', '{"n":3}']


def test_a_string_of_an_arrow_file_that_is_not_utf8_costs_itself_alone(tmp_path: Path) -> None:
    texts = pa.array([b"fine", b"a\xff", b"good"], pa.binary()).view(pa.string())
    path = arrow_file(tmp_path / "t.arrow", {"text": texts}, batch_rows=3)
    assert [row[1:] for row in fates(path)] == [
        ("fine", None), ("a\ufffd", "read_table.bad_utf8"), ("good", None),
    ]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_an_arrow_batch_with_offsets_that_point_elsewhere_is_a_loss(tmp_path: Path, stream: bool) -> None:
    path = arrow_file(tmp_path / "t.arrow", {"text": ["aaaa", "bbbb", "cccc", "dddd"]}, stream=stream)
    content = path.read_bytes()
    offsets = struct.pack("<3i", 0, 4, 8)
    first = content.index(offsets)  # the offsets of the first batch
    path.write_bytes(content[:first] + struct.pack("<3i", 0, 1 << 30, 8) + content[first + len(offsets) :])
    if stream:  # nothing can be read after the damage
        with pytest.raises(DataError, match="none of its rows can be read"):
            rows(path)
        return
    corrupt = ("t.arrow#0", None, "read_table.corrupt")
    assert fates(path) == [corrupt, ("t.arrow#1", "cccc", None), ("t.arrow#2", "dddd", None)]


@pytest.mark.parametrize("cut", [3, 9, 200, 330])
@pytest.mark.parametrize("stream", [False, True])
def test_an_arrow_file_cut_short_is_an_error_or_says_so(tmp_path: Path, stream: bool, cut: int) -> None:
    path = arrow_file(tmp_path / "t.arrow", {"text": ["aaaa", "bbbb", "cccc", "dddd"]}, stream=stream)
    path.write_bytes(path.read_bytes()[:cut])
    try:
        found = fates(path)
    except DataError as error:
        assert "t.arrow" in str(error)
    else:
        assert found[-1][2] is not None


def test_two_arrow_streams_in_one_file_are_damage(tmp_path: Path) -> None:
    """The second stream was passed over without a word."""
    path = arrow_file(tmp_path / "t.arrow", {"text": ["a", "b"]}, stream=True)
    path.write_bytes(path.read_bytes() * 2)
    assert [(text, rule) for _, text, rule in fates(path)] == [("a", None), ("b", None), (None, "read_table.corrupt")]


@pytest.mark.parametrize(("name", "sign"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", ","), ("t.csv", "|")])
def test_other_delimiters_are_named(tmp_path: Path, name: str, sign: str) -> None:
    (tmp_path / name).write_text(f"id{sign}text\n1{sign}a\n")
    with pytest.raises(DataError, match=r"separated by commas in \.csv and by tabs in \.tsv"):
        fates(tmp_path / name)


@pytest.mark.parametrize(("name", "header"), [("t.csv", '"text"'), ("t.tsv", "text"), ("t.csv", '"text, raw"')])
def test_a_header_of_one_column_may_have_the_delimiter_of_its_file(tmp_path: Path, name: str, header: str) -> None:
    (tmp_path / name).write_text(f"{header}\na\n")
    columns = {header.strip('"'): "text"}
    assert [text for _, text, _ in fates(tmp_path / name, columns=columns)] == ["a"]


def test_csv_becomes_documents(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    one, two = b'1,"two\nlines, ""so""",x\r', b",plain,"
    header = b'\xef\xbb\xbfid,text,"a ""b"""\r\n'
    path.write_bytes(header + one + b"\n\r\n" + two + b"\n")
    first, second = len(header), len(header + one) + 3
    assert [(row["id"], row["text"], row["meta"], row["locator"]) for row in rows(path)] == [
        ("1", 'two\nlines, "so"', '{"a \\"b\\"":"x"}', {"file": str(path), "offset": first, "length": len(one)}),
        (f"t.csv#{second}", "plain", '{"a \\"b\\"":""}', {"file": str(path), "offset": second, "length": len(two)}),
    ]


@pytest.mark.parametrize("name", ["t.tsv", "t.csv.gz", "t.csv.zst"])
def test_csv_by_its_other_names(tmp_path: Path, name: str) -> None:
    content = b"text\tn\none\t1\n" if name == "t.tsv" else b"text,n\none,1\n"
    packed = {"t.csv.gz": gzip.compress, "t.csv.zst": zstandard.compress}.get(name, bytes)(content)
    (tmp_path / name).write_bytes(packed)
    [row] = rows(tmp_path / name)
    assert (row["text"], row["meta"]) == ("one", '{"n":"1"}')


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1 << 18])
def test_a_record_of_csv_over_the_limit_is_one_row_to_its_end(tmp_path: Path, step: int) -> None:
    """The result is the same wherever the reads cut its quotes."""
    long = b'1,"' + b'no,"" record\n, "",""\n' * 40 + b'",""\n'
    content = b"id,text,x\n" + long + b'2,"after",\n3,open,"a\nb\nc'
    records = list(read_csv_records(Trickle(content, step), "t", 100, ","))
    assert [record.fields for record in records] == [["id", "text", "x"], [], ["2", "after", ""], []]
    assert (
        records[1][:2] == (10, len(long) - 1) and records[1].problem == f"a record of {len(long) - 1} bytes, over 100"
    )
    assert records[3].problem == "a quoted field has no end: 3 lines"


class Trickle(io.BytesIO):
    """Returns only a few bytes per read."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__(content)
        self.step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.step)


def test_a_line_of_a_record_over_the_limit_hides_no_quote(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'text,n\n"' + b"long " * 200_000 + b'\nno,row\n",1\n"' + b"x" * 900_000 + b'",2\nlast,3\n')
    assert [row[1:] for row in fates(path, max_line_bytes=1000)] == [
        (None, "read_table.bad_csv"), (None, "read_table.bad_csv"), ("last", None),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
def test_quotes_of_tsv_are_characters(tmp_path: Path, name: str) -> None:
    content = b'text\tn\n"one\t1\r\ntwo "so"\t"2"\n\nthree\n'
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert [(row["text"], row["meta"], row.get("drop_measured")) for row in rows(tmp_path / name)] == [
        ('"one', '{"n":"1"}', None), ('two "so"', '{"n":"\\"2\\""}', None),
        (None, "{}", "found 1 fields, expected 2"),
    ]  # fmt: skip


def test_a_quote_of_csv_inside_a_field_opens_none(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"text",n\n5" pipe,1\nb "c,2\n"d""\n",3\n')
    assert [(row["text"], row["meta"]) for row in rows(path)] == [
        ('5" pipe', '{"n":"1"}'), ('b "c', '{"n":"2"}'), ('d"\n', '{"n":"3"}'),
    ]  # fmt: skip


def test_bad_records_of_csv_are_rows_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(
        b'text,n\none,1\ntwo\nthree,3,3\n\xff,4\nx"y"z,5\n' + b'"' + b"long " * 400 + b'",6\nlast,7\nopen,"8\n'
    )
    found = [(row["text"], row.get("drop_rule"), row.get("drop_measured")) for row in rows(path, max_line_bytes=999)]
    assert [row[:2] for row in found] == [
        ("one", None), (None, "read_table.bad_csv"), (None, "read_table.bad_csv"), (None, "read_table.bad_csv"),
        ('x"y"z', None), (None, "read_table.bad_csv"), ("last", None), (None, "read_table.bad_csv"),
    ]  # fmt: skip
    assert [row[2] for row in found if row[1]] == [
        "found 1 fields, expected 2", "found 3 fields, expected 2",
        "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte", "a line of 2004 bytes, over 999",
        "a quoted field has no end: 1 lines",
    ]  # fmt: skip


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=8), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None)
def test_csv_is_read_as_python_writes_it(values: list[list[str]], end: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(values)
    content = out.getvalue().encode()
    found = list(read_csv_records(io.BytesIO(content), "t", 1 << 20, ","))
    assert [record.fields for record in found] == values
    for record in found:
        assert content[record.offset : record.offset + record.length].count(b'"') % 2 == 0


@given(st.text('a",\n', max_size=30))
@settings(deadline=None)
def test_records_of_csv_end_where_python_ends_them(content: str) -> None:
    """This holds for any text that Python's strict reader accepts."""
    try:
        expected = [row for row in csv.reader(io.StringIO(content, newline=""), strict=True) if row]
    except csv.Error:
        return
    assert [record.fields for record in read_csv_records(io.BytesIO(content.encode()), "t", 99, ",")] == expected


def test_a_header_that_names_a_column_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"text,text\na,b\n")
    with pytest.raises(DataError, match="names a column twice"):
        rows(tmp_path / "t.csv")


def saved(folder: Path, files: list[str], split: str | None) -> None:
    """Writes the files that `save_to_disk` of datasets 5.2 writes: streams, and their names in order."""
    folder.mkdir(parents=True)
    for number, name in enumerate(files):
        arrow_file(folder / name, {"text": [f"{folder.name} {number}"], "id": [f"{folder.name}-{number}"]}, stream=True)
    state = {"_data_files": [{"filename": name} for name in files], "_fingerprint": "0", "_split": split}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")


def test_a_saved_data_set_is_its_files_in_order(tmp_path: Path) -> None:
    saved(tmp_path / "train", ["data-00001.arrow", "data-00000.arrow"], None)
    assert [row[1] for row in fates(tmp_path / "train")] == ["train 0", "train 1"]


def test_splits_of_a_saved_data_set_are_chosen(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    saved(tmp_path / "train", ["data-0.arrow"], "train")
    saved(tmp_path / "test", ["data-0.arrow"], "test")
    assert [row[0] for row in fates(tmp_path)] == ["train-0", "test-0"]
    assert [row[0] for row in fates(tmp_path, splits=("test",))] == ["test-0"]
    with pytest.raises(RecipeError, match=r"has no split 'trian', but \['test', 'train'\]; did you mean 'train'"):
        rows(tmp_path, splits=("trian",))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"_data_files": [{"filename": "../../secret.arrow"}]}, "which cannot be the name of a file"),
        ({"_data_files": [{"filename": ".."}]}, "which cannot be the name of a file"),
        ({"_data_files": [{"filename": "a\ud800.arrow"}]}, "which cannot be the name of a file"),
        (
            {"_data_files": [{"filename": "a.arrow"}], "_indices_data_files": [{"filename": "i.arrow"}]},
            "flatten_indices",
        ),
        ({"_data_files": []}, "a folder without data files"),
    ],
)
def test_a_saved_data_set_that_names_other_files_is_refused(tmp_path: Path, state: Any, message: str) -> None:
    (tmp_path / "state.json").write_text(json.dumps(state))
    with pytest.raises(RecipeError, match=message):
        rows(tmp_path)


@pytest.mark.parametrize("files", [[{}], ["x"], [{"filename": 1}], "x", [None]])
def test_a_saved_data_set_whose_state_is_none_is_an_error(tmp_path: Path, files: Any) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": files}))
    with pytest.raises(DataError, match=r'state\.json: _data_files has .*, expected \{"filename": NAME\}'):
        rows(tmp_path)


def test_a_saved_data_set_without_one_of_its_splits_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    saved(tmp_path / "train", ["data-0.arrow"], "train")
    with pytest.raises(DataError, match=r"names the split 'test', but there is no .*/test/state\.json"):
        rows(tmp_path)
    assert [row[0] for row in fates(tmp_path, splits=("train",))] == ["train-0"]


@pytest.mark.parametrize("split", ["../other", "a/b", "..", "", 1, "a\0b", "\ud800"])
def test_a_split_that_lies_elsewhere_is_refused(tmp_path: Path, split: Any) -> None:
    saved(tmp_path / "other", ["data-0.arrow"], "train")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "dataset_dict.json").write_text(json.dumps({"splits": [split]}))
    with pytest.raises(RecipeError, match="which cannot be the name of a folder"):
        rows(tmp_path / "set")


def test_a_folder_as_on_the_hub_has_its_splits_in_names(tmp_path: Path) -> None:
    for name in ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-0.parquet"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"text": [name]}), tmp_path / "set" / name)
    (tmp_path / "set" / "README.md").write_text("# A data set")
    (tmp_path / "set" / ".cache").mkdir()
    (tmp_path / "set" / ".cache" / "old.jsonl").write_text('{"text": "old"}')
    assert [row[1] for row in fates(tmp_path / "set", splits=("train",))] == [
        "data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet",
    ]  # fmt: skip
    assert len(rows(tmp_path / "set")) == 3


def test_splits_are_for_folders(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "a"}')
    with pytest.raises(RecipeError, match="is not a dataset folder"):
        rows(tmp_path / "t.jsonl", splits=("train",))


LINE = st.one_of(
    st.just(b""), st.just(b"[1]"), st.integers(0, 60).map(lambda n: json.dumps({"text": "x" * n}).encode())
)


@given(st.lists(LINE, max_size=12), st.integers(1, 70), st.booleans())
@settings(deadline=None)
def test_json_lines_in_pieces_are_the_lines_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "t.jsonl"
    path.write_bytes(b"\n".join([*lines, b'{"text": "one that can be read"}']) + (b"\n" if ended else b""))
    whole = rows(path)
    work = ReadTable(str(path), shard_bytes=size)
    assert rows(path, shard_bytes=size) == whole
    assert sum(shard.length for shard in work.shards()) == path.stat().st_size
    for shard in work.shards():
        for batch in work.read(shard):
            assert all(shard.start <= place["offset"] < shard.end for place in batch.column("locator").to_pylist())


@pytest.mark.parametrize("size", [1, 700, 5000, 1 << 20])
def test_parquet_in_pieces_is_the_rows_of_the_whole(tmp_path: Path, size: int) -> None:
    texts = [f"{number} " + "word " * (number % 50) for number in range(150)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "t.parquet", row_group_size=20)
    assert rows(tmp_path / "t.parquet", shard_bytes=size) == rows(tmp_path / "t.parquet")


def test_a_compressed_file_called_jsonl_is_read_once(tmp_path: Path) -> None:
    content = b"".join(json.dumps({"text": f"{n} {hash(n) ** 5}"}).encode() + b"\n" for n in range(500))
    (tmp_path / "t.jsonl").write_bytes(gzip.compress(content))
    assert len(ReadTable(str(tmp_path / "t.jsonl"), shard_bytes=100).shards()) > 5
    assert len(rows(tmp_path / "t.jsonl", shard_bytes=100)) == 500


def test_a_column_that_comes_late_is_still_ours(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "url": "http://b/"}\n')
    assert [row["url"] for row in rows(path, batch_bytes=1)] == [None, "http://b/"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"text": "a", "text": "b"}', "the key 'text' occurs twice"),
        (b'{"text": "a", "x": {"k": 1, "k": 2}}', "the key 'k' occurs twice"),
        (b'{"text": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "more than 500 deep"),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b"\x00" * 100, "Expecting value"),
        ('{"text": "ä"}'.encode("latin-1"), "codec can't decode"),
    ],
)
def test_hostile_lines_are_refused_by_name_and_the_next_is_read(tmp_path: Path, line: bytes, problem: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(line + b'\n{"text": "good"}\n')
    *bad, good = rows(path)
    assert good["text"] == "good" and bad and all(row["drop_rule"] == "read_table.bad_json" for row in bad)
    assert problem in bad[0]["drop_measured"]


def test_numbers_that_are_none_become_null(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "a", "x": NaN, "y": [Infinity]}')
    assert rows(tmp_path / "t.jsonl")[0]["meta"] == '{"x":null,"y":[null]}'
    pq.write_table(pa.table({"text": ["a"], "x": [float("nan")], "b": [b"\xff"]}), tmp_path / "t.parquet")
    assert rows(tmp_path / "t.parquet")[0]["meta"] == '{"b":"\\\\xff","x":null}'


@pytest.mark.parametrize("depth", [400, 499, 500, 900, 980, 5000])
def test_how_deep_a_line_may_be_does_not_hang_on_the_stack(tmp_path: Path, depth: int) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"text": "a", "x": ' + "[" * depth + "1e999" + "]" * depth + '}\n{"text": "b"}\n'
    )
    row, _ = rows(tmp_path / "t.jsonl")
    if depth < 500:
        assert row["meta"] == '{"x":' + "[" * depth + "null" + "]" * depth + "}"
    else:
        assert row["drop_measured"] == "lists or objects more than 500 deep"


@pytest.mark.parametrize("depth", [400, 985])
def test_metadata_that_is_too_deep_stays_text(tmp_path: Path, depth: int) -> None:
    said = '{"x":' + "[" * depth + "NaN" + "]" * depth + "}"
    (tmp_path / "t.jsonl").write_text(json.dumps({"text": "a", "metadata": said}))
    [row] = rows(tmp_path / "t.jsonl", format="datatrove")
    assert row["meta"] == (
        said.replace("NaN", "null") if depth < 500 else json.dumps({"metadata": said}).replace(": ", ":", 1)
    )


SCORES: dict[str, float | None] = {
    "9007199254740993": 9007199254740992.0, "9" * 400: None, "1e39": None, "-1e39": None, "0.5": 0.5, "true": None,
    '"0.5"': 0.5, '"x"': None, '"nan"': None, '"1e39"': None, "[1]": None, "null": None,
}  # fmt: skip


@pytest.mark.parametrize("said", SCORES)
def test_a_score_is_a_number_or_null(tmp_path: Path, said: str) -> None:
    (tmp_path / "t.jsonl").write_text(f'{{"text": "a", "s": {said}}}')
    assert rows(tmp_path / "t.jsonl", columns={"s": "lang_score"})[0]["lang_score"] == SCORES[said]


def test_scores_of_csv_and_of_whole_numbers_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,s\na,0.5\nb,\nc,x\n")
    found = rows(tmp_path / "t.csv", columns={"s": "lang_score"})
    assert [row["lang_score"] for row in found] == [0.5, None, None]
    path = arrow_file(tmp_path / "t.arrow", {"text": ["a", "b"], "s": [(1 << 53) + 1, None]})
    assert [row["lang_score"] for row in rows(path, columns={"s": "lang_score"})] == [float(1 << 53), None]
    path = arrow_file(tmp_path / "t.arrow", {"text": ["a", "b"], "s": [1e39, 0.5]})
    assert [row["lang_score"] for row in rows(path, columns={"s": "lang_score"})] == [None, 0.5]


@pytest.mark.slow
def test_a_line_of_half_a_gigabyte_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    """The reader never holds more of a line than the limit: the process may grow only by a few times that size."""
    import resource

    path = tmp_path / "t.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "')
        for _ in range(512):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n{"text": "good"}\n')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    [bad, good] = rows(path, max_line_bytes=8 << 20)
    assert bad["drop_measured"] == "a line of 536870924 bytes, over 8388608" and good["text"] == "good"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 << 10


class _Counting:
    """A file that counts the bytes read from it."""

    read_bytes = 0

    def __init__(self, file: Any) -> None:
        self.file = file

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.file.read(size)
        _Counting.read_bytes += len(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "_Counting":
        return self

    def __exit__(self, *exception: object) -> None:
        self.file.close()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Counts the bytes that are read from a store, for every file that is opened for reading."""
    from tokenmill.core.io import storage

    plain = storage.open_input
    monkeypatch.setattr(storage, "open_input", lambda path: _Counting(plain(path)))
    yield
    fsspec.filesystem("memory").store.clear()


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
def test_a_piece_of_a_file_on_a_store_is_read_by_its_range(name: str) -> None:
    texts = [f"{number} " + "word " * 200 for number in range(4000)]
    out = io.BytesIO()
    if name == "t.parquet":
        pq.write_table(pa.table({"text": texts}), out, row_group_size=200, compression="none", use_dictionary=False)
    else:
        out.write(b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts))
    content = out.getvalue()
    fsspec.filesystem("memory").pipe(f"/bucket/{name}", content)
    work = ReadTable(f"memory://bucket/{name}", shard_bytes=1 << 20)
    shards = work.shards()
    assert len(shards) >= 4 and shards[0].file.startswith("memory://")
    found: list[str] = []
    for shard in shards:
        _Counting.read_bytes = 0
        found += [text for batch in work.read(shard) for text in batch.column("text").to_pylist()]
        assert _Counting.read_bytes < 2.2 * (1 << 20)
    assert found == texts


def test_a_folder_on_a_store_is_a_data_set() -> None:
    store = fsspec.filesystem("memory")
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"]}), out)
    store.pipe("/set/data/train-0.parquet", out.getvalue())
    store.pipe("/set/data/test-0.parquet", out.getvalue())
    assert [row[0] for row in fates("memory://set", splits=("test",))] == ["test-0.parquet#0"]
    store.store.clear()


def broken_names(path: Path) -> None:
    """Replaces one byte of the column's name by a byte that is not valid UTF-8."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"more", b"mo\xffe"))


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_column_whose_name_is_not_utf8_is_an_error(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table({"text": ["a"], "more": [1]}), path, store_schema=False)
    else:
        arrow_file(path, {"text": ["a"], "more": [1]})
    broken_names(path)
    with pytest.raises(DataError, match=f"t.{ending}: cannot be read as"):
        rows(path)


def test_other_values_that_are_not_utf8_cost_their_row(tmp_path: Path) -> None:
    broken = pa.array([b"fine", b"a\xff", b"good"], pa.binary()).view(pa.string())
    kinds = pa.DictionaryArray.from_arrays(pa.array([1, 0, 2], pa.int32()), broken)
    nested = pa.StructArray.from_arrays([broken], names=["b"])
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": ["x", "y", "z"], "kind": kinds, "nested": nested}), path)
    found = [(row["text"], row.get("drop_rule"), row["meta"]) for row in rows(path)]
    assert found == [
        ("x", "read_table.bad_utf8", '{"nested":{"b":"fine"}}'), ("y", "read_table.bad_utf8", '{"kind":"fine"}'),
        ("z", None, '{"kind":"good","nested":{"b":"good"}}'),
    ]  # fmt: skip


def test_a_text_that_refers_to_a_dictionary_is_read(tmp_path: Path) -> None:
    broken = pa.array([b"fine", b"a\xff"], pa.binary()).view(pa.string())
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int32()), broken)}), path)
    assert [row[1:] for row in fates(path)] == [("a\ufffd", "read_table.bad_utf8"), ("fine", None)]


def of_months(tmp_path: Path, nested: bool) -> Path:
    """Writes an Arrow file with intervals of months. pyarrow cannot write them, so the unit of other intervals is set
    to months.
    """
    kind = pa.month_day_nano_interval()
    column = pa.array([{"b": None}], pa.struct([("b", kind)])) if nested else pa.nulls(1, kind)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.schema([("text", pa.string()), ("more", column.type)])) as writer:
        writer.write_batch(pa.record_batch([pa.array(["a"]), column], ["text", "more"]))
    content = sink.getvalue()
    for place in (place for place, byte in enumerate(content) if byte == 2):
        patched = content[:place] + b"\0" + content[place + 1 :]
        try:
            found = str(pa.ipc.open_stream(patched).schema.field("more").type)
        except (pa.ArrowException, OSError, KeyError):
            continue
        if "month_interval" in found:
            path = tmp_path / "x.arrow"
            path.write_bytes(patched)
            return path
    raise AssertionError("no byte says the unit")


@pytest.mark.parametrize("nested", [False, True])
def test_a_column_of_a_type_that_pyarrow_cannot_hand_out_is_an_error(tmp_path: Path, nested: bool) -> None:
    path = of_months(tmp_path, nested)
    with pytest.raises(DataError, match=r"x\.arrow: the column 'more' is of type .*month_interval.*unknown: drop"):
        rows(path)
    assert [row["text"] for row in rows(path, unknown="drop")] == ["a"]


@pytest.mark.parametrize(
    ("column", "meta"),
    [
        (pa.array([1], pa.timestamp("ns")), "1970-01-01 00:00:00.000000001"),
        (pa.array([5], pa.duration("ns")), "5"),
        (pa.array([5000], pa.duration("ns")), "0:00:00.000005"),
        (pa.array([5000], pa.time64("ns")).dictionary_encode(), "00:00:00.000005"),
        (pa.array([1000], pa.timestamp("ns", tz="UTC")).dictionary_encode(), "1970-01-01 00:00:00.000001+00:00"),
        (pa.array([5], pa.time64("ns")), "00:00:00.000000005"),
        (pa.array([10_000_000], pa.date32()), "29349-01-26"),
        (pa.array([1 << 62], pa.duration("s")), "4611686018427387904"),
        (pa.array([1], pa.timestamp("s", tz="Mars/X")), "1970-01-01 00:00:01Z"),
        (pa.array([{"a": [1], "b": 2}], pa.struct([("a", pa.list_(pa.time64("ns"))), ("b", pa.int8())])),
            {"a": ["00:00:00.000000001"], "b": 2}),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.time64("ns"))), [["a", "00:00:00.000000001"]]),
    ],
)  # fmt: skip
def test_a_value_that_python_cannot_hold_is_written_as_text(tmp_path: Path, column: pa.Array, meta: Any) -> None:
    path = arrow_file(tmp_path / "t.arrow", {"text": ["a"], "x": column})
    [row] = rows(path)
    assert (row["text"], json.loads(row["meta"]), row.get("drop_rule")) == ("a", {"x": meta}, None)


def test_a_struct_with_two_fields_of_one_name_is_an_error(tmp_path: Path) -> None:
    twice = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    path = arrow_file(tmp_path / "t.arrow", {"text": ["a"], "x": pa.ListArray.from_arrays([0, 1], twice)})
    with pytest.raises(DataError, match=r"t\.arrow: the column 'x' is of type list<.*give its fields different names"):
        rows(path)
    assert fates(path, unknown="drop") == [("t.arrow#0", "a", None)]


@pytest.mark.parametrize(
    ("column", "year"),
    [
        (pa.array([1_600_000_000_000_000_001], pa.timestamp("ns")), 2020),
        (pa.array([1_600_000_000], pa.timestamp("s", tz="Mars/X")), 2020),
        (pa.array([10_000_000], pa.date32()), None),
        (pa.array([1 << 62], pa.timestamp("us")), None),
        (pa.array([b"2020-01-02\xff"], pa.binary()).view(pa.string()), None),
        (pa.array(["2020"], pa.string_view()), 2020),
        (pa.array([{"a": 1}], pa.struct([("a", pa.time64("ns"))])), None),
    ],
)
def test_dates_are_cut_to_microseconds_and_to_the_years_that_there_are(
    tmp_path: Path, column: pa.Array, year: int | None
) -> None:
    [row] = rows(arrow_file(tmp_path / "t.arrow", {"text": ["a"], "date": column}))
    assert (row["date"] and row["date"].year) == year


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("place", ["text", "list", "struct"])
def test_a_text_that_a_dictionary_repeats_does_not_multiply_in_memory(tmp_path: Path, ending: str, place: str) -> None:
    long = pa.array(["x" * 100_000]).dictionary_encode()
    many = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int32()), long.dictionary)
    listed = pa.ListArray.from_arrays(range(101), many)
    values = {"text": many, "list": listed, "struct": pa.StructArray.from_arrays([many], names=["a"])}[place]
    columns = {"text": values} if place == "text" else {"text": ["a"] * 100, "x": values}
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table(columns), path, store_schema=False)
    else:
        arrow_file(path, columns, batch_rows=100)
    assert path.stat().st_size < 300_000
    work = ReadTable(str(path), batch_bytes=1_000_000)
    batches = list(work.read(work.shards()[0]))
    assert sum(batch.num_rows for batch in batches) == 100 and max(batch.num_rows for batch in batches) <= 10
    assert {len(row["text"]) + len(row["meta"]) // 2 > 1000 for batch in batches for row in batch.to_pylist()} == {True}


def test_the_names_of_columns_count_towards_a_batch(tmp_path: Path) -> None:
    name = "n" * 10_000
    arrow_file(tmp_path / "t.arrow", {"text": ["a"] * 100, "x": pa.array([{name: 1}] * 100)}, batch_rows=100)
    (tmp_path / "t.csv").write_text(f"text,{name}\n" + "a,1\n" * 100)
    pq.write_table(pa.table({"text": ["a"] * 100, name: ["b"] * 100}), tmp_path / "t.parquet")
    for file in ("t.arrow", "t.csv", "t.parquet"):
        work = ReadTable(str(tmp_path / file), batch_bytes=100_000)
        counts = [batch.num_rows for batch in work.read(work.shards()[0])]
        assert sum(counts) == 100 and max(counts) <= 11, file


def test_memory_that_does_not_suffice_is_no_damage(tmp_path: Path) -> None:
    """The reader runs in a process whose memory is smaller than one batch."""
    columns = {"text": ["x" * (130 << 20)]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", use_dictionary=False, compression="zstd")
    table = pa.table(columns)
    with pa.ipc.new_file(
        str(tmp_path / "t.arrow"), table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as out:
        out.write_table(table)
    for file in ("t.parquet", "t.arrow"):
        done = subprocess.run(
            [sys.executable, "-c", _LITTLE_MEMORY, str(tmp_path / file)], capture_output=True, text=True, check=False
        )
        assert done.stdout == "out of memory\n", (file, done.stdout, done.stderr)


_LITTLE_MEMORY = """
import resource, sys
from tokenmill.stages.tables.read_table import ReadTable
work = ReadTable(sys.argv[1])
[shard] = work.shards()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (90 << 20), used + (90 << 20)))
try:
    print([row["drop_rule"] for batch in work.read(shard) for row in batch.select(["drop_rule"]).to_pylist()])
except MemoryError:
    print("out of memory")
"""


def test_files_of_one_base_name_have_ids_of_their_own_wherever_their_folder_lies(tmp_path: Path) -> None:
    for place in ("here", "there/below"):
        root = tmp_path / place
        for name in ("a.jsonl", "de/a.jsonl", "x/fr/a.jsonl", "y/fr/a.jsonl", "y/b.jsonl"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text('{"text": "a"}\n')
        assert [name for name, _, _ in fates(f"{root}/**/*.jsonl")] == [
            "a.jsonl#0", "de/a.jsonl#0", "x/fr/a.jsonl#0", "b.jsonl#0", "y/fr/a.jsonl#0",
        ]  # fmt: skip
        pieces = [shard.name or "a.jsonl" for shard in ReadTable(f"{root}/**/a.jsonl", shard_bytes=9).shards()]
        assert pieces == [name for name in ("a.jsonl", "de/a.jsonl", "x/fr/a.jsonl", "y/fr/a.jsonl") for _ in range(2)]


def test_a_name_in_ids_is_part_of_what_a_shard_is() -> None:
    shard = Shard(0, "s", "a/b", 0, 1, 1, "e")
    assert "name" not in _identity(shard) and _identity(replace(shard, name="a/b"))["name"] == "a/b"


@pytest.mark.parametrize(
    ("name", "pack", "found"),
    [
        ("t.jsonl.bz2", bz2.compress, "compressed with bzip2"),
        ("t.csv.bz2", bz2.compress, "compressed with bzip2"),
        ("t.jsonl.xz", lzma.compress, "compressed with xz"),
        ("t.feather", lambda content: b"FEA1\0\0\0\0" + content, "of version 1 of Feather"),
        ("t.jsonl", lambda content: content.decode().encode("utf-16"), "text in UTF-16"),
        ("t.csv", lambda content: b"\xfe\xff" + content.decode().encode("utf-16-be"), "text in UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_is_called_what_it_is(tmp_path: Path, name: str, pack: Any, found: str) -> None:
    for content in (b"", b'{"text": "a"}\n'):
        (tmp_path / name).write_bytes(pack(content))
        with pytest.raises(DataError, match=rf"{name}: is {found}, expected Parquet, Arrow IPC, JSON Lines or CSV"):
            rows(tmp_path / name)


@pytest.mark.parametrize("header", ["BZh9,text", "FEA1,text"])
def test_a_header_that_begins_as_other_files_do_is_a_header(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text(f"{header}\n1,a\n")
    assert [row["text"] for row in rows(tmp_path / "t.csv")] == ["a"]


@pytest.mark.parametrize("size", [0, 4, 100_000])
def test_zstd_may_begin_with_a_frame_to_skip(tmp_path: Path, size: int) -> None:
    frame = b"\x53\x2a\x4d\x18" + struct.pack("<I", size) + b"s" * size
    lines = [zstandard.compress(b'{"text": "a"}\n'), zstandard.compress(b'{"text": "b"}\n')]
    (tmp_path / "t.jsonl").write_bytes(frame + lines[0] + frame + lines[1] + frame)
    assert [row["text"] for row in rows(tmp_path / "t.jsonl", shard_bytes=20)] == ["a", "b"]


def test_each_line_is_utf_8_or_bad(tmp_path: Path) -> None:
    """It does not matter which encoding json would guess for the line."""
    good = '{"text": "a"}\n'
    (tmp_path / "t.jsonl").write_bytes(good.encode() * 2 + good.encode("utf-16-le") + b"\xef\xbb\xbf" + good.encode())
    assert [row[1:] for row in fates(tmp_path / "t.jsonl")] == [
        ("a", None), ("a", None), (None, "read_table.bad_json"), (None, "read_table.bad_json"),
    ]  # fmt: skip


def test_a_first_piece_without_a_text_is_read_if_lines_behind_it_have_one(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": "0"}\n{"id": "1"}\n{"id": "2", "text": "a"}\n')
    for size in (1, 12, 13, 1000):
        assert [row["text"] for row in rows(path, shard_bytes=size)] == [None, None, "a"]
    for size in (1, 12, 13, 1000):  # the first batch has no text, however large the pieces are
        with pytest.raises(DataError, match="no column 'text' among id"):
            rows(path, shard_bytes=size, batch_bytes=1)


def test_a_large_group_with_a_column_that_a_dictionary_repeats_is_read_by_few_rows(tmp_path: Path) -> None:
    texts = [f"{number} " * 20 for number in range(5000)]
    table = pa.table({"text": texts, "x": ["y" * 5000] * 5000})
    pq.write_table(table, tmp_path / "t.parquet", use_dictionary=["x"])
    with (tmp_path / "t.parquet").open("rb") as file:
        parquet = open_parquet(file)
        assert parquet.plain.metadata.row_group(0).total_byte_size > 200_000
        batches = list(row_batches(parquet, 200_000))
    assert pa.Table.from_batches(batches).equals(table) and max(batch.nbytes for batch in batches) < 2_000_000
    short = table.select(["text"])
    pq.write_table(short, tmp_path / "t.parquet", use_dictionary=False)
    with (tmp_path / "t.parquet").open("rb") as file:
        batches = list(row_batches(open_parquet(file), 200_000))
    assert pa.Table.from_batches(batches).equals(short) and len(batches) <= 5

"""JSON arrays of documents are read value by value: the values of json.load, in little memory, also after damage."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.errors import DataError
from tokenmill.stages.reading.json_lines import parsed
from tokenmill.stages.tables.json_arrays import array_values, is_json_array
from tokenmill.stages.tables.read_table import ReadTable


def pieces(content: bytes, step: int) -> Iterator[bytes]:
    return (content[place : place + step] for place in range(0, len(content), step))


def values(content: bytes, step: int = 1 << 18, limit: int = 1 << 20) -> list[Any]:
    """Returns the value or the problem of each place."""
    return [line.problem or line.value for line in parsed(array_values(pieces(content, step), "t", limit))]


TEXT = st.text(st.sampled_from('ab"\\{}[],: \n\té漢🥲\ud800'), max_size=12)
VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUE, max_size=4), max_size=6)


@given(OBJECTS, st.sampled_from([None, 0, 2, "\t"]), st.integers(1, 40), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_the_values_are_those_of_python(
    documents: list[Any], indent: Any, step: int, ascii_only: bool, marked: bool
) -> None:
    text = json.dumps(documents, indent=indent, ensure_ascii=ascii_only)
    content = b"\xef\xbb\xbf" * marked + text.encode("utf-8", "surrogatepass")
    found = list(parsed(array_values(pieces(content, step), "t", 1 << 20)))
    assert [line.value for line in found] == documents and not any(line.problem for line in found)
    for line in found:
        assert (
            json.loads(content[line.offset : line.offset + line.length].decode("utf-8", "surrogatepass")) == line.value
        )


@given(st.lists(OBJECTS, min_size=1, max_size=3), st.sampled_from([b"", b"\n", b" \r\n\n"]), st.integers(1, 40))
@settings(deadline=None, max_examples=40)
def test_arrays_and_objects_that_are_joined_are_all_read(arrays: list[list[Any]], between: bytes, step: int) -> None:
    packed = between.join([json.dumps(array).encode() for array in arrays] + [b'{"last": 1}'])
    assert values(packed, step) == [one for array in arrays for one in array] + [{"last": 1}]


@given(st.binary(max_size=60).map(lambda some: b"[" + some), st.integers(1, 30))
@settings(deadline=None)
def test_any_bytes_are_values_or_problems_however_they_are_cut(content: bytes, step: int) -> None:
    assert values(content, step) == values(content)


ONE, TWO, LAST = {"text": "one"}, {"text": "two", "more": [{"a": [1]}]}, {"text": "last"}
A, B, Z = (json.dumps(one).encode() for one in (ONE, TWO, LAST))


@pytest.mark.parametrize("step", [1, 5, 1000])
@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"[]", []),
        (b"[ \n ]\n", []),
        (b"[" + A + b"," + B + b",\n" + Z + b",]", [ONE, TWO, LAST]),
        (b"[,,\n,, ," + A + b",,\n,\n" + B + b",]", [ONE, TWO]),
        (b"[" + A + b"," + B, [ONE, TWO, "inside an array"]),
        (b"[" + A + b"," + B[:-1], [ONE, "inside this value"]),
        (b"[" + A + b"," + B[:12], [ONE, "inside this value"]),
        (b"[" + A + b'] "junk"', [ONE, "JSON str"]),
        (b"[" + A + b"] junk", [ONE, "Expecting value"]),
        (b"[" + A + b" x, " + B + b"]", [ONE, "Expecting value", TWO]),
        (b"[1, " + A + b', "text", null, [' + B + b"]]", ["JSON int", ONE, "JSON str", "JSON NoneType", "JSON list"]),
        (b"[[" + A + b"]]", ["JSON list"]),
        (b"[\n" + A + b',\n{"text": "no quote},\n' + B + b",\n" + Z + b"\n]", [ONE, "Unterminated", TWO, LAST]),
        (b"[\n" + A + b',\n{"text": "no end",\n' + B + b",\n" + Z + b"\n]", [ONE, "Expecting property", TWO, LAST]),
        (b"[\n" + A + b',\n{"text": ["no end"},\n' + B + b",\n" + Z + b"\n]", [ONE, "Expecting ','", TWO, LAST]),
        (b"[\n" + A + b',\n{"text": "\xff"},\n' + B + b"]", [ONE, "'utf-8' codec", TWO]),
        (b"[" + A + b',\n{"x": "' + b"y" * 300 + b'"},\n' + B + b",\n" + Z + b"]", [ONE, "over 200", TWO, LAST]),
        (b"[\n" + A + b",\n" + b"[" * 5000 + b",\n" + B + b"]", [ONE, "over 200", TWO]),
    ],
)
def test_damage_costs_its_value(content: bytes, wanted: list[Any], step: int) -> None:
    found = values(content, step, limit=200)
    assert [one if isinstance(one, dict) else "?" for one in found] == [
        one if isinstance(one, dict) else "?" for one in wanted
    ]
    assert all(want == one or want in one for want, one in zip(wanted, found, strict=True)), found


def test_damage_inside_a_value_on_several_lines_ends_with_the_value() -> None:
    """The lines inside the damaged value that begin with an object are indented further."""
    documents = [{"text": f"t{n}", "more": [{"a": 1}, {"a": 2}]} for n in range(4)]
    content = json.dumps(documents, indent=2).encode().replace(b'"t1"', b'"t1')
    found = values(content)
    assert [one if isinstance(one, dict) else None for one in found] == [documents[0], None, *documents[2:]]


@pytest.mark.parametrize(
    ("head", "is_array"),
    [
        (b'[{"text": 1}]', True), (b"[", True), (b"[\n", True), (b'\xef\xbb\xbf [\n{"a', True), (b"[]", True),
        (b'[{"a": 1},\n{"a": 2}]', True), (b'[{"a": 1}]\n[{"a": 2}]', True), (b'[1]\n{"text": "x"}\n', False),
        (b"[1]\n[2]\n", False), (b'{"a": [1]}', False), (b"", False), (b"a,[", False),
    ],
)  # fmt: skip
def test_an_array_is_known_by_its_head(head: bytes, is_array: bool) -> None:
    assert is_json_array(head) is is_array


def rows(path: Path, **setting: Any) -> list[tuple[str, str | None, str | None, str]]:
    source = ReadTable(str(path), **setting)
    found = [row for shard in source.shards() for batch in source.read(shard) for row in batch.to_pylist()]
    return [(row["id"], row["text"], row.get("drop_rule"), row["meta"]) for row in found]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.json.gz", "t.data"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_of_an_array_becomes_documents(
    tmp_path: Path, name: str, indent: int | None, pack: Callable[[bytes], bytes]
) -> None:
    """Guards against an earlier fault: such a file was refused."""
    documents = [{"id": "a", "text": "x", "n": [1]}, {"text": "y"}, {"id": "c", "text": None}, 5]
    text = json.dumps(documents, indent=indent)
    (tmp_path / name).write_bytes(pack(text.encode()))
    second = text.index('"y"') - len('{\n    "text": ' if indent else '{"text": ')
    assert rows(tmp_path / name, shard_bytes=30) == [
        ("a", "x", None, '{"n":[1]}'),
        (f"{name}#{second}", "y", None, "{}"),
        ("c", None, "read_table.no_text", "{}"),
        (f"{name}#{text.rindex('5')}", None, "read_table.bad_json", "{}"),
    ]


def test_an_array_without_an_object_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('["a", "b", ["c"]]')
    with pytest.raises(DataError, match=r"t\.json: none of its 3 .*found a JSON str.*expected objects in the JSON"):
        rows(tmp_path / "t.json")


def test_an_array_of_other_columns_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('[{"body": "a"}]')
    with pytest.raises(DataError, match=r"no column 'text' among body"):
        rows(tmp_path / "t.json")
    assert rows(tmp_path / "t.json", columns={"body": "text"})[0][1] == "a"


def test_a_compressed_array_that_breaks_gives_its_values_and_its_end(tmp_path: Path) -> None:
    documents = [{"id": f"d{n}", "text": f"{n**7 % 9973} {n**5}"} for n in range(2000)]
    packed = gzip.compress(json.dumps(documents).encode(), mtime=0)
    (tmp_path / "t.json.gz").write_bytes(packed[: len(packed) // 2])
    found = rows(tmp_path / "t.json.gz")
    assert [row[0] for row in found[:-1]] == [f"d{n}" for n in range(len(found) - 1)] and len(found) > 500
    assert found[-1][2] == "read_table.bad_compression"


@pytest.mark.parametrize("content", [b"[" * 3_000_000, b'["' + b"x" * 3_000_000, b"[" + b'"\\' * 500_000])
def test_a_hostile_array_takes_little_memory(content: bytes) -> None:
    tracemalloc.start()
    assert all(isinstance(one, str) for one in values(content, limit=1 << 18))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_large_array_takes_the_memory_of_its_batches() -> None:
    def content() -> Iterator[bytes]:
        yield b"[\n"
        for number in range(400):
            yield json.dumps({"text": f"{number} " * 2000}).encode() + b",\n"
        yield b'{"text": "last"}]'

    tracemalloc.start()
    count = sum(not line.problem for line in parsed(array_values(content(), "t", 1 << 20)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 401 and peak < 1 << 20

"""MediaWiki dumps: every page comes out once for every packing and split, and damage costs only what it hits."""

import bz2
import gzip
import json
import os
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import fsspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenmill.core.errors import DataError
from tokenmill.core.io import storage
from tokenmill.mini.wiki import write_wiki
from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de">
  <siteinfo><sitename>Wikipedia</sitename><dbname>dewiki</dbname>
    <base>https://de.example.org/wiki/Wikipedia:Hauptseite</base>
    <namespaces><namespace key="0" /><namespace key="6">Datei</namespace><namespace key="14">Kategorie</namespace>
    </namespaces></siteinfo>
"""
TAIL = "</mediawiki>\n"


def page(
    number: int, text: str = "Ein Text.", *, ns: int = 0, title: str = "", extra: str = "", model: str = ""
) -> str:
    return f"""  <page>
    <title>{title or f"Seite {number}"}</title>
    <ns>{ns}</ns>
    <id>{number}</id>
{extra}    <revision>
      <id>{number + 5000}</id>
      <timestamp>2023-05-01T10:00:0{number % 10}Z</timestamp>
      <contributor><username>A</username><id>77</id></contributor>
      <model>{model or "wikitext"}</model>
      <text xml:space="preserve">{escape(text)}</text>
    </revision>
  </page>
"""


PAGES = [page(number, f"Text & <b>{number}</b> " * (number * 7)) for number in range(1, 41)]
WHOLE = HEAD + "".join(PAGES) + TAIL


def multistream(pages: list[str], per_stream: int = 4) -> tuple[bytes, list[int]]:
    """Packs pages as MediaWiki does: the head, some pages per stream, the tail. Also returns the start of each page
    stream.
    """
    packed, offsets = bz2.compress(HEAD.encode()), []
    for first in range(0, len(pages), per_stream):
        offsets.append(len(packed))
        packed += bz2.compress("".join(pages[first : first + per_stream]).encode())
    return packed + bz2.compress(TAIL.encode()), offsets


def cut_anywhere(data: bytes, size: int) -> bytes:
    """Packs data as parallel compressors do: one stream per piece, so pages cross from one stream to the next."""
    return b"".join(bz2.compress(data[at : at + size]) for at in range(0, len(data), size))


def read(path: Path, **options: Any) -> list[dict[str, Any]]:
    work = ReadWikipedia(paths=str(path), **options)
    batches = [batch for shard in work.shards() for batch in work.read(shard)]
    for batch in batches:
        batch.validate(full=True)
    return [row for batch in batches for row in batch.to_pylist()]


def rules(rows: list[dict[str, Any]]) -> list[str | None]:
    return [(row.get("drop_rule") or "").removeprefix("read_wikipedia.") or None for row in rows]


def written(folder: Path, content: str | bytes, name: str = "dewiki-x.xml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_page_becomes_a_row(tmp_path: Path) -> None:
    content = HEAD + page(7, "Ein ''Text''.", title="Äpfel & Birnen".replace("&", "&amp;")) + TAIL
    (row,) = read(written(tmp_path, content))
    assert row["id"] == "dewiki:7@5007"
    assert row["url"] == "https://de.example.org/wiki/%C3%84pfel_%26_Birnen"
    assert row["license"] == "CC-BY-SA-4.0"
    assert row["date"].isoformat() == "2023-05-01T10:00:07+00:00"
    assert row["text"] == "Ein ''Text''."
    assert row["locator"] == {
        "file": str(tmp_path / "dewiki-x.xml"),
        "offset": content.encode().index(b"<page>"),
        "length": len(content.encode()) - content.encode().index(b"<page>") - len(TAIL) - 1,
    }
    assert json.loads(row["meta"]) == {"title": "Äpfel & Birnen", "lang": "de", "namespaces": ["Datei", "Kategorie"]}


@pytest.mark.parametrize("shard_bytes", [1 << 30, 4096, 700, 97])
@pytest.mark.parametrize("packing", ["xml", "single", "multi", "anywhere", "gz", "zst"])
def test_every_page_once_however_packed_and_shared(tmp_path: Path, packing: str, shard_bytes: int) -> None:
    data = WHOLE.encode()
    name, content = {
        "xml": ("dewiki-x.xml", data),
        "single": ("dewiki-x.xml.bz2", bz2.compress(data)),
        "multi": ("dewiki-x.xml.bz2", multistream(PAGES)[0]),
        "anywhere": ("dewiki-x.xml.bz2", cut_anywhere(data, 613)),
        "gz": ("dewiki-x.xml.gz", gzip.compress(data[:5000]) + gzip.compress(data[5000:])),
        "zst": ("dewiki-x.xml.zst", zstandard.compress(data[:5000]) + zstandard.compress(data[5000:])),
    }[packing]
    rows = read(written(tmp_path, content, name), shard_bytes=shard_bytes)
    tree = ElementTree.fromstring(WHOLE)
    space = {"w": "http://www.mediawiki.org/xml/export-0.11/"}
    texts = [node.text for node in tree.iterfind("w:page/w:revision/w:text", space)]
    assert [(row["id"], row["text"]) for row in rows] == [
        (f"dewiki:{number}@{number + 5000}", text) for number, text in enumerate(texts, start=1)
    ]


def test_many_tasks_share_a_multistream_file(tmp_path: Path) -> None:
    content, offsets = multistream(PAGES)
    work = ReadWikipedia(paths=str(written(tmp_path, content, "dewiki-x.xml.bz2")), shard_bytes=len(content) // 4)
    found = [[id for batch in work.read(shard) for id in batch["id"].to_pylist()] for shard in work.shards()]
    assert len(found) == 5 and min(map(len, found[:4])) >= 4
    places = {row["locator"]["offset"] for row in read(tmp_path / "dewiki-x.xml.bz2")}
    assert places == set(offsets)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (page(1, ns=10), "namespace"),
        (page(1, "#WEITERLEITUNG [[B]]", extra='    <redirect title="B" />\n'), "redirect"),
        (page(1, "'''A''' ist:\n* [[B]]\n{{Begriffsklärung}}"), "disambiguation"),
        (page(1, "A may be:\n{{Disambiguation|geo}}"), "disambiguation"),
        (page(1, "__DISAMBIG__ A"), "disambiguation"),
        (page(1, "return {}", model="Scribunto"), "content_model"),
        (page(1, " \n"), "empty"),
        (page(1).replace("<text", '<text deleted="deleted"'), "empty"),
        (page(1, "x" * 5000), "too_large"),
        (page(1, "x" * 500_000), "too_large"),
        (page(1).replace("</revision>", ""), "broken_xml"),
        (page(1, "&nbsp;").replace("&amp;nbsp;", "&nbsp;"), "broken_xml"),
        (page(1).replace("<id>1<", "<id>one<"), "broken_xml"),
        (page(1).replace("Ein", "\ufffeEin"), "broken_xml"),
        (page(1).replace("  </page>", ""), "broken_xml"),
        (page(1).replace("<revision>", "<!DOCTYPE x [<!ENTITY a 'aa'>]><revision>"), "document_type"),
        (page(1) + "loose words\n", "broken_xml"),
        ("<x>" * 200_000 + page(1), "broken_xml"),
        (page(1) + page(1), "repeated"),
    ],
)
def test_what_is_refused_is_a_row_and_the_next_page_is_read(tmp_path: Path, content: str, rule: str) -> None:
    rows = read(written(tmp_path, HEAD + content + page(2) + TAIL), max_bytes=4096)
    assert [found for found in rules(rows) if found] == [rule]
    assert rows[-1]["id"] == "dewiki:2@5002" and rules(rows)[-1] is None
    assert len({row["id"] for row in rows}) == len(rows)
    refused = rows[rules(rows).index(rule)]
    assert refused["text"] is None and refused["drop_measured"] and refused["locator"]["offset"] >= 0


def test_namespaces_and_disambiguation_are_kept_if_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + page(1, ns=14) + page(2, "{{Foo dis}}") + page(3, "{{Disambig}}") + TAIL)
    assert rules(read(path, namespaces=(0, 14), keep_disambiguation=True)) == [None, None, None]
    assert rules(read(path, disambiguation=("foo dis",))) == ["namespace", "disambiguation", "disambiguation"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<!DOCTYPE m [<!ENTITY a "aaaa">]>' + WHOLE, "document type"),
        ("<html><body>no dump</body></html>", "is a page of HTML, such as a server's error page; download"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a Git LFS pointer, not the data"),
        ("<feed>no dump</feed>", "not a MediaWiki export"),
        (b"7z\xbc\xaf\x27\x1c", "7z file"),
        (b"", "not a MediaWiki export"),
        (b"BZh9 nothing of it is bzip2", "not a MediaWiki export"),
        (HEAD.replace("<base>", "<base"), "head of the dump is broken"),
    ],
)
def test_a_file_that_is_no_dump_is_refused_by_name(tmp_path: Path, content: str | bytes, words: str) -> None:
    path = written(tmp_path, content, "dewiki-x.xml")
    with pytest.raises(DataError, match=words) as error:
        read(path)
    assert "dewiki-x.xml" in str(error.value)


def test_a_damaged_stream_costs_its_pages_and_the_index_names_them(tmp_path: Path) -> None:
    content, offsets = multistream(PAGES)
    damaged = bytearray(content)
    damaged[offsets[3] + 60] ^= 0xFF
    path = written(tmp_path, bytes(damaged), "dewiki-1-multistream.xml.bz2")
    lines = "".join(f"{offsets[k // 4]}:{k + 1}:Seite {k + 1}\n" for k in range(40))
    written(tmp_path, bz2.compress(lines.encode()), "dewiki-1-multistream-index.txt.bz2")
    rows = read(tmp_path / "*.bz2", shard_bytes=1000)
    assert sorted(row["id"] for row in rows if row["text"]) == sorted(
        f"dewiki:{k}@{k + 5000}" for k in range(1, 41) if k not in (13, 14, 15, 16)
    )
    lost = [row for row in rows if row.get("drop_rule")]
    assert {row["drop_rule"] for row in lost} == {"read_wikipedia.corrupt"}
    assert [row["id"] for row in lost] == [
        f"{path.name}#{offsets[3]}!0", *(f"dewiki:{k}@lost" for k in (13, 14, 15, 16))
    ]  # fmt: skip
    assert lost[0]["locator"]["offset"] == offsets[3]
    assert lost[0]["locator"]["length"] == offsets[4] - offsets[3]
    assert lost[1]["url"].endswith("/Seite_13")


@pytest.mark.parametrize("packing", ["xml", "single", "multi", "anywhere", "gz", "zst"])
def test_a_file_cut_short_gives_its_whole_pages_and_says_so(tmp_path: Path, packing: str) -> None:
    data = WHOLE.encode()
    content = {
        "xml": lambda: data, "single": lambda: bz2.compress(data, 1), "multi": lambda: multistream(PAGES)[0],
        "anywhere": lambda: cut_anywhere(data, 613), "gz": lambda: gzip.compress(data, 0),
        "zst": lambda: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    }[packing]()  # fmt: skip
    whole = {row["id"]: row["text"] for row in read(written(tmp_path, content, "w.xml.bz2"))}
    for share in (0.3, 0.6, 0.9, 0.99):
        path = written(tmp_path, content[: int(len(content) * share)], "dewiki-x.xml.bz2")
        try:
            rows = read(path, shard_bytes=1 << 14)
        except DataError:
            assert packing in ("single", "zst")  # their first block is incomplete
            continue
        assert all(whole[row["id"]] == row["text"] for row in rows if row["text"] is not None)
        assert {"corrupt", "broken_xml"} & set(rules(rows)) or packing == "xml"
        assert [row["id"] for row in rows if row["text"]] == list(whole)[: sum(bool(row["text"]) for row in rows)]


def test_bytes_between_streams_are_reported_once(tmp_path: Path) -> None:
    content, offsets = multistream(PAGES)
    junk = content[: offsets[2]] + b"\0junk\0" * 500 + content[offsets[2] :]
    for shard_bytes in (1 << 30, 1500, 333):
        rows = read(written(tmp_path, junk, "dewiki-x.xml.bz2"), shard_bytes=shard_bytes)
        assert rules(rows).count("corrupt") == 1 and sum(row["text"] is not None for row in rows) == 40
        bad = rows[rules(rows).index("corrupt")]
        assert (bad["locator"]["offset"], bad["locator"]["length"]) == (offsets[2], 3000)


@pytest.mark.parametrize("packing", ["multi", "gz", "zst"])
@pytest.mark.parametrize("zeros", [1, 512, 70_000])
def test_zeros_after_and_between_streams_are_no_damage(tmp_path: Path, packing: str, zeros: int) -> None:
    """Guards against an earlier fault: in bz2 the padding of tapes and block stores was a corrupt span."""
    content, offsets = multistream(PAGES)
    pack = {"gz": gzip.compress, "zst": zstandard.compress}.get(packing)
    parts = (
        [pack(WHOLE.encode()[:5000]), pack(WHOLE.encode()[5000:])]
        if pack
        else [content[: offsets[2]], content[offsets[2] :]]
    )
    name = f"dewiki-x.xml.{'bz2' if packing == 'multi' else packing}"
    for shard_bytes in (1 << 30, 1500, 333):
        rows = read(written(tmp_path, bytes(zeros).join([*parts, b""]), name), shard_bytes=shard_bytes)
        assert rules(rows) == [None] * 40


def test_a_bomb_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    bomb = page(1, "x" * 40_000_000)
    content = bz2.compress((HEAD + bomb + page(2)).encode()) + bz2.compress(b" " * 50_000_000 + page(3).encode())
    assert len(content) < 5000
    rows = read(written(tmp_path, content, "dewiki-x.xml.bz2"))
    assert rules(rows) == ["too_large", None, "broken_xml", None]
    assert float(rows[0]["drop_measured"]) == pytest.approx(len(bomb), rel=0.01)


def test_index_files_are_not_dumps(tmp_path: Path) -> None:
    written(tmp_path, WHOLE, "dewiki-multistream.xml")
    written(tmp_path, "1:2:3\n", "dewiki-multistream-index.txt")
    work = ReadWikipedia(paths=str(tmp_path / "*"))
    assert [os.path.basename(shard.file) for shard in work.shards()] == ["dewiki-multistream.xml"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4), st.booleans(), st.integers(200, 9000)
)
def test_no_damage_stops_reading_or_alters_a_page(
    tmp_path: Path, edits: list[tuple[int, int]], packed: bool, shard_bytes: int
) -> None:
    clean = multistream(PAGES)[0] if packed else WHOLE.encode()
    data = bytearray(clean)
    for at, value in edits:
        data[600 + at % (len(data) - 600)] = value
    rows = read(
        written(tmp_path, bytes(data), "dewiki-x.xml.bz2" if packed else "dewiki-x.xml"), shard_bytes=shard_bytes
    )
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    good = {row["id"]: row["text"] for row in rows if row["text"] is not None}
    if packed:  # bz2 has checksums
        assert all(f"dewiki:{k}@{k + 5000}" in good or len(good) < 40 for k in range(1, 41))
        assert len(good) >= 40 - 4 * len(edits) - 1 and len(rows) >= len(good) + (len(good) < 40)
    else:
        assert len(good) >= 40 - 2 * len(edits)


def test_the_mini_dump_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "enwiki-mini.xml.bz2"
    write_wiki(path, pages=400, seed=5)
    rows = read(path)
    assert len(rows) == bz2.decompress(path.read_bytes()).count(b"<page>")
    counts = {rule: rules(rows).count(rule) for rule in dict.fromkeys(rules(rows))}
    assert counts == {None: 21, "redirect": 4, "namespace": 4, "disambiguation": 1}


def test_no_pages_is_an_empty_batch_stream(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + TAIL)
    work = ReadWikipedia(paths=str(path))
    assert list(work.read(work.shards()[0])) == []


@pytest.mark.parametrize("cut", [0, 100, 3000])
def test_a_page_that_the_file_ends_in_is_of_the_piece_that_it_begins_in(tmp_path: Path, cut: int) -> None:
    """Guards against an earlier fault: pieces of an uncompressed dump read ahead, so the piece before reported the
    broken page too.
    """
    path = tmp_path / "dewiki.xml"
    path.write_bytes(WHOLE.encode()[: len(HEAD.encode()) + cut + 50])
    whole = read(path)
    assert whole[-1]["drop_rule"] == "read_wikipedia.broken_xml"
    begin = len(HEAD.encode())  # start of the page; a piece may start inside its first tag
    for size in (*range(begin, begin + 12), 40, 200, 900):
        found = read(path, shard_bytes=size)
        assert [(row["id"], row["text"]) for row in found] == [(row["id"], row["text"]) for row in whole]


@pytest.mark.parametrize("size", [37, 100, 1000])
def test_what_stands_between_pages_is_a_row_in_pieces_too(tmp_path: Path, size: int) -> None:
    """Guards against an earlier fault: a piece treated all content before its first page as the end of the page before,
    so no piece reported it.
    """
    path = tmp_path / "dewiki.xml"
    path.write_text(HEAD + PAGES[0] + "lost" + PAGES[1] + PAGES[2] + "<odd>and found</odd>" + PAGES[3] + TAIL)
    whole = read(path)
    assert [row.get("drop_measured") for row in whole].count("content outside a page") == 2
    found = read(path, shard_bytes=size)
    assert [(row["id"], row["text"]) for row in found] == [(row["id"], row["text"]) for row in whole]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("#REDIRECT [[Ziel]]", "Ziel"),
        ("#Weiterleitung: [[Ziel#Teil]]", "Ziel#Teil"),
        (" #redirect[[Ziel|so]]", "Ziel"),
        ("#перенаправление [[Цель]]", "Цель"),
        ("#重定向 [[目标]]", "目标"),
        ("#تحويل [[هدف]]", "هدف"),
        ("#REDIRECTS are [[pages]]", ""),
        ("# [[first]]\n# [[second]]", ""),
        ("See #REDIRECT [[Ziel]]", ""),
    ],
)
def test_redirects_are_known_without_an_element_of_their_own(tmp_path: Path, text: str, target: str) -> None:
    path = tmp_path / "dewiki.xml"
    path.write_text(HEAD + page(1, text) + TAIL)
    [row] = read(path)
    assert (row.get("drop_rule"), row.get("drop_measured")) == (
        ("read_wikipedia.redirect", target) if target else (None, None)
    )


def test_each_of_several_pages_without_an_end_is_a_row(tmp_path: Path) -> None:
    """Guards against an earlier fault: at the file's end the first page included the others, but in pieces each was one
    row.
    """
    path = tmp_path / "dewiki.xml"
    path.write_text(HEAD + "".join(one.replace("</page>", "") for one in PAGES[:3]))
    whole = read(path)
    assert [row["drop_measured"] for row in whole][:2] == ["the page has no end"] * 2 and len(whole) == 3
    assert [row["id"] for row in read(path, shard_bytes=90)] == [row["id"] for row in whole]


def test_what_stands_outside_pages_at_a_streams_end_is_a_row_in_pieces_too(tmp_path: Path) -> None:
    path = tmp_path / "dewiki.xml.bz2"
    parts = [HEAD + PAGES[0], PAGES[1] + "lost here", PAGES[2], "and here" + PAGES[3] + TAIL]
    path.write_bytes(b"".join(bz2.compress(part.encode()) for part in parts))
    whole = read(path)
    assert [row.get("drop_measured") for row in whole].count("content outside a page") == 2
    for size in (50, 150, 300):
        assert [(row["id"], row["text"]) for row in read(path, shard_bytes=size)] == [
            (row["id"], row["text"]) for row in whole
        ]


def test_a_piece_of_a_dump_on_a_store_is_read_by_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    plain = storage.open_input

    class Counting:
        """A file that records how much is read from it."""

        def __init__(self, file: IO[bytes]) -> None:
            self.file = file
            self.seek = file.seek

        def read(self, size: int = -1) -> bytes:
            data = self.file.read(size)
            taken.append(len(data))
            return data

        def __enter__(self) -> "Counting":
            return self

        def __exit__(self, *exception: object) -> None:
            self.file.close()

    pages = [page(number, os.urandom(30_000).hex()) for number in range(1, 201)]
    packed, _ = multistream(pages)
    fsspec.filesystem("memory").pipe("/dumps/dewiki.xml.bz2", packed)
    monkeypatch.setattr(storage, "open_input", lambda path: Counting(plain(path)))
    work = ReadWikipedia("memory://dumps/dewiki.xml.bz2", shard_bytes=len(packed) // 5 + 1)
    found = []
    for shard in work.shards():
        taken.clear()
        found += [id for batch in work.read(shard) for id in batch.column("id").to_pylist()]
        assert sum(taken) < shard.length + (3 << 20) < len(packed)  # windows of 1 MiB find the streams and the head
    assert found == [f"dewiki:{number}@{number + 5000}" for number in range(1, 201)]
    fsspec.filesystem("memory").store.clear()


def test_fields_of_a_million_characters_cost_their_page_and_little_memory(tmp_path: Path) -> None:
    head = f'<mediawiki xml:lang="de"><siteinfo><dbname>{"d" * 900_000}</dbname></siteinfo>'
    page = "<page><title>{}</title><ns>0</ns><id>{}</id><revision><id>1</id><text>Some text.</text></revision></page>"
    pages = page.format("ü" * 1_000_000, 1) + page.format("Sound", 2) + page.format("Long", "3" * 1_000_000)
    path = tmp_path / "w.xml"
    path.write_text(head + pages + "</mediawiki>")
    work = ReadWikipedia(paths=str(path))
    found = [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]
    rules = [(row["drop_rule"], row["drop_measured"]) for row in found]
    assert rules[0] == ("read_wikipedia.broken_xml", "title: 1000000 characters")
    assert rules[1] == (None, None) and found[1]["id"] == "wiki:2@1"
    assert rules[2] == ("read_wikipedia.broken_xml", "id: 1000000 characters")
    assert max(len(str(value)) for row in found for value in row.values()) < 10_000

"""The files of the mini-crawl contain what truth.parquet says."""

import gzip
import xml.etree.ElementTree as ElementTree
from bz2 import decompress
from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from tokenizers import Tokenizer

from tokenmill.mini.near import jaccard
from tokenmill.mini.pii import TYPES, iban_valid, luhn_valid
from tokenmill.mini.plan import SHARES, plan_pages
from tokenmill.mini.prose import randomness, voice
from tokenmill.mini.world import write_mini

PAGES = 120
TARGETS = (0.95, 0.9, 0.85, 0.75, 0.6, 0.5)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_mini(folder, pages=PAGES, seed=3)
    return folder


@pytest.fixture(scope="module")
def truth(world: Path) -> dict[str, Row]:
    rows: list[Row] = pq.read_table(world / "truth.parquet").to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


@pytest.fixture(scope="module")
def crawl(truth: dict[str, Row]) -> list[Row]:
    return [row for row in truth.values() if row["broken"] is None and row["file"].startswith("crawl-")]


@pytest.fixture(scope="module")
def extracted(world: Path, truth: dict[str, Row]) -> dict[str, str]:
    """Returns the main content of every HTML page of the crawl itself, by id."""
    texts = {}
    for path in sorted(world.glob("crawl-*.warc.gz")):
        for identity, _, body in responses(path):
            encoding = truth[identity]["encoding"]
            if encoding is not None:
                texts[identity] = extract_plain_text(body.decode(encoding), main_content=True)
    return texts


def responses(path: Path) -> list[tuple[str, str, bytes]]:
    """Returns (id, url, HTTP body) of every response record."""
    with path.open("rb") as file:
        return [
            (record.headers["WARC-Record-ID"], record.headers["WARC-Target-URI"], record.reader.read())
            for record in ArchiveIterator(file, parse_http=True, record_types=WarcRecordType.response)
        ]


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    write_mini(tmp_path / "one", pages=40, seed=1)
    write_mini(tmp_path / "same", pages=40, seed=1)
    write_mini(tmp_path / "other", pages=40, seed=2)
    one, other = hashes(tmp_path / "one"), hashes(tmp_path / "other")
    assert one == hashes(tmp_path / "same")
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


def test_every_response_of_the_crawl_has_its_row_and_every_row_its_response(world: Path, crawl: list[Row]) -> None:
    assert len(crawl) == PAGES
    found = {
        (identity, url, path.name) for path in world.glob("crawl-*.warc.gz") for identity, url, _ in responses(path)
    }
    assert found == {(row["id"], row["url"], row["file"]) for row in crawl}


def test_every_html_page_has_its_conversion_record(world: Path, crawl: list[Row]) -> None:
    found = set()
    for path in world.glob("crawl-*.wet.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.conversion):
                found.add((record.headers["WARC-Record-ID"], record.headers["WARC-Refers-To"]))
    assert found == {(row["wet_id"], row["id"]) for row in crawl if row["kind"] not in ("not_html", "not_200")}


@pytest.mark.parametrize("pages", [40, 41, 77, 300])
def test_a_crawl_of_any_size_holds_every_kind_and_mostly_english(pages: int) -> None:
    plans = plan_pages(pages, 0)
    assert len(plans) == len({plan.name for plan in plans}) == pages
    assert {plan.kind for plan in plans} == {*SHARES, "article"}
    assert sum(plan.lang == "en" for plan in plans) >= 0.55 * pages
    assert {kind for plan in plans for kind in plan.pii_types} == set(TYPES)


def test_fewer_pages_than_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="10 pages are too few for one of every kind"):
        plan_pages(10, 0)


def test_a_page_does_not_depend_on_how_many_others_there_are(
    tmp_path: Path, world: Path, truth: dict[str, Row]
) -> None:
    write_mini(tmp_path, pages=50, seed=3)
    rows: list[Row] = pq.read_table(tmp_path / "truth.parquet", columns=["id", "url", "main_text"]).to_pylist()
    shared = [row for row in rows if row["id"] in truth]
    assert len(shared) > 40
    assert all(row["main_text"] == truth[row["id"]]["main_text"] for row in shared)


def test_languages_encodings_and_declarations_are_all_there(crawl: list[Row]) -> None:
    assert {row["lang"] for row in crawl} >= {"en", "de", "fr", "es", "it", "pt", "ru", "zh", "ja", "nl", "pl"}
    assert {row["encoding"] for row in crawl} >= {"utf-8", "windows-1252", "windows-1251", "shift_jis", "gb18030"}
    assert {row["declared_by"] for row in crawl} == {"header", "meta", "none", None}


def test_the_main_text_is_what_the_extractor_finds(crawl: list[Row], extracted: dict[str, str]) -> None:
    texts = {row["id"]: row["main_text"] for row in crawl if row["encoding"] and row["kind"] != "list_page"}
    assert texts == {identity: text for identity, text in extracted.items() if identity in texts}


def test_planted_similarities_are_the_measured_ones(crawl: list[Row]) -> None:
    groups = defaultdict(list)
    for row in crawl:
        if row["duplicate_group"] is not None:
            groups[row["duplicate_group"]].append(row)
    seen = set()
    for rows in groups.values():
        (first,) = (row for row in rows if row["duplicate_kind"] is None)
        for row in rows:
            assert row["planted_similarity"] == jaccard(first["main_text"], row["main_text"])
            if row["duplicate_kind"] == "near":
                seen.add(min(TARGETS, key=lambda target: abs(target - row["planted_similarity"])))
    assert seen == set(TARGETS)


def test_exact_duplicates_extract_to_the_same_text(crawl: list[Row], extracted: dict[str, str]) -> None:
    groups = {row["duplicate_group"] for row in crawl if row["duplicate_kind"] == "exact"}
    assert groups
    for group in groups:
        rows = [row for row in crawl if row["duplicate_group"] == group]
        assert len(rows) == 3
        assert len({row["url"].split("/")[2] for row in rows}) > 1
        assert len({extracted[row["id"]] for row in rows}) == 1


def test_unrelated_articles_share_next_to_nothing() -> None:
    texts = [voice("en", "history").article(randomness("unrelated", i)).text() for i in range(40)]
    assert max(jaccard(a, b) for i, a in enumerate(texts) for b in texts[:i]) < 0.1


def test_personal_data_stands_in_the_text_and_passes_its_checks(crawl: list[Row]) -> None:
    planted = [(pii["type"], pii["value"]) for row in crawl for pii in row["pii"] if pii["value"] in row["main_text"]]
    assert len(planted) == sum(len(row["pii"]) for row in crawl)
    assert {kind for kind, _ in planted} == set(TYPES)
    assert all(luhn_valid(value) for kind, value in planted if kind == "CREDIT_CARD")
    assert all(iban_valid(value) for kind, value in planted if kind == "IBAN_CODE")


def test_lookalikes_stand_in_the_text_and_fail_the_checks(crawl: list[Row]) -> None:
    planted = [value for row in crawl for value in row["not_pii"] if value in row["main_text"]]
    assert len(planted) == sum(len(row["not_pii"]) for row in crawl) > 0
    assert not any(luhn_valid(value) for value in planted if value.isdigit())
    assert not any(iban_valid(value) for value in planted if value[:2].isalpha() and value[2:4].isdigit())


def test_the_checks_know_numbers_with_a_right_check_digit() -> None:
    assert luhn_valid("4111 1111 1111 1111")
    assert not luhn_valid("4111 1111 1111 1112")
    assert iban_valid("GB82 WEST 1234 5698 7654 32")
    assert not iban_valid("GB82 WEST 1234 5698 7654 33")


def test_benchmark_questions_licences_and_toxic_pages_are_planted(crawl: list[Row]) -> None:
    questions = [row for row in crawl if row["benchmark"] is not None]
    assert questions
    assert all(row["benchmark"] in row["main_text"] for row in questions)
    assert any(row["license"] for row in crawl)
    assert {row["kind"] for row in crawl if row["toxic"]} == {"toxic"}


def test_broken_records_are_told_apart_from_the_whole_ones_beside_them(world: Path, truth: dict[str, Row]) -> None:
    rows = [row for row in truth.values() if row["file"].startswith("broken-")]
    assert {row["broken"] for row in rows} >= {
        "truncated_gzip",
        "length_too_small",
        "wrong_charset",
        "long_line",
        "nested",
    }
    for row in rows:
        raw = (world / row["file"]).read_bytes()
        assert (row["kind"] == "broken") == (row["broken"] is not None)
        assert len(raw) < 100_000
    with pytest.raises(EOFError):
        gzip.decompress((world / "broken-truncated.warc.gz").read_bytes())


def test_the_wiki_export_is_well_formed(world: Path) -> None:
    root = ElementTree.fromstring(decompress((world / "enwiki-mini.xml.bz2").read_bytes()))
    space = {"w": "http://www.mediawiki.org/xml/export-0.11/"}
    pages = root.findall("w:page", space)
    assert len(pages) >= 12
    assert {page.findtext("w:ns", namespaces=space) for page in pages} >= {"0", "1", "10", "14"}
    assert any(page.find("w:redirect", space) is not None for page in pages)


def test_code_comes_with_several_licences_and_languages(world: Path) -> None:
    rows = pq.read_table(world / "code.parquet").to_pylist()
    assert {row["license"] for row in rows} == {"MIT", "Apache-2.0", "GPL-3.0-or-later", None}
    assert len({row["lang"] for row in rows}) >= 6
    assert any("DO NOT EDIT" in row["content"] for row in rows)


def test_the_tokenizer_gives_texts_back(world: Path, crawl: list[Row]) -> None:
    tokenizer = Tokenizer.from_file(str(world / "tokenizer.json"))
    assert tokenizer.token_to_id("<|endoftext|>") == 0
    assert 3000 < tokenizer.get_vocab_size() <= 4096
    text = next(row["main_text"] for row in crawl if row["lang"] == "ja")
    assert tokenizer.decode(tokenizer.encode(text).ids) == text

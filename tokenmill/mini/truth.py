"""Writes truth.parquet: the planted values, one row per response record of the WARC files."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Truth:
    """The truth about one response record.

    Attributes:
        id: the WARC-Record-ID of the record, with angle brackets.
        url: as in the record.
        file: name of the WARC file in the folder.
        kind: article, spam, repetition, short, boilerplate, list_page, toxic, medical, legal, poultry, code_page,
            not_html, not_200 or broken.
        status: HTTP status, as in the record.
        lang: ISO 639-1 code of the prose.
        topic: subject of the prose.
        encoding: actual encoding of the body.
        declared_by: place of the page's declaration of its encoding: header, meta or none.
        duplicate_group: equal for pages with the same or nearly the same text.
        duplicate_kind: exact or near; null for the first page of a group.
        planted_similarity: Jaccard similarity of the 5-word shingles of main_text and of the group's first page.
        main_text: output of a perfect extractor, with an empty line between blocks; null if there is nothing to
            extract.
        pii: type and value of all planted personal data, as written in main_text.
        not_pii: planted values that only look like personal data.
        toxic: True if the page must be marked as toxic.
        benchmark: the planted question.
        license: licence that the page names.
        wet_id: the WARC-Record-ID of the page's conversion record, if it has one.
        broken: name of the damage; null for whole records.
    """

    id: str
    url: str
    file: str
    kind: str
    status: int = 200
    lang: str | None = None
    topic: str | None = None
    encoding: str | None = None
    declared_by: str | None = None
    duplicate_group: int | None = None
    duplicate_kind: str | None = None
    planted_similarity: float | None = None
    main_text: str | None = None
    pii: tuple[tuple[str, str], ...] = ()
    not_pii: tuple[str, ...] = ()
    toxic: bool = False
    benchmark: str | None = None
    license: str | None = None
    wet_id: str | None = None
    broken: str | None = None


SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.string()),
        ("file", pa.string()),
        ("kind", pa.string()),
        ("status", pa.int16()),
        ("lang", pa.string()),
        ("topic", pa.string()),
        ("encoding", pa.string()),
        ("declared_by", pa.string()),
        ("duplicate_group", pa.int32()),
        ("duplicate_kind", pa.string()),
        ("planted_similarity", pa.float64()),
        ("main_text", pa.large_string()),
        ("pii", pa.list_(pa.struct([("type", pa.string()), ("value", pa.string())]))),
        ("not_pii", pa.list_(pa.string())),
        ("toxic", pa.bool_()),
        ("benchmark", pa.string()),
        ("license", pa.string()),
        ("wet_id", pa.string()),
        ("broken", pa.string()),
    ]
)


def write_truth(rows: Iterable[Truth], path: Path) -> None:
    """Writes the truth about the mini-crawl's pages to one Parquet file."""
    dicts = [{**asdict(row), "pii": [{"type": kind, "value": value} for kind, value in row.pii]} for row in rows]
    pq.write_table(pa.Table.from_pylist(dicts, schema=SCHEMA), path, compression="zstd")

"""truth.parquet: what was planted, one row for every response record in the WARC files."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Truth:
    """One response record.

    id: the WARC-Record-ID as in the record, angle brackets included.
    wet_id: the same of the page's conversion record, if it has one.
    file: the WARC file's name in the folder. url, status: as in the record.
    kind: article, spam, repetition, short, boilerplate, list_page, toxic, medical, legal, poultry, code_page, not_html,
        not_200, broken.
    lang: ISO 639-1 code of the prose. topic: what the prose is about.
    encoding: what the body's text is really written in; declared_by: header, meta or none.
    duplicate_group: equal for pages with one text; duplicate_kind: exact or near, null for the first page of a group.
    planted_similarity: Jaccard similarity of 5-word shingles of main_text and that of the group's first page.
    main_text: what a perfect extractor gives, blocks parted by an empty line; null where there is nothing to extract.
    pii: every planted value, as it stands in main_text. not_pii: what is planted to look like one.
    toxic: whether it must be marked. benchmark: the planted question. license: of the page, where it names one.
    broken: what is wrong with the record; null for all records of the crawl proper.
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
    """All rows as one Parquet file."""
    dicts = [{**asdict(row), "pii": [{"type": kind, "value": value} for kind, value in row.pii]} for row in rows]
    pq.write_table(pa.Table.from_pylist(dicts, schema=SCHEMA), path, compression="zstd")

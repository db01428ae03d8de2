"""Reads wiki pages from Wikimedia Enterprise HTML dumps: one row per page, with the HTML that readers see.

The dumps are JSON Lines in a `.tar.gz`, one file per namespace. `text` is the HTML, for stages.extract_html. The dumps
are much larger than the wikitext of the same pages and need an HTML parser. But their templates are expanded, so no
text of a template is lost.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from tokenmill.core.columns import LOCATOR, documents, drop
from tokenmill.core.io import storage
from tokenmill.core.kinds import Shard, SourceTraits
from tokenmill.core.rules import check_numbers
from tokenmill.stages.reading.dates import timestamps
from tokenmill.stages.reading.inputs import file_shards
from tokenmill.stages.reading.json_lines import Line, read_lines
from tokenmill.stages.wiki.tar_lines import TarLines

_ROWS_A_BATCH = 65_536


@dataclass(frozen=True)
class ReadWikipediaHtml:
    """Reads wiki pages from Wikimedia Enterprise dumps, as HTML.

    Attributes:
        paths: globs of .tar.gz, .ndjson, .ndjson.gz and .ndjson.zst files. Required.
        source: name of the source, for the column `source`. Default wiki.
        namespaces: numbers of the namespaces whose pages are kept; 0 are the articles. Default 0.
        max_bytes: longest line of the dump in bytes. A line has the HTML and the wikitext of one page. Default 64 MiB.
        license: SPDX expression for pages that name no licence. Default CC-BY-SA-4.0.
        shard_bytes: bytes of files per task; small files are read together. Default 64 MiB.
        batch_bytes: approximate bytes of lines per batch. Default 16 MiB.
    """

    paths: str | tuple[str, ...]
    source: str = "wiki"
    namespaces: tuple[int, ...] = (0,)
    max_bytes: int = 64 << 20
    license: str = "CC-BY-SA-4.0"
    shard_bytes: int = 64 << 20
    batch_bytes: int = 16 << 20

    adds: ClassVar[tuple[str, ...]] = ("id", "source", "url", "license", "date", "text", "locator", "meta")
    traits: ClassVar[SourceTraits] = SourceTraits(damage=("read_wikipedia_html.bad_json",))

    def __post_init__(self) -> None:
        check_numbers(self, "max_bytes", "shard_bytes", "batch_bytes", low=1)

    def shards(self) -> list[Shard]:
        """Returns one shard per file, because a gzip stream can only be read from its beginning."""
        return file_shards(self.paths, self.source)

    def read(self, shard: Shard) -> Iterator[pa.RecordBatch]:
        """Yields the pages of the file in order. Raises DataError if nothing of it can be decompressed."""
        seen: set[str] = set()
        held: list[Line] = []
        size = 0
        with storage.open_input(shard.address) as file:
            for line in read_lines(TarLines(file), shard.file, self.max_bytes):
                held.append(line)
                size += line.length
                if size >= self.batch_bytes or len(held) >= _ROWS_A_BATCH:
                    yield self._batch(shard, held, seen)
                    held, size = [], 0
        if held:
            yield self._batch(shard, held, seen)

    def _batch(self, shard: Shard, lines: list[Line], seen: set[str]) -> pa.RecordBatch:
        pages = [_page(line.value) for line in lines]
        names, refusals = [], []
        for line, page in zip(lines, pages, strict=True):
            refusals.append(self._refusal(line, page, repeated=page["id"] in seen))
            known = page["id"] and page["id"] not in seen
            names.append(page["id"] if known else f"{os.path.basename(shard.file)}#{line.offset}")
            seen.add(page["id"])
        texts = [None if refused else page["text"] for page, refused in zip(pages, refusals, strict=True)]
        places = [{"file": shard.file, "offset": line.offset, "length": line.length} for line in lines]
        batch = documents(
            {
                "id": names,
                "source": [shard.source] * len(lines),
                "url": [page["url"] for page in pages],
                "license": [page["license"] or self.license for page in pages],
                "date": timestamps([page["date"] for page in pages]),
                "text": texts,
                "locator": pa.array(places, type=LOCATOR),
                "meta": [json.dumps(page["meta"], sort_keys=True, separators=(",", ":")) for page in pages],
            }
        )
        for rule, threshold in self._rules().items():
            measured = [refused[1] if refused and refused[0] == rule else None for refused in refusals]
            mask = pa.array([value is not None for value in measured])
            batch = drop(batch, mask, f"read_wikipedia_html.{rule}", measured, threshold)
        return batch

    def _rules(self) -> dict[str, Any]:
        """Returns {rule: its threshold}."""
        namespaces = ",".join(map(str, self.namespaces))
        return {"bad_json": "a page", "namespace": namespaces, "repeated": "each page once", "empty": 1}

    def _refusal(self, line: Line, page: dict[str, Any], *, repeated: bool) -> tuple[str, Any] | None:
        if line.problem or not page["id"]:
            return "bad_json", line.problem or "a line without is_part_of, identifier or version"
        if page["namespace"] not in self.namespaces:
            return "namespace", page["namespace"]
        if repeated:
            return "repeated", page["id"]
        return None if page["text"] and page["text"].strip() else ("empty", 0)


def _page(value: dict[str, Any]) -> dict[str, Any]:
    """Returns the page of a line. Lone surrogates, which JSON allows but UTF-8 does not, become U+FFFD."""
    wiki, title = _text(_inner(value, "is_part_of", "identifier")), _text(value.get("name"))
    number, revision = _whole(value.get("identifier")), _whole(_inner(value, "version", "identifier"))
    licenses = value.get("license")
    first = licenses[0] if isinstance(licenses, list) and licenses else {}
    namespace = _inner(value, "namespace", "identifier")
    return {
        "id": f"{wiki}:{number}@{revision}" if wiki and number is not None and revision is not None else "",
        "url": _text(value.get("url")) or None,
        "license": _text(_inner({"license": first}, "license", "identifier")),
        "date": _text(value.get("date_modified")) or None,
        "text": _text(_inner(value, "article_body", "html")),
        "namespace": 0 if namespace is None else namespace,
        "meta": {"title": title, "lang": _text(_inner(value, "in_language", "identifier"))},
    }


def _inner(value: dict[str, Any], key: str, name: str) -> Any:
    found = value.get(key)
    return found.get(name) if isinstance(found, dict) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else ""

"""Measures how long it takes to select records by Common Crawl's columnar index, and how many bytes they then cost.

    python -m bench.crawl_index [--rows 10000000] [--folder FOLDER] [--json]

It writes an index of made-up pages with Common Crawl's columns, types, order and compression (gzip, sorted by
url_surtkey), in four files. It selects by each column alone and by all together, on the cores that this process may
use. For comparison, polars answers the same question with a plain scan.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tokenmill.stages.web.crawl_index import Wanted, byte_ranges, find_records
from tokenmill.stages.web.read_warc import ReadWarc

_TLDS = ("com", "org", "net", "de", "ru", "jp", "fr", "uk", "it", "br", "pl", "nl", "cn", "edu", "info", "io")
_LANGUAGES = ("eng", "rus", "deu", "jpn", "spa", "zho", "fra", "ita", "por", "nld", "pol", "ces", "eng,fra", "deu,eng")
_MIMES = ("text/html", "application/xhtml+xml", "application/pdf", "text/plain", "image/jpeg", "application/rss+xml")
_PLACE = ("warc_filename", "warc_record_offset")
_FILES = 4
_SETTINGS: dict[str, dict[str, Any]] = {
    "domain": {"domain": ["d001234.net", "d004321.org", "d000777.br"]},
    "tld": {"tld": ["nl"]},
    "mime": {"mime": ["application/pdf"]},
    "language": {"language": ["ces"]},
    "all five": {
        "domain": [f"d{n:06}.{tld}" for n in range(0, 60_000, 7) for tld in ("com", "de")],
        "tld": ["com", "de"], "mime": ["text/html"], "language": ["deu", "eng"], "status": [200],
    },
    "half of all": {"mime": ["text/html"], "language": ["eng", "deu"]},
}  # fmt: skip


def write_index(folder: Path, rows: int) -> list[str]:
    """Writes the index and returns its files: made-up pages of 60,000 domains in 900 WARC files."""
    random = np.random.default_rng(0)
    files = []
    domains = np.sort(random.zipf(1.3, rows) % 60_000)
    for number, part in enumerate(np.array_split(domains, _FILES)):
        path = folder / f"part-{number:05}.c000.gz.parquet"
        pq.write_table(_pages(part, random), path, compression="gzip", compression_level=1, row_group_size=500_000)
        files.append(str(path))
    return files


def _pages(domains: np.ndarray[Any, Any], random: np.random.Generator) -> pa.Table:
    count = len(domains)
    tlds = np.array(_TLDS)[domains % len(_TLDS)]
    names = np.strings.add(np.strings.add("d", np.strings.zfill(domains.astype(str), 6)), np.strings.add(".", tlds))
    paths = np.strings.add("/page/", random.integers(0, 10**9, count).astype(str))
    files = np.strings.add(
        "crawl-data/CC-MAIN-2026-05/segments/1769.1/warc/CC-MAIN-",
        np.strings.zfill(random.integers(0, 900, count).astype(str), 5),
    )
    languages = random.choice(np.array(_LANGUAGES), count)
    hosts = np.strings.add("www.", names)
    columns: dict[str, Any] = {
        "url_surtkey": np.strings.add(names, paths), "url": np.strings.add(np.strings.add("https://", hosts), paths),
        "url_host_name": hosts, "url_host_tld": tlds, "url_host_2nd_last_part": names,
        "url_host_registry_suffix": tlds, "url_host_registered_domain": names, "url_protocol": np.full(count, "https"),
        "url_port": pa.nulls(count, pa.int32()), "url_path": paths,
        "fetch_time": pa.array(random.integers(1_769_000_000_000, 1_769_900_000_000, count), pa.timestamp("ms")),
        "fetch_status": np.full(count, 200, np.int16), "content_digest": random.integers(0, 1 << 62, count).astype(str),
        "content_mime_type": np.full(count, "text/html"),
        "content_mime_detected": random.choice(np.array(_MIMES), count, p=[0.8, 0.1, 0.04, 0.03, 0.02, 0.01]),
        "content_charset": np.full(count, "UTF-8"), "content_languages": languages,
        "warc_filename": np.strings.add(files, ".warc.gz"),
        "warc_record_offset": random.integers(0, 1 << 30, count).astype(np.int32),
        "warc_record_length": random.integers(800, 60_000, count).astype(np.int32),
        "warc_segment": np.full(count, "1769.1"),
    }  # fmt: skip
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def measure(files: list[str]) -> Iterator[dict[str, Any]]:
    """Yields a row per question: seconds here and with polars, records found, requests and MB to read them."""
    for name, settings in _SETTINGS.items():
        began = time.perf_counter()
        found = find_records(files, Wanted.of(settings))
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        scanned = by_polars(files, settings)
        scan = time.perf_counter() - began
        assert found.num_rows == scanned.unique(_PLACE).height, name
        joined = list(byte_ranges(found, ReadWarc.gap))
        yield {
            "select": name, "seconds": seconds, "polars_seconds": scan, "records": found.num_rows,
            "mb_wanted": sum(found.column("length").to_numpy()) / 1e6, "requests": len(joined),
            "mb_read": sum(span.stop - span.start for span in joined) / 1e6,
        }  # fmt: skip


def by_polars(files: list[str], settings: dict[str, Any]) -> pl.DataFrame:
    columns = {
        "domain": pl.col("url_host_registered_domain"), "tld": pl.col("url_host_tld"),
        "mime": pl.col("content_mime_detected"), "status": pl.col("fetch_status"),
        "language": pl.col("content_languages").str.split(",").list.first(),
    }  # fmt: skip
    wanted = [columns[name].is_in(values) for name, values in settings.items()]
    where = [*_PLACE, "warc_record_length"]
    return pl.scan_parquet(files).filter(pl.all_horizontal(wanted)).select(where).collect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="keep the index in this folder, or use the index that is there")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        files = sorted(map(str, folder.glob("*.parquet"))) or write_index(folder, options.rows)
        rows = list(measure(files))
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'select by':14}{'seconds':>9}{'polars':>9}{'records':>12}{'MB wanted':>12}{'requests':>10}{'MB read':>11}")
    for row in rows:
        print(
            f"{row['select']:14}{row['seconds']:9.2f}{row['polars_seconds']:9.2f}{row['records']:12,}"
            f"{row['mb_wanted']:12,.0f}{row['requests']:10,}{row['mb_read']:11,.0f}"
        )


if __name__ == "__main__":
    main()

"""Writes the mini-crawl: a small made-up folder of all kinds of input of a pipeline, with the truth about each page.

Equal pages and seed always give equal bytes, if the libraries that compress, write Parquet and train the tokenizer are
the same.
"""

from collections.abc import Iterator
from pathlib import Path

from tokenmill.mini import warc
from tokenmill.mini.broken import write_broken
from tokenmill.mini.code_dump import write_code
from tokenmill.mini.fit_tokenizer import write_tokenizer
from tokenmill.mini.pages import Page, make_page
from tokenmill.mini.plan import plan_pages
from tokenmill.mini.truth import Truth, write_truth
from tokenmill.mini.wiki import write_wiki

PAGES_PER_FILE = 500
MIN_FILES = 2


def write_mini(folder: Path, *, pages: int = 300, seed: int = 0) -> None:
    """Writes the mini-crawl into a folder, which is created if it is missing. Existing files are overwritten.

    pages: number of responses in the crawl itself, 40 to about 20,000; broken records are not counted. Files:

    - crawl-NN.warc.gz and crawl-NN.wet.gz: the crawl, and its HTML pages as plain text
    - broken-*.warc.gz: damaged records, and whole ones next to them
    - enwiki-mini.xml.bz2: a MediaWiki export
    - code.tar.gz, code.parquet: repositories
    - tokenizer.json: a byte-level BPE tokenizer
    - truth.parquet: the planted values of each page; see tokenmill.mini.truth.Truth
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = [*_write_crawl(folder, pages, seed), *write_broken(folder, seed)]
    write_wiki(folder / "enwiki-mini.xml.bz2", pages=pages, seed=seed)
    write_code(folder, pages=pages, seed=seed)
    write_tokenizer([row.main_text for row in truth if row.main_text], folder / "tokenizer.json")
    write_truth(truth, folder / "truth.parquet")


def _write_crawl(folder: Path, pages: int, seed: int) -> Iterator[Truth]:
    """Writes the WARC files with their WET files. Yields the truth in the order of the records."""
    plans = plan_pages(pages, seed)
    num_files = max(MIN_FILES, -(-pages // PAGES_PER_FILE))
    for number in range(num_files):
        name = f"crawl-{number:02d}"
        first, end = number * pages // num_files, (number + 1) * pages // num_files
        with (folder / f"{name}.warc.gz").open("wb") as warc_file, (folder / f"{name}.wet.gz").open("wb") as wet_file:
            warc_file.write(warc.warcinfo(seed, f"{name}.warc.gz"))
            wet_file.write(warc.warcinfo(seed, f"{name}.wet.gz"))
            for position in range(first, end):
                page = make_page(plans[position], seed)
                warc_file.write(_warc_records(page, position, seed))
                wet_file.write(_wet_record(page, position, seed))
                yield _truth(page, f"{name}.warc.gz", seed)


def _warc_records(page: Page, position: int, seed: int) -> bytes:
    """Returns the records of one page: request, response, metadata, and sometimes a revisit of the unchanged page."""
    identity, date, name = _identity(page, seed), warc.warc_date(seed, position), page.plan.name
    headers = [
        ("Date", date),
        ("Server", ("nginx", "Apache", "cloudflare")[position % 3]),
        ("Content-Type", page.content_type),
        *page.headers,
        ("Content-Length", str(len(page.body))),
    ]
    block = warc.http_block(page.status, headers, page.body)
    response = warc.response_headers(
        identity=identity,
        date=date,
        url=page.url,
        block=block,
        payload=page.body,
        payload_type=None if position % 6 == 5 else page.payload_type,  # older crawls leave it out
    )
    records = [
        warc.request_record(seed, name=name, date=date, url=page.url, response_id=identity),
        warc.member(warc.record_bytes(response, block)),
        warc.metadata_record(
            seed, name=name, date=date, url=page.url, response_id=identity, fetch_ms=position * 37 % 900
        ),
    ]
    if position % 40 == 7:
        again = warc.warc_date(seed, position + 20_000)
        records.append(
            warc.revisit_record(seed, name=name, date=again, url=page.url, response_id=identity, payload=page.body)
        )
    return b"".join(records)


def _wet_record(page: Page, position: int, seed: int) -> bytes:
    if page.wet_text is None:
        return b""
    return warc.conversion_record(
        seed,
        name=page.plan.name,
        date=warc.warc_date(seed, position),
        url=page.url,
        response_id=_identity(page, seed),
        text=page.wet_text,
        lang=page.plan.lang,
    )


def _identity(page: Page, seed: int) -> str:
    return warc.record_id(seed, f"response/{page.plan.name}")


def _truth(page: Page, file: str, seed: int) -> Truth:
    plan, content = page.plan, page.content
    return Truth(
        id=_identity(page, seed),
        url=page.url,
        file=file,
        kind=plan.kind,
        status=int(page.status.split()[1]),
        lang=plan.lang,
        topic=plan.topic if plan.lang else None,
        encoding=page.encoding,
        declared_by=page.declared_by,
        duplicate_group=plan.group,
        duplicate_kind=plan.duplicate_kind,
        planted_similarity=content.similarity if content else None,
        main_text=content.text() if content else None,
        pii=content.pii if content else (),
        not_pii=content.not_pii if content else (),
        toxic=plan.kind == "toxic",
        benchmark=content.benchmark if content else None,
        license=plan.licence,
        wet_id=warc.record_id(seed, f"conversion/{plan.name}") if page.wet_text is not None else None,
    )

"""Compares main text extraction with trafilatura and resiliparse: quality on annotated pages, pages/s on one core.

    python -m bench.extraction FOLDER

bench.fit_main_text describes the contents of FOLDER. tokenmill's trees are fitted to these same pages, so its figures
here are an upper limit; `bench.fit_main_text` prints its quality on hosts that were not used for the fit.
"""

import argparse
import io
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

_WORD = re.compile(r"\w+")


class Page(NamedTuple):
    """An annotated page. text is the article; if it is None, there are snippets that the article has and has not."""

    html: str
    host: str
    text: str | None
    present: list[str]
    absent: list[str]


def read_pages(folder: Path) -> Iterator[Page]:
    """Yields the pages with a whole article, then the pages with snippets."""
    for name in ("full_text", "snippets"):
        with (folder / f"{name}.jsonl.zst").open("rb") as file:
            for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
                row = json.loads(line)
                if row["set"] == "goose3":  # this set has only the start of each article
                    continue
                yield Page(row["html"], _host(row), row.get("text"), row.get("present", []), row.get("absent", []))


def _host(row: dict[str, str]) -> str:
    return re.sub(r"^(https?://)?(www\.)?", "", row["url"]).split("/")[0] if "url" in row else row["id"].split("_")[1]


def folded(text: str) -> str:
    """Returns the text with each run of white space as one blank."""
    return " ".join(text.split())


def judge(found: Iterable[tuple[Page, str]]) -> str:
    """Returns precision, recall and F1 as a line of text.

    For pages with an article they count words and are means over the pages; for the others they count all snippets.
    """
    words: list[tuple[float, float, float]] = []
    right = wanted = wrong = 0
    for page, text in found:
        if page.text is not None:
            words.append(_overlap(text, page.text))
            continue
        whole = folded(text)
        right += sum(folded(snippet) in whole for snippet in page.present)
        wrong += sum(folded(snippet) in whole for snippet in page.absent)
        wanted += len(page.present)
    precision, recall, f1 = (sum(column) / len(words) for column in zip(*words, strict=True))
    p, r = right / (right + wrong), right / wanted
    articles = f"articles P {precision:.3f} R {recall:.3f} F1 {f1:.3f}"
    return f"{articles}   snippets P {p:.3f} R {r:.3f} F1 {2 * p * r / (p + r):.3f}"


def _overlap(text: str, article: str) -> tuple[float, float, float]:
    found, wanted = Counter(_WORD.findall(text.lower())), Counter(_WORD.findall(article.lower()))
    both = (found & wanted).total()
    if not both:
        return 0.0, 0.0, 0.0
    precision, recall = both / found.total(), both / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def extractors() -> dict[str, Callable[[list[str]], list[str]]]:
    """Returns {name: function from HTML documents to their main texts}."""
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    from tokenmill.core.columns import documents
    from tokenmill.stages.web.extract_html import ExtractHtml

    def ours(pages: list[str]) -> list[str]:
        batch = documents({"id": [str(row) for row in range(len(pages))], "text": pages})
        return [text or "" for text in ExtractHtml()(batch).column("text").to_pylist()]

    def each(extract: Callable[[str], str | None]) -> Callable[[list[str]], list[str]]:
        return lambda pages: [extract(page) or "" for page in pages]

    return {
        "tokenmill": ours,
        "trafilatura": each(lambda page: trafilatura.extract(page, include_comments=False)),
        "trafilatura, precision": each(
            lambda page: trafilatura.extract(page, include_comments=False, favor_precision=True)
        ),
        "resiliparse": each(lambda page: extract_plain_text(page, main_content=True, comments=False, post_meta=False)),
    }


def main() -> None:
    """Prints a line for each extractor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    pages = list(read_pages(parser.parse_args().folder))
    html = [page.html.encode("utf-8", "replace").decode() for page in pages]
    base = 0.0
    for name, extract in reversed(extractors().items()):
        extract(html[:20])
        started = time.process_time()
        texts = extract(html)
        speed = len(html) / (time.process_time() - started)
        base = speed if name == "trafilatura, precision" else base
        ratio = f"{speed / base:6.1f}x" if base else "       "
        print(f"{name:24}{speed:8.0f} pages/s {ratio}   {judge(zip(pages, texts, strict=True))}", flush=True)


if __name__ == "__main__":
    main()

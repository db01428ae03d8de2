"""Annotated web pages: the whole text of a page, or snippets that belong to it and that do not."""

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tldextract
import zstandard

_registered = tldextract.TLDExtract(suffix_list_urls=())  # the list in the package, without the network


class Page(NamedTuple):
    """An annotated page. text is its main text; if it is None, there are snippets that this has and has not.

    kind: article, documentation, service, forum, listing, product, collection; None if it is not known.
    """

    set: str
    id: str
    html: str
    domain: str
    kind: str | None
    lang: str
    text: str | None
    markdown: str | None
    present: list[str]
    absent: list[str]


def existing(path: str) -> Path:
    """Returns an argument of a command as a path. Raises ArgumentTypeError if nothing is there."""
    if not Path(path).exists():
        raise argparse.ArgumentTypeError(f"{path} does not exist")
    return Path(path)


def read_pages(folder: Path) -> Iterator[Page]:
    """Yields the pages of full_text, snippets and wcxb_dev (`.jsonl.zst` in the folder)."""
    for name in ("full_text", "snippets", "wcxb_dev"):
        with (folder / f"{name}.jsonl.zst").open("rb") as file:
            for number, line in enumerate(io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")):
                row = json.loads(line)
                if row.get("set") != "goose3":  # this set has only the start of each article
                    yield _page(name, number, row)


def _page(name: str, number: int, row: dict[str, object]) -> Page:
    address = str(row["url"] if "url" in row else str(row["id"]).split("_")[1])
    whole = name != "snippets"
    return Page(
        set=name,
        id=str(row.get("id", number)),
        html=str(row["html"]),
        domain=_registered(address).top_domain_under_public_suffix or address,
        kind=str(row["type"]) if "type" in row else "article" if name == "full_text" else None,
        lang=str(row.get("lang") or "English"),
        text=str(row["text"]) if whole else None,
        markdown=str(row["markdown"]) if "markdown" in row else None,
        present=list(row.get("present", ())),  # type: ignore[call-overload]
        absent=list(row.get("absent", ())),  # type: ignore[call-overload]
    )


def folded(text: str) -> str:
    """Returns the text with each run of white space as one blank."""
    return " ".join(text.split())

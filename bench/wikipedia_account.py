"""Accounts for all pages of a MediaWiki dump: their number, the rules that drop pages, and the quality of the texts.

    python -m bench.wikipedia_account DUMPS ... [--show TITLE --chars 700]

It counts the pages of a dump by their tags, and compares this with the number of rows of stages.read_wikipedia, so no
page can be lost unnoticed. Then it counts markup that should not remain in a clean text. --show prints the start of an
article before and after extraction.
"""

import argparse
import bz2
import json
import re
from collections import Counter
from typing import NamedTuple

from tokenmill.core.columns import marked, split
from tokenmill.stages.wiki.extract_wikitext import ExtractWikitext
from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia

UNCLEAN = {
    "{{ or }} outside formulas": r"\{\{|\}\}",
    "[[ or ]]": r"\[\[|\]\]",
    "tags": r"</?(?:ref|br|small|sup|sub|span|div|table|td|tr|nowiki|gallery|blockquote|center|math)\b[^>\n]*>",
    "'' or '''": r"''",
    "entities": r"&(?:[a-z]{2,8}|#\d+);",
    "pictures' settings": r"\bthumb\||\b\d+px\b",
    "empty brackets": r"\([ ,;:]+\)",
    "two spaces between words": r"[^\s]  [^\s]",
    "empty headings at the end": r"\n(?:References|Notes|External links|See also|Further reading)\s*\Z",
}
FORMULA = re.compile(r"\$[^\n]*?\\[^\n]*?\$|\$\S+\$")


class Article(NamedTuple):
    title: str
    before: str
    after: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dumps", nargs="+", metavar="DUMPS")
    parser.add_argument("--show", action="append", default=[], metavar="TITLE")
    parser.add_argument("--chars", type=int, default=700, help="characters of each text to show")
    options = parser.parse_args()
    rules: Counter[str] = Counter()
    articles: list[Article] = []
    for dump in options.dumps:
        articles += account(dump, rules)
    print(f"kept: {len(articles)}; " + ", ".join(f"{rule} {count}" for rule, count in sorted(rules.items())))
    before, after = (sum(len(getattr(article, side).encode()) for article in articles) for side in ("before", "after"))
    print(f"{before / 1e6:.2f} MB of wikitext, {after / 1e6:.2f} MB of text")
    for name, pattern in UNCLEAN.items():
        found = [re.findall(pattern, FORMULA.sub("formula", article.after)) for article in articles]
        print(f"{name:34}{sum(map(len, found)):6} in {sum(map(bool, found))} articles")
    for article in articles:
        if article.title in options.show:
            print(
                f"\n=== {article.title}\n{article.before[: options.chars]}\n--- after\n{article.after[: options.chars]}"
            )


def account(dump: str, rules: Counter[str]) -> list[Article]:
    """Returns the kept articles, and adds the rules that drop the others to `rules`.

    Exits with an error if there are not as many rows as tags.
    """
    with bz2.open(dump) if dump.endswith(".bz2") else open(dump, "rb") as file:
        there = file.read().count(b"<page>")
    work, step, rows = ReadWikipedia(paths=dump), ExtractWikitext(tables="rows"), 0
    found: list[Article] = []
    for shard in work.shards():
        for batch in work.read(shard):
            rows += batch.num_rows
            alive, gone = split(batch)
            rules.update(gone.column("drop_rule").to_pylist() if gone.num_rows else [])
            done = step(alive)
            texts = zip(alive.column("text").to_pylist(), done.column("text").to_pylist(), marked(done), strict=True)
            for meta, (before, after, refused) in zip(alive.column("meta").to_pylist(), texts, strict=True):
                if refused:
                    rules["extract_wikitext"] += 1
                else:
                    found.append(Article(json.loads(meta)["title"], before, after))
    print(f"{dump.rpartition('/')[2]}: {there} pages by their tags, {rows} rows")
    if there != rows:
        raise SystemExit("pages are missing")
    return found


if __name__ == "__main__":
    main()

"""Draws articles of language editions of Wikipedia by a seed, and writes their wikitext and text, to be read by eye.

    python -m bench.wikipedia_sample LANG=PATH ... --out FOLDER [--count 25] [--least 0] [--seed 18] [--before CHECKOUT]

PATH is a MediaWiki XML dump or a glob of dumps, or a folder of .wiki or .txt files, each with the wikitext of one page,
whose name is the title. LANG is the code of the edition, such as `de`; several PATHs of one LANG are read together.
Only articles are drawn: pages of namespace 0 that are neither redirects nor disambiguation pages. --least counts bytes
of wikitext, so the draw does not depend on how the text is extracted.

FOLDER/LANG/NN-title.wikitext is the source of an article, .txt is its text, and .before.txt its text by an older
checkout. FOLDER/LANG/index.tsv lists title, page id, revision and number of sentences.

A sentence is a place where a line has one of `. ! ? …` before white space or its end, except after a digit inside the
line (`26. Januar`), or one of `。 ！ ？ । ؟ ۔ ։` anywhere. Abbreviations count too, so the number is only a rough size.

Public files with real pages, in addition to https://dumps.wikimedia.org:

- en, 103 articles: PyPI, gensim 4.4.0, gensim/test/test_data/enwiki-*.bz2. bg, 1 article: bgwiki-*.xml.bz2 beside
  them, after `iconv -f UTF-16 -t UTF-8`.
- ltg, 903 articles: npm, wikipedia-to-mongodb 2.4.0, tests/smallwiki-latest-pages-articles.xml.bz2.
- docs/wikipedia.md names the files of the published sample, with Estonian and German pages.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.wikipedia_side import texts_of
from tokenmill.core.columns import split
from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia
from tokenmill.stages.wiki.wiki_disambiguation import disambiguation_sign
from tokenmill.stages.wiki.wiki_redirect import redirect_target

CLOSING = r"[)\]\"'»”’“]*"
SENTENCE = re.compile(rf"(?<![\s\d])[.!?…]+{CLOSING}(?=\s|$)|(?<=\d)[.!?…]+{CLOSING}$|[。！？।؟۔։]+", re.M)
NOT_IN_NAMES = re.compile(r"[^\w.-]+")
LIST_NUMBER = re.compile(r"^\d+\. ", re.M)


class Article(NamedTuple):
    """An article of an edition. page and revision are empty if it comes from a folder of files."""

    title: str
    page: str
    revision: str
    text: str
    meta: str


def main() -> None:
    """Writes the samples and prints a line for each edition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("editions", nargs="+", metavar="LANG=PATH")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=25, help="articles of each edition")
    parser.add_argument("--least", type=int, default=0, metavar="BYTES", help="shortest wikitext; default 0")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="folder of an older checkout")
    options = parser.parse_args()
    for language, paths in editions_of(options.editions).items():
        articles = [one for one in sorted(articles_of(language, paths)) if len(one.text.encode()) >= options.least]
        chosen = sorted(random.Random(options.seed).sample(articles, min(options.count, len(articles))))
        texts = texts_of([{"text": article.text, "meta": article.meta} for article in chosen])
        before = texts_before(chosen, options.before) if options.before else None
        write(options.out / language, chosen, texts, before)
        print(f"{language}\t{len(chosen)} articles\t{sum(map(sentences, texts))} sentences")


def editions_of(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Returns the paths of each language from arguments of the form LANG=PATH."""
    found: dict[str, list[str]] = {}
    for argument in arguments:
        language, sign, path = argument.partition("=")
        if not (language and sign and path):
            raise SystemExit(f"found {argument!r}, expected LANG=PATH")
        found.setdefault(language, []).append(path)
    return found


def articles_of(language: str, paths: Sequence[str]) -> Iterator[Article]:
    """Yields the articles of dumps and folders."""
    for path in paths:
        if Path(path).is_dir():
            yield from articles_of_folder(language, Path(path))
        else:
            yield from articles_of_dump(path)


def articles_of_dump(path: str) -> Iterator[Article]:
    """Yields the pages of a dump that stages.read_wikipedia keeps."""
    work = ReadWikipedia(paths=path)
    for shard in work.shards():
        for batch in work.read(shard):
            kept = split(batch)[0].select(["id", "text", "meta"])
            for row in kept.to_pylist():
                page, _, revision = row["id"].rpartition(":")[2].partition("@")
                yield Article(json.loads(row["meta"])["title"], page, revision, row["text"], row["meta"])


def articles_of_folder(language: str, folder: Path) -> Iterator[Article]:
    """Yields the articles of a folder, by the rules of stages.read_wikipedia."""
    for file in sorted([*folder.glob("*.wiki"), *folder.glob("*.txt")]):
        text = file.read_text(encoding="utf-8")
        if text.strip() and not redirect_target(text) and not disambiguation_sign(text):
            title = file.stem.replace("_", " ")
            yield Article(title, "", "", text, json.dumps({"title": title, "lang": language}))


def texts_before(articles: Sequence[Article], checkout: Path) -> list[str]:
    """Returns the texts by the code of another checkout, from a process of its own."""
    program = Path(__file__).resolve().with_name("wikipedia_side.py")
    root = checkout.resolve()
    with tempfile.TemporaryDirectory() as work:
        pages = Path(work, "pages.json")
        rows = [{"text": article.text, "meta": article.meta} for article in articles]
        pages.write_text(json.dumps(rows), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-P", str(program), str(pages)],
            cwd=work, env=os.environ | {"PYTHONPATH": str(root)}, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    answer = json.loads(done.stdout)
    if Path(answer["code"]) != root:
        raise SystemExit(f"tokenmill was imported from {answer['code']}, not from {root}")
    texts: list[str] = answer["texts"]
    return texts


def sentences(text: str) -> int:
    """Returns the number of sentences, as the head of this file defines it."""
    return len(SENTENCE.findall(LIST_NUMBER.sub("", text)))


def write(folder: Path, articles: Sequence[Article], texts: Sequence[str], before: Sequence[str] | None) -> None:
    """Writes the files of one edition. Files of an earlier call are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.wikitext"), *folder.glob("*.txt")]:
        old.unlink()
    rows = ["title\tpage\trevision\tsentences"]
    for number, article in enumerate(articles):
        name = f"{number + 1:02}-{NOT_IN_NAMES.sub('_', article.title)[:60]}"
        (folder / f"{name}.wikitext").write_text(article.text, encoding="utf-8")
        (folder / f"{name}.txt").write_text(texts[number], encoding="utf-8")
        if before is not None:
            (folder / f"{name}.before.txt").write_text(before[number], encoding="utf-8")
        rows.append(f"{article.title}\t{article.page}\t{article.revision}\t{sentences(texts[number])}")
    (folder / "index.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Puts the rendering of pages beside their extracted text, for reading: a sample of each kind of page.

    python -m bench.extraction_pages FOLDER --folds FILE --out DIR [--count 20] [--seed 17] [--kinds NAMES]

FOLDER and FILE are those of bench.extraction. DIR/KIND/ gets for each drawn page of wcxb_dev: ID-1.png, ID-2.png, …,
the page in headless Chromium from top to bottom, without network and scripts; ID.txt, its text by trees that were not
fitted to its domain; ID.reference.txt. DIR/KIND/pages.tsv lists precision, recall and F1 of their words.
"""

import argparse
import random
from pathlib import Path

from bench.annotated_pages import Page, read_pages
from bench.extraction import KINDS, Texts, texts_of_folds
from bench.extraction_browser import CHROMIUM, Browser, browser
from bench.extraction_parts import overlap


def drawn(pages: list[Page], kind: str, count: int, seed: int) -> list[int]:
    """Returns the numbers of the drawn pages of a kind."""
    numbers = [number for number, page in enumerate(pages) if page.set == "wcxb_dev" and page.kind == kind]
    return sorted(random.Random(f"{seed} {kind}").sample(numbers, min(count, len(numbers))))


def put_down(kind: str, pages: list[Page], found: Texts, numbers: list[int], tab: Browser, out: Path) -> None:
    """Writes the files of the pages of one kind."""
    folder = out / kind
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["page\tprecision\trecall\tf1\n"]
    for number in numbers:
        page, text = pages[number], found.texts[number]
        for part, picture in enumerate(tab.pictures(page.html), 1):
            (folder / f"{page.id}-{part}.png").write_bytes(picture)
        (folder / f"{page.id}.txt").write_text(text)
        (folder / f"{page.id}.reference.txt").write_text(page.text or "")
        score = overlap(text, page.text or "")
        rows.append(f"{page.id}\t{score.precision:.3f}\t{score.recall:.3f}\t{score.f1:.3f}\n")
    (folder / "pages.tsv").write_text("".join(rows))


def main() -> None:
    """Writes the files of all kinds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--chromium", type=Path, default=CHROMIUM)
    arguments = parser.parse_args()
    pages = list(read_pages(arguments.folder))
    found = texts_of_folds(arguments.folds, pages)
    with browser(arguments.chromium) as tab:
        for kind in arguments.kinds.split(","):
            numbers = drawn(pages, kind, arguments.count, arguments.seed)
            put_down(kind, pages, found, numbers, tab, arguments.out)
            print(f"{kind}: {len(numbers)} pages", flush=True)


if __name__ == "__main__":
    main()

"""Extracts the text of wiki pages in its own process, with the tokenmill that PYTHONPATH names.

    python -P bench/wikipedia_side.py PAGES.json

PAGES.json has a list of {"text": wikitext, "meta": JSON text}. The output is JSON: the texts, in the same order, and
the folder from which tokenmill was imported. bench.wikipedia_sample starts this program for an older checkout.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path


def texts_of(pages: Sequence[dict[str, str]]) -> list[str]:
    """Returns the extracted text of each page, "" for a page without text."""
    from tokenmill.core.columns import documents
    from tokenmill.stages.wiki.extract_wikitext import ExtractWikitext

    columns = {"text": [page["text"] for page in pages], "meta": [page["meta"] for page in pages]}
    batch = documents({"id": [str(row) for row in range(len(pages))], **columns})
    return [text or "" for text in ExtractWikitext()(batch).column("text").to_pylist()]


def main() -> None:
    """Prints the texts and the folder of the code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    pages = json.loads(parser.parse_args().pages.read_text(encoding="utf-8"))
    texts = texts_of(pages)
    import tokenmill

    print(json.dumps({"code": str(Path(tokenmill.__file__).resolve().parents[1]), "texts": texts}))


if __name__ == "__main__":
    main()

"""Runs one extractor of main text over HTML pages, in its own process, and prints the CPU seconds of each round.

    python -P bench/extraction_side.py NAME PAGES.json [--rounds 3] [--code CHECKOUT]

PAGES.json has a list of HTML documents. bench.extraction starts this program; with the folder of another checkout in
PYTHONPATH and --code it measures that one. The pages go through the extractor once before the first round.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

OURS = "tokenmill"
PEERS = {
    "trafilatura": "default settings, with comments",
    "trafilatura-no-comments": "`include_comments=False`",
    "trafilatura-precision": "`favor_precision=True, include_comments=False`",
    "trafilatura-fast": "`fast=True`",
    "resiliparse": "`main_content=True, comments=False, post_meta=False`",
}
WARM_UP = 20  # pages of a peer that pass before the first round

Extract = Callable[[Sequence[str]], list[str]]


def package_of(name: str) -> str:
    """Returns the name and the version of the package behind a peer, such as `trafilatura 2.3.1`."""
    package = name.partition("-")[0]
    return f"{package} {version(package)}"


def extractor(name: str) -> Extract:
    """Returns the function from HTML documents to their main texts."""
    if name == OURS:
        return _tokenmill()
    return _resiliparse() if name == "resiliparse" else _trafilatura(name)


def _tokenmill() -> Extract:
    from tokenmill.core.columns import documents
    from tokenmill.stages.web.extract_html import ExtractHtml

    def run(pages: Sequence[str]) -> list[str]:
        batch = documents({"id": [str(row) for row in range(len(pages))], "text": list(pages)})
        return [text or "" for text in ExtractHtml()(batch).column("text").to_pylist()]

    return run


def _trafilatura(name: str) -> Extract:
    import trafilatura

    settings: dict[str, dict[str, Any]] = {
        "trafilatura": {},
        "trafilatura-no-comments": {"include_comments": False},
        "trafilatura-precision": {"include_comments": False, "favor_precision": True},
        "trafilatura-fast": {"fast": True},
    }
    chosen = settings[name]
    return lambda pages: [trafilatura.extract(page, **chosen) or "" for page in pages]


def _resiliparse() -> Extract:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda pages: [
        extract_plain_text(page, main_content=True, comments=False, post_meta=False) or "" for page in pages
    ]


def check_code(checkout: Path) -> None:
    """Ends the program if tokenmill is not the one of the checkout."""
    import tokenmill

    found = Path(tokenmill.__file__).resolve().parents[1]
    if found != checkout.resolve():
        raise SystemExit(f"tokenmill is imported from {found}, not from {checkout}")


def main() -> None:
    """Prints a JSON list of CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[OURS, *PEERS])
    parser.add_argument("pages", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--code", type=Path, help="checkout from which tokenmill must come")
    arguments = parser.parse_args()
    if arguments.code and arguments.name == OURS:
        check_code(arguments.code)
    extract, pages = extractor(arguments.name), json.loads(arguments.pages.read_text(encoding="utf-8"))
    extract(pages if arguments.name == OURS else pages[:WARM_UP])
    seconds = []
    for _ in range(arguments.rounds):
        started = time.process_time()
        extract(pages)
        seconds.append(time.process_time() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()

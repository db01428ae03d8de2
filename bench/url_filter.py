"""Compares filters.url_blocklist with datatrove's URLFilter: speed, and decisions on the same URLs by the same lists.

    python -m bench.url_filter [--domains 1000000] [--urls 200000] [--seed 1]

The lists are made up, in UT1's layout (a folder per category, with the files `domains` and `urls`). The URLs are made
up too: a fifth are on a list in some way, and some of these are written so that datatrove does not find them. Each
disagreement is assigned to a class of the table in filters/url_blocklist.py. If one fits no class, it is printed, and
the exit code is 1.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import pyarrow as pa

from tokenmill.core.columns import documents
from tokenmill.filters.url_blocklist import UrlBlocklist
from tokenmill.stages.datatrove_block import DatatroveBlock

REASONS = {
    "domain": "domain", "subdomain": "subdomain", "url": "url", "hard_blacklisted": "hard_word",
    "soft_blacklisted": "soft_words", "blacklisted_subword": "subword",
}  # fmt: skip
HARD, SOFT, SUB = ("casinoxx", "spamword", "badword"), ("teen", "free", "cams", "bet"), ("xxlporn", "pokerr")
SUFFIXES = ("com", "org", "co.uk", "de", "com.br", "info")
PARTS = "news shop blog wiki forum page item article read about 2019 07 index html php id 123 en de topic free".split()  # noqa: SIM905


def name(number: int) -> str:
    """Returns a registered domain for a number, a different one for each."""
    return f"site{number:x}-{number * 7919 % 1000}.{SUFFIXES[number % len(SUFFIXES)]}"


def write_lists(folder: Path, domains: int) -> tuple[list[str], list[str]]:
    """Writes lists in UT1's layout with two categories; returns (all lines of `domains`, all lines of `urls`)."""
    listed = [name(n * 2) if n % 10 else f"sub{n % 7}.{name(n * 2)}" for n in range(domains)]
    urls = [f"{name(2 * domains + 1 + n * 2)}/~user{n}" for n in range(domains // 50)]
    for place, category in enumerate(("adult", "gambling")):
        (folder / category).mkdir(parents=True)
        (folder / category / "domains").write_text("".join(f"{line}\n" for line in listed[place::2]))
        (folder / category / "urls").write_text("".join(f"{line}\n" for line in urls[place::2]))
    return listed, urls


def made_urls(chance: Random, count: int, listed: list[str], urls: list[str]) -> list[str]:
    """Returns `count` URLs, of which one in five is on a list."""
    found = []
    for _ in range(count):
        path = "/".join(chance.choices(PARTS, k=chance.randint(0, 5)))
        clean = (
            f"http{chance.choice(('', 's'))}://{chance.choice(('', 'www.'))}{name(chance.randrange(10**7) * 2 + 1)}/"
        )
        kinds = (
            f"http://{chance.choice(listed)}/{path}",
            f"https://www.{chance.choice(listed)}/{path}",
            f"http://{chance.choice(listed).upper()}/",
            f"http://a.b.{chance.choice(listed)}/{path}",
            f"http://{chance.choice(urls)}",
            chance.choice(urls),
            f"https://{chance.choice(urls)}?utm_source=x",
            f"{clean}{path}-{chance.choice(HARD)}.html",
            f"{clean}{path}-{chance.choice(HARD).title()}.html",
            f"{clean}my%20{chance.choice(HARD)}",
            f"{clean}{chance.choice(SOFT)}/{chance.choice(SOFT)}",
            f"{clean}{path}/a{chance.choice(SUB)}b",
        )
        found.append(chance.choice(kinds) if chance.random() < 0.2 else clean + path)
    return found


def cause(url: str, ours: str | None, theirs: str | None, listed: set[str]) -> str:
    """Returns the class of a disagreement, from the table in filters/url_blocklist.py, or "" if none fits."""
    host = re.sub(r"^https?://", "", url).partition("/")[0]
    if url != url.lower() and (theirs is None or ours != theirs):
        return "upper case"
    if "%" in url:
        return "percent codes"
    if ours in ("domain", "subdomain") and host.removeprefix("www.") not in listed:
        return "parents below the registered domain"
    if ours in ("domain", "subdomain") and host.startswith("www."):
        return "parents below the registered domain"
    return "the same URL written otherwise" if ours == "url" else ""


def verdicts(batch: pa.RecordBatch, work: object) -> tuple[list[str | None], float]:
    """Returns (the rule that drops each row, without the step's name; CPU seconds)."""
    started = time.process_time()
    out = work(batch)  # type: ignore[operator]
    seconds = time.process_time() - started
    marks = out.column("drop_rule").to_pylist() if "drop_rule" in out.schema.names else [None] * out.num_rows
    return [mark and mark.partition(".")[2] for mark in marks], seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=1_000_000)
    parser.add_argument("--urls", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        listed, urls = write_lists(Path(folder), chosen.domains)
        pages = made_urls(Random(chosen.seed), chosen.urls, listed, urls)
        batch = documents({"id": [str(n) for n in range(len(pages))], "text": ["a"] * len(pages), "url": pages})
        words = {"hard_words": HARD, "soft_words": SOFT, "subwords": SUB}
        ours = UrlBlocklist(folder=folder, categories=("adult", "gambling"), **words)
        ours(batch.slice(0, 2000))
        said = {"extra_domains": listed, "extra_urls": urls, "use_integrated_lists": False, "banned_words": HARD,
                "soft_banned_words": SOFT, "banned_subwords": SUB}  # fmt: skip
        theirs = DatatroveBlock("datatrove.pipeline.filters.URLFilter", {k: list(v) if isinstance(v, tuple) else v
                                                                        for k, v in said.items()})  # fmt: skip
        theirs(batch.slice(0, 2000))
        our, our_seconds = verdicts(batch, ours)
        their, their_seconds = verdicts(batch, theirs)
    their = [REASONS.get(rule, rule) if rule else None for rule in their]
    causes = Counter(
        cause(url, a, b, set_of) if a != b else "alike"
        for set_of in [set(listed)] for url, a, b in zip(pages, our, their, strict=True)
    )  # fmt: skip
    fired = sum(a is not None or b is not None for a, b in zip(our, their, strict=True))
    print(f"{len(listed):,} domains, {len(urls):,} URLs listed; {len(pages):,} pages, {fired:,} dropped by either")
    for side, seconds in (("tokenmill", our_seconds), ("datatrove", their_seconds)):
        print(f"  {side:10} {len(pages) / seconds:12,.0f} URLs/s  {their_seconds / seconds:6.1f}x")
    for reason, count in causes.most_common():
        print(f"  {count:9,}  {reason or 'UNEXPLAINED'}")
    odd = [x for x in zip(pages, our, their, strict=True) if x[1] != x[2] and not cause(*x, set(listed))][:20]
    for url, a, b in odd:
        print(f"    {url}: ours {a}, theirs {b}")
    sys.exit(1 if odd else 0)


if __name__ == "__main__":
    main()

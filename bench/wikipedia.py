"""Compares stages.extract_wikitext with the extractors on PyPI, on the same pages of a dump, on one core, in one run.

    python -m bench.wikipedia DUMPS ... [--rounds 3]

DUMPS are MediaWiki XML dumps (.xml, .xml.bz2). Their articles are first read into memory. Then each extractor turns all
of them into text; its best round counts. These are timed from the bytes of the dump: tokenmill to text, wikiextractor
to text (in one process, as its command line reads and extracts), tokenmill's reader alone, and unpacking alone, with
the library that both use and with rapidgzip. Without
rendered pages there is no truth, so quality is compared in three ways: remaining markup, sentences that at least two
other extractors give, and the mini dump, whose paragraphs are known. Tools that are not installed are left out
(bench/requirements.txt).
"""

import argparse
import bz2
import html
import os
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pyarrow as pa

from tokenmill.core.columns import documents, split
from tokenmill.mini.wiki import true_paragraphs, write_wiki
from tokenmill.stages.wiki.extract_wikitext import ExtractWikitext
from tokenmill.stages.wiki.read_wikipedia import ReadWikipedia

Extract = Callable[[list[str]], list[str]]
LEFT_OVER = {
    "{{ }}": r"\{\{|\}\}",
    "[[ ]]": r"\[\[|\]\]",
    "{| |}": r"^\{\||^\|\}",
    "|": r"\|",
    "''": r"''",
    "<tag>": r"</?(?:ref|br|small|sup|sub|span|div|table|td|tr|nowiki|gallery|blockquote|center|math)\b[^>\n]*>",
    "&amp;": r"&(?:[a-z]{2,8}|#\d+);",
    "File:": r"\b(?:File|Image|Category):",
    "thumb": r"\bthumb\||\b\d+px\b",
    "( )": r"\([ ,;:]*\)",
}
MATH = re.compile(r"<(math|chem|ce)\b[^>/]*>(.*?)</\1>", re.S)
MEDIA = re.compile(r"\s*(?:file|image|category)\s*:", re.I)
WORD = re.compile(r"[^\W\d_]+")
SENTENCE_WORDS = 8
WORDS_BETWEEN = 12
MINI_PAGES = 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dumps", nargs="+", metavar="DUMPS")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts, seconds = articles(options.dumps)
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} articles, {size:.2f} MB of wikitext; read from the dump in {seconds:.2f} s\n")
    show_whole(options.dumps, options.rounds)
    found = {name: timed(extract, texts, options.rounds) for name, extract in extractors().items()}
    show_speed({name: size / best for name, (_, best) in found.items()})
    formulas = [formulas_of(text) for text in texts]
    results = {name: without(result, formulas) for name, (result, _) in found.items()}
    show_left_over(results)
    show_sentences(results)
    show_mini()


def articles(dumps: list[str]) -> tuple[list[str], float]:
    """Returns (the wikitext of the dumps' articles, the seconds for reading and parsing)."""
    began = time.perf_counter()
    work = ReadWikipedia(paths=tuple(dumps))
    batches = [split(batch)[0] for shard in work.shards() for batch in work.read(shard)]
    texts = [text for batch in batches for text in batch.column("text").to_pylist()]
    return texts, time.perf_counter() - began


def show_whole(dumps: list[str], rounds: int) -> None:
    """Prints the seconds from the dumps' bytes to text, and the median of their ratios to rapidgzip's in each round."""
    step = ExtractWikitext()
    sides: dict[str, Callable[[str], object]] = {
        "unpacking alone": lambda dump: open_dump(dump).read(),
        "unpacking by rapidgzip": unpack_by_rapidgzip,
        "stages.read_wikipedia": lambda dump: [
            batch.num_rows
            for work in (ReadWikipedia(paths=dump),) for shard in work.shards() for batch in work.read(shard)
        ],
        "tokenmill": lambda dump: [
            step(split(batch)[0])
            for work in (ReadWikipedia(paths=dump),) for shard in work.shards() for batch in work.read(shard)
        ],
        "wikiextractor": wikiextractor_whole,
    }  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):  # the sides take turns, because the machine's speed varies
        for name, side in sides.items():
            began = time.process_time()
            for dump in dumps:
                side(dump)
            seconds[name].append(time.process_time() - began)
    print("seconds from dump to text, one core; divided by those of rapidgzip, median of the rounds")
    floor = seconds["unpacking by rapidgzip"][1:]  # the first round also loads the kernels
    for name, found in seconds.items():
        ratio = statistics.median(one / other for one, other in zip(found[1:], floor, strict=True))
        print(f"{name:30}{min(found):7.3f}{ratio:13.2f} x")
    print()


def open_dump(dump: str) -> IO[bytes]:
    return bz2.open(dump) if dump.endswith(".bz2") else open(dump, "rb")


def unpack_by_rapidgzip(dump: str) -> None:
    """Unpacks bz2 with the reader of indexed_bzip2, on one core; other files as open_dump does."""
    if not dump.endswith(".bz2"):
        open_dump(dump).read()
        return
    from rapidgzip import IndexedBzip2File

    with IndexedBzip2File(dump, parallelization=1) as content:
        while content.read(1 << 20):
            pass


def wikiextractor_whole(dump: str) -> None:
    from wikiextractor import WikiExtractor
    from wikiextractor.extract import Extractor

    WikiExtractor.templateNamespace = "Template:"  # its command line reads this from the head of the dump
    for id, revision, title, lines in WikiExtractor.collect_pages(WikiExtractor.decode_open(dump)):
        Extractor(id, revision, "https://en.wikipedia.org/wiki", title, lines).clean_text("".join(lines))


def ours(tables: str) -> Extract:
    step = ExtractWikitext(tables=tables)
    step(documents({"id": ["warm"], "text": ["'''a'''"]}))

    def extract(texts: list[str]) -> list[str]:
        batch = documents({"id": [str(row) for row in range(len(texts))], "text": pa.array(texts, pa.large_string())})
        found: list[str] = step(batch).column("text").to_pylist()
        return found

    return extract


def extractors() -> dict[str, Extract]:
    """Returns {name: extractor}: tokenmill's and those of PEERS that are installed."""
    found: dict[str, Extract] = {"tokenmill": ours("rows"), "tokenmill, tables dropped": ours("drop")}
    for name, make in PEERS.items():
        try:
            one = make()
        except ImportError as missing:
            print(f"{name}: not installed ({missing})")
            continue
        found[name] = lambda texts, one=one: [one(text) for text in texts]  # type: ignore[misc]
    return found


def wikiextractor() -> Callable[[str], str]:
    """Returns wikiextractor's function as its command line uses it without a template file."""
    from wikiextractor.extract import Extractor

    def one(text: str) -> str:
        return "\n".join(Extractor("1", "1", "https://en.wikipedia.org/wiki", "T", []).clean_text(text))

    return one


def gensim() -> Callable[[str], str]:
    """Returns gensim's function as gensim.scripts.segment_wiki and make_wiki use it."""
    from gensim.corpora.wikicorpus import filter_wiki

    return filter_wiki  # type: ignore[no-any-return]


def mwparserfromhell() -> Callable[[str], str]:
    import mwparserfromhell as parser

    return lambda text: str(parser.parse(text).strip_code())


def mwparserfromhell_media() -> Callable[[str], str]:
    """Returns strip_code after removing links to pictures and categories, references and tables.

    Published data sets are made in this way.
    """
    import mwparserfromhell as parser

    def one(text: str) -> str:
        code = parser.parse(text, skip_style_tags=True)
        for link in code.filter_wikilinks(recursive=True):
            if MEDIA.match(str(link.title)):
                _remove(code, link)
        for tag in code.filter_tags(recursive=True, matches=lambda node: str(node.tag) in ("ref", "table")):
            _remove(code, tag)
        return str(code.strip_code())

    return one


def _remove(code: object, node: object) -> None:
    """Removes a node, unless the node around it has been removed before."""
    try:
        code.remove(node)  # type: ignore[attr-defined]
    except ValueError:
        return


def wikitextparser() -> Callable[[str], str]:
    import wikitextparser as parser

    return lambda text: str(parser.parse(text).plain_text())


PEERS: dict[str, Callable[[], Callable[[str], str]]] = {
    "wikiextractor": wikiextractor,
    "gensim": gensim,
    "mwparserfromhell": mwparserfromhell,
    "mwparserfromhell, media out": mwparserfromhell_media,
    "wikitextparser": wikitextparser,
}


def formulas_of(wikitext: str) -> re.Pattern[str] | None:
    """Returns a pattern that matches the formulas of an article in a text, or None if there are none.

    It allows any delimiters and line breaks. It does not match formulas of up to three characters, which may be words.
    """
    found = {html.unescape(formula) for _, formula in MATH.findall(wikitext)} | {f for _, f in MATH.findall(wikitext)}
    spelled = [r"\s+".join(map(re.escape, formula.split())) for formula in found if len(formula.strip()) > 3]
    each = "|".join(sorted(spelled, key=len, reverse=True))
    return (
        re.compile(rf"(?:<(?:math|chem|ce)\b[^>]*>|\$)?\s*(?:{each})\s*(?:</(?:math|chem|ce)>|\$)?") if each else None
    )


def without(texts: list[str], formulas: list[re.Pattern[str] | None]) -> list[str]:
    """Returns the texts without the formulas of their articles, because extractors render formulas differently.

    Text between two amounts of dollars is kept.
    """
    return [pattern.sub(" ", text) if pattern else text for pattern, text in zip(formulas, texts, strict=True)]


def timed(extract: Extract, texts: list[str], rounds: int) -> tuple[list[str], float]:
    """Returns (the texts, the seconds of the best round). A slow extractor gets no new round after a minute."""
    best, began = float("inf"), time.perf_counter()
    for _ in range(rounds):
        start = time.process_time()
        result = extract(texts)
        best = min(best, time.process_time() - start)
        if time.perf_counter() - began > 60:
            break
    return result, best


def show_speed(speeds: dict[str, float]) -> None:
    print(f"{'MB/s of wikitext, one core':30}      tokenmill is")
    for name, speed in speeds.items():
        print(f"{name:30}{speed:7.1f}{speeds['tokenmill'] / speed:13.1f} x")
    print()


def show_left_over(results: dict[str, list[str]]) -> None:
    """Prints how often each kind of markup remains in the texts, from which formulas have been removed."""
    print(f"{'left over':30}" + "".join(f"{sign:>9}" for sign in LEFT_OVER) + f"{'MB':>9}")
    for name, texts in results.items():
        plain = "\n".join(texts)
        counts = [len(re.findall(pattern, plain, re.M)) for pattern in LEFT_OVER.values()]
        print(f"{name:30}" + "".join(f"{count:9}" for count in counts) + f"{len(plain.encode()) / 1e6:9.2f}")
    print()


def sentences(text: str) -> set[str]:
    """Returns the case-folded words of each sentence of at least eight words."""
    pieces = re.split(r"\n|(?<=[.!?])\s+", text)
    words = (WORD.findall(piece.casefold()) for piece in pieces)
    return {" ".join(found) for found in words if len(found) >= SENTENCE_WORDS}


def show_sentences(results: dict[str, list[str]]) -> None:
    """Prints for each extractor how many of the sentences that two others give it also gives, how many it gives at
    least with other words in between (from a template that the others leave out: `a crater 5 km wide`), and the share
    of its sentences that no other gives.
    """
    made = {name: [sentences(text) for text in texts] for name, texts in results.items()}
    print(f"{'sentences':30}{'given':>9}{'of agreed':>12}{'or within':>12}{'only here':>12}{'word F1':>9}")
    for name, own in made.items():
        others = {maker(other): found for other, found in made.items() if maker(other) != maker(name)}
        agreed = kept = alone = within = 0
        for row, mine in enumerate(own):
            votes = Counter(sentence for found in others.values() for sentence in found[row])
            wanted = {sentence for sentence, count in votes.items() if count >= 2}
            agreed, kept = agreed + len(wanted), kept + len(wanted & mine)
            within += words_within(wanted - mine, results[name][row])
            alone += len(mine - set(votes))
        given = sum(map(len, own))
        overlap = [mean_f1(results[name], results[other]) for other in made if maker(other) != maker(name)]
        shares = [kept / max(agreed, 1), (kept + within) / max(agreed, 1), alone / max(given, 1)]
        mean = sum(overlap) / max(len(overlap), 1)
        print(f"{name:30}{given:9}" + "".join(f"{share:12.1%}" for share in shares) + f"{mean:9.3f}")
    print()


def words_within(wanted: set[str], text: str) -> int:
    """Returns how many of the sentences are in the text, with at most WORDS_BETWEEN other words in between."""
    words = WORD.findall(text.casefold())
    starts: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        starts.setdefault(word, []).append(at)
    return sum(_stands(sentence.split(), words, starts) for sentence in wanted)


def _stands(sentence: list[str], words: list[str], starts: dict[str, list[int]]) -> bool:
    for start in starts.get(sentence[0], []):
        rest = iter(words[start : start + len(sentence) + WORDS_BETWEEN])
        if all(word in rest for word in sentence):
            return True
    return False


def maker(name: str) -> str:
    """Returns the part of a name that all variants of one extractor share. Each maker has one vote."""
    return name.partition(",")[0]


def mean_f1(first: list[str], second: list[str]) -> float:
    """Returns the mean over the documents of the F1 of their bags of words."""
    total = 0.0
    for one, other in zip(first, second, strict=True):
        a, b = (Counter(re.findall(r"\w+", text.casefold())) for text in (one, other))
        total += 2 * (a & b).total() / max(a.total() + b.total(), 1)
    return total / max(len(first), 1)


def show_mini() -> None:
    """Prints how many of the true paragraphs of a mini dump each extractor returns as a separate line, unchanged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "enwiki-mini.xml.bz2"
        write_wiki(path, pages=MINI_PAGES, seed=17)
        texts = articles([str(path)])[0][: MINI_PAGES // 20]
    truth = [true_paragraphs(number, 17) for number in range(len(texts))]
    print(f"true paragraphs of {len(texts)} made-up articles, given to the letter")
    for name, extract in extractors().items():
        lines = [text.split("\n") for text in extract(texts)]
        hits = sum(
            any(line == paragraph or (first and line.endswith(f". {paragraph}")) for line in found)
            for found, paragraphs in zip(lines, truth, strict=True)
            for first, paragraph in zip([True, *[False] * len(paragraphs)], paragraphs, strict=False)
        )
        print(f"{name:30}{hits:7} of {sum(map(len, truth))}")


if __name__ == "__main__":
    main()

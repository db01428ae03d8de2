"""Compares main text extraction with trafilatura and resiliparse, and shows each target of it as met or missed.

    python -m bench.extraction FOLDER --folds FILE [--peers NAMES] [--cache DIR] [--browser] [--before CHECKOUT]

FOLDER has the annotated pages of bench.annotated_pages. FILE comes from bench.fit_main_text: the text of each page by
trees that were not fitted to its registered domain. The output is Markdown, for docs/quality.md.

- Words, snippets and data tables: as bench.extraction_parts defines them. `tokenmill, unseen domains` is FILE. The
  shipped trees are fitted to all of these pages, so their row is an upper limit.
- Code (--browser): lines of <pre> in kept regions, as bench.extraction_browser compares them with Chromium.
- Speed: pages per second of CPU time on a fixed sample of pages, one process for each extractor. --before names an
  older checkout, which is measured in turn with this one; the target is the ratio of the medians.

--cache keeps the texts of the peers and the code that the browser shows, so that a second call is fast; entries are
found by version and by the HTML. --faults writes the tables and lines of code that are not complete on unseen domains.
"""

import argparse
import contextlib
import functools
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.annotated_pages import Page, existing, read_pages
from bench.extraction_parts import Score, Table, html_tables, judge, markdown_tables, mean, overlap, same, verdict_of
from bench.extraction_side import OURS, PEERS, Extract, extractor, package_of

UNSEEN, SHIPPED = "tokenmill, unseen domains", "tokenmill, shipped model (upper limit)"
BAR = "trafilatura"  # the peer to which targets refer
KINDS = ("article", "documentation", "service", "forum", "listing", "product", "collection")
SEED = 17
TURNS = 3  # processes of each of two checkouts, which take turns

Value = TypeVar("Value")


class Texts(NamedTuple):
    """The extracted texts of all pages by one extractor."""

    name: str
    texts: list[str]


class Target(NamedTuple):
    """A figure that is wanted. measured: None if it was not measured in this run. most: `wanted` is the upper limit."""

    name: str
    wanted: float
    measured: float | None
    most: bool = False

    def row(self) -> list[str]:
        wanted = f"{'≤' if self.most else '≥'} {self.wanted:.4f}"
        if self.measured is None:
            return [self.name, wanted, "", "not measured"]
        met = self.measured <= self.wanted if self.most else self.measured >= self.wanted
        return [self.name, wanted, f"{self.measured:.4f}", "met" if met else "missed"]


class Quality(NamedTuple):
    """The scores of one extractor by label of a column, and its tables and code: what the report needs."""

    scores: dict[str, Score]
    tables: Counter[str]  # complete, part, gone, tabs
    exact: Counter[str]  # the same for tables that the reference's Markdown has too
    code: tuple[int, int] | None  # lines kept, lines


class Judged(NamedTuple):
    """The data by which all extractors are judged: pages, tables by page number, code by page number."""

    pages: list[Page]
    tables: dict[int, list[Table]]
    exact: dict[int, list[Table]]
    code: dict[int, list[str]]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def cached(file: Path | None, pages: Sequence[str], compute: Callable[[str], Value]) -> list[Value]:
    """Returns compute(page) of each page. Results that are in the file are taken from it, others are added to it."""
    known: dict[str, Value] = {}
    if file and file.exists():
        with file.open(encoding="utf-8") as lines:
            known = {row["page"]: row["value"] for row in map(json.loads, lines)}
    keys = [hashlib.blake2b(page.encode(), digest_size=16).hexdigest() for page in pages]
    with file.open("a", encoding="utf-8") if file else contextlib.nullcontext() as more:
        for key, page in zip(keys, pages, strict=True):
            if key not in known:
                known[key] = compute(page)
                if more:
                    more.write(json.dumps({"page": key, "value": known[key]}) + "\n")
                    more.flush()
    return [known[key] for key in keys]


def texts_of_folds(file: Path, pages: Sequence[Page]) -> Texts:
    """Returns the texts by trees that were not fitted to the page's domain."""
    with file.open(encoding="utf-8") as lines:
        found = {(row["set"], row["id"]): row["text"] for row in map(json.loads, lines)}
    missing = [page.id for page in pages if (page.set, page.id) not in found]
    if missing:
        raise SystemExit(f"{file} lacks {len(missing)} of {len(pages)} pages, such as {missing[0]}")
    return Texts(UNSEEN, [found[page.set, page.id] for page in pages])


def all_texts(pages: Sequence[Page], folds: Path, peers: Sequence[str], cache: Path | None) -> Iterator[Texts]:
    """Yields the texts of each extractor."""
    yield texts_of_folds(folds, pages)
    html = [page.html for page in pages]
    say("shipped model")
    yield Texts(SHIPPED, extractor(OURS)(html))
    for name in peers:
        say(name)
        package, _, version = package_of(name).partition(" ")
        extract = extractor(name)
        file = cache / f"{name} {version}.jsonl" if cache else None
        label = f"{package} {version}{name[len(package) :].replace('-', ', ', 1).replace('-', ' ')}"
        yield Texts(label, cached(file, html, functools.partial(_alone, extract)))


def _alone(extract: Extract, page: str) -> str:
    return extract([page])[0]


def tables_of(pages: Sequence[Page]) -> tuple[dict[int, list[Table]], dict[int, list[Table]]]:
    """Returns the data tables of main text by page number, and those that the reference's Markdown has cell by cell."""
    say("tables")
    tables = {number: html_tables(page) for number, page in enumerate(pages) if page.markdown is not None}
    tables = {number: found for number, found in tables.items() if found}
    exact = {}
    for number, found in tables.items():
        wanted = markdown_tables(pages[number])
        exact[number] = [table for table in found if any(same(table, other) for other in wanted)]
    return tables, exact


def code_of(pages: Sequence[Page], count: int, chromium: Path, cache: Path | None) -> dict[int, list[str]]:
    """Returns the code that a browser shows for a sample of the pages with a <pre>, by page number."""
    from bench.extraction_browser import browser

    numbers = [number for number, page in enumerate(pages) if "<pre" in page.html.lower()]
    numbers = sorted(random.Random(SEED).sample(numbers, min(count, len(numbers))))
    say(f"{len(numbers)} pages with <pre> in Chromium")
    with browser(chromium) as shown:
        file = cache / "chromium.jsonl" if cache else None
        codes = cached(file, [pages[number].html for number in numbers], shown.code)
    return dict(zip(numbers, codes, strict=True))


def quality_of(found: Texts, judged: Judged) -> Quality:
    """Judges the texts of one extractor."""
    say(f"judging {found.name}")
    columns: dict[str, list[Score]] = {}
    for page, text in zip(judged.pages, found.texts, strict=True):
        if page.text is not None:
            columns.setdefault(_column(page), []).append(overlap(text, page.text))
    scores = judge(zip(judged.pages, found.texts, strict=True))
    scores |= {label: mean(column) for label, column in columns.items()}
    return Quality(scores, count_tables(found, judged.tables), count_tables(found, judged.exact), _code(found, judged))


def _column(page: Page) -> str:
    return str(page.kind) if page.set == "wcxb_dev" else page.lang


def count_tables(found: Texts, tables: dict[int, list[Table]]) -> Counter[str]:
    """Returns how many tables are complete, in part, gone, and complete with tabs."""
    verdicts = [verdict_of(table, found.texts[number]) for number, some in tables.items() for table in some]
    counts = Counter(verdict.rate for verdict in verdicts)
    counts["tabs"] = sum(verdict.tabs for verdict in verdicts)
    return counts


def _code(found: Texts, judged: Judged) -> tuple[int, int] | None:
    if not judged.code:
        return None
    from bench.extraction_browser import code_kept

    kept = [code_kept(code, found.texts[number]) for number, code in judged.code.items()]
    return sum(one.kept for one in kept), sum(one.lines for one in kept)


def faults_of(found: Texts, judged: Judged) -> Iterator[dict[str, object]]:
    """Yields the tables that are not complete with tabs, and the lines of code that were lost."""
    for number, tables in judged.tables.items():
        for table in tables:
            verdict = verdict_of(table, found.texts[number])
            if not verdict.tabs:
                yield {"id": judged.pages[number].id, "table": verdict.rate, "rows": table.rows}
    if judged.code:
        from bench.extraction_browser import code_kept
    for number, code in judged.code.items():
        missing = code_kept(code, found.texts[number]).missing
        if missing:
            yield {"set": judged.pages[number].set, "id": judged.pages[number].id, "lines": missing}


class Speed(NamedTuple):
    """Pages per second of CPU time by name of the extractor; CPU time in relation to the older checkout."""

    pages: dict[str, float]
    ratio: float | None


def speed_of(pages: Sequence[Page], peers: Sequence[str], before: Path | None, count: int) -> Speed:
    """Measures each extractor on the same sample of pages. tokenmill and the older checkout take turns."""
    sample = [page.html for page in random.Random(SEED).sample(list(pages), min(count, len(pages)))]
    here = Path(__file__).resolve().parents[1]
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as work:
        file = Path(work, "pages.json")
        file.write_text(json.dumps(sample), encoding="utf-8")
        for turn in range(TURNS):
            say(f"speed, turn {turn + 1} of {TURNS}")
            seconds.setdefault(OURS, []).extend(cpu_seconds(OURS, file, here, 3))
            if before:
                seconds.setdefault("before", []).extend(cpu_seconds(OURS, file, before.resolve(), 3))
        for name in peers:
            say(f"speed of {name}")
            seconds[name] = cpu_seconds(name, file, here, 1)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = medians[OURS] / medians["before"] if before else None
    return Speed({name: len(sample) / value for name, value in medians.items()}, ratio)


def cpu_seconds(name: str, pages: Path, checkout: Path, rounds: int) -> list[float]:
    """Runs an extractor in a process of its own, with the code of a checkout; returns the CPU seconds of each round."""
    program = Path(__file__).resolve().with_name("extraction_side.py")
    done = subprocess.run(
        [sys.executable, "-P", str(program), name, str(pages), "--rounds", str(rounds), "--code", str(checkout)],
        cwd=pages.parent, env=os.environ | {"PYTHONPATH": str(checkout)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def targets(ours: Quality, bar: Quality | None, speed: Speed | None) -> list[Target]:
    """Returns the targets with what was measured."""
    found = {label: score.f1 for label, score in ours.scores.items()}
    rows = [Target("wcxb_dev, word F1", 0.865, found.get("wcxb_dev"))]
    for label in ("wcxb_dev", *KINDS):
        if bar and label in bar.scores:
            lead = 0.04 if label == "wcxb_dev" else 0.0
            name = f"{label}, trafilatura + {lead}" if lead else f"{label}, trafilatura"
            rows.append(Target(name, bar.scores[label].f1 + lead, found[label]))
    rows.append(Target("full_text, word F1", 0.912, found.get("full_text")))
    rows.append(Target("snippets, F1", 0.907, found.get("snippets")))
    count = ours.tables["complete"] + ours.tables["part"] + ours.tables["gone"]
    rows.append(
        Target("data tables complete, tabs between cells", 0.85, ours.tables["tabs"] / count if count else None)
    )
    rows.append(Target("data tables in part", 0.05, ours.tables["part"] / count if count else None, most=True))
    rows.append(Target("code lines as in Chromium", 0.99, ours.code[0] / max(ours.code[1], 1) if ours.code else None))
    rows.append(Target("CPU time, of the older checkout's", 2.0, speed.ratio if speed else None, most=True))
    return rows


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def words_table(pages: Sequence[Page], found: dict[str, Quality]) -> str:
    """Returns the table of F1 (precision / recall) by set, and of F1 by kind and language."""
    counts = Counter(page.set for page in pages)
    columns = Counter(_column(page) for page in pages if page.text is not None)
    languages = [lang for lang, _ in columns.most_common() if lang not in KINDS]
    wanted = ["wcxb_dev", *KINDS, "full_text", *languages, "snippets"]
    labels = [label for label in wanted if label in counts or label in columns]
    header = [f"{label} ({counts.get(label) or columns[label]})" for label in labels]
    rows = [
        [name] + [_cell(one.scores[label], label in counts, name == UNSEEN) for label in labels]
        for name, one in found.items()
    ]  # fmt: skip
    return markdown(["extractor", *header], rows)


def _cell(score: Score, whole: bool, bold: bool) -> str:
    figure = f"**{score.f1:.3f}**" if bold else f"{score.f1:.3f}"
    return f"{figure} ({score.precision:.3f} / {score.recall:.3f})" if whole else figure


def parts_table(found: dict[str, Quality]) -> str:
    """Returns the table of data tables and code."""
    rows = []
    for name, one in found.items():
        counts = [f"{kind['complete']} / {kind['part']} / {kind['gone']}" for kind in (one.tables, one.exact)]
        code = f"{one.code[0]:,} of {one.code[1]:,} ({one.code[0] / max(one.code[1], 1):.1%})" if one.code else ""
        rows.append([name, counts[0], str(one.tables["tabs"]), counts[1], str(one.exact["tabs"]), code])
    header = ["extractor", "tables: complete / in part / gone", "with tabs"]
    header += ["cell by cell in the reference: complete / in part / gone", "with tabs", "code lines as in Chromium"]
    return markdown(header, rows)


def speed_table(speed: Speed) -> str:
    """Returns the table of pages per second."""
    ours = speed.pages[OURS]
    labels = {OURS: OURS, "before": "tokenmill, older checkout"} | {name: f"{name}: {PEERS[name]}" for name in PEERS}
    rows = [
        [labels[name], f"{pages:,.0f}" if pages >= 100 else f"{pages:.1f}", f"{ours / pages:.2f}"]
        for name, pages in speed.pages.items()
    ]  # fmt: skip
    return markdown(["extractor", "pages/s, one core", "CPU time of tokenmill = 1"], rows)


def main() -> None:
    """Prints the tables."""
    options = _options()
    if options.cache:
        options.cache.mkdir(parents=True, exist_ok=True)
    pages = [page._replace(html=page.html.encode("utf-8", "replace").decode()) for page in read_pages(options.folder)]
    tables, exact = tables_of(pages)
    code = code_of(pages, options.browser_pages, options.chromium, options.cache) if options.browser else {}
    judged = Judged(pages, tables, exact, code)
    found: dict[str, Quality] = {}
    bar = None
    for one in all_texts(pages, options.folds, options.peers, options.cache):
        found[one.name] = quality_of(one, judged)
        if one.name == package_of(BAR):
            bar = found[one.name]
        if options.faults and one.name == UNSEEN:
            lines = [json.dumps(fault, ensure_ascii=False) + "\n" for fault in faults_of(one, judged)]
            options.faults.write_text("".join(lines), encoding="utf-8")
    speed = speed_of(pages, options.peers, options.before, options.speed_pages) if options.speed_pages else None
    rows = [target.row() for target in targets(found[UNSEEN], bar, speed)]
    print(markdown(["target", "wanted", "tokenmill, unseen domains", ""], rows))
    print(f"\nWord F1 (precision / recall), snippets\n\n{words_table(pages, found)}")
    print(f"\nData tables and code\n\n{parts_table(found)}")
    if speed:
        print(f"\nSpeed\n\n{speed_table(speed)}")


def _peers(names: str) -> list[str]:
    chosen = [name for name in names.split(",") if name]
    unknown = [name for name in chosen if name not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; the peers are {', '.join(PEERS)}")
    return chosen


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=existing)
    parser.add_argument("--folds", type=existing, required=True, help="from bench.fit_main_text")
    parser.add_argument("--peers", type=_peers, default=list(PEERS), help=f"some of {','.join(PEERS)}; default: all")
    parser.add_argument("--cache", type=Path, help="folder that keeps what peers and the browser return")
    parser.add_argument("--browser", action="store_true", help="compare code with Chromium")
    parser.add_argument("--browser-pages", type=int, default=120, help="most pages with <pre>; default 120")
    parser.add_argument("--chromium", type=Path, default=Path("/usr/bin/chromium"))
    parser.add_argument("--before", type=existing, help="folder with an older checkout, for the ratio of CPU time")
    parser.add_argument("--speed-pages", type=int, default=300, help="pages of the sample for speed; 0: none")
    parser.add_argument("--faults", type=Path, help="file for tables and code that are not complete, as JSON Lines")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Measures the memory and the CPU time of extract_html on large pages that repeat one fragment.

    python -m bench.hostile_html [--mib 10] [--rounds 3] [--before CHECKOUT]
    python -m bench.hostile_html --profile [--mib 10] [--rounds 3]

Each page goes through stages.extract_html in a process of its own, after a small page that loads the kernels. `grows`
is the peak resident memory of that call above the memory before it, which holds the page already; `peak` is that of the
whole process. The CPU time is the shortest of the rounds, the memory the largest. --before measures an older checkout
beside this one; in each round one follows the other.

--profile shows which part of this extraction takes the CPU time: reading (with measuring and writing, as with
scope: body), trees, and what is left, features and rules. The time of the trees is what a page takes less without them.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenmill.text.html.trees import Trees

# `{n}` in a fragment is its number.
FRAGMENTS = {
    "paragraphs": "<p>word word</p>",
    "short paragraphs": "<p>a</p>",
    "paragraphs without end": "<p>a",
    "a class for each paragraph": "<p class=c{n}>a",
    "headings": "<h2>a</h2>",
    "items": "<li>a",
    "empty items": "<li>",
    "lists": "<ul><li>a</ul>",
    "cells": "<td>a",
    "rows": "<tr><td>a<td>b",
    "tables": "<table><tr><td>a</table>",
    "boxes": "<div>a</div>",
    "open boxes": "<div>a",
    "links": "<a href=x>a</a> ",
    "line breaks": "a<br>",
    "code": "<pre>a\n</pre>",
    "angle brackets": "<",
    "text": "word ",
}
MIB = 1 << 20


class Cost(NamedTuple):
    """Bytes of memory and seconds of CPU time of one page."""

    grows: int
    peak: int
    seconds: float


def main() -> None:
    """Prints a table with a row for each fragment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=10, help="size of a page in MiB, default 10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="folder of an older checkout")
    parser.add_argument("--profile", action="store_true", help="show the parts of the CPU time")
    parser.add_argument("--only", choices=FRAGMENTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.profile and options.before:
        parser.error("--profile shows this checkout alone: leave --before out")
    if options.only:
        print(json.dumps(cost_here(FRAGMENTS[options.only], options.mib * MIB)))
        return
    if options.profile:
        print_profile(options.mib * MIB, options.rounds)
        return
    checkouts = [Path(__file__).resolve().parents[1], *([options.before.resolve()] if options.before else [])]
    heads = ["fragment", *("grows (MB)", "peak (MB)", "CPU (s)") * len(checkouts)]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, fragment in FRAGMENTS.items():
        rounds = [[cost_of(name, options.mib, checkout) for checkout in checkouts] for _ in range(options.rounds)]
        costs = [worst([one[place] for one in rounds]) for place in range(len(checkouts))]
        cells = [f"{one.grows / 1e6:.0f} | {one.peak / 1e6:.0f} | {one.seconds:.2f}" for one in costs]
        print(f"| {name}, `{fragment!r:.40}` | {' | '.join(cells)} |", flush=True)


def worst(costs: list[Cost]) -> Cost:
    """Returns the most memory and the least CPU time of some rounds."""
    grows, peaks, seconds = zip(*costs, strict=True)
    return Cost(max(grows), max(peaks), min(seconds))


def cost_of(name: str, mib: int, checkout: Path) -> Cost:
    """Returns what a page costs by the code of a checkout, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", __file__, "--only", name, "--mib", str(mib)],
        env=os.environ | {"PYTHONPATH": str(checkout)}, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    code, *cost = json.loads(done.stdout)
    if Path(code) != checkout:
        raise SystemExit(f"tokenmill was imported from {code}, not from {checkout}")
    return Cost(*cost)


def print_profile(size: int, rounds: int) -> None:
    """Prints the shortest CPU time of the parts of the extraction for each fragment."""
    import numpy as np

    from tokenmill.stages.web.extract_html import ExtractHtml
    from tokenmill.text.html.main_text import TREES, load_models, main_text
    from tokenmill.text.kernel.cache import frozen

    models = load_models()
    leafless = models._replace(**{name: without_trees(getattr(models, name)) for name in TREES})
    choice = ExtractHtml().choice()
    variants = {
        "all": (models, choice),
        "no trees": (leafless, choice),
        "body": (models, choice._replace(everything=1)),
    }
    print("| fragment | all (s) | reading | features and rules | trees |\n|---|---|---|---|---|")
    for name, fragment in FRAGMENTS.items():
        html = frozen(np.frombuffer(page_of(fragment, size).encode(), dtype=np.uint8))
        offsets = frozen(np.array([0, len(html)]))
        seconds = dict.fromkeys(variants, math.inf)
        for _ in range(rounds):
            for variant, (chosen, settings) in variants.items():
                begin = time.process_time()
                main_text(html, offsets, chosen, settings)
                seconds[variant] = min(seconds[variant], time.process_time() - begin)
        whole, bare, body = (seconds[variant] for variant in ("all", "no trees", "body"))
        parts = (whole, body, bare - body, whole - bare)
        print(f"| {name} | {' | '.join(f'{part:.2f}' for part in parts)} |", flush=True)


def without_trees(trees: "Trees") -> "Trees":
    """Returns trees of which none is read."""
    import numpy as np

    from tokenmill.text.kernel.cache import frozen

    return trees._replace(sizes=frozen(np.array([0, trees.sizes[1]], dtype=np.int32)))


def page_of(fragment: str, size: int) -> str:
    """Returns a page of this many characters that repeats the fragment."""
    return "".join(fragment.replace("{n}", str(number)) for number in range(size // len(fragment)))[:size]


def cost_here(fragment: str, size: int) -> tuple[str, int, int, float]:
    """Returns the folder of the code, and the cost of a page of this size, in this process."""
    import tokenmill
    from tokenmill.core.columns import documents
    from tokenmill.stages.web.extract_html import ExtractHtml

    step = ExtractHtml()
    step(documents({"id": ["small"], "text": ["<p>It is a page.</p>"]}))
    batch = documents({"id": ["page"], "text": [page_of(fragment, size)]})
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from the present memory
    memory, begin = memory_of("VmRSS"), time.process_time()
    step(batch)
    seconds, peak = time.process_time() - begin, memory_of("VmHWM")
    return str(Path(tokenmill.__file__).resolve().parents[1]), peak - memory, peak, seconds


def memory_of(field: str) -> int:
    """Returns a field of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()

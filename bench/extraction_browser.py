"""Compares code in extracted texts with what headless Chromium shows: `innerText` of each outermost `<pre>`, by line.

The browser gets the HTML from this program; all other loads are refused, and the scripts of the page do not run. A
<pre> is in a kept region if at least half of its words match the extracted text in an alignment (bench.alignment); one
of fewer than three words is left out, since prose has them too. A line counts as kept if it is a line of the text,
apart from the white space at its end, and in the same order (longest common subsequence). Empty lines do not count,
no-break spaces are spaces, and characters that show nothing, such as controls and soft hyphens, are left out. What
cannot be selected inside a <pre> that can be (`user-select: none`) is no code but a line number, a prompt, or a button.
"""

import bisect
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, ViewportSize, sync_playwright

from bench.alignment import matched_words, words

CHROMIUM = Path("/usr/bin/chromium")
MOSTLY = 0.5  # share of the words of a <pre> that make it part of a kept region
LEAST_WORDS = 3
PICTURE: ViewportSize = {"width": 1000, "height": 1600}
MOST_PICTURES = 8
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_ADDRESS = "http://page.invalid/"
_OUTERMOST = """() => {
    const blocks = [...document.querySelectorAll("pre")].filter(element => !element.parentElement.closest("pre"));
    for (const block of blocks.filter(block => getComputedStyle(block).userSelect != "none"))
        for (const inner of block.querySelectorAll("*"))
            if (getComputedStyle(inner).userSelect == "none") inner.remove();
    return blocks.map(block => block.innerText);
}"""


class Code(NamedTuple):
    """The lines of the <pre> elements in kept regions, and how many of them the text has. missing: those it has not."""

    lines: int
    kept: int
    missing: list[str]


class Browser:
    """A tab of a browser without network and scripts."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._html = ""
        tab.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        if route.request.url == _ADDRESS and route.request.is_navigation_request():
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
        else:
            route.abort("aborted")  # other reasons would show an error page in place of this one

    def _open(self, html: str) -> None:
        self._html = html
        self._tab.goto(_ADDRESS, wait_until="domcontentloaded")

    def pictures(self, html: str) -> Iterator[bytes]:
        """Yields PNGs of a page from top to bottom, at most MOST_PICTURES of PICTURE pixels."""
        self._tab.set_viewport_size(PICTURE)
        self._open(html)
        height = int(self._tab.evaluate("() => document.documentElement.scrollHeight"))
        for top in range(0, min(height, MOST_PICTURES * PICTURE["height"]), PICTURE["height"]):
            self._tab.evaluate("top => window.scrollTo(0, top)", top)
            yield self._tab.screenshot()

    def code(self, html: str) -> list[str]:
        """Returns the innerText of each outermost <pre> of a page."""
        self._open(html)
        found: list[str] = self._tab.evaluate(_OUTERMOST)
        return found


@contextmanager
def browser(chromium: Path = CHROMIUM) -> Iterator[Browser]:
    """Starts the browser with an empty profile."""
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=_FLAGS, java_script_enabled=False, service_workers="block"
        )
        yield Browser(context.new_page())
        context.close()


def code_kept(shown: Sequence[str], text: str) -> Code:
    """Returns how many lines of the <pre> elements in kept regions the text has."""
    places: dict[str, list[int]] = {}
    for number, line in enumerate(_lines(text)):
        places.setdefault(line, []).append(number)
    total = kept = 0
    missing: list[str] = []
    for code in shown:
        lines = [line for line in _lines(code) if line]
        if _is_kept(lines, text):
            right = _in_order(lines, places)
            total, kept = total + len(lines), kept + len(right)
            missing += [line for number, line in enumerate(lines) if number not in right]
    return Code(total, kept, missing)


def _is_kept(lines: Sequence[str], text: str) -> bool:
    tokens = [words(line) for line in lines]
    count = sum(map(len, tokens))
    return count >= LEAST_WORDS and bool(matched_words(tokens, text).sum() >= MOSTLY * count)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in _UNSEEN.sub("", text.replace("\u00a0", " ")).split("\n")]


def _in_order(lines: Sequence[str], places: dict[str, list[int]]) -> set[int]:
    """Returns the numbers of the lines in a longest common subsequence with the lines of the text at these places."""
    ends: list[int] = []  # least place at which a common subsequence of each length ends
    before: list[tuple[int, int]] = []  # (line, step before it) of each step
    steps: list[int] = []  # step of each end
    for number, line in enumerate(lines):
        for place in reversed(places.get(line, ())):
            length = bisect.bisect_left(ends, place)
            if length == len(ends):
                ends.append(place)
                steps.append(-1)
            ends[length] = place
            before.append((number, steps[length - 1] if length else -1))
            steps[length] = len(before) - 1
    found = set()
    step = steps[-1] if steps else -1
    while step >= 0:
        number, step = before[step]
        found.add(number)
    return found

"""Judges texts that were extracted from annotated pages: words, snippets, and data tables.

Words: precision, recall and F1 of the words (`\\w+` in lower case, with their numbers) of each page, then the mean over
the pages. If both texts are empty they are 1, if one is empty they are 0. Snippets: one count over the snippets of all
pages, with each run of white space as one blank.

Data tables are those with at least three rows and two columns, without a table inside, whose middle cell has at most 30
characters. A table of the HTML, as resiliparse parses it, belongs to the main text if at least 60 % of its words match
the reference in a global alignment of the whole page (bench.alignment).

A table is complete if the words of each row are in the text with no other word between them, and the rows stand in
order: peers write tabs, pipes or lines between cells. It is complete with tabs if each row is a line of the text with a
tab between its cells; empty cells are left out, and letters and digits are compared. Otherwise the table is gone if
fewer than 10 % of its words match the text in an alignment, and in part if more do.
"""

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from resiliparse.parse.html import HTMLTree, NodeType, traverse_dom

from bench.alignment import matched_words, words
from bench.annotated_pages import Page, folded

LEAST_ROWS, LEAST_COLUMNS, MOST_UNITS = 3, 2, 30
OF_MAIN_TEXT, GONE = 0.6, 0.1  # shares of a table's words that match the reference, the text

_WORD = re.compile(r"\w+")
_SKIPPED = {
    "script", "style", "template", "noscript", "svg", "select", "textarea", "button", "iframe", "object", "title",
}  # fmt: skip
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt",
    "u", "var", "wbr", "img", "math",
}  # fmt: skip
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_PIPE_TABLE = re.compile(r"^\|.*\|[ ]*\n\|[ :|-]+\|[ ]*\n(?:\|.*\|[ ]*(?:\n|$))*", re.MULTILINE)
_PIPE = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SPACE = re.compile(r"[ \n\r\f\v\u00a0]+")


class Score(NamedTuple):
    """Precision, recall and F1."""

    precision: float
    recall: float
    f1: float


class Table(NamedTuple):
    """The rows of a data table; each has its non-empty cells, with each run of white space as one blank."""

    rows: tuple[tuple[str, ...], ...]


class Verdict(NamedTuple):
    """The result for a table. rate: complete, part or gone. tabs: whether it is complete with tabs."""

    rate: str
    tabs: bool


def judge(found: Iterable[tuple[Page, str]]) -> dict[str, Score]:
    """Returns the score of each set of pages that occurs: snippets if the pages have no whole text, words otherwise."""
    sets: dict[str, list[tuple[Page, str]]] = {}
    for page, text in found:
        sets.setdefault(page.set, []).append((page, text))
    return {
        name: snippet_score(pairs) if pairs[0][0].text is None else mean(page_scores(pairs))
        for name, pairs in sets.items()
    }


def page_scores(found: Iterable[tuple[Page, str]]) -> list[Score]:
    """Returns the score of the words of each page that has its whole text."""
    return [overlap(text, page.text) for page, text in found if page.text is not None]


def mean(scores: Sequence[Score]) -> Score:
    """Returns the mean of precision, recall and F1 over the pages."""
    return Score(*(statistics.fmean(column) for column in zip(*scores, strict=True)))


def overlap(text: str, article: str) -> Score:
    """Returns the score of the words of a text."""
    found, wanted = Counter(_WORD.findall(text.lower())), Counter(_WORD.findall(article.lower()))
    if not found or not wanted:
        return Score(*[float(not found and not wanted)] * 3)
    both = (found & wanted).total()
    return _score(both, found.total(), wanted.total())


def snippet_score(found: Iterable[tuple[Page, str]]) -> Score:
    """Returns the score of the snippets of all pages."""
    right = wrong = wanted = 0
    for page, text in found:
        whole = folded(text)
        right += sum(folded(snippet) in whole for snippet in page.present)
        wrong += sum(folded(snippet) in whole for snippet in page.absent)
        wanted += len(page.present)
    return _score(right, right + wrong, wanted)


def _score(both: int, found: int, wanted: int) -> Score:
    if not both:
        return Score(0.0, 0.0, 0.0)
    precision, recall = both / found, both / wanted
    return Score(precision, recall, 2 * precision * recall / (precision + recall))


def html_tables(page: Page) -> list[Table]:
    """Returns the data tables of the page's HTML that belong to its main text."""
    if "<table" not in page.html.lower() or page.text is None:
        return []
    walk = _Walk(HTMLTree.parse(page.html))
    tables = {number: table for number, table in enumerate(map(_data_table, walk.tables)) if table}
    if not tables:
        return []
    tokens = [words(text) for text, _ in walk.blocks]
    sizes, matched = Counter[int](), Counter[int]()
    for (_, number), block, found in zip(walk.blocks, tokens, matched_words(tokens, page.text), strict=True):
        sizes[number] += len(block)
        matched[number] += int(found)
    return [table for number, table in tables.items() if matched[number] >= OF_MAIN_TEXT * max(sizes[number], 1)]


class _Grid(NamedTuple):
    rows: list[list[list[str]]]  # texts of the blocks of each cell of each row
    inside: list[int]  # numbers of the tables inside this one


class _Walk:
    """One walk through the document: its tables, and its blocks of text with the number of the table around (or -1).

    Text that the markup alone hides from readers is left out.
    """

    def __init__(self, tree: HTMLTree) -> None:
        self.blocks: list[tuple[str, int]] = []
        self.tables: list[_Grid] = []
        self._open: list[int] = []  # numbers of the tables around
        self._cells: list[list[str] | None] = [None]
        self._parts: list[str] = []
        self._around: list[str] = []  # tags of the elements around, those in a hidden one included
        self._hidden = 1 << 30  # depth of the hidden element around
        if tree.body:
            traverse_dom(tree.body, self._visit)  # its other callback leaves out elements without children
            self._leave_until(0)

    def _visit(self, context: Any) -> None:
        node = context.node
        self._leave_until(context.depth)
        if node.type == NodeType.TEXT and context.depth < self._hidden:
            self._parts.append(node.text)
        elif node.type == NodeType.ELEMENT:
            self._around.append(node.tag)
            if context.depth < self._hidden and _is_hidden(node):
                self._hidden = context.depth
            if context.depth < self._hidden:
                self._enter(node.tag)

    def _leave_until(self, depth: int) -> None:
        while len(self._around) > depth:
            tag = self._around.pop()
            if len(self._around) < self._hidden:
                self._leave(tag)
            if len(self._around) <= self._hidden:
                self._hidden = 1 << 30

    def _enter(self, tag: str) -> None:
        if tag not in _INLINE:
            self._close()
        if tag == "table":
            if self._open:
                self.tables[self._open[-1]].inside.append(len(self.tables))
            self._open.append(len(self.tables))
            self.tables.append(_Grid([], []))
            self._cells.append(None)
        elif tag == "tr" and self._open:
            self.tables[self._open[-1]].rows.append([])
        elif tag == "caption":
            self._cells.append(None)
        elif tag in ("td", "th"):
            cell: list[str] = []
            if self._open and self.tables[self._open[-1]].rows:
                self.tables[self._open[-1]].rows[-1].append(cell)
            self._cells.append(cell)

    def _leave(self, tag: str) -> None:
        if tag not in _INLINE:
            self._close()
        if tag in ("table", "caption", "td", "th"):
            self._cells.pop()
        if tag == "table":
            self._open.pop()

    def _close(self) -> None:
        text = folded("".join(self._parts))
        self._parts.clear()
        if text:
            self.blocks.append((text, self._open[-1] if self._open else -1))
            cell = self._cells[-1]
            if cell is not None:
                cell.append(text)


def _is_hidden(node: Any) -> bool:
    return bool(node.tag in _SKIPPED or node.hasattr("hidden") or _HIDDEN.search(node.getattr("style") or ""))


def _data_table(grid: _Grid) -> Table | None:
    return None if grid.inside else _checked([[" ".join(cell) for cell in row] for row in grid.rows])


def _checked(rows: Sequence[Sequence[str]]) -> Table | None:
    """Returns the rows as a table, if they are a data table."""
    full = tuple(kept for kept in (tuple(cell for cell in row if cell) for row in rows) if kept)
    if len(full) < LEAST_ROWS or max(map(len, rows)) < LEAST_COLUMNS:
        return None
    middle = statistics.median(len(cell) for row in full for cell in row)
    return Table(full) if middle <= MOST_UNITS else None


def markdown_tables(page: Page) -> list[Table]:
    """Returns the data tables of the page's reference, from its Markdown."""
    found = _PIPE_TABLE.findall((page.markdown or "") + "\n")
    return [table for table in (_checked(list(_pipe_rows(lines))) for lines in found) if table]


def _pipe_rows(lines: str) -> Iterator[list[str]]:
    for number, line in enumerate(lines.strip().split("\n")):
        if number != 1:  # the rule under the header row
            yield [folded(_without_marks(cell)) for cell in _PIPE.split(line.strip())[1:-1]]


def _without_marks(cell: str) -> str:
    """Returns a cell of a Markdown table without the marks of links, code, emphasis and escapes."""
    return re.sub(r"\\(\W)", r"\1", re.sub(r"[*_]{2}|`|<br */?>", " ", _LINK.sub(r"\1", cell)))


def verdict_of(table: Table, text: str) -> Verdict:
    """Returns what became of a table in an extracted text."""
    if has_rows(table, text):
        return Verdict("complete", True)
    if _has_words(table, text):
        return Verdict("complete", False)
    cells = [words(cell) for row in table.rows for cell in row]
    share = matched_words(cells, text).sum() / max(sum(map(len, cells)), 1)
    return Verdict("part" if share >= GONE else "gone", False)


def has_rows(table: Table, text: str) -> bool:
    """Whether each row of the table is a line with tabs between its cells, in order."""
    lines = iter([_row(line.split("\t")) for line in text.split("\n")])
    return all(_row(row) in lines for row in table.rows)


def same(one: Table, other: Table) -> bool:
    """Whether two tables have the same cells in the same rows, marks aside."""
    return [_row(row) for row in one.rows] == [_row(row) for row in other.rows]


def _row(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in map(_key, cells) if key)


def _key(cell: str) -> str:
    """Returns letters and digits of a cell, since a superscript, a formula or a list has more marks; else its text."""
    plain = unicodedata.normalize("NFKC", cell).lower()
    return "".join(_WORD.findall(plain)) or folded(plain)


def _has_words(table: Table, text: str) -> bool:
    """Whether the words of each row are in the text with no other word between them, and the rows in order."""
    line = f" {' '.join(_words(text))} "
    at = 0
    for row in table.rows:
        wanted = " ".join(_words(" ".join(row)))
        if wanted:
            at = line.find(f" {wanted} ", at)
            if at < 0:
                return False
            at += len(wanted) + 1
    return True


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())

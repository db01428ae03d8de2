"""Lists keep their numbers and their depth, cells stay under their heads, and lines of code stay lines."""

from typing import Any

import pytest

from tokenmill.core.columns import documents
from tokenmill.stages.web.extract_html import ExtractHtml


def whole(page: str, **setting: Any) -> str:
    step = ExtractHtml(scope="body", **setting)
    return str(step(documents({"id": ["a"], "text": [page]})).column("text")[0].as_py())


HEAD = "<tr><th>A<th>B"


@pytest.mark.parametrize(
    ("page", "text", "markdown"),
    [
        (f"<table>{HEAD}<tr><td hidden>id<td>1<td>2</table>", "A\tB\n1\t2", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        (f"<table>{HEAD}<tr><td style='display:none'>id<td>1<td>2</table>", "A\tB\n1\t2", None),
        (f"<table>{HEAD}<tr><td style='visibility:hidden'>id<td>1</table>", "A\tB\n\t1", None),
        (f"<table>{HEAD}<tr><td>1<td aria-hidden=true>id<td>2</table>", "A\tB\n1\t\t2", None),
        (
            f"<table><tr><th>Day<th>Hour<tr><td rowspan=5>Mo<td>8{'<tr><td>9' * 4}</table>",
            "Day\tHour\nMo\t8" + "\n\t9" * 4,
            None,
        ),
        (
            f"<table>{HEAD}<tr><td>1<td>2<caption>C</caption></table>",
            "A\tB\n1\t2\nC",
            "| A | B |\n| --- | --- |\n| 1 | 2 |\n\nC",
        ),
        (
            f"<table><caption>C</caption>{HEAD}<tr><td>1<td>2</table>",
            "C\nA\tB\n1\t2",
            "C\n\n| A | B |\n| --- | --- |\n| 1 | 2 |",
        ),
        (f"<table>{HEAD}<tr><td>f<td><pre>a\n\tb</pre></table>", "A\n\nB\n\nf\n\na\n\tb", None),
        (f"<table>{HEAD}<tr><td>f<td><pre>a</pre></table>", "A\tB\nf\ta", None),
    ],
)
def test_cells(page: str, text: str, markdown: str | None) -> None:
    if "<pre>a\n" in page:
        assert whole(page).endswith("\n\na\n\tb")
    else:
        assert whole(page) == text
    assert markdown is None or whole(page, format="markdown") == markdown


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<ol reversed start=10><li>a<li>b</ol>", "10. a\n9. b"),
        ("<ol reversed><li>a<li><p>b</p><ol><li>x</ol><li>c</ol>", "3. a\n\n2. b\n\n1. x\n\n1. c"),
        ("<ol reversed><li>a<li value=7>b<li>c</ol>", "3. a\n7. b\n6. c"),
        ("<ol start=99999999999><li>a</ol>", "1. a"),
        ("<ol><li value=-4294967296>a<li>b</ol>", "1. a\n2. b"),
        ("<ol><div><li>a<li>b</div></ol>", "1. a\n2. b"),
        ("<ol><li>a<li style='display:none'>x<li>b<li hidden>x<li>c</ol>", "1. a\n2. b\n3. c"),
        ("<ol><li>a<menu><li>b</menu></ol>", "1. a\n• b"),
        (f"<table>{HEAD}<tr><td><li>1<li>2<td>3</table>", "A\tB\n1 2\t3"),
    ],
)
def test_items_have_the_numbers_that_browsers_show(page: str, text: str) -> None:
    assert whole(page) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<ol><li>a</li><ol><li>b</li><li>c</li></ol><li>d</li></ol>", "1. a\n\n   1. b\n   2. c\n\n2. d"),
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n\n  - b\n\n- c"),
        ("<ul><ul><li>b</li></ul><li>c</li></ul>", "- b\n\n- c"),
    ],
)
def test_a_list_directly_in_a_list_belongs_to_the_item_before(page: str, text: str) -> None:
    assert whole(page, format="markdown") == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<pre><span class=ln>1</span>x = 5\n<span class=ln>2</span>y</pre>", "x = 5\ny"),
        ("<pre><span class=lnt> 1\n</span><span class=lnt> 2\n</span></pre><pre>x\ny</pre>", " 1\n 2\n\nx\ny"),
        ("<pre><span class=ln id=1><a class=lnlinks href='#1'>1</a></span>x = 5</pre>", "x = 5"),
        ("<pre><b>42</b><div>is the answer</div></pre>", "42\nis the answer"),
        ("<pre><b>1</b><div>x</div><b>2</b><div>y</div><b>9</b><div>z</div></pre>", "x\ny\n9\nz"),
        ("<pre><b>1</b><div>x</div></pre><pre><b>2</b><div>y</div></pre>", "x\n\n2\ny"),
    ],
)
def test_only_numbers_of_lines_leave_code(page: str, text: str) -> None:
    assert whole(page) == text


def test_the_language_of_code_on_a_wiki_is_named() -> None:
    page = "<div class='mw-highlight mw-highlight-lang-python'><pre>x</pre></div>"
    assert whole(page, format="markdown") == "```python\nx\n```"

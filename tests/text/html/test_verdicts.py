"""Rules decide with the scores of blocks which blocks of a page are kept, and bounds are where they are said to be."""

import numpy as np
import pytest

from tokenmill.stages.web.extract_html import ExtractHtml
from tokenmill.text.html.opinions import SURE
from tokenmill.text.html.trial import read_page, text_with

TABLE = "<table><tr><th>Country<th>Pop<tr><td>Chad<td>20</table>"
GRID = "Country\tPop\nChad\t20"
A, H, W = "a" * 100, "h" * 100, "w" * 300


def kept_text(page: str, kept: list[int], **setting: object) -> str:
    """Returns the text if both passes give these blocks the highest score, and the others 0."""
    return scored_text(page, [score * (SURE - 1) for score in kept], **setting)


def scored_text(
    page: str, scores: list[int], *, first: list[int] | None = None, single: int = SURE, **setting: object
) -> str:
    """Returns the text for the scores of the second pass; those of the first are the same if they are not given."""
    assert len(read_page(page.encode()).texts) == len(scores)
    before, after = (np.array(some, dtype=np.int32) for some in (first or scores, scores))
    return text_with(page.encode(), before, after, single, ExtractHtml(**setting).choice())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("page", "kept", "text"),
    [
        ("<dl><dt>a<dd>b</dl>", [0, 1], "a\nb"),
        ("<dl><dt>a<dd><p>b</dl>", [0, 1], "a\n\nb"),
        ("<dl><dt>a<dd><p>b</dl>", [1, 0], "a\n\nb"),
        ("<dl><dt>a<dd><ul><li>b<li>c</ul></dl>", [1, 0, 0], "a\n\n• b"),
        ("<dl><dt><p>a</p><dd>b</dl>", [0, 1], "a\n\nb"),
        ("<dl><dt><p>a</p><p>b</p><dd>c</dl>", [0, 0, 1], "a\n\nb\n\nc"),
        ("<dl><dt>a<dd><p>b</p><p>c</p></dl>", [0, 0, 1], "c"),
        ("<dl><dt>a<dd><div><div><div>b</div></div></div></dl>", [0, 1], "a\nb"),
        ("<dl><dt>a<dd><div><div><div><div>b</div></div></div></div></dl>", [0, 1], "b"),
    ],
)
def test_a_term_and_its_definition_are_kept_together(page: str, kept: list[int], text: str) -> None:
    """A definition whose text stood in a <p> lost its term: only the innermost element was compared with <dd>."""
    assert kept_text(page, kept) == text


@pytest.mark.parametrize(
    ("page", "kept", "text"),
    [
        ("<details><summary>s</summary>b</details><p>z", [0, 1, 0], "s\nb"),
        ("<details><summary>s</summary><p>b</details><p>z", [0, 1, 0], "s\n\nb"),
        ("<details><summary><div>s</div></summary><p>b</details><p>z", [0, 1, 0], "s\n\nb"),
        ("<details><summary><div>3 May</div><div>s</div></summary><p>b</details>", [0, 0, 1], "s\n\nb"),
        ("<details><summary>s</summary></details><p>unrelated", [0, 1], "unrelated"),
        ("<details><summary>s</summary><p>b</details><p>z", [0, 0, 1], "z"),
    ],
)
def test_a_summary_is_kept_with_its_own_details(page: str, kept: list[int], text: str) -> None:
    """Bare text lost its summary, and text behind <details> kept a foreign one."""
    assert kept_text(page, kept) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (f"<h1>Country</h1><p>x{TABLE}", f"Country\n\nx\n\n{GRID}"),
        (
            "<h1>a</h1><p>x<table><tr><th><p>a</p><th><p>b</p><tr><td>1<td>2</table>",
            "a\n\nx\n\na\tb\n1\t2",
        ),
        ("<h1>main</h1><p>x<dl><dt>main<dd>the function</dl>", "main\n\nx\n\nmain\nthe function"),
        ("<h1>main</h1><p>x<dl><dt><b>main</b><dd>main</dl>", "main\n\nx\n\nmain"),
        ("<h1>print</h1><p>x<pre>print</pre>", "print\n\nx\n\nprint"),
        ("<h1>print</h1><p>x<div><code>print</code></div>", "print\n\nx\n\nprint"),
        (
            "<h1>Install</h1><p>x<ol><li>Download<li>Install<li>Run</ol>",
            "Install\n\nx\n\n1. Download\n2. Install\n3. Run",
        ),
        ("<h1>Install</h1><p>x<ul><li>Download<li>Install</ul>", "Install\n\nx\n\n• Download\n• Install"),
        ("<h1>T</h1><p>x<div>T</div><p>y<h2>T</h2><p>z", "T\n\nx\n\ny\n\nz"),
        ("<p>T<h1>T</h1><p>x", "T\n\nT\n\nx"),
        (f"<h1>{W}</h1><p>x<p>{W}", f"{W}\n\nx"),
        (f"<h1>{W}w</h1><p>x<p>{W}w", f"{W}w\n\nx\n\n{W}w"),
    ],
)
def test_a_repeated_title_goes_unless_it_is_a_cell_a_term_code_or_an_item(page: str, text: str) -> None:
    """`Country` went from a table's head below <h1>Country</h1>, and a step from a list."""
    assert kept_text(page, [1] * len(read_page(page.encode()).texts)) == text


LOW, NEAR, HIGH = 900, 1100, SURE - 1  # below and above half of the usual cut


@pytest.mark.parametrize(("second", "is_kept"), [(NEAR, True), (LOW, False)])
def test_a_table_in_the_same_sort_of_elements_as_a_kept_one_is_kept(second: int, is_kept: bool) -> None:
    """One table of several offers was kept, and those of the others went."""
    page = f"<div><p>x{TABLE}<p>y{TABLE}<p>z</div>"
    assert scored_text(page, [0, *[HIGH] * 4, 0, *[second] * 4, 0]).count(GRID) == 1 + is_kept


@pytest.mark.parametrize(
    ("page", "scores", "is_kept"),
    [
        ("<p>x<div>1</div><pre>a = b</pre><p>y", [HIGH, 0, NEAR, HIGH], True),
        ("<p>x<div>1</div><pre>a = b</pre><div>Copy</div><p>y", [HIGH, 0, NEAR, 0, HIGH], True),
        ("<p>x<div>1</div><pre>a = b</pre><p>y", [HIGH, 0, LOW, HIGH], False),
        ("<p>x<div>1</div><div>2</div><pre>a = b</pre><p>y", [HIGH, 0, 0, NEAR, HIGH], False),
        ("<p>x<pre>a = b</pre><p>y", [HIGH, 0, HIGH], True),
    ],
)
def test_code_with_a_dropped_block_beside_it_is_kept(page: str, scores: list[int], is_kept: bool) -> None:
    """Code went with its line numbers or its button."""
    assert ("a = b" in scored_text(page, scores)) == is_kept


@pytest.mark.parametrize(
    "page",
    [
        "<p>x<details><summary>s</summary>{}</details><p>y",
        "<p>x<dl><dt>s<dd>{}</dl><p>y",
    ],
)
def test_what_announces_a_kept_table_is_kept(page: str) -> None:
    """The rule for terms came before the rule for tables, which keeps cells with three quarters of the score."""
    text = scored_text(page.format(TABLE), [0, 0, *[1600] * 4, 0])
    assert text.split() == f"s {GRID}".split()


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>T</h1><p>x", "x"),
        ("<h2>T</h2><h1>T</h1><p>x", "x"),
        ("<h1>T</h1><p>x<h2>T</h2><p>y", "x\n\ny"),
        ("<h1>T</h1><h2>U</h2><p>x<div>U</div>", "U\n\nx"),
        ("<h1>T</h1><p>x<ol><li>T</ol>", "x\n\n1. T"),
        (f"<h1>{A + H}</h1><h3>b</h3>", ""),
        ("<h2>T</h2><p>x<p>T", "T\n\nx"),
    ],
)
def test_without_the_headline_no_copy_of_it_is_left(page: str, text: str) -> None:
    """The headline went last: a copy of it stayed, and a lone short heading below a long headline."""
    assert kept_text(page, [1] * len(read_page(page.encode()).texts), headline="drop") == text


def test_a_headline_that_is_not_kept_has_no_copies() -> None:
    assert kept_text("<h1>T</h1><p>x<h2>T</h2><p>y", [0, 0, 1, 1], headline="drop") == "T\n\ny"


LONG, OTHER = "p" * 100, "q" * 20
PAGE = f"<h2>t</h2><p>{LONG}<p>{OTHER}<ul><li>i</ul><pre>c</pre>{TABLE}"
PLAIN = f"t\n\n{LONG}\n\n{OTHER}\n\n• i\n\nc\n\n{GRID}"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (PAGE + PAGE, PLAIN),
        (f"<p>x{PAGE}<p>y{PAGE}<p>z", f"x\n\n{PLAIN}\n\ny\n\nz"),
        (PAGE * 3, PLAIN),
        (f"<h2>t</h2><p>w{PAGE}<p>y{PAGE}<p>z", f"t\n\nw\n\n{PLAIN[3:]}\n\ny\n\nz"),  # a heading of two parts
        (f"<p>{LONG}<p>x<blockquote><p>{LONG}</blockquote><p>y", f"{LONG}\n\nx\n\ny"),  # a post that quotes a post
        (f"<p>at<p>{LONG}<p>z<p>at<blockquote><p>{LONG}</blockquote><p>y", f"at\n\n{LONG}\n\nz\n\nat\n\ny"),
        (f"<p>{LONG}<blockquote><p>{LONG}<p>{OTHER}</blockquote>", f"{LONG}\n\n{OTHER}"),
    ],
)
def test_a_second_copy_of_the_text_goes(page: str, text: str) -> None:
    """Pages with a copy for small screens, and posts that quote whole posts, had everything twice."""
    assert kept_text(page, [1] * len(read_page(page.encode()).texts)) == text


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace(LONG, LONG[1:]) * 2,  # no paragraph of 100 units
        f"<h2>t</h2><p>{LONG}" * 3,  # one paragraph: the chorus of a song
        "".join(f"<h3>Verse {number}</h3><p>{OTHER}{number}<h3>Chorus</h3><p>{LONG}" for number in range(3)),
        "".join(f"<p>Q {number}<p>Yes.<p>{LONG}<p>{number}{W}" for number in range(3)),
        "".join(f"<h3>Plan {number}</h3><ul><li>{LONG}<li>{OTHER}</ul>" for number in range(3)),  # terms of offers
        "".join(f"<h3>f{number}</h3><dl><dt>Returns<dd>{LONG}<dt>Raises<dd>{OTHER}</dl>" for number in range(3)),
        f"<p>{LONG}<p>{OTHER}<p>{W}<p>{W}a<p>{LONG}<p>{OTHER}<p>{W}b",  # less than 30 percent
        f"<p>{LONG[1:]}<p>x<blockquote><p>{LONG[1:]}</blockquote><p>y",  # a quote of 99 units
        f"<blockquote><p>{LONG}</blockquote><p>x<p>{LONG}",  # the quote comes first
        "".join(f"<blockquote><p>verse {number}<p>{LONG}</blockquote>" for number in range(3)),  # refrains
        "".join(f"<h3>Offer {number}</h3><p>{W}{number}<p>{LONG}<p>{OTHER}" for number in range(2)),
    ],
)
def test_text_that_repeats_for_a_reason_stays(page: str) -> None:
    """Answers, choruses, terms of offers and parts of functions stood only once, and the next ones were cut off."""
    read = read_page(f"<h1>T</h1>{page}".encode()).texts
    found = kept_text(f"<h1>T</h1>{page}", [1] * len(read))
    assert found.replace("• ", "").split() == " ".join(read).split()


def test_a_copy_leaves_no_part_of_a_list_and_no_text_before_it() -> None:
    """The list of the second part lost all steps but the first, and its author's line went with a quote."""
    parts = "".join(
        f"<h3>For {name}</h3><ol><li>get {name}<li>open it<li>{OTHER}</ol><p>{4 * LONG}<p>{4 * LONG}x" for name in "AB"
    )
    found = kept_text(parts, [1] * 12)
    assert found.count("open it") == 2 and found.count(f"{4 * LONG}x") == 1
    page = f"<p>by Ann<p>{LONG}<p>by Bob<p>{W}<p>by Ann<blockquote><p>{LONG}</blockquote><p>so it is"
    assert kept_text(page, [1] * 7).endswith(f"by Bob\n\n{W}\n\nby Ann\n\nso it is")


@pytest.mark.parametrize(("heading", "is_kept"), [("h" * 100, False), ("h" * 101, True)])
def test_lone_headings_are_kept_from_101_units_on(heading: str, is_kept: bool) -> None:
    assert kept_text(f"<h2>{heading}</h2>", [1]) == (heading if is_kept else "")
    assert kept_text(f"<h2>{heading[1:]}</h2><h2>x</h2>", [1, 1]) == (f"{heading[1:]}\n\nx" if is_kept else "")
    assert kept_text("<h2>h</h2><p>x", [1, 1]) == "h\n\nx"


@pytest.mark.parametrize(
    ("size", "kept"),
    [(90, "b" * 10), (91, "a" * 91 + "\n\n" + "b" * 10)],
)
def test_the_first_pass_decides_if_the_second_keeps_less_than_a_tenth_of_its_text(size: int, kept: str) -> None:
    """Of 100 units the second pass keeps 10, or of 101."""
    assert scored_text(f"<p>{'a' * size}<p>{'b' * 10}", [0, 4000], first=[4000, 4000]) == kept


def test_the_second_pass_decides_otherwise() -> None:
    assert scored_text("<p>a<p>b", [0, 4000], first=[4000, 0]) == "b"
    assert scored_text("<p>a<p>b", [4000, 4000], first=[0, 0]) == "a\n\nb"


@pytest.mark.parametrize(
    ("scores", "num_kept"),
    [
        # Expected F1 with one, two and three blocks: 2 · right / (kept · 4096 + total).
        ([3000, 1700, 900], 2),  # 6000/9696 = 0.619, 9400/13792 = 0.682, 11200/17888 = 0.626
        ([3000, 900, 820], 1),  # 6000/8816 = 0.681, 7800/12912 = 0.604
        ([900, 900, 830], 2),  # cuts 896 and 816: 3600/10822 = 0.333, 5260/14918 = 0.353, but 816 is below the least
        ([2100, 2100, 2047], 3),  # 8400/14439 = 0.582, 12494/18535 = 0.674
    ],
)
def test_a_page_on_many_things_has_the_cut_of_the_highest_f1_to_expect(scores: list[int], num_kept: int) -> None:
    """min_score is 2048 of 4096; the least cut is 819."""
    texts = ["a" * 100, "b" * 100, "c" * 100]
    page = "<p>" + "<p>".join(texts)
    assert scored_text(page, scores, single=0) == "\n\n".join(texts[:num_kept])
    whole = [text for text, score in zip(texts, scores, strict=True) if score >= SURE // 2]
    if whole:
        assert scored_text(page, scores) == "\n\n".join(whole)


def test_scores_are_joined_before_the_cut_is_chosen() -> None:
    """A table has one score, the mean by length, so its cells stay together."""
    assert scored_text(f"<p>{A}{TABLE}", [4000, 4000, 0, 4000, 0]) == f"{A}\n\n{GRID}"

"""Pages are cut into blocks as browsers show them, even if the markup is incomplete, nested or hostile."""

import html
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.html.main_text import FIRST
from tokenmill.text.html.page import MOST_BLOCKS
from tokenmill.text.html.trial import read_page

WORDS = st.text("abc é中<&", min_size=1, max_size=8).filter(lambda text: text.split())
INLINE = ["b", "i", "span", "em", "unknown-name"]
BLOCK = ["div", "section", "article", "blockquote", "main", "center"]
TREE = st.recursive(
    WORDS,
    lambda inner: st.tuples(st.sampled_from(INLINE + BLOCK), st.lists(inner, max_size=4)),
    max_leaves=20,
)


def blocks(page: str) -> list[str]:
    return read_page(page.encode()).texts


def measured(page: str, name: str) -> list[int]:
    return read_page(page.encode()).rows[:, FIRST.index(name)].tolist()


def written(tree: object) -> str:
    if isinstance(tree, str):
        return html.escape(tree)
    name, inner = tree  # type: ignore[misc]
    return f"<{name} class='x'>{''.join(map(written, inner))}</{name}>"


def cut(tree: object, lines: list[str]) -> None:
    """Plain twin: text goes to the last line, and a block element starts a new line before and after itself."""
    if isinstance(tree, str):
        lines[-1] += tree
        return
    name, inner = tree  # type: ignore[misc]
    if name in BLOCK:
        lines.append("")
    for child in inner:
        cut(child, lines)
    if name in BLOCK:
        lines.append("")


@settings(deadline=None)
@given(st.lists(TREE, max_size=5))
def test_sound_markup_is_cut_at_its_block_elements(trees: list[object]) -> None:
    lines = [""]
    for tree in trees:
        cut(tree, lines)
    expected = [" ".join(line.split()) for line in lines]
    found = blocks("".join(map(written, trees)))
    assert [line.replace(" ", "") for line in found] == [line.replace(" ", "") for line in expected if line]
    for line, words in zip(found, filter(None, expected), strict=True):  # inline elements set words apart, at most
        assert " ".join(line.split()) == line and line.count(" ") >= words.count(" ")


@settings(deadline=None)
@given(st.text("<>/!-='\"& \n\0abpdivtrlé中;#0", max_size=200))
def test_any_text_at_all_gives_sound_blocks(page: str) -> None:
    for text in blocks(page):
        assert text.strip() and "\0" not in text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>one<p>two", ["one", "two"]),
        ("<ul><li>one<li>two<div>three<li>four</ul>five", ["one", "two", "three", "four", "five"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["a", "b", "c"]),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", ["a", "b", "c", "d"]),
        ("one<br>two<br/><br>three", ["one\ntwo", "three"]),
        ("a<script>if (a < b) '<p>'</script>b<style>p{}</style>c", ["abc"]),
        ("a<!-- <p>hidden</p> -->b<!doctype html><?php x ?>c", ["abc"]),
        ("<script>never closed <p>text", ["never closed", "text"]),
        ("a < b and 1 <2 </3> x", ["a < b and 1 <2 x"]),
        ("<p>a&nbsp;b\u00a0c\u00adc\u200bd\ufeff", ["a b ccd"]),
        ("<p>a&#141;b&#128;&shy;&ZeroWidthSpace;\u0080", ["ab€"]),
        ("<pre>a\n  b\tc</pre>", ["a\n  b\tc"]),
        ("<b>a<p>b</b>c</p>d", ["a", "bc", "d"]),
        ("<td>a</div>b</td>", ["a", "b"]),
        ("<select><option>no</select>yes<button>no</button>", ["yes"]),
        ("<p title='>'>a</p><p title=\"</p>\">b", ["a", "b"]),
        ("<P CLASS=x>a<DIV>b</DIV>", ["a", "b"]),
    ],
)
def test_markup_is_mended(page: str, expected: list[str]) -> None:
    assert blocks(page) == expected


def test_text_in_links_is_told_apart_even_where_links_are_not_closed() -> None:
    page = "<p><a href=x>link</a> text</p><p><a>one <a>two</p><p>plain</p><a><div>in</a></div><p>out"
    assert measured(page, "link") == [444, 857, 0, 1000, 0]


def test_an_element_of_an_unknown_name_with_an_address_is_a_link() -> None:
    page = "<p>first</p><menu-item href=/a>Guitars</menu-item><p>last</p><menu-item>Amps</menu-item>"
    assert measured(page, "link") == [0, 1000, 0, 0]


def test_what_is_said_of_an_element_is_said_of_all_in_it() -> None:
    page = "<nav><p>a</nav><div role=main><p>b</div><div class='postContent'><b>c</b></div>"
    page += "<div class='faq-answer' style='display: none'>d</div>"
    assert measured(page, "in.nav") == [1, 0, 0, 0]
    assert measured(page, "in.main") == [0, 1, 0, 0]
    assert measured(page, "in.w_content") == [0, 0, 1, 0]
    assert measured(page, "in.hidden") == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "hidden",
    [
        "<p style='display:none'>no",
        "<p style='color:red; DISPLAY : NONE !important'>no",
        "<p style='visibility: hidden'>no",
        "<p hidden>no",
        "<div aria-hidden=true><p>no</div>",
        "<div style='position:absolute;left:-9999px'>no</div>",
        "<div style='text-indent:-999em'>no</div>",
        "<div style='clip: rect(1px, 1px, 1px, 1px)'>no</div>",
        "<template><p>no</template>",
        "<dialog><p>no</dialog>",
        "<div hidden><div><ul><li>no</ul><table><td>no</table></div></div>",
        "<p>one<span style='display:none'> no</span>",
        "<p>one <span class='x Sr-Only'>no</span>",
        "<div hidden aria-label=x>no</div>",
        "<button>no</button>",
        "<p>one<span class=tooltiptext>no</span>",
        "<button class=x><b>no</b></button><p>why?</p>",
    ],
)
def test_what_no_browser_shows_is_not_read(hidden: str) -> None:
    assert "no" not in " ".join(blocks(f"<p>first</p>{hidden}<p>last</p>"))
    assert blocks(f"<p>first</p>{hidden}<p>last</p>")[-1:] == ["last"]


@pytest.mark.parametrize(
    "shown",
    [
        "<p style='opacity:0'>yes",
        "<p style='float:none'>yes",
        "<p style='margin-left:-10px'>yes",
        "<p hidden=until-found>yes",
        "<p aria-hidden=false>yes",
        "<div class=accordion-panel style='display:none'>yes</div>",
        "<div role=tabpanel hidden>yes</div>",
        "<div hidden id='S:0'><p>yes</div>",
        "<dialog open>yes</dialog>",
        "<h3><button>yes</button></h3>",
        "<button aria-expanded=false>yes</button>",
        "<h1 class=sr-only>yes</h1>",
        "<div hidden aria-labelledby='b1'>yes</div>",
        "<button><p class=x>yes</p></button>",
        "<button class=x><span><h3>yes</h3></span></button>",
    ],
)
def test_what_a_browser_shows_or_opens_is_read(shown: str) -> None:
    assert blocks(f"<p>first</p>{shown}<p>last</p>") == ["first", "yes", "last"]


def test_a_page_whose_text_is_all_hidden_is_read_nevertheless() -> None:
    post = "A post of the forum, with a sentence or two. " * 100
    assert blocks(f"<body><div>Loading</div><noscript><p>{post}</p></noscript>") == ["Loading", post.strip()]
    assert blocks(f"<div style='visibility:hidden'><p>{post}</p></div>") == [post.strip()]


@pytest.mark.parametrize("tag", ["span", "p", "td", "li"])
def test_a_word_or_a_part_that_is_hidden_is_never_the_page(tag: str) -> None:
    """Regression: sort keys came back on pages with little text."""
    assert blocks(f"<p>Open daily.<{tag} hidden>{'Closed. ' * 400}</{tag}>") == ["Open daily."]


def test_little_hidden_text_is_never_the_page() -> None:
    assert blocks("<p>Open.<div hidden>Closed on Mondays in the winter.</div>") == ["Open."]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<pre>\n  a\n\n\n\tb\n</pre>", ["  a\n\n\n\tb"]),
        ("<pre><div class=line>def f():</div><div class=line>    return 1</div></pre>", ["def f():\n    return 1"]),
        ("<pre><span style='display:block'>a</span><span style='display:block'>  b</span></pre>", ["a\n  b"]),
        ("<pre><span class=line>a\n</span><span class=line>\n</span><span class=line>  b</span></pre>", ["a\n\n  b"]),
        ("<pre>a<br>    b<br/><br>\tc</pre>", ["a\n    b\n\n\tc"]),
        ("<pre>a\r\n  b\rc</pre>", ["a\n  b\nc"]),
        ("<pre>&#32; a&nbsp;b&#10;&#9;c</pre>", ["  a b\n\tc"]),
        ("<pre><table><tr><td>  a</td></tr><tr><td>\tb</td></tr></table></pre>", ["  a\n\tb"]),
        ("<pre><ol><li>a<li>  b</ol></pre>", ["a\n  b"]),
        ("<pre>  \n\t\n</pre>x", ["x"]),
        ("<pre><div><span>9</span><div>a</div></div><div><span>10</span><div> b</div></div></pre>", ["a\n b"]),
        ("<pre><div>1</div><div>2</div>3<div>4 5<div>6</div></div></pre>", ["1\n2\n3\n4 5\n6"]),
        ("<pre><code><span class=lineno> 1 </span>a\n<span class=line-number>2</span> b</code></pre>", ["a\n b"]),
        ("<pre><div></div><div>a</div><div></div><div></div><div> b</div><div></div></pre>", ["a\n\n\n b"]),
        ("<pre><table><tr><td></td><td>a<tr><td></td><td>b</table></pre>", ["a\nb"]),
        ("<pre>Total\n42<div>next</div></pre>", ["Total\n42\nnext"]),
        ("<pre><table><tr><td>1<td>2<tr><td>3<td>4</table></pre>", ["1\n2\n3\n4"]),
        ("<td style='white-space:pre'>  a\n  b</td>", ["  a\n  b"]),
        ("<p>a<pre> b</pre>c", ["a", " b", "c"]),
        ("<pre><input><code class=mjs>'fs';</code><code class=cjs>const fs</code></pre>", ["'fs';\nconst fs"]),
        ("<pre><code>a\n</code><code>b</code>\n<code>c</code> <code>d</code></pre>", ["a\nb\nc d"]),
        ("<pre class=x><div><code>a</code><code>b</code></div></pre>", ["ab"]),
        ("<pre><span class='line'>a</span><span class='line'>  b</span></pre>", ["a\n  b"]),
        ("<pre><code><span class=line>a</span>\n<span class=line>b</span></code></pre>", ["a\nb"]),
        ("<pre><span class=line>a</span><span class=line></span><span class='hl line'> b</span></pre>", ["a\n\n b"]),
        ("<pre><span class=line><b>a</b><i>b</i></span><span class=k>c</span></pre>", ["abc"]),
        ("<p><span class=line>a</span><span class=x>b</span>", ["ab"]),
    ],
)
def test_the_lines_of_code_stay_as_they_are(page: str, expected: list[str]) -> None:
    assert blocks(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>10<sup>-6</sup> m", "10^-6 m"),
        ("<p>10<sup>\u22126</sup> m", "10^\u22126 m"),
        ("<p>2<sup>10</sup>", "2^10"),
        ("<p>101<sub>2</sub>", "101_2"),
        ("<p>(3+4)<sup>2</sup>", "(3+4)^2"),
        ("<p>5<sup>1</sup>/<sub>2</sub> cups", "5 1/2 cups"),
        ("<p>5<sup>1</sup>&frasl;<sub>2</sub> cups", "5 1\u20442 cups"),
        ("<p>2<sup>n</sup>, −(2<sup>n − 1</sup>)", "2^n, −(2^(n − 1))"),
        ("<p>x<sup>2</sup>+e<sup>x+1</sup>, m<sup>3</sup>/s", "x^2+e^(x+1), m^3/s"),
        ("<p>5&nbsp;cm<sup>2</sup>, 3km<sup>2</sup>; км<sup>2</sup>", "5 cm^2, 3km^2; км^2"),
        ("<p><i>x</i><sup><i>n</i>&minus;1</sup>y", "x^(n−1)y"),
        ("<p>(1+r)<sup>n</sup>/2 and (x+1)<sup>2</sup>/4", "(1+r)^n/2 and (x+1)^2/4"),
        ("<p>2<sup>(n-1)</sup> 2<sup>2n</sup> e<sup>-kt</sup> x<sup>1/2</sup>", "2^(n-1) 2^(2n) e^(-kt) x^(1/2)"),
        ("<p>χ<sup>2</sup> πr<sup>2</sup> E=mc<sup>2</sup> O(n<sup>2</sup>)", "χ^2 πr^2 E=mc^2 O(n^2)"),
        ("<p>10<sup>6</sup>/ml, 10<sup>1.5</sup>", "10^6/ml, 10^1.5"),
        ("<p>2<sup>nd</sup> 19<sup>e</sup> 1<sup>er</sup> 5<sup>h</sup> 12<sup>a-c</sup>", "2nd 19e 1er 5h 12a-c"),
        ("<p>n<sup>o</sup> M<sup>lle</sup> X<sup>TM</sup> x<sup>®</sup> D<sup>r</sup>", "no Mlle XTM x® Dr"),
        (
            "<p>us<sup>2</sup> US<sup>3</sup> it's<sup>4</sup> x<sup>[1]</sup> Ca<sup>2+</sup>",
            "us2 US3 it's4 x[1] Ca^2+",
        ),
        ("<p>x <sup>2</sup> 2<sup>n", "x 2 2n"),
        ("<p>I<sup>2</sup>C, 10<sup>6</sup>K", "I2C, 10^6 K"),
        # numbers and scripts that would continue each other
        (
            "<p>In 1990.<a href='#fn1' class=x><sup>1</sup></a> So 1990.<sup><a href='/wiki/P#cite-3'>3</a></sup>",
            "In 1990. So 1990.",
        ),
        ("<p>42.<sup>7</sup> 42,<sup>3</sup> 5%<sup>1</sup> word.<sup>7</sup>", "42. 7 42, 3 5% 1 word. 7"),
        (
            "<p><sup>1</sup>2019 log<sub>10</sub>100 10<sup>6</sup>7 10<sup>6</sup><b>7</b>",
            "1 2019 log10 100 10^6 7 10^6 7",
        ),
        ("<p>H<sub>2</sub>O x<sub>1</sub><sup>2</sup> M<sup>c</sup>Donald", "H2O x1^2 McDonald"),
        ("<p><del>5</del><ins>6</ins> <s>7</s>8 <del>old</del><ins>new</ins>", "5 6 7 8 old new"),
        ("<p>a<!-- x --!>b", "ab"),
        (
            "<p>10<sup>6</sup>&#160;km 10<sup>6</sup>&#8211;10<sup>7</sup> 2<sup>8</sup>&#61;256 "
            "10<sup>9</sup>/<i>L</i>",
            "10^6 km 10^6–10^7 2^8=256 10^9/L",
        ),
        ("<p>5<sup>1</sup>&#8260;<sub>2</sub> 5<sup>1</sup>&#x2044;2", "5 1⁄2 5 1⁄2"),
        (
            "<p><span class=c>we offer it all, includin</span><span class=c>g that</span>",
            "we offer it all, including that",
        ),
        ("<p><i class=c>news</i><i class=c>sports</i>", "news sports"),
        (
            "<p>5<span class=sr-only>+</span><span class=num>1</span>⁄<span class=den>2</span> "
            "1<span class=sr-only>/</span><span class=den>8</span>",
            "5 1⁄2 1/8",
        ),
        ("<p>x<sub>i</sub><sup>2</sup> x<sub>max</sub><sup>n</sup>", "xi^2 xmax^n"),
        (
            "<p>10<span style='vertical-align: super'>6</span>7 10<b style=vertical-align:sub;color:red>2</b>",
            "10^6 7 10_2",
        ),
        ("<p>10<span style=vertical-align:top>6</span> x<div style=vertical-align:super>6</div>", "106 x\n6"),
        ("<p>a<pre> <s></s></pre><p>b", "a\nb"),
        ("<p>in 2001<sup><a href='#1'>1</a>,<a href='#2'>2</a></sup>", "in 2001 1,2"),
        (
            "<p>10<span style='vertical-align:0.5em'>6</span> 10<span style='vertical-align:text-top'>6</span>"
            " 10<span style='vertical-align:0'>6</span> 10<span style=vertical-align:-2px>2</span>",
            "10^6 10^6 106 10_2",
        ),
        ("<p>a<span style='display:block'>1</span><span style='display:block'>2</span>", "a 1 2"),
        ("<pre>a<s>\n</s><div>b</div>", "a\nb"),
        (
            "<p>Brand<sup>™</sup> 12%<sup>†</sup> 5<sup>′</sup> 42<sup>€</sup> mol<sup>−1</sup>",
            "Brand™ 12%† 5′ 42€ mol^−1",
        ),
        ("<p>$9<sup>99</sup> $9.<sup>99</sup> €1.299,<sup>50</sup> £ 9<sup>99</sup>", "$9 99 $9.99 €1.299,50 £ 9 99"),
        ("<p>H<sub>2</sub>O", "H2O"),
        ("<p>the 1<sup>st</sup> of May", "the 1st of May"),
        ("<p>as he said<sup class=reference><a href=#x>[3]</a></sup>.", "as he said."),
        ("<p>as he said.<sup class='noprint Inline-Template'>[<i>citation needed</i>]</sup> So", "as he said. So"),
        ("<p>Text<sup><a href='#f'>1</a> the rest", "Text1 the rest"),
        ("<p>the M1<sup class=x><a class=y href='#n1'>4</a></sup> of 2<sup><a href=x#n1>4</a></sup>", "the M1 of 2^4"),
    ],
)
def test_scripts_do_not_change_a_number(page: str, expected: str) -> None:
    assert "\n".join(blocks(page)) == expected


def test_a_block_in_a_superscript_is_no_power() -> None:
    assert blocks("<p>x<sub>1</sub> x<sup>n<sub>1</sub></sup> 2<sup><div>n</div></sup>") == ["x1 x^(n1) 2", "n"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p><span class=a>Ann Lee</span><span class=b>Teacher</span>", "Ann Lee Teacher"),
        ("<p><a href=a>Student work</a><a href=b>company</a>", "Student work company"),
        ("<p><b>Mc</b>Donald <i>i</i>Phone", "McDonald iPhone"),
        ("<p><code><span>my</span><span>Class</span></code>", "myClass"),
        ("<p><span>T</span><span>he end</span><span>ing</span>", "The ending"),
        ("<p><a>中</a><a>文</a>", "中文"),
        ("<pre><span>my</span><span>Class</span><a>a</a><a>b</a></pre>", "myClassab"),
        ("<p>a strategy<sup>12</sup> of 5 m<sup>2</sup>", "a strategy 12 of 5 m^2"),
        ("<p>sinh<sup>2</sup>x of an area<sup>2</sup>", "sinh^2 x of an area2"),
        ("<p><em>java</em><em>Script</em> <a>Дом</a><a>Сад</a>", "javaScript Дом Сад"),
        ("<p><code><b><i class=a>foo</i><i class=a>bar</i></b></code>", "foobar"),
        ("<p>deactivat<span hidden>x</span>e", "deactivate"),
        ("<p><button>Is it free?</button>", "Is it free?"),
        ("<p><i class=a>2026</i><i class=a>1h 4m</i><i class=a>R</i>", "2026 1h 4m R"),
        ("<p><i class=a>W</i><i class=a>o</i><i class=a>rd</i>", "Word"),
        ("<label><input>XS</label><label><input>S</label>", "XS S"),
        (
            "<p>1d ago<span aria-hidden=true>-</span><span>3 min</span>, full<button>x</button>price",
            "1d ago 3 min, full price",
        ),
        ("<p>hyphen<wbr>ation", "hyphenation"),
        ("<p>Home<svg width=9><path d=x></svg>Lamps, <img>and<img>. 6<img>7", "Home Lamps, and. 6 7"),
    ],
)
def test_parts_that_a_style_sheet_sets_apart_are_apart(page: str, expected: str) -> None:
    assert blocks(page) == [expected]


def test_a_hidden_element_at_the_depth_limit_hides_only_itself() -> None:
    """Regression: the element around it was hidden, because the element itself was not opened."""
    page = "<p>first</p>" * 200 + "<font>" * 600 + "word<sup><a href='#f'>1</a></sup><b hidden>x</b> and the rest"
    assert "and the rest" in blocks(page)[-1]


def test_marks_of_editors_and_generators_are_not_text() -> None:
    page = "<h2>Title<span class=mw-editsection>[<a href=x>edit</a>]</span></h2>"
    page += "<h3>Part<a class=headerlink href=#p>\u00b6</a></h3><a class=hash-link href=#x>A link with many words</a>"
    page += "<h3>Three<a class=x href=#p>\u00b6</a></h3><p>see <a>\u00a7 2</a>"
    assert blocks(page) == ["Title", "Part", "A link with many words", "Three", "see \u00a7 2"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<h2>File system<span><a class='mark' href='#file-system'>#</a></span></h2>", ["File system"]),
        ("<h3><a href='x.html#p'> # </a> <b>Part</b></h3>", ["Part"]),
        ("<h3><div>Part</div><a href='#p'>🔗️</a></h3>", ["Part"]),
        ("<h3>Part <a href='#p'>&para;</a></h3><h3>Two<a href='#p'>&#x221E;</a></h3>", ["Part", "Two"]),
        ("<dl><dt>f(x)<a href='#f'>#</a><dd>see<a href='#f'>#</a></dl>", ["f(x)", "see#"]),
        ("<h2><a href='#c'>C#</a></h2><h2>C#</h2><h2>F<a href='f'>#</a></h2>", ["C#", "C#", "F#"]),
        ("<h2><a href='#x'>#</a></h2><h2> <i><a href='#x'>#</a></i>", ["#", "#"]),
        ("<h2>Part<a href='#x'>&copy and so on</a></h2>", ["Part© and so on"]),
        ("<p>Issue <a href='#x'>#</a>, <a href='#x'>^</a>", ["Issue #, ^"]),
        ("<h3>35 comments <a href='#respond'>&raquo;</a></h3>", ["35 comments »"]),
    ],
)
def test_the_mark_of_a_permanent_link_is_no_part_of_a_heading(page: str, expected: list[str]) -> None:
    assert blocks(page) == expected


def test_a_link_that_is_no_mark_is_text() -> None:
    """Regression: Sphinx gives each link the class `reference`, and links that begin with <code> were lost."""
    first = "A paragraph that is long enough for a page without hidden text."
    link = "<a class='reference internal' href=#x><code>accumulate()</code></a>"
    page = f"<p>{first}<table><tr><td>{link}<td>p, q</table>"
    assert blocks(page) == [first, "accumulate()", "p, q"]
    assert blocks(f"<p>{first}<p>see <a class='headerlink' href=#x><b>this</b> part</a>") == [first, "see this part"]


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 1_000_000 + "x",
        "<b>" * 1_000_000 + "x" + "</b>" * 1_000_000,
        "<table><tr><td>" * 300_000 + "x",
        "<p>x" * 1_000_000,
        "<a href='" * 500_000,
        "<select>" * 500_000 + "x",
        "<button><i>" * 400_000 + "x",
        "<sup><a href=#" * 300_000,
        "<x href><sup>" * 300_000,
        "x<sup>" * 500_000,
        "2<sup>n</sup>" * 300_000,
        "<h2><a href=#>#</a>" * 200_000,
        "<pre>" + "<span class=line>" * 300_000,
        "<p class=math>" + "$<" * 1_000_000,
        "<script>" * 500_000,
        "<!--" * 500_000,
        "&" * 3_000_000,
        "&#" + "9" * 3_000_000,
        "<p " + "a=1 " * 1_000_000 + ">x",
        "<li>x</ul>" * 300_000,
    ],
    ids=lambda page: page[:12],
)
def test_hostile_pages_are_read_to_their_end(page: str) -> None:
    """This takes about a second; work that grows with the square of the size would not end."""
    read = read_page(page.encode())
    assert len(read.texts) == len(read.rows) <= MOST_BLOCKS


def test_broken_pages_never_crash() -> None:
    chance = random.Random(7)
    page = (
        "<div class=a><table><tr><td><p>text &amp; <a href='x'>link</a><ul><li>item</ul></table></div><pre>\n x</pre>"
        "2<sup>n-1</sup><h2>T<a href='#x'>#</a></h2><p class=math>\\(x\\)</p>"
    )
    for _ in range(2_000):
        letters = list(page * 3)
        for _ in range(chance.randrange(1, 30)):
            place = chance.randrange(len(letters))
            letters[place] = chance.choice(["", "<", ">", "/", "'", '"', "&", "!", letters[place - 1]])
        for text in blocks("".join(letters)):
            assert text

"""Code in wikitext: white space in it stays, and markup of lists is not read."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Extract = Callable[..., str]

_LINE = st.tuples(st.integers(0, 6), st.sampled_from("abz09#*:;-.("), st.text("ab0+*#:;.,() \t", max_size=20)).map(
    lambda parts: (" " * parts[0] + parts[1] + parts[2]).rstrip()
)
_CODE = st.lists(st.one_of(_LINE, st.just("")), min_size=1, max_size=8).map(lambda lines: ["x = 1", *lines, "end"])


@settings(max_examples=25)
@given(_CODE)
def test_lines_that_begin_with_a_space_are_code(extract: Extract, lines: list[str]) -> None:
    code = "\n".join(f" {line}" for line in lines)
    assert extract(f"Before.\n\n{code}\n\nAfter.") == "Before.\n\n" + "\n".join(lines) + "\n\nAfter."


@pytest.mark.parametrize("tag", ["pre", "syntaxhighlight", "source", "poem"])
@settings(max_examples=15)
@given(lines=_CODE)
def test_elements_for_code_keep_their_lines(extract: Extract, tag: str, lines: list[str]) -> None:
    if tag == "poem":  # its lines may begin with markup
        lines = [f" {line}" if line[:1] in ("#", "*", ":", ";", "-") else line for line in lines]
    code = "\n".join(["   first", *lines])
    for wikitext in (f"<{tag}>\n{code}\n</{tag}>", f"Before.\n<{tag} class=x>{code}</{tag}>\nAfter."):
        assert f"{code}" in extract(wikitext)


@settings(max_examples=40)
@given(st.text("ab0+*#. ", max_size=30).map(lambda text: f"x{text}y"))
def test_code_in_a_sentence_keeps_its_spaces(extract: Extract, code: str) -> None:
    assert extract(f"The <code>{code}</code> call.") == f"The {code} call."
    assert extract(f"The <syntaxhighlight lang=c inline>{code}</syntaxhighlight> call.") == f"The {code} call."


CASES = [
    # spaces outside of code
    ("a  b <code>c  d</code> e  f", "a b c  d e f"),
    ("a   b      c <code>c    d</code>   e", "a b c c    d e"),
    ("<ul><li>  a  b</li><li> c</li></ul>", "- a b\n\n- c"),
    ("<ol><li>a</li><li>b</li></ol><ul><li>c</ul>", "1. a\n\n2. b\n\n- c"),
    ("a <ref>x</ref>. b <ref name=c/>, d<ref>e</ref> f (<ref>g</ref>) h", "a. b, d f h"),
    ("* [[Harem (Genre)| Harem]]\n*  x", "- Harem\n- x"),
    ('<ol><li>a<li value="9">b<li>c<li value=x>d</ol><li value=3>e', "1. a\n9. b\n10. c\n11. d\n\n- e"),
    ("# a\n<ol><li><li value=3>b<li>c</ol>\n# d", "1. a\n\n3. b\n4. c\n\n1. d"),
    ("# a\n#<li value=7>b\n# c\n## <li value=\"3\">d\n# e\n#f", "1. a\n7. b\n8. c\n  3. d\n9. e\n10. f"),
    ("<ol class=x start='10'><li>d<li>e</ol>", "10. d\n11. e"),
    ("<ol start=99999><li>a<li>b</ol><ol start=x><li>c</ol><li>d", "999. a\n999. b\n\n1. c\n\n- d"),
    ("a  b\n<pre>c  d</pre>\ne  f", "a b\n\nc  d\n\ne f"),
    ("<poem>\na  b\n\n\nc\n</poem>\n\n\n\nd  e", "a  b\n\n\nc\n\nd e"),
    # entities and markup
    ("<pre>&lt;a&gt;  <b>''c''</b></pre>", "<a>  <b>''c''</b>"),
    ("<pre><nowiki>\n  a\n</nowiki></pre>", "  a"),
    ("<syntaxhighlight lang=html>&nbsp;  <br></syntaxhighlight>", "&nbsp;  <br>"),
    (" a = '''b'''  # [[c|d]]", "a = b  # d"),
    (" <nowiki>a\n   b\n</nowiki>", "a\n   b"),
    ("<code><nowiki>a  [[b]]</nowiki></code>", "a  [[b]]"),
    ("<code>\n  a\n    b\n</code>", "  a\n    b"),
    # lines that are only indented
    ("  {{Infobox x\n | a = b\n}}\nc", "c"),
    (" [[Category:A]]\n {{x}}\n <!-- y -->\nb", "b"),
    ("a\n {|\n | b || c\n |-\n | d || e\n |}\nf", "a\n\nb\tc\nd\te\n\nf"),
    ("a\n \nb", "a\n\nb"),
    (" == A ==\nb", "A\n\nb"),
    ("\ta\n:  b", "a\nb"),
    ("{{plainlist|\n  * a\n  * b\n}}", "- a\n- b"),
    # white-space lines between code, and around it
    (" a\n  \n \n b\n \nc", "a\n\n\nb\n\nc"),
    # without an end
    ("<code>a  b\n* c", "a b\n- c"),
    ("<poem>a  b", "a b"),
    ("<pre>a", "a"),
    ("<syntaxhighlight>a", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("wikitext", "text"), CASES)
def test_code_and_other_lines(extract: Extract, wikitext: str, text: str) -> None:
    assert extract(wikitext) == text


def test_text_after_code_follows_in_a_line_of_its_own(extract: Extract) -> None:
    assert extract("a <pre>b</pre> c") == "a\nb\nc"


def test_code_in_a_table_is_in_the_line_of_its_row(extract: Extract) -> None:
    table = "{| class=wikitable\n! a !! b\n|-\n| <pre>c\n  d</pre> || <poem>e\n f</poem>\n|}"
    assert extract(table) == "a\tb\nc d\te f"

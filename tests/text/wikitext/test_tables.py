"""Tables of wikitext: those with data become rows, the others go, and no markup is left of broken ones."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Extract = Callable[..., str]
Rows = list[list[str]]

_CELL = st.one_of(st.just(""), st.sampled_from(["a", "b c", "12", "3.5 %", "é", "漢字", "-7", "a: b", "(x)"]))
_ROWS = st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(_CELL, min_size=width, max_size=width), max_size=5))
_FORMS = {
    "a line per row": lambda row: "|-\n| " + " || ".join(row),
    "a line per row without spaces": lambda row: "|-\n|" + "||".join(row).replace("-", " -"),  # `|-` begins a row
    "a line per cell": lambda row: "|-\n" + "\n".join(f"| {cell}" for cell in row),
    "attributes": lambda row: '|- class="x"\n' + "\n".join(f'| align="right" | {cell}' for cell in row),
    "attributes in a line": lambda row: "|-\n| width=3 | " + " || style=a:b | ".join(row),
    "tags": lambda row: "<tr>\n" + "\n".join(f"<td>{cell}</td>" for cell in row) + "\n</tr>",
    "tags in a line": lambda row: "<tr>" + "".join(f"<td align=left>{cell}</td>" for cell in row) + "</tr>",
    "tags without ends": lambda row: "<tr>" + "".join(f"<td>{cell}" for cell in row),
    "a row and tags": lambda row: "|-\n<td>" + "</td><td>".join(row) + "</td>",
    "indented": lambda row: "  |-\n  | " + " || ".join(row),
}


def lines(rows: Rows) -> str:
    return "\n".join(filter(None, ("\t".join(row).rstrip("\t") for row in rows)))


@pytest.mark.parametrize("form", _FORMS)
@settings(max_examples=40)
@given(rows=_ROWS)
def test_all_forms_of_rows_give_the_same_lines(extract: Extract, form: str, rows: Rows) -> None:
    heads = [f"h{number}" for number in range(len(rows[0]) if rows else 2)]
    body = "\n".join(_FORMS[form](row) for row in rows)
    table = '{| class="wikitable"\n|+ Title\n|-\n! ' + " !! ".join(heads) + f"\n{body}\n|}}"
    assert extract(f"Before.\n{table}\nAfter.") == f"Before.\n\nTitle\n{lines([heads, *rows])}\n\nAfter."
    html = table.replace('{| class="wikitable"', '<table class="wikitable">').replace("\n|}", "\n</table>")
    assert form.startswith("tags") <= (extract(f"Before.\n{html}\nAfter.") == extract(f"Before.\n{table}\nAfter."))


@pytest.mark.parametrize("form", _FORMS)
def test_rows_that_begin_with_headers_are_data_without_a_class(extract: Extract, form: str) -> None:
    rows = [["a", "1"], ["b", ""], ["", "3"]]
    table = "{|\n! x !! y\n" + "\n".join(map(_FORMS[form], rows)) + "\n|}"
    assert extract(table) == lines([["x", "y"], *rows])


SPANS = {
    "columns": ("| colspan=2 | a || b\n|-\n| c || d || e", "a\t\tb\nc\td\te"),
    "columns of tags": ('<tr><td ColSpan="3">a<td>b</tr><tr><td>c<td>d<td>e<td>f</tr>', "a\t\t\tb\nc\td\te\tf"),
    "rows": ("| rowspan=3 | a || b\n|-\n| c\n|-\n| d\n|-\n| e || f", "a\tb\n\tc\n\td\ne\tf"),
    "rows at the end": ("| a || rowspan='2' | b\n|-\n| c\n|-\n| d || e", "a\tb\nc\nd\te"),
    "both": ("| colspan=2 rowspan=2 | a || b\n|-\n| c\n|-\n| d || e || f", "a\t\tb\n\t\tc\nd\te\tf"),
    "two beside each other": ("| rowspan=2 | a || rowspan=2 | b || c\n|-\n| d", "a\tb\tc\n\t\td"),
    "the last of two equal attributes": ('! colspan="2" colspan="1"|x !! y\n|-\n| a || b', "x\ty\na\tb"),
    "none, or not a number": ("| colspan=0 | a || rowspan=x | b\n|-\n| c || d", "a\tb\nc\td"),
    "an unknown template gives the text": ("| colspan=2 {{zz}}\n| a\n|-\n| b || c || d", "\t\ta\nb\tc\td"),
    "a template gives the text": ("| colspan=2 {{yes|x}}\n| a\n|-\n| b || c || d", "x\t\ta\nb\tc\td"),
    "a template without arguments": ('| style="a: b" {{no}}\n| {{n/a}}\n|-\n| b || c', "No\tN/A\nb\tc"),
    "a hidden cell": ('| style="display:none" | 01 [[x]]\n| b\n|-\n| c || d', "\tb\nc\td"),
    "a hidden cell of tags": ('<tr><td style="display: none">01<td>b</tr><tr><td>c<td>d</tr>', "\tb\nc\td"),
    "a hidden table in a cell": (
        '| a || b\n|-\n| c || f\n{| style="display: none"\n| k\n|}\n|-\n| d || e',
        "a\tb\nc\tf\nd\te",
    ),
    "a conversion fills cells": (
        "! a !! b !! c\n|-\n| {{convert|4|m|ft|disp=table}} || x\n|-\n| {{convert|4|m|ft in|0|disp=tablecen}}",
        "a\tb\tc\n4\t\tx\n4",
    ),
    "a conversion to the usual unit": ("! a !! b !! c\n|-\n| {{convert|4|m|0|disp=table}} || x", "a\tb\tc\n4\t\tx"),
    "a table of class thumb": ("! class=thumb | a !! b\n|- class=thumb\n| class='thumb' | c || d", "a\tb\nc\td"),
    "a hidden row": ("| a || b\n|- style='display:none'\n| k || l\n! colspan=2 | m\n|-\n| c || d", "a\tb\nc\td"),
    "a hidden row of tags": ("<tr><td>a<td>b<tr style='display:none'><td>k<td>l<tr><td>c<td>d", "a\tb\nc\td"),
    "a template in an attribute": ('| style="width: {{nowrap|3}}px" | a\n| b\n|-\n| c || d', "a\tb\nc\td"),
    "a template is a value": ("| data-sort-value={{nowrap|3}} | a\n| b\n|-\n| c || d", "a\tb\nc\td"),
}


@pytest.mark.parametrize("name", SPANS)
def test_a_cell_is_in_the_first_of_its_places(extract: Extract, name: str) -> None:
    body, text = SPANS[name]
    found = extract(f"x\n{{| class=wikitable\n|-\n{body}\n|}}")
    assert found == f"x\n\n{text}"


LISTS = {
    "items": "Towns:\n* a b\n* c\n** d",
    "numbers": "Towns:\n# a b\n# c\n# d",
    "tags": "Towns:<ul><li>a b</li><li>c</li><li>d</li></ul>",
    "a template": "Towns: {{plainlist|\n* a b\n* c\n* d\n}}",
    "items without text": "Towns:\n* a b\n* {{x}}\n* c\n* d",
}


@pytest.mark.parametrize("name", LISTS)
def test_items_of_a_list_in_a_cell_stay_apart(extract: Extract, name: str) -> None:
    table = f"{{| class=wikitable\n! x !! y\n|-\n|\n{LISTS[name]}\n| e\n|}}"
    assert extract(table) == "x\ty\nTowns: a b; c; d\te"


CELLS = [
    ("a<br>b", "a b"),
    ("a\n\nb{{x}}\n\nc", "a b c"),
    ("\n* a.\n* b\nc", "a. b c"),
    ("[[a|b]] | c", "b | c"),
    ("align=left | a | b", "a | b"),
    ("[[File:x.png|20px]] a", "a"),
    ("{{x}} | a", "a"),
    ("style='a|b' | c", "b' | c"),
    ("a\tb", "a b"),
    ("a (\n{{x}}\n) b", "a b"),
]


@pytest.mark.parametrize(("cell", "text"), CELLS)
def test_a_cell_is_one_line(extract: Extract, cell: str, text: str) -> None:
    assert extract(f"{{| class=wikitable\n! x !! y\n|-\n| {cell}\n| z\n|}}") == f"x\ty\n{text}\tz"


_BOX = "\n|-\n! colspan=2 | Riga\n|-\n| Area || 304\n|-\n| Mayor ||\n|}"
_ROW = "\n|-\n| [[a]] || [[b]]\n|-\n| [[c]] || [[d]]\n|}"
LAYOUT = {
    "infobox by its class": '{| class="infobox vcard"\n! a !! b\n|-\n| c || d\n|}',
    "infobox by a class of its kind": '{| class="infobox-town"\n! a !! b\n|-\n| c || d\n|}',
    "infobox by its title": "{|" + _BOX,
    "infobox at the right": '{| align="right" border=1\n| Area || 304\n|-\n| Mayor || A. B.\n|}',
    "infobox that floats": '{| style="float:right; width:20em"\n| Area || 304\n|-\n| Mayor || A. B.\n|}',
    "infobox with a class of data": "{| class='wikitable infobox'" + _BOX,
    "infobox of labels": "{|\n! Area\n| 304\n|-\n! Mayor\n| A. B.\n|}",
    "infobox of labels with colons": "{|\n| Area: || 304\n|-\n| Mayor: || A. B.\n|}",
    "infobox of tags": "<table class=infobox><tr><td>a<td>b<tr><td>c<td>d</table>",
    "succession": "{|\n| width=30% | Before him:<br>'''A'''\n| '''King'''<br>1066\n| After him:<br>'''B'''\n|}",
    "succession in rows": "{| align=center\n" + "|-\n| Vor:<br>[[A]] || König || Nach:<br>[[B]]\n" * 3 + "|}",
    "succession with headers": "{|\n! Predecessor !! King !! Successor\n|-\n| A || B (1066) || C\n|}",
    "succession with a class": "{| class=wikitable\n| Предшественник:<br>A || Король || Преемник:<br>B\n|}",
    "navigation by its class": '{| class="navbox collapsible"\n! a !! b\n|-\n| c || d\n|}',
    "navigation by its links": "{|" + _ROW,
    "a single column": "{|\n| a\n|-\n| b\n|-\n| c\n|}",
    "a single row": "{|\n| a\n| b\n|}",
    "a single row of three": "{|\n| a || b || c\n|}",
    "a picture": "{| style='float:left'\n|-\n| [[File:a.png]]\n|-\n| A house\n|}",
    "an index": "{| class=x\n" + "".join(f"| [[#{letter}|{letter}]]\n" for letter in "AĀBCČD") + "|}",
    "an index in a cell": "{|\n| " + " · ".join(f"[[#{letter}|{letter}]]" for letter in "AĀBCČD") + "\n|}",
    "a table of contents": '{| id="toc"\n! a !! b\n|-\n| c || d\n|}',
    "nothing": "{|\n|-\n|\n|-\n|}",
    "only attributes": "{| class=wikitable\n| colspan=2\n|}",
}


@pytest.mark.parametrize("name", LAYOUT)
def test_tables_that_lay_out_the_page_go(extract: Extract, name: str) -> None:
    assert extract(f"Before.\n{LAYOUT[name]}\nAfter.") == "Before.\n\nAfter."


DATA = {
    "a class": ("{| class=wikitable\n| a\n|-\n| b\n|}", "a\nb"),
    "a class that a template gives": ("{| {{prettytable}}\n| a || [[b]]\n|}", "a\tb"),
    "a class at the right": ('{| class="wikitable" style="float:right"\n| a || 1\n|-\n| b || 2\n|}', "a\t1\nb\t2"),
    "headers": ("{|\n! a !! b\n|-\n| c || d\n|}", "a\tb\nc\td"),
    "headers at the right": ("{| align=right\n! a !! b\n|-\n| c || d\n|}", "a\tb\nc\td"),
    "rows and columns": ("{|\n| a || 1 || x\n|-\n| b || 2 || y\n|}", "a\t1\tx\nb\t2\ty"),
    "aligned text is not a table at the side": (
        '{| style="text-align:right"\n| a || 1\n|-\n| b || 2\n|}', "a\t1\nb\t2",
    ),
    "times": ("{|\n| 10:30 || a || 11:45\n|-\n| 11:50 || b || 12:20\n|}", "10:30\ta\t11:45\n11:50\tb\t12:20"),
    "letters of an alphabet": ("{| class=wikitable\n| [[A]] || [[B]] || [[C]] || [[D]] || [[E]]\n|}", "A\tB\tC\tD\tE"),
    "a label without a value": ("{| class=wikitable\n| a || 1\n|-\n| b ||\n|-\n| c || 3\n|}", "a\t1\nc\t3"),
    "a label without a value under headers": ("{|\n! x !! y\n|-\n| b || {{x}}\n|-\n| c || 3\n|}", "x\ty\nb\nc\t3"),
    "a table in a cell": (
        "{| class=wikitable\n! x !! y\n|-\n|\n{| class=wikitable\n| a || b\n|-\n| c || d\n|}\n| e\n|}",
        "x\ty\na b c d\te",
    ),
    "tables in columns": (
        "{|\n|\n{| class=wikitable\n| a || b\n|}\n|\n{| class=wikitable\n| c || d\n|}\n|}", "a\tb\n\nc\td",
    ),
    "a list in columns": ("{|\n|\n* [[a]]\n* [[b]]\n|\n* [[c]]\n* [[d]]\n|}", "- a\n- b\n\n- c\n- d"),
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_tables_with_data_are_rows(extract: Extract, name: str) -> None:
    table, text = DATA[name]
    assert extract(f"Before.\n{table}\nAfter.") == f"Before.\n\n{text}\n\nAfter."
    assert extract(f"Before.\n{table}\nAfter.", tables=False) == "Before.\n\nAfter."


def test_a_table_in_a_template_is_rows(extract: Extract) -> None:
    assert extract("a\n{{center|\n{| class=wikitable\n| b || c\n|-\n| d\n|}\n}}\ne") == "a\nb\tc\nd\ne"


def test_long_texts_of_a_layout_stay_as_they_are(extract: Extract) -> None:
    verse = "\n".join(f"The {number}. line of a long poem, as it is" for number in range(9))
    found = extract(f"{{|\n|+ A title\n| short\n|\n<poem>\n{verse}\n</poem>\n| \nA paragraph. {'Words. ' * 40}\n|}}")
    assert found == f"A title\n\n{verse}\n\nA paragraph. {'Words. ' * 40}".strip()


def test_a_poem_beside_its_translations_is_no_box_of_successors(extract: Extract) -> None:
    verse = "\n".join(f"The {number}. line of a long poem, as it is" for number in range(9))
    cell = f"|\n<poem>\n{verse}\n</poem>\n"
    assert extract(f"{{|\n{cell * 3}|}}") == "\n\n".join([verse] * 3)


def test_prose_beside_a_table_of_links_stays(extract: Extract) -> None:
    prose = "A sentence of this article. " * 9
    rows = "|-\n| [[A town with a long name]] || [[Another town with a long name]]\n" * 9
    row = "A town with a long name\tAnother town with a long name\n"
    found = extract(f"{{|\n| {prose}\n|\n{{| class=wikitable\n{rows}|}}\n|}}")
    assert found == f"{prose.strip()}\n\n{row * 9}".strip()


BROKEN = [
    ("{| class=wikitable\n| a || b\n|-\n| c || d", "a\tb\nc\td"),
    ("{| class=wikitable\n! a !! b\n|-\n| c || d\n== H ==\ne", "a\tb\nc\td\n\nH\n\ne"),
    (
        "{| width=100%\n|-\n| valign=top |\n== H ==\na\n| valign=top |\n== I ==\nb\n|-\n| c\n|}\nd",
        "H\n\na\n\nI\n\nb\n\nc\n\nd",
    ),
    ("a\n|}\nb\n|-\nc\n|- style=x\nd", "a\n\nb\n\nc\n\nd"),
    ("{| class=wikitable | a || b |}\nc", "a\tb\n\nc"),
    ("{|}\na", "a"),
    ("{| class=wikitable\n| a || b\n| c || d |}\ne", "a\tb\tc\td\n\ne"),
    ("{| class=wikitable\n<tr><td; align=left>a</td><td>b</td></tr>\n<tr><td>c</td;></tr>\n|}", "a\tb\nc"),
    ("{| class=wikitable\n| <td; align=left> a || b\n|}", "a\tb"),
    ("{| class=wikitable\n| a\n{| class=wikitable\n| b || c\n|-\n| d || e\n", "a b c d e"),
    ("<table class=wikitable><tr><td>a<td>b<tr><td>c<td>d\n\ne", "a\tb\nc\td e"),
    ("<tr><td>a</td></tr></table>", "a"),
    ("|x| is 3\n| a", "|x| is 3\n| a"),
    ("{{a|b\n{| class=wikitable\n| c || d", "a|b\n\nc\td"),
]  # fmt: skip


@pytest.mark.parametrize(("wikitext", "text"), BROKEN)
def test_no_markup_is_left_of_broken_tables(extract: Extract, wikitext: str, text: str) -> None:
    assert extract(wikitext) == text


@settings(max_examples=40)
@given(st.integers(1, 9), st.sampled_from([table for table, _ in DATA.values()] + list(LAYOUT.values())))
def test_a_table_that_is_cut_leaves_no_markup(extract: Extract, lines: int, table: str) -> None:
    cut = "\n".join(table.split("\n")[:lines])
    for wikitext in (cut, f"{cut}\n{table}", f"{cut}\n== H ==\n{table}", f"{table}\n{cut}"):
        found = extract(wikitext)
        assert not set("{}|!<>") & set(found) and "class" not in found

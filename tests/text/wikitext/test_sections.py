"""Headings over nothing, and indexes of letters, leave no text."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Extract = Callable[..., str]

EMPTY = {
    "nothing": "",
    "a template": "{{reflist|2}}",
    "references": "<references/>",
    "references with content": "<references>\n<ref name=a>b</ref>\n</references>",
    "items of templates": "* {{x|1}}\n* {{y}}\n",
    "what templates leave": "* {{x|1}}.\n* – {{y}}, ({{z}})\n",
    "an address": "http://a.example/b_c?d=1",
    "an item with an address": "* https://a.example/b",
    "a link without words": "[http://a.example]",
    "links to other sites": "* [http://a.example/ The site of A]\n* ''[https://b.example/ B & C: a history]''.",
    "a category": "[[Category:A]]\n[[de:B]]",
    "a comment": "<!-- a -->",
    "a table for layout": "{| class=navbox\n| a || b\n|-\n| c || d\n|}",
    "an index of letters": "[[#A|A]] [[#B|B]] [[#C|C]] [[#D|D]] [[#E|E]]",
    "a picture": "[[File:a.jpg|thumb|A caption]]",
    "a gallery": "<gallery>\nFile:a.jpg|b\n</gallery>",
}
FULL = {
    "words": "a",
    "digits": "1",
    "a letter of another script": "字",
    "links inside the wiki": "* [[a]]",
    "a link to another site, and words": "* [http://a.example/ The site of A] is good",
    "a link to another site with its author": "* Smith, [http://a.example/ A history]",
    "a link in a template": "{{lang|xx|[http://a.example/ A history]}}",
    "a formula": "<math>x</math>",
    "a table of data": "{| class=wikitable\n| a || b\n|}",
    "code": " x = 1",
    "lower headings with text": "=== b ===\nc",
}


@pytest.mark.parametrize("title", ["References", "Einzelnachweise", "Примечания", "外部リンク", "a == b"])
@pytest.mark.parametrize("name", EMPTY)
def test_a_heading_over_nothing_goes(extract: Extract, name: str, title: str) -> None:
    section = f"== {title} ==\n{EMPTY[name]}\n"
    assert extract(f"Text.\n{section}") == "Text."
    assert extract(f"Text.\n{section}{section}== Z ==\nz") == "Text.\n\nZ\n\nz"
    assert extract(f"Text.\n== Y ==\n{section.replace('== ', '=== ').replace(' ==', ' ===')}") == "Text."


@pytest.mark.parametrize("name", FULL)
def test_a_heading_over_something_stays(extract: Extract, name: str) -> None:
    assert extract(f"Text.\n== A ==\n{FULL[name]}\n").startswith("Text.\n\nA\n\n")


def test_links_of_the_section_before_do_not_count(extract: Extract) -> None:
    wikitext = "== A ==\nWords and [http://a.example/ a link].\n== B ==\nb\n== C ==\n{{x|[http://a.example/ a link]}} c"
    assert extract(wikitext) == "A\n\nWords and a link.\n\nB\n\nb\n\nC\n\nc"


_SEPARATOR = st.sampled_from([" ", " · ", " | ", "&nbsp;", " – ", ", ", " &bull; "])


@settings(max_examples=50)
@given(st.lists(st.sampled_from("ABCČДЖ字あ"), min_size=5, max_size=30), _SEPARATOR, st.booleans())
def test_an_index_of_linked_letters_goes(extract: Extract, letters: list[str], separator: str, holes: bool) -> None:
    linked = [f"[[#{letter}|{letter}]]" for letter in letters]
    shown = [
        letter if holes and number == 2 else link
        for number, (letter, link) in enumerate(zip(letters, linked, strict=True))
    ]
    index = separator.join(shown)
    if holes and len(letters) < 6:
        return
    assert extract(f"Before.\n\n{index}\n\nAfter.") == "Before.\n\nAfter."
    assert extract(f"Before.\n<center>'''{index}'''</center>\nAfter.").split() == ["Before.", "After."]


@pytest.mark.parametrize(
    "line",
    [
        "A B C D E F G",
        "The letters [[A]], [[B]], [[C]], [[D]] and [[E]].",
        "[[A]] [[B]] [[C]] [[D]]",
        "[[A]] B C D E F G [[H]] I J K [[L]] M N [[O]] P [[Q]] R S T U V",
    ],
)
def test_other_lines_of_letters_stay(extract: Extract, line: str) -> None:
    assert extract(line) == line.replace("[", "").replace("]", "")

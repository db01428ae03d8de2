"""Inline templates that nobody knows are counted with an example; boxes, references and notices are not."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tokenmill.text.wikitext.unknown import OTHERS, SLOTS, Unknown, new_log, unknown_templates

Convert = Callable[[list[str], list[str]], tuple[list[str], dict[str, Unknown]]]

PROSE = """{{Infobox town|name={{foo|in a box}}|x=y}}
The {{foo|a|b}} is a town.<ref>{{foo|in a reference}}</ref> It has {{Foo|c}} and {{bar baz|d}}{{cn}} houses.
{{navigation thing}}
{{foo
|on lines
}} text
* {{foo|alone}}
| {{nowrap|d {{bar_baz|e}}}} words
[[File:a.png|thumb|a {{foo|in a caption}} b]] {{convert|5|odd(unit|x}} {{sfn|x}} {{cite web|url=x}}
{|
| a {{foo|in a table}} b
|}
{{#if:x|y}} then {{PAGENAME}} end
"""


def test_unknown_inline_templates_are_counted_with_an_example(convert: Convert) -> None:
    _, found = convert([PROSE, "The {{foo|other page}} end"], ["en", "de"])
    assert found == {
        "Foo": Unknown(3, "{{foo|a|b}}"),
        "Bar baz": Unknown(2, "{{bar baz|d}}"),
        "#if:": Unknown(1, "{{#if:x|y}}"),
        "Convert": Unknown(1, "{{convert|5|odd(unit|x}}"),
        "PAGENAME": Unknown(1, "{{PAGENAME}}"),
    }
    assert list(found)[:2] == ["Foo", "Bar baz"]


def test_a_page_of_known_templates_has_no_hole(convert: Convert) -> None:
    page = (
        "At {{coord|1|N|2|E|display=title}} lies {{lang|la|b}}{{nbsp}}{{nowrap|}} and {{flagicon|X}} {{IPAc-en|a}} c."
    )
    assert convert([page], ["en"])[1] == {}


def test_the_log_is_bounded(convert: Convert) -> None:
    names = [f"name {number} x" for number in range(3 * SLOTS)]
    _, found = convert([" a {{" + "}} b {{".join(names) + "}} c"], [""])
    assert sum(unknown.times for unknown in found.values()) == len(names)
    assert len(found) <= SLOTS + 1 and found[OTHERS].times >= 2 * SLOTS


def test_examples_are_cut_and_broken_ones_decoded(convert: Convert) -> None:
    _, found = convert(["a {{x é|" + "é" * 100 + "}} b", "a {{z<!-- c -->|d}} e"], ["", ""])
    assert set(found) == {"X é", "Z"} and len(found["X é"].example.encode()) <= 120


def test_an_empty_log_gives_nothing() -> None:
    empty: Any = np.zeros(0, dtype=np.uint8)
    assert unknown_templates(new_log(), empty) == {}

"""Templates: every placeholder is filled, and the text of the article is the same in all of them."""

import random
import re

import pytest

from tokenmill.mini.html_pages import TEMPLATES, Site, render

SITE = Site(
    lang="en",
    name="North & Post",
    nav=("Home", "News", "About <us>"),
    cookie="We use cookies.",
    accept="OK",
    related_heading="Related",
    related=("One", "Two", "Three"),
    rights="All rights reserved.",
    comments=("Thanks!", "100% right"),
    search="Search",
    script="Please enable JavaScript.",
    licence="CC-BY-SA-4.0",
    charset="UTF-8",
)
BLOCKS = [("h1", "A title"), ("p", "Write to ann@example.org or @nav@."), ("li", "1 < 2"), ("pre", "@random 1 2@")]


@pytest.mark.parametrize("template", range(len(TEMPLATES)))
def test_every_placeholder_is_filled_and_texts_are_left_as_they_are(template: int) -> None:
    page = render(SITE, BLOCKS, template=template, rng=random.Random(1))
    text = re.sub(r"<[^>]*>", "", page)
    assert "Write to ann@example.org or @nav@." in text
    assert "1 &lt; 2" in text and "@random 1 2@" in text
    rest = page.replace("@nav@", "").replace("@random 1 2@", "")
    assert not re.search(r"@\w+(?: [^@\n]*)?@", rest)
    assert "%s" not in rest
    assert page.count("Home") >= 1 and "<us>" not in page
    assert "creativecommons.org/licenses/by-sa/4.0/" in page
    assert page.count("UTF-8") == 1


def test_templates_are_counted_round_and_the_same_chance_gives_the_same_page() -> None:
    pages = [render(SITE, BLOCKS, template=i, rng=random.Random(5)) for i in range(2 * len(TEMPLATES))]
    assert pages[: len(TEMPLATES)] == pages[len(TEMPLATES) :]
    assert len(set(pages)) == len(TEMPLATES)

"""A page is read as readers see it, whether a script shows it or not."""

import pytest

from tokenmill.text.html.trial import read_page

COOKIES = "<p>We use cookies to make this page work and to count its readers.</p>" * 20
FORMULA = (
    "<span class=katex><span class=katex-mathml><math><semantics><mi>L</mi><annotation encoding='application/x-tex'>"
    "L=2</annotation></semantics></math></span><span class=katex-html aria-hidden=true>L=2</span></span>"
)


def blocks(page: str) -> list[str]:
    return read_page(page.encode()).texts


@pytest.mark.parametrize(
    "hidden",
    [
        f"<div style='display:none' class=modal>{COOKIES}</div>",
        f"<div hidden role=alertdialog>{COOKIES}</div>",
        f"<div hidden aria-modal=true>{COOKIES}</div>",
        f"<dialog>{COOKIES}</dialog>",
        f"<div class=sr-only>{COOKIES}</div>",
        f"<noscript><p>Enable scripts</p></noscript><div hidden class='cookie-consent'>{COOKIES}</div>",
    ],
)
def test_a_short_page_is_read_without_dialogs_and_marks(hidden: str) -> None:
    page = f"<p>In {FORMULA} of 1990<sup class=reference>[1]</sup> too</p>{hidden}"
    assert blocks(page)[0] == "In \1L=2\2 of 1990 too"
    assert "cookies" not in " ".join(blocks(page))


def test_a_page_that_a_script_shows_is_read_without_marks() -> None:
    page = f"<div hidden><p>{'A word. ' * 300}{FORMULA}<sup class=reference>[1]</sup></p></div>"
    assert blocks(page) == ["A word. " * 300 + "\1L=2\2"]


def test_letters_apart_by_style_are_a_word_behind_a_space_too() -> None:
    digits = "".join(f"<span class=d>{digit}</span>" for digit in (1, 2, 3))
    assert blocks(f"<p>Total: {digits}") == ["Total: 123"]
    assert blocks(f"<p>Total:{digits}") == ["Total:123"]
    assert blocks("<p>See <span class=d>one</span><span class=d>two</span>") == ["See one two"]

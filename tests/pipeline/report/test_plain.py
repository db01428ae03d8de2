"""Crawled text is made safe before a terminal shows it."""

from tokenmill.pipeline.report import plain


def test_what_crawled_text_shows_on_a_terminal_is_made_safe() -> None:
    assert plain("a\x1b[31mred\x07\u202eevil\nb") == "a\\x1b[31mred\\x07\\x202eevil⏎ b"

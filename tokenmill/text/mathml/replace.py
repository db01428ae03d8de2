"""MathML without TeX, replaced in an HTML page by lines of text. The time is proportional to the bytes of the page."""

import re
from html import escape
from itertools import pairwise
from typing import Final

from tokenmill.text.mathml.line import LEFT_OUT, TOKEN, attributes, formula_line, unescaped

MOST_CHARS: Final = 20_000  # of a `<math>` element; a longer one is read as text
MOST_OF_PAGE: Final = 1 << 20  # characters in all `<math>` of a page; those behind are read as text

# Each pattern takes linear time: none has a part that can fail behind a long run more than once.
_PREFIX = r"(?:[a-z][\w.-]*:)?"
_START = re.compile(rf"<({_PREFIX})math(?=[\0- />])", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:-->|\Z))|<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_END = re.compile(rf"{_COMMENT.pattern}|(</{_PREFIX}math(?=[\0- />])[^<>]*>)", re.IGNORECASE | re.DOTALL)
_CHILD = re.compile(
    rf"<(?={_PREFIX}(?:maction|menclose|merror|mfenced|mfrac|mi|mmultiscripts|mn|mo|mover|mpadded|mphantom|mroot|mrow|ms"
    r"|mspace|msqrt|mstyle|msub|msubsup|msup|mtable|mtd|mtext|mtr|munder|munderover|semantics)[\0- />])",
    re.IGNORECASE,
)
_ANNOTATION = re.compile(r"<annotation\s([^<>]*)>", re.IGNORECASE)
_ANNOTATION_END = re.compile(r"</annotation|\Z", re.IGNORECASE)
_ENCODING = re.compile(r"[\s,;]*(?:application/x-)?(?:la)?tex(?![^\s,;])", re.IGNORECASE)
_NO_TEX = re.compile(rf"%[^\n]*|\\(?:display|text)style|[\\$(){{}}\[\]\s\0- ]|{LEFT_OUT.pattern}")
_NOT_SHOWN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))", re.IGNORECASE)


def with_math_lines(html: bytes) -> bytes:
    """Returns an HTML document in which each `<math>` without TeX is replaced by a line of text, if it is shown.

    A formula is not replaced if it is longer than MOST_CHARS, if it has no end tag before the next `<math>`, or if it
    is behind MOST_OF_PAGE characters of formulas. A space then stands before each of its elements, so that two numbers
    do not become one.
    """
    text = html.decode()
    starts = [(found.start(), found[1]) for found in _START.finditer(text)]
    parts, done, room = [], 0, MOST_OF_PAGE
    for (start, prefix), (following, _) in pairwise([*starts, (len(text), "")]):
        ends = (found.span() for found in _END.finditer(text, start, min(following, start + MOST_CHARS)) if found[2])
        close, end = next(ends, (0, 0))
        tag = TOKEN.match(text, start, close)
        if tag and _is_hidden(tag[3]):
            line = ""
        elif tag:
            body = _COMMENT.sub(lambda found: escape(found[1] or ""), text[tag.end() : close])
            if not prefix and _has_tex(tag[3], body):
                continue
            room -= end - start
            line = escape(formula_line(body, text, start, end)) if room >= 0 else _CHILD.sub(" <", text[start:end])
        else:
            end = following
            line = _CHILD.sub(" <", text[start:end])
            if len(line) == end - start:
                continue
        parts += [text[done:start], line]
        done = end
    return "".join([*parts, text[done:]]).encode() if parts else html


def _is_hidden(rest: str) -> bool:
    """Whether the attributes of a `<math>` say that no browser shows it."""
    if "hidden" not in (lowered := rest.lower()) and "none" not in lowered and "collapse" not in lowered:
        return False
    said = attributes(rest)
    is_hidden = said.get("hidden", "until-found").lower() != "until-found"
    return is_hidden or bool(_NOT_SHOWN.search(said.get("style", "")))


def _has_tex(rest: str, body: str) -> bool:
    """Whether text/html/formulas.py will find TeX in the attributes of a `<math>` or in its content.

    A doubtful case has none: its line is right too, while a formula that nothing writes would be read as text.
    """
    texts = [attributes(rest).get("alttext", "")] if "alttext" in rest.lower() else []
    for found in _ANNOTATION.finditer(body):
        if _ENCODING.match(attributes(found[1]).get("encoding", "")):
            texts.append(_ANNOTATION_END.split(body[found.end() :], maxsplit=1)[0])
            break
    return any(_NO_TEX.sub("", unescaped(text)) for text in texts)

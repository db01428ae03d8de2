"""E-mail addresses that are spelt out to hide them from harvesters: `name [at] host dot org`, `name(at)host.org`."""

import re
from collections.abc import Iterator

from tokenmill.text.pii.addresses import MAIL_RANK
from tokenmill.text.pii.window import PiiSpan

_OPEN, _CLOSE = r"[\[({<]\s{0,2}", r"\s{0,2}[\])}>]"
_BRACKETED = rf"\s{{0,2}}{_OPEN}(?:at|@|ät|arroba|собака){_CLOSE}\s{{0,2}}"
_AT = re.compile(rf"(?P<sure>{_BRACKETED})|\s{{1,2}}(?:at|@)\s{{1,2}}", re.IGNORECASE)
_SPELT = r"dot|punkt|punto|point|точка"
_SPELT_DOT = rf"\s{{0,2}}{_OPEN}(?:\.|{_SPELT}){_CLOSE}\s{{0,2}}|\s{{1,2}}(?:{_SPELT})\s{{1,2}}"
_DOT = re.compile(_SPELT_DOT, re.IGNORECASE)
_LABEL, _JOINT = "[A-Za-z0-9_%+-]", rf"(?:\.|{_SPELT_DOT})"
_LOCAL = re.compile(rf"(?<!{_LABEL}){_LABEL}{{1,64}}(?:{_JOINT}{_LABEL}{{1,64}}){{0,3}}\Z", re.IGNORECASE)
_LABELS = rf"{_LABEL}{{1,63}}(?:{_JOINT}{_LABEL}{{1,63}}){{0,3}}?"
_HOST = re.compile(rf"{_LABELS}{_JOINT}[A-Za-z]{{2,24}}(?![\w-]|{_JOINT}\w)", re.IGNORECASE)


def obfuscated_spans(text: str, start: int) -> Iterator[PiiSpan]:
    """The spelt-out e-mail addresses of a document that begins at byte `start` of its buffer.

    A bare `at` counts only where a dot is spelt out too: people meet at example.com.
    """
    characters = 0  # of the text, that take so many bytes
    size = 0
    for at in _AT.finditer(text):
        local = _LOCAL.search(text, max(0, at.start() - 72), at.start())
        host = _HOST.match(text, at.end(), at.end() + 160)
        if local is None or host is None or not (at["sure"] or _DOT.search(host[0])) or local.start() < characters:
            continue
        size += len(text[characters : local.start()].encode())
        length = len(text[local.start() : host.end()].encode())
        yield PiiSpan(start + size, start + size + length, "EMAIL_ADDRESS", MAIL_RANK)
        characters, size = host.end(), size + length


def plain_address(value: str) -> str:
    """The e-mail address as it is meant, whichever way the at sign and the dots are written."""
    if "@" in value and not re.search(r"[\s\[({<]", value):
        return value
    whole = _AT.sub("@", value.replace("%40", "@"), count=1)
    return re.sub(r"\s", "", _DOT.sub(".", whole))

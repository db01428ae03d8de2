"""Reads charset labels: which Python codec a label means, and which label a page states, as browsers do.

Source: the WHATWG's Encoding standard, 4.2 (labels), and HTML standard, 13.2.3.2 (prescan a byte stream to determine
its encoding). There are three differences. The first 8,192 bytes are read instead of 1,024, because many pages have
scripts before the meta element. A meta element whose content is a type with a charset counts without its http-equiv.
Characters around a label that cannot be part of it are ignored, because quotes are often missing.
"""

import re
from collections.abc import Iterator

from resiliparse.parse.encoding import map_encoding_to_html5

_HEAD_BYTES = 8192
_WIDER = {"gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs", "iso8859-11": "cp874"}
_MISSING = {"x-mac-cyrillic": "mac_cyrillic", "x-mac-ukrainian": "mac_cyrillic"}  # in resiliparse 2.0's table
_UTF_16 = ((b"<\0?\0x\0", "utf-16-le"), (b"\0<\0?\0x", "utf-16-be"))
_TAG = re.compile(rb"<(?:(!--)|(meta)(?=[\s/])|/?[a-z][^\s>]*|[!/?][^>]*)", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)(?:\"|\Z)|'([^']*)(?:'|\Z)|([^\s>]*)))?")
_LABEL = re.compile(rb"\s*([\w.:-]{2,40})")
_IN_CONTENT = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_MEDIA_TYPE = re.compile(rb"\s*(?:text|application)/", re.IGNORECASE)
_XML = re.compile(rb"<\?xml\b[^>]{0,512}?encoding\s*=\s*[\"']\s*([\w.:-]{2,40})", re.IGNORECASE)


def codec_of(label: str) -> str:
    """Returns Python's name for a charset label, or "" for an unknown label.

    A label means what it means to browsers: iso-8859-1 is windows-1252, gb2312 is gb18030, tis-620 is windows-874.
    """
    name = label.strip()
    codec = map_encoding_to_html5(name, False) or _MISSING.get(name.lower(), "")
    return _WIDER.get(codec, codec)


def page_codec(body: bytes) -> str:
    """Returns Python's name for the charset that a page states at its start; "" if it states no known one.

    A page that states UTF-16 in ASCII is not UTF-16; it counts as UTF-8.
    """
    for start, codec in _UTF_16:
        if body.startswith(start):
            return codec
    head = body[:_HEAD_BYTES]
    codecs = (codec_of(label.decode("ascii", "replace")) for label in _labels(head))
    codec = next(filter(None, codecs), "")
    return "utf-8" if codec.startswith("utf-16") else codec


def _labels(head: bytes) -> Iterator[bytes]:
    """Yields the labels of the meta elements, then the one of the XML declaration."""
    at = 0
    while tag := _TAG.search(head, at):
        at = tag.end()
        if tag[1]:
            at = head.find(b"-->", at - 2) + 3  # `<!-->` is a whole comment
            if at < 3:
                break  # the comment has no end
        elif not tag[0].startswith((b"<!", b"</!", b"<?")):
            attributes, at = _attributes(head, at)
            if tag[2] and (label := _meta_label(attributes)):
                yield label
    if declared := _XML.search(head):
        yield declared[1]


def _attributes(head: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """Returns the attributes of a tag (names in lower case; the first of equal names counts) and where they end."""
    attributes: dict[bytes, bytes] = {}
    while found := _ATTRIBUTE.match(head, at):
        attributes.setdefault(found[1].lower(), found[2] or found[3] or found[4] or b"")
        at = found.end()
    return attributes, at


def _meta_label(attributes: dict[bytes, bytes]) -> bytes:
    if stated := _LABEL.match(attributes.get(b"charset", b"")):
        return stated[1]
    content = attributes.get(b"content", b"")
    if attributes.get(b"http-equiv", b"").strip().lower() == b"content-type" or _MEDIA_TYPE.match(content):
        stated = _IN_CONTENT.search(content)
        return stated[1] if stated else b""
    return b""

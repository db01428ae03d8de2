"""Says what a file is that stands in the place of data: a pointer, an error page, zeros."""

import re

_LFS = b"version https://git-lfs.github.com/spec/"
_ANNEX = (b"/annex/objects/", b"../.git/annex/objects/", b".git/annex/objects/")
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_MANY_ZEROS = 64


def pointer(content: bytes) -> str:
    """Returns what a file is and what to do if it begins as a pointer or with zeros, "" for other files."""
    if content.startswith(_LFS):
        return "a Git LFS pointer, not the data; get the data: git lfs pull"
    if content.startswith(_ANNEX):
        return "a git-annex pointer, not the data; get the data: git annex get"
    if len(content) >= _MANY_ZEROS and not content.strip(b"\0"):
        return "full of zeros at its start, as after a copy that failed; get it again"
    return ""


def not_data(content: bytes) -> str:
    """Returns the same as pointer, and that a file is a page of HTML."""
    if _PAGE.match(content.lstrip()):
        return "a page of HTML, such as a server's error page; download the file again"
    return pointer(content)

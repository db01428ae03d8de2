"""Counts the inline templates of wikitext that leave a hole in a sentence, because nobody told us what they print.

A template is inline if words are before or after it in its line, if it is not in a table or a link, and if every
template around it is known. Templates that print no words of the article (references, notices) have an empty pattern
in the data files, and do not count. A known template whose arguments are not understood counts like an unknown one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Longs, int64
from tokenmill.text.kernel.cache import inlined
from tokenmill.text.wikitext.state import AT, END, FROM, Work

SLOTS: Final = 1024  # names that a log can hold
_PROBES = 32
_AROUND = 100  # bytes before and after a template in which words are looked for
LONGEST: Final = 300  # bytes of a template; a longer one is a box or a reference
_SHOWN = 120  # bytes of an example
OTHERS: Final = "(more names)"


@dataclass(frozen=True)
class Unknown:
    """How often a template was not understood, and the wikitext of its first use (at most 120 bytes of it)."""

    times: int
    example: str


def new_log() -> Longs:
    """Returns an empty log for wikitext_to_text: int64 (SLOTS + 1, 4), of 32 KiB.

    Each row has the hash of a name, a count, and the start and end of an example in data. The last row counts names for
    which there is no room.
    """
    return np.zeros((SLOTS + 1, 4), dtype=np.int64)


def unknown_templates(log: Longs, data: Bytes) -> dict[str, Unknown]:
    """Returns {name: count and example} from the log of one call of wikitext_to_text, most frequent first.

    data: the wikitext of that call. Names have spaces and a large first letter, as MediaWiki shows them. The name
    OTHERS stands for all names after the first thousand or so.
    """
    found: dict[str, Unknown] = {}
    for row in log[log[:, 1] > 0]:
        _, count, start, end = map(int, row)
        example = bytes(data[start : min(end, start + _SHOWN)]).decode("utf-8", "ignore")
        name = _name(example) if end > start else OTHERS
        before = found.get(name)
        found[name] = Unknown(count + (before.times if before else 0), before.example if before else example)
    return dict(sorted(found.items(), key=lambda item: (-item[1].times, item[0])))


def _name(example: str) -> str:
    name = example[2:].partition("|")[0].partition("}}")[0].partition("<!--")[0]
    name = " ".join(name.replace("_", " ").split())
    name = name[: name.find(":") + 1] or name  # of parser functions only what is before the colon is a name
    return name[:1].upper() + name[1:]


@inlined
def log_unknown(w: Work, name: np.uint64, begin: int) -> None:
    """Counts a template that was not understood, if it is inline. name: hash of its name.

    begin: the position of its braces in data, at most LONGEST bytes before the current one.
    """
    end = w.state[AT]
    if not _is_inline(w, begin, end):
        return
    log = w.log
    key = int64(name | np.uint64(1))  # 0 marks an empty row
    slot = key & (SLOTS - 1)
    for _ in range(_PROBES):
        if log[slot, 0] == 0:
            log[slot, 0], log[slot, 2], log[slot, 3] = key, begin, end
        if log[slot, 0] == key:
            log[slot, 1] += 1
            return
        slot = (slot + 1) & (SLOTS - 1)
    log[SLOTS, 1] += 1


@inlined
def _is_inline(w: Work, begin: int, end: int) -> bool:
    """Returns True if the template data[begin:end] has one line, and words are before or after it in that line."""
    data = w.data
    for i in range(begin, end):
        if data[i] == 10:
            return False
    for i in range(begin - 1, max(w.state[FROM], begin - _AROUND) - 1, -1):
        if data[i] == 10:
            break
        if _is_word(data[i]):
            return True
    depth = int64(0)
    for i in range(end, min(w.state[END], end + _AROUND)):
        if data[i] == 10:
            break
        depth += int64(data[i] == 123) - int64(data[i] == 125)
        if depth == 0 and _is_word(data[i]):
            return True
    return False


@inlined
def _is_word(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122 or byte >= 0x80

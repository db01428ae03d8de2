"""Lists the names of wikitext that have a meaning (tags, namespaces, magic words, templates), as tables for kernels.

The sources are MediaWiki's own messages (namespaces of all editions). Inline templates come from data files, see
template_files.py. A template that is not named leaves no text.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html.entities import html5, name2codepoint
from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.templates.hashes import exact_hash, name_hash
from tokenmill.text.templates.template_tables import template_arrays
from tokenmill.text.wikitext.languages import LANGUAGE_CODES, MEDIA_NAMES

# The effects of tags. The first four need an end tag.
SKIP, RAW, MATH, BLOCK_RAW, BREAK, BLOCK, NONE, CELL, ROW, ITEM, RAISED, LOWERED, RUBY = range(1, 14)
_TAGS = {
    SKIP: """
    ref references gallery timeline imagemap score graph mapframe maplink templatedata hiero inputbox style
    script categorytree indicator includeonly templatestyles dynamicpagelist rss phonos
    """,
    RAW: "nowiki chem ce",
    MATH: "math",
    BLOCK_RAW: "pre syntaxhighlight source",
    BREAK: "br hr",
    BLOCK: "p div center blockquote poem ul ol dl dt dd table caption h1 h2 h3 h4 h5 h6 onlyinclude",
    NONE: """
    b i u s small big span font strong em tt code kbd samp var cite abbr del ins strike q dfn bdi bdo mark
    rb rtc noinclude section translate tvar languages wbr data time tbody thead tfoot
    """,
    CELL: "td th",
    ROW: "tr",
    ITEM: "li",
    RAISED: "sup",
    LOWERED: "sub",
    RUBY: "ruby rp rt",
}

MAGIC_WORDS = """
TOC NOTOC FORCETOC NOEDITSECTION NEWSECTIONLINK NONEWSECTIONLINK NOGALLERY HIDDENCAT NOINDEX INDEX STATICREDIRECT
NOTITLECONVERT NOTC NOCONTENTCONVERT NOCC DISAMBIG EXPECTUNUSEDCATEGORY EXPECTUNUSEDTEMPLATE NOGLOBAL END START
EXPECTED_UNCONNECTED_PAGE ARCHIVEDTALK NOTALK INHALTSVERZEICHNIS KEIN_INHALTSVERZEICHNIS SOMMAIRE AUCUNSOMMAIRE
SANSTDM TDC NOTDC INDICE NOINDICE SPIS
"""


class Names(NamedTuple):
    """The tables: sorted hashes of folded names (see hashes.py), and the meaning of each name.

    literals has all texts that a kernel may write, one after the other. Other tables refer to ranges of it.
    """

    tags: Hashes
    tag_actions: Longs
    entities: Hashes
    points: Longs
    magic: Hashes
    media: Hashes
    languages: Hashes
    templates: Hashes  # of each language, one language after the other
    renders: Longs  # (templates, 3): first and last + 1 of operations, mask of the first alternative, see patterns.py
    starts: Longs  # (2 + languages + 1,): where the templates of a language start, see language_number
    operations: Longs  # (n, 4), see patterns.py
    choices: Longs  # see patterns.py
    words: Hashes  # of a table's name and a word of it
    word_texts: Longs  # (words, 2): start and end
    keys: Hashes  # not sorted: KEYS, then names that patterns use
    literals: Bytes


def _table(pairs: Mapping[int, int | Sequence[int]]) -> tuple[Hashes, Longs]:
    """Returns (sorted hashes, their values)."""
    keys = sorted(pairs)
    values = np.array([pairs[key] for key in keys], dtype=np.int64)
    return frozen(np.array(keys, dtype=np.uint64)), frozen(values)


def _set(names: Iterable[str]) -> Hashes:
    return frozen(np.array(sorted({name_hash(name) for name in names}), dtype=np.uint64))


@cache
def names() -> Names:
    """Returns the tables of wikitext's tags, templates, namespaces and magic words, built once per process."""
    tags = _table({name_hash(name): action for action, tags in _TAGS.items() for name in tags.split()})
    entities = _table({exact_hash(name): ord(html5[f"{name};"]) for name in (*name2codepoint, "apos")})
    sets = _set(MAGIC_WORDS.split()), _set(MEDIA_NAMES), _set(LANGUAGE_CODES)
    return Names(*tags, *entities, *sets, **template_arrays()._asdict())

"""Handles the HTML tags of tables in wikitext, which also occur inside tables of `{|`."""

import numpy as np

from tokenmill.text.kernel.arrays import int64
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.templates.hashes import name_hash
from tokenmill.text.wikitext.attributes import look_of
from tokenmill.text.wikitext.layout import CAPTION, HEADER_CELL, PLAIN_CELL
from tokenmill.text.wikitext.state import ATTRIBUTES, CELL, DEPTH, PUT, Work, take_back, trimmed
from tokenmill.text.wikitext.tables import begin_table, close_table, new_cell, new_row, reach_table, span_cell

TABLE_TAG, CAPTION_TAG = np.uint64(name_hash("table")), np.uint64(name_hash("caption"))
_ROW_TAG, _HEADER_TAG = np.uint64(name_hash("tr")), np.uint64(name_hash("th"))


@kernel
def table_tag(w: Work, name: np.uint64, closing: bool, start: int, end: int) -> bool:
    """At a tag of a wikitext table, with the attributes data[start:end]: opens or closes a table, row, cell or caption.

    Returns False outside of tables, and for a table inside a template, whose arguments continue in it.
    """
    inside = reach_table(w)
    if not inside and (name != TABLE_TAG or closing or w.state[DEPTH]):
        return False
    if name == TABLE_TAG:
        if closing:
            close_table(w)
        else:
            begin_table(w, look_of(w.data, start, end), int64(1))
        return True
    frame = w.frames[w.state[DEPTH] - 1]
    if closing:
        return True
    if name in (_ROW_TAG, CAPTION_TAG):
        new_row(w, frame, w.data, start, end)
    if name == _ROW_TAG:
        return True
    if frame[ATTRIBUTES] and trimmed(w.out, frame[CELL], w.state[PUT])[0] == w.state[PUT]:
        take_back(w, frame[CELL] - 4)  # the empty cell of `| <td>`
    kind = CAPTION if name == CAPTION_TAG else HEADER_CELL if name == _HEADER_TAG else PLAIN_CELL
    new_cell(w, frame, int64(kind))
    span_cell(w, frame, w.data, start, end)
    frame[ATTRIBUTES] = 0
    return True

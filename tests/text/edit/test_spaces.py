"""text/edit/spaces.py: white space is folded as str.split does it."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.edit.spaces import single_spaced

SPACES = [chr(point) for point in range(0x3001) if chr(point).isspace()]
TEXT = st.text(st.one_of(st.sampled_from([*SPACES, "\u200b", "\ufeff"]), st.characters(exclude_categories=["Cs"])))


@given(st.lists(st.one_of(st.none(), TEXT), max_size=5))
@settings(deadline=None)
def test_every_run_of_white_space_becomes_one_blank(texts: list[str | None]) -> None:
    content, offsets = single_spaced(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    found = [content[start:end].tobytes().decode() for start, end in pairwise(offsets)]
    assert found == [" ".join((text or "").split()) for text in texts]

"""text/edit/tidy.py is compared with a plain twin."""

import re
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.edit.tidy import tidy_lines


def tidied(*texts: str) -> list[str]:
    encoded = [text.encode() for text in texts]
    data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    offsets = np.cumsum([0] + [len(text) for text in encoded]).astype(np.int64)
    data.flags.writeable = offsets.flags.writeable = False
    found, ends = tidy_lines(data, offsets)
    return [found[start:end].tobytes().decode() for start, end in pairwise(ends)]


def twin(text: str) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    lines = [re.sub("\t+", "\t", re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", line.replace("\xa0", " "))) for line in lines]
    kept: list[str] = []
    for line in (line.rstrip(" \t") for line in lines):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept[:-1] if kept and not kept[-1] else kept)


def test_the_litter_of_a_page_layout_goes() -> None:
    assert tidied("\xa0\n\t\xa0\n  a\t\t\tb \xa0\r\n\r\n\r\n\r\n    c\x01\x00d\n\n", "", "\n") == [
        "  a\tb\n\n    cd",
        "",
        "",
    ]


@given(st.lists(st.text(st.sampled_from("ab\n\r\t \xa0\x00\x0c\x7f\x85é字"), max_size=30), max_size=4))
@settings(deadline=None)
def test_texts_come_out_as_the_twin_makes_them(texts: list[str]) -> None:
    assert tidied(*texts) == [twin(text) for text in texts]

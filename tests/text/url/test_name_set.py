"""text/url/name_set.py: sets of names are compared with Python's sets."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.url.name_set import MOST_LABELS, NameSet, find_names, find_parents, host_lines, name_set
from tokenmill.text.words.segment import string_buffer

NAMES = st.text(alphabet="abé.", max_size=6)
HOSTS = st.text(alphabet="ab.", max_size=6).map(lambda host: host.strip("."))


def set_of(names: list[str]) -> NameSet:
    coded = [name.encode() + b"\n" for name in names]
    starts = np.cumsum([0, *map(len, coded)])[:-1].astype(np.uint32)
    return name_set(np.frombuffer(b"".join(coded), np.uint8), starts, np.arange(len(names), dtype=np.uint16))


def looked_up(names: NameSet, asked: list[str]) -> list[int]:
    """Returns the group of each asked name, which identifies the name in the set, or -1."""
    buffer, offsets = string_buffer(pa.array(asked, type=pa.string()))
    return [int(names.groups[at]) if at >= 0 else -1 for at in find_names(names, buffer, offsets[:-1], offsets[1:])]


def parents(names: NameSet, asked: list[str]) -> list[int]:
    buffer, offsets = string_buffer(pa.array(asked, type=pa.string()))
    return find_parents(names, buffer, offsets[:-1], offsets[1:]).tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, max_size=20), st.lists(NAMES, max_size=20))
def test_a_name_is_found_if_and_only_if_it_is_there_and_the_first_of_equals_counts(
    has: list[str], asked: list[str]
) -> None:
    names = set_of(has)
    assert looked_up(names, has + asked) == [has.index(name) if name in has else -1 for name in has + asked]
    assert sorted(names.name(number) for number in range(len(has))) == sorted(has)


@settings(max_examples=40, deadline=None)
@given(st.lists(HOSTS, max_size=20), st.lists(HOSTS, max_size=20))
def test_parents_are_the_ends_that_begin_at_a_label(has: list[str], asked: list[str]) -> None:
    def plain(host: str) -> int:
        labels = host.split(".") if host else []
        return sum(1 << n for n in range(len(labels)) if (end := ".".join(labels[-n - 1 :])) and end in has)

    assert parents(set_of(has), asked) == [plain(host) for host in asked]


def test_many_names_in_many_buckets() -> None:
    has = [f"host{number}.example" for number in range(20_000)]
    names = set_of(has)
    assert looked_up(names, [*has, "host20000.example", "ost1.example", ""]) == [*range(20_000), -1, -1, -1]


def test_hosts_of_more_labels_than_are_looked_up_still_have_parents() -> None:
    names = set_of(["b.org", "a." * MOST_LABELS + "b.org"])
    assert parents(names, ["a." * 200_000 + "b.org", "a." * MOST_LABELS + "b.org"]) == [2, 2]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60))
def test_reading_any_bytes_loses_no_line(content: bytes) -> None:
    text, starts, odd = host_lines(content)
    lines = [line.strip(bytes(range(33))) for line in content.split(b"\n")]
    assert len(starts) + len(odd) == sum(1 for line in lines if line and not line.startswith(b"#"))
    assert text.tobytes().count(b"\n") == len(starts)


def test_lines_are_read_as_host_names() -> None:
    content = b"A.org\r\n# a.com\n\n .b.org. \n*.c.org\n1.2.3.4\nd.org/x\n\xc3\xa9.org\ne.org"
    text, starts, odd = host_lines(content)
    assert text.tobytes() == b"a.org\nb.org\nc.org\ne.org\n" and starts.tolist() == [0, 6, 12, 18]
    assert odd == [b"1.2.3.4", b"d.org/x", "é.org".encode()]

"""The first place of a phrase near the top of a document is compared with a slow search."""

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.edit.phrase_first import phrase_first
from tokenmill.text.edit.phrase_lines import as_compared
from tokenmill.text.words.segment import text_buffer


def slow_first(text: str, phrases: list[str], most_lines: int, most_chars: int) -> tuple[int, int]:
    """Finds the shortest start of a line that ends with a phrase. Returns (line, end), or (0, 0)."""
    before = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        for end in range(1, len(line) + 1):
            start = "".join(as_compared(f"x{part}x")[1:-1] for part in [line[:end].splitlines()[0]])
            if number <= most_lines and before + end <= most_chars and start.endswith(tuple(map(as_compared, phrases))):
                return number, before + end
        before += len(line)
    return 0, 0


letters = st.sampled_from(["a", "B", "b ", "b", " ", "\t ", "\n", "\r", "\r\n", "\u2028", "é", "É", "字", "\0", "-"])
texts_of = st.lists(letters, max_size=30).map("".join)
phrases_of = st.lists(
    st.sampled_from(["a", "ab", "a b", "b-a", "é", "bab", "字 a"]), min_size=1, max_size=3, unique=True
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(texts_of, st.text()), max_size=4), phrases_of, st.integers(0, 4), st.integers(0, 30))
@example(["", "a", "\na", "A  B", "a\nb", "a \n b", "\r\n\r\na", "a\u3000 b"], ["a b"], 3, 30)
def test_the_first_phrase_is_where_the_slow_search_finds_it(
    texts: list[str], phrases: list[str], lines: int, chars: int
) -> None:
    buffer, offsets = text_buffer(pa.record_batch({"text": pa.array(texts, type=pa.large_string())}))
    first = phrase_first(buffer, offsets, tuple(phrases), lines=lines, chars=chars)
    found = list(zip(first.line.tolist(), first.end.tolist(), strict=True))
    assert found == [slow_first(text, phrases, lines, chars) for text in texts]

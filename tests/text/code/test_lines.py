"""Lines and characters of source code are compared with a slow count over strings."""

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.code.lines import COUNTS, code_lines
from tokenmill.text.words.segment import text_buffer


def slow_counts(text: str) -> dict[str, int]:
    lengths = [len(line) for line in text.splitlines()]
    return {
        "chars": len(text),
        "lines": len(lengths),
        "line_chars": sum(lengths),
        "longest_line": max(lengths, default=0),
        "letters": sum(map(str.isalpha, text)),
        "alphanumerics": sum(map(str.isalnum, text)),
    }


parts = st.sampled_from(
    [
        "a",
        "Z9 ",
        "_",
        "é",
        "字",
        "²",
        "\u0301",
        "\U00020000",
        "\n",
        "\r",
        "\r\n",
        "\x0b",
        "\x1c",
        "\x85",
        "\u2028",
        "\0",
        "\x7f",
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(st.lists(parts, max_size=40).map("".join), st.text()), max_size=4))
@example(["", "\n", "a", "a\n", "a\r\n\r\nb", "\r", "\n\r", "é\u2029é"])
def test_counts_are_those_of_the_slow_count(texts: list[str]) -> None:
    counts = code_lines(*text_buffer(pa.record_batch({"text": pa.array(texts, type=pa.large_string())})))
    found = [{name: int(counts[name][row]) for name in COUNTS} for row in range(len(texts))]
    assert found == [slow_counts(text) for text in texts]

"""The line edits of DCLM are compared with slow edits over strings."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenmill.text.edit.dclm_edits import COUNTS, LineThresholds, edit_dclm_lines
from tokenmill.text.edit.line_edits import packed
from tokenmill.text.words.segment import text_array, text_buffer

COUNTED = "likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|downvotes|downloads|views|followers"
COUNTER = re.compile(rf"\W*\d[\d,.]*[kmb]?\s+(?:{COUNTED})\W*")
WORD = re.compile(r"[^ \t\n\r\v\f\0]+")
LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def low(text: str) -> str:
    """Lowers only ASCII letters, so that positions stay the same."""
    return text.translate(LOWER)


def num_words(text: str) -> int:
    return sum(word[0].isalnum() for word in WORD.findall(text))


def reason_of(line: str, thresholds: LineThresholds) -> str:
    if not line:
        return ""
    if sum(map(str.isupper, line)) / len(line) > thresholds.max_uppercase_ratio:
        return "uppercase_lines"
    if sum(map(str.isdigit, line)) / len(line) > thresholds.max_digit_ratio:
        return "digit_lines"
    if thresholds.counters and COUNTER.fullmatch(low(line)):
        return "counter_lines"
    return "short_lines" if len(line.split()) < thresholds.min_words else ""


def without_phrases(line: str) -> str:
    line = without_cart(line)
    if low(line)[:-3].endswith("read more") and len(line) >= 12:
        line = line[: -len("read more...")]
        line = line[:-1] if line[-1:].isspace() else line
    if low(line).startswith("sign-in"):
        line = line[len("sign-in") :]
        line = line[1:] if line[:1].isspace() else line
    return line


def without_cart(line: str) -> str:
    """Removes in one pass from left to right; a match that forms only by a cut stays."""
    at = low(line).find("items in cart")
    if at < 0:
        return line
    begin = at - (at > 0 and line[at - 1].isspace())
    return line[:begin] + without_cart(line[at + len("items in cart") :])


def slow_edit(text: str, thresholds: LineThresholds) -> tuple[str, dict[str, int]]:
    counts, kept = dict.fromkeys(COUNTS, 0), []
    for line in text.strip().split("\n"):
        words = num_words(line)
        counts["lines"] += line != ""
        counts["words"] += words
        reason, after = reason_of(line, thresholds), line
        if not reason and len(line.split()) <= thresholds.max_phrase_words:
            after = without_phrases(line)
            if after != line and not after.strip():
                reason = "emptied_lines"
        if reason:
            counts[reason] += 1
            counts["removed_words"] += words
            continue
        counts["cut_lines"] += after != line
        counts["removed_words"] += words - num_words(after)
        kept.append(after)
    joined = "\n".join(kept).strip()
    if thresholds.max_newlines:
        most = thresholds.max_newlines
        joined = re.sub("\n{%d,}" % (most + 1), "\n" * most, joined)  # noqa: UP031
    return joined, counts


PIECES = (
    *("items in cart", "Items In Cart", "items in", " cart", "Read more", "read MORE...", "...", ">>>", " »"),
    *("sign-in", "Sign-In ", "sign", "3 likes", "1.2K", "12,000", "5m", " views", "VIEWS", "Followers", "x likes"),
    *("٣", "²", "7", "42", ".", ",", "_", "(", "!", "a", "word", "Word", "LOUD", "É", "é", "字", "ǅ", "Ⅷ"),
    *(" ", " ", " ", "  ", "\n", "\n", "\n\n\n", "\r", "\x0b", "\x85", "\u00a0", "\t", "\x00", "\x1c"),
)


USUAL = LineThresholds(0.5, 0.999999, 2, 10, 2, True)
texts_of = st.one_of(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.text(max_size=30))
thresholds_of = st.builds(
    LineThresholds,
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    st.sampled_from([0.5, 0.999999, 1.0]),
    st.integers(0, 3),
    st.sampled_from([0, 2, 10]),
    st.integers(0, 3),
    st.booleans(),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(texts_of, max_size=4), thresholds_of)
@example(["3 items in cart\nHello you.\n\nSign-in\n\nRead more...\nNow 3 items in cart and on"], USUAL)
@example(
    ["items in items in cart cart", "sign-in read more...", "  12K  Likes!! ", "items in cart items in cart"], USUAL
)
def test_edits_are_those_of_the_slow_edit(texts: list[str], thresholds: LineThresholds) -> None:
    batch = pa.record_batch({"text": pa.array(texts, type=pa.large_string())})
    buffer, offsets = text_buffer(batch)
    edited = edit_dclm_lines(buffer, offsets, thresholds)
    counts = [{name: int(edited.counts[name][row]) for name in COUNTS} for row in range(len(texts))]
    restored = np.arange(len(texts)) % 3 == 2
    after = text_array(*packed(edited, buffer, offsets, restored), like=batch.column("text")).to_pylist()
    slow = [slow_edit(text, thresholds) for text in texts]
    assert counts == [slow_counts for _, slow_counts in slow]
    assert after == [text if keep else new for text, keep, (new, _) in zip(texts, restored, slow, strict=True)]


def test_counters_are_lines_of_a_number_and_what_it_counts() -> None:
    lines = ["3 likes", "1.2K Views", "12,345 followers!", "• 5m shares •", "٣ quotes"]
    others = ["likes 3", "3 likes more", "3likes", "x 3 likes", "3 k likes", "3 likes_", "K likes"]
    batch = pa.record_batch({"text": pa.array([*lines, *others], type=pa.large_string())})
    found = edit_dclm_lines(*text_buffer(batch), USUAL._replace(min_words=0)).counts["counter_lines"]
    assert found.tolist() == [1] * len(lines) + [0] * len(others)

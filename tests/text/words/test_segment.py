"""Words are split once and shared: the column, its form, and its state after rows are dropped or texts change."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import set_column
from tokenmill.text.words.segment import Words, text_buffer, words


def batch_of(texts: list[str | None], kind: pa.DataType | None = None) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array(texts, type=kind or pa.large_string())})


def spans(split: Words) -> list[list[tuple[int, int]]]:
    pairs = list(zip(split.starts.tolist(), split.ends.tolist(), strict=True))
    return [pairs[first:last] for first, last in pairwise(split.offsets.tolist())]


def test_words_are_byte_positions_in_their_document() -> None:
    _, split = words(batch_of(["é b", None, "", "a,\n\n b"]))
    assert spans(split) == [[(0, 2), (3, 4)], [], [], [(0, 1), (1, 2), (5, 6)]]
    assert split.offsets.tolist() == [0, 2, 2, 2, 5]


def test_text_may_be_sliced_null_or_of_the_smaller_type() -> None:
    texts = ["zero 0", "one 1 é", None, "three"]
    for kind in (pa.string(), pa.large_string()):
        whole = batch_of(texts, kind)
        for start in range(5):
            buffer, offsets = text_buffer(whole.slice(start))
            found = [bytes(buffer[first:last]).decode() for first, last in pairwise(offsets.tolist())]
            assert found == [text or "" for text in texts[start:]]
            assert spans(words(whole.slice(start))[1]) == spans(words(whole)[1])[start:]


def test_large_text_is_not_copied() -> None:
    batch = batch_of(["a b"])
    assert text_buffer(batch)[0].ctypes.data == batch.column("text").buffers()[2].address


def test_words_are_split_once_and_stay_right_when_rows_go() -> None:
    batch, first = words(batch_of(["a b", "c", None, "d-e"]))
    again, second = words(batch)
    assert again is batch
    assert second.codes.ctypes.data == batch.column("_words").buffers()[-1].address
    kept = batch.filter(pa.array([False, True, True, True]))
    assert spans(words(kept)[1]) == spans(first)[1:]
    assert words(kept)[1].codes.ctypes.data == first.codes.ctypes.data


def test_rows_may_be_taken_in_any_order_and_have_no_words() -> None:
    batch, first = words(batch_of(["a b", "c", "d-e f"]))
    taken = batch.take(pa.array([2, None, 0, 2]))
    assert spans(words(taken)[1]) == [spans(first)[row] for row in (2,)] + [[]] + [spans(first)[row] for row in (0, 2)]
    assert spans(words(pa.concat_batches([batch.slice(2), batch.slice(0, 1)]))[1]) == [spans(first)[2], spans(first)[0]]


def test_setting_text_forgets_the_words() -> None:
    batch, _ = words(batch_of(["a b"]))
    assert spans(words(set_column(batch, "text", ["ab c d"]))[1]) == [[(0, 2), (3, 4), (5, 6)]]


pieces = st.sampled_from(["a", "word", "x" * 130, " ", "  ", "\n" * 300, ",", "é", "字", "don't"])
texts = st.lists(st.lists(pieces, max_size=20).map("".join), max_size=6)


@settings(max_examples=200, deadline=None)
@given(texts)
def test_the_code_of_words_is_never_longer_than_the_text(several: list[str]) -> None:
    _, split = words(batch_of(list(several)))
    sizes = split.code_ends - split.code_starts
    assert all(size <= len(text.encode()) for size, text in zip(sizes, several, strict=True))

"""stages/dedup/line_dedup.py: the removed lines, compared with plain counting, and the resulting texts."""

import json
import pickle
import re
from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.chance import keyed_hash
from tokenmill.core.columns import documents, split
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.kinds import FACTS, Rewriting, Room
from tokenmill.pipeline.exchange.exchange import partition_of
from tokenmill.stages.dedup.line_dedup import LineDedup


def run(work: LineDedup, texts: list[str | None], *, batch_rows: int = 2, partitions: int = 2) -> pa.RecordBatch:
    """Returns all documents after the rewriting."""
    columns = {"id": [f"d{i}" for i in range(len(texts))], "text": texts}
    columns |= {"source": [("web", "wiki")[i % 2] for i in range(len(texts))]}
    batch, sources = documents(columns), Counter(columns["source"])
    numbered = batch.append_column("_shard", pa.array([0] * len(texts), type=pa.int32()))
    numbered = numbered.append_column("_row", pa.array(range(len(texts)), type=pa.int32()))
    (round,) = work.rounds()
    parts = [numbered.slice(first, batch_rows) for first in range(0, max(1, len(texts)), batch_rows)]
    routed = pa.Table.from_batches([round.route(part) for part in parts])
    places = partition_of(routed.column("_partition_key"), partitions)
    said = []
    for place in range(partitions):
        mine = routed.filter(pa.array(places == place)).sort_by([(name, "ascending") for name in round.sort_by])
        pieces = iter(mine.combine_chunks().to_batches(max_chunksize=batch_rows))
        said += list(round.reduce(pieces, Room(1 << 30, "", {})))
    work.conclude([json.loads(part.schema.metadata[FACTS]) for part in said if part.schema.metadata], sources)
    table = pa.Table.from_batches([part.replace_schema_metadata(None) for part in said])
    assert table.schema.equals(LineDedup.SAID)
    return work.rewrite(batch, table)


def plain(texts: list[str | None], max_count: int, keep_first: bool, min_words: int) -> list[str]:
    """Returns the rest of each text, computed line by line."""
    tie = keyed_hash(0, "line_dedup", [f"d{i}" for i in range(len(texts))]).tolist()
    order = sorted(range(len(texts)), key=lambda i: (-len((texts[i] or "").encode()), tie[i]))
    places = defaultdict(list)
    for i in order:
        for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", texts[i] or "")):
            if len(line.split()) >= min_words:
                places[tuple(line.split())].append((i, number))
    gone = {place for same in places.values() if len(same) > max_count for place in same[int(keep_first) :]}
    out = []
    for i, text in enumerate(texts):
        lines = re.findall(r"[^\n]*\n|[^\n]+", text or "")
        stays = [line for number, line in enumerate(lines) if (i, number) not in gone]
        if lines and (i, len(lines) - 1) in gone and stays:
            stays[-1] = stays[-1].rstrip("\n")
        out.append("".join(stays))
    return out


def left(found: pa.RecordBatch | pa.Table) -> list[str]:
    """Returns the rest of each text, and "" for dropped documents, which keep their text for the drop record."""
    rules = found.column("drop_rule").to_pylist() if "drop_rule" in found.schema.names else [None] * found.num_rows
    return ["" if rule else text or "" for text, rule in zip(found.column("text").to_pylist(), rules, strict=True)]


@given(
    st.lists(st.one_of(st.none(), st.text("ab \n", max_size=40)), min_size=1, max_size=8),
    st.integers(1, 3), st.booleans(), st.integers(1, 3), st.integers(1, 9), st.sampled_from([1, 4]),
)  # fmt: skip
@settings(deadline=None)
def test_it_takes_out_what_plain_counting_does(
    texts: list[str | None], max_count: int, keep_first: bool, min_words: int, batch_rows: int, partitions: int
) -> None:
    work = LineDedup(max_count=max_count, keep_first=keep_first, min_words=min_words)
    found = run(work, texts, batch_rows=batch_rows, partitions=partitions)
    wanted = plain(texts, max_count, keep_first, min_words)
    assert left(found) == wanted
    assert [text is None for text in found.column("text").to_pylist()] == [text is None for text in texts]


def test_the_longest_document_keeps_the_line_and_counts_are_signals() -> None:
    notice = "All rights reserved by us, 2024."
    texts = [f"Short text.\n{notice}", f"A text that is longer than that.\n{notice}\n", notice, "Nothing of that kind"]
    found = run(LineDedup(), texts)
    assert left(found) == ["Short text.", texts[1], "", texts[3]]
    assert found.column("line_dedup.removed_lines").to_pylist() == [1, 0, 1, 0]
    ratio = (len(notice) + 1) / len(texts[0])
    assert found.column("line_dedup.removed_ratio").to_pylist() == [ratio, 0.0, 1.0, 0.0]
    alive, gone = split(found)
    assert gone.select(["id", "drop_rule", "drop_measured"]).to_pylist() == [
        {"id": "d2", "drop_rule": "line_dedup.emptied", "drop_measured": "1"}
    ]
    assert gone.column("text").to_pylist() == [notice]  # kept for the excerpt in the drop record
    assert alive.num_rows == 3


def test_paragraphs_go_as_a_whole() -> None:
    same = "Our cookies are good.\nSo are our partners.\n\n"
    texts = [f"{same}One text here, the longer one.", f"Two.\n\n{same}Our cookies are good.\nEnd"]
    assert run(LineDedup(unit="paragraph"), texts).column("text").to_pylist() == [
        "One text here, the longer one.", texts[1]
    ]  # fmt: skip


def test_max_removed_counts_lines() -> None:
    texts = [
        "One line of it.\nAnother line of it.\nA third",
        "Of it one line.",
        "One line of it.\nAnother line of it.\n",
    ]
    with pytest.raises(DataError, match=r"2 of 4 lines of source 'web', 50\.00%; max_removed allows 49\.00%"):
        run(LineDedup(max_removed={"web": 0.49}), list(texts))
    assert run(LineDedup(max_removed={"web": 0.5, "wiki": 0.0}), list(texts)).num_rows == 3


@pytest.mark.parametrize(
    "settings", [{"max_removed": {"web": 2}}, {"max_count": 0}, {"min_words": 0}, {"keep": "best_score"}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        LineDedup(**settings)


def test_it_pickles_and_rewrites() -> None:
    assert isinstance(LineDedup(), Rewriting)
    assert pickle.loads(pickle.dumps(LineDedup().rounds())) == LineDedup().rounds()

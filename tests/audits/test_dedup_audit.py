"""audits/dedup_audit.py: its statements about a run agree with a comparison of all pairs in plain Python."""

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tokenmill.audits import neighbours
from tokenmill.audits.dedup_audit import Audit, dedup_audit, interval
from tokenmill.audits.neighbours import Anchors
from tokenmill.cli.app import app
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts, write_facts
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.similarity.signature import chance_of_meeting
from tokenmill.text.words.hash import Ragged

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/*.jsonl"}}}}]
  dedup: [{{stages.minhash: {{bands: 4, rows: 8, threshold: 0.7}}}}]
"""


def texts() -> list[str]:
    """Returns 40 originals of 60 words and copies of copies of each, with up to two words changed each time."""
    rng = random.Random(1)
    out = []
    for _ in range(40):
        words = [
            f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in rng.sample(range(9000), 60)
        ]
        for _ in range(5):
            out.append(" ".join(word.upper() if rng.random() < 0.01 else word for word in words))
            for place in rng.sample(range(60), rng.randrange(3)):
                words[place] = f"x{chr(97 + rng.randrange(26))}{chr(97 + rng.randrange(26))}"
    return out


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    lines = [json.dumps({"id": f"d{i:03d}", "text": text}) for i, text in enumerate(texts())]
    (folder / "in.jsonl").write_text("\n".join(lines))
    (folder / "r.yaml").write_text(RECIPE.format(folder=folder))
    run_recipe(load_recipe(folder / "r.yaml"), InProcess(), Options(out=str(folder)), progress_for("none"))
    return folder / "toy"


def audit(run: Path, **how: int) -> Audit:
    return dedup_audit(str(run), anchors=how.get("anchors", 1000), stage=None, seed=how.get("seed", 0), plugins=None)


def similarities(texts: list[str]) -> list[float]:
    """Returns the similarities of all pairs, from Python sets of their shingles."""
    _, ragged = Shingling(5).verifying(pa.record_batch({"text": pa.array(texts, pa.large_string())}))
    shingles = [set(ragged[row].tolist()) for row in range(len(texts))]
    return [len(a & b) / len(a | b) for i, a in enumerate(shingles) for b in shingles[:i]]


def test_with_every_document_an_anchor_it_counts_each_pair_once(ran: Path) -> None:
    every = texts()
    true, seen = similarities(every), similarities([text.lower() for text in every])
    assert sum(one < other for one, other in zip(true, seen, strict=True)) > 100
    found = audit(ran)
    assert (found.anchors, found.documents) == (200, 200)
    for by, buckets in ((true, found.buckets), (seen, found.seen)):
        for bucket in buckets:
            last = bucket.high >= 1.0
            mine = [
                chance_of_meeting(seen[i], 4, 8)
                for i, value in enumerate(by)
                if bucket.low <= value and (value < bucket.high or last)
            ]
            assert bucket.pairs == len(mine)
            if mine:
                assert bucket.theory == pytest.approx(sum(mine) / len(mine))
                assert bucket.recall_low - 1e-9 <= bucket.recall <= bucket.recall_high + 1e-9
    assert found.alike == sum(value >= 0.7 for value in true)
    assert found.fold == ("case", "marks", "punctuation", "digits")
    assert all(bucket.resolved is None for bucket in found.seen)
    measured = sum(bucket.nominated for bucket in found.seen) / sum(bucket.pairs for bucket in found.seen)
    promised = sum(b.theory * b.pairs for b in found.buckets) / sum(bucket.pairs for bucket in found.buckets)
    assert measured == pytest.approx(promised, abs=0.08)
    assert found.alike > found.resolved > 0.5 * found.alike
    assert sum(b.resolved for b in found.buckets if b.resolved is not None) == found.resolved


def test_a_few_anchors_are_the_same_ones_each_time_and_others_for_another_seed(ran: Path) -> None:
    assert audit(ran, anchors=20) == audit(ran, anchors=20) != audit(ran, anchors=20, seed=1)
    assert audit(ran, anchors=20).anchors == 20


def test_the_command_prints_a_table_and_json(ran: Path) -> None:
    said = CliRunner().invoke(app, ["dedup", "audit", str(ran), "--anchors", "50"])
    assert said.exit_code == 0
    assert "50 anchors against 200 documents, by true similarity (unmodified texts)" in said.output
    assert "The same by seen similarity (case, marks, punctuation, digits folded)" in said.output
    assert "never examined: 0 pairs in 0 giant buckets" in said.output
    found = json.loads(CliRunner().invoke(app, ["dedup", "audit", str(ran), "--anchors", "50", "--json"]).output)
    assert found["documents"] == 200
    assert (len(found["buckets"]), len(found["seen"])) == (10, 10)


def test_what_cannot_be_audited_is_refused(ran: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no run here"):
        audit(tmp_path)
    with pytest.raises(RecipeError, match=r"stages that end in stages\.minhash: none"):
        dedup_audit(str(ran), anchors=1, stage="other", seed=0, plugins=None)
    file = ran / "dedup" / "facts.json"
    before = file.read_bytes()
    try:
        write_facts(str(file.parent), read_facts(str(file.parent)) | {"documents": 201}, "of the test")
        with pytest.raises(DataError, match="is now 200 documents, but the stage compared 201"):
            audit(ran)
        file.write_bytes(before.replace(b'"documents": 200', b'"documents": 201'))
        with pytest.raises(DataError, match=r"facts\.json: its checksum does not match; run the recipe again"):
            audit(ran)
    finally:
        file.write_bytes(before)


def ragged(sets: list[set[int]]) -> Ragged:
    values = np.array([value for one in sets for value in sorted(one)], dtype=np.uint64)
    return Ragged(frozen(values), frozen(np.cumsum([0, *map(len, sets)]).astype(np.int64)))


sets_of = st.lists(st.sets(st.integers(0, 12), max_size=6), max_size=6)


@given(sets_of, sets_of, st.sampled_from([0.01, 0.3, 0.5, 1.0]), st.sampled_from([1, 7, 1 << 22]))
@settings(deadline=None)
def test_neighbours_are_those_of_plain_sets(
    anchors: list[set[int]], others: list[set[int]], lowest: float, most: int
) -> None:
    """The result does not depend on the number of matches that are handled at once."""
    index = Anchors(ragged(anchors))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_MAX_MATCHES", most)
        row, anchor, value = index.similar_pairs(ragged(others), lowest)
    found = list(zip(row.tolist(), anchor.tolist(), value.tolist(), strict=True))
    wanted = [
        (r, a, len(one & other) / len(one | other))
        for r, other in enumerate(others)
        for a, one in enumerate(anchors)
        if one & other and len(one & other) / len(one | other) >= lowest
    ]
    assert found == wanted


def test_the_interval_is_wilsons() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)

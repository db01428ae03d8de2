"""An index of a corpus: only documents similar to an indexed document are dropped, as if the indexed one came first."""

import json
import random
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from typer.testing import CliRunner

from tokenmill.cli.app import app
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.record.facts import read_facts
from tokenmill.stages.dedup.minhash_index import FORMAT, IndexKind, index_files, write_index
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.similarity.jaccard import jaccard_of_sets, jaccard_of_texts
from tokenmill.text.similarity.keep_rule import decide
from tokenmill.text.similarity.shingle import Shingling
from tokenmill.text.similarity.signature import Bits
from tokenmill.text.words.hash import Ragged

RECIPE = """
run: {run}
excerpt: 0
stages:
  read: [{{stages.read_table: {{paths: "{folder}/{run}-*.jsonl"}}}}]
  dedup: [{{stages.minhash: {{index: [{index}], bits: {bits}}}}}]
"""


def snapshots(seed: int) -> tuple[list[str], list[str]]:
    """Returns the texts of two snapshots. Of 60 originals the second repeats some, changed slightly or longer, and adds
    new ones.
    """
    rng = random.Random(seed)
    texts = [[f"w{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in rng.sample(range(676), 80)] for _ in range(60)]
    old, new = [], []
    for number, words in enumerate(texts):
        changed = [*words[: rng.randrange(60, 80)], *(["longer"] * (number % 5))]
        if number % 3 != 1:
            old.append(" ".join(words))
        if number % 3 != 0:
            new += [" ".join(changed), " ".join(words)][: 1 + number % 2]
    return old, new


def run(folder: Path, name: str, texts: list[str], index: str = "", bits: Bits = 32) -> Path:
    half = len(texts) // 2
    for part, (first, last) in enumerate([(0, half), (half, len(texts))]):
        lines = [json.dumps({"id": f"{name}{i}", "text": texts[i]}) for i in range(first, last)]
        (folder / f"{name}-{part}.jsonl").write_text("\n".join(lines))
    (folder / f"{name}.yaml").write_text(RECIPE.format(run=name, folder=folder, index=index, bits=bits))
    run_recipe(load_recipe(folder / f"{name}.yaml"), InProcess(), Options(out=str(folder)), progress_for("none"))
    return folder / name


def kept(run: Path) -> list[str]:
    return sorted(pq.read_table(run / "dedup/data").column("id").to_pylist())


def make_index(run: Path, to: Path | str) -> str:
    said = CliRunner().invoke(app, ["dedup", "index", str(run), "--out", str(to)])
    assert said.exit_code == 0, said.output
    return said.output


@pytest.mark.slow
def test_a_second_snapshot_loses_what_the_first_one_kept(tmp_path: Path) -> None:
    old, new = snapshots(1)
    first = run(tmp_path, "old", old)
    assert "bytes," in make_index(first, tmp_path / "index")
    alone, second = run(tmp_path, "alone", new), run(tmp_path, "new", new, str(tmp_path / "index"))
    assert set(kept(second)) < {id.replace("alone", "new") for id in kept(alone)}
    text = {f"new{i}": text for i, text in enumerate(new)} | {f"old{i}": text for i, text in enumerate(old)}
    remembered, records = set(kept(first)), pq.read_table(second / "dedup/dropped").to_pylist()
    assert sum(record["duplicate_of"] in remembered for record in records) > 10
    for record in records:
        measured = jaccard_of_texts(text[record["id"]], text[record["duplicate_of"]], 5)
        assert record["drop_rule"] == "minhash.near_duplicate"
        assert record["similarity"] == np.float32(measured) >= 0.75
        assert record["duplicate_of"] in remembered | set(kept(second))
    facts = read_facts(str(second / "dedup"))
    assert (facts["documents"], facts["removed"]) == (len(new), len(records))


def test_an_index_of_itself_leaves_nothing_and_one_of_nothing_changes_nothing(tmp_path: Path) -> None:
    old, _ = snapshots(2)
    first = run(tmp_path, "old", old)
    make_index(first, tmp_path / "index")
    again = run(tmp_path, "again", old, str(tmp_path / "index"))
    assert kept(again) == []
    make_index(again, tmp_path / "empty")
    third = run(tmp_path, "third", old, str(tmp_path / "empty"))
    assert kept(third) == sorted(id.replace("old", "third") for id in kept(first))


def test_an_index_grows_by_versions_and_each_of_them_can_be_used(tmp_path: Path) -> None:
    old, new = snapshots(3)
    index = tmp_path / "index"
    first = run(tmp_path, "old", old)
    make_index(first, index)
    before = {path: path.read_bytes() for path in index.rglob("*") if path.is_file()}
    assert "nothing was added" in make_index(first, index)
    second = run(tmp_path, "new", new, str(index))
    assert "version 2" in make_index(second, index)
    assert {path: path.read_bytes() for path in before} == before
    assert kept(run(tmp_path, "again", new, str(index))) == []
    pinned = run(tmp_path, "pinned", new, f"{index}@1")
    assert kept(pinned) == [id.replace("new", "pinned") for id in kept(second)]
    verified = CliRunner().invoke(app, ["dedup", "verify", str(index)])
    assert verified.exit_code == 0
    assert f"version 1, {len(kept(first))} documents" in verified.output
    assert f"version 2, {len(kept(second))} documents" in verified.output
    with pytest.raises(RecipeError, match="no version 3 there"):
        run(tmp_path, "later", new, f"{index}@3")


def test_the_index_of_a_run_that_has_grown_gets_its_new_documents_alone(tmp_path: Path) -> None:
    old, new = snapshots(4)
    index = tmp_path / "index"
    first = run(tmp_path, "old", old)
    make_index(first, index)
    lines = [json.dumps({"id": f"more{i}", "text": text}) for i, text in enumerate(new)]
    (tmp_path / "old-9.jsonl").write_text("\n".join(lines))
    remembered = set(kept(first))
    grown = run(tmp_path, "old", old)
    added = set(kept(grown)) - remembered
    assert added
    assert f"version 2, {len(added)} documents" in make_index(grown, index)
    ids = pq.read_table(next(index.glob("000002-*"))).column("id").to_pylist()
    assert sorted(ids) == sorted(added)


def test_similarities_follow_from_the_index_as_from_the_texts(tmp_path: Path) -> None:
    old, new = snapshots(5)
    make_index(run(tmp_path, "old", old), tmp_path / "index")
    second = run(tmp_path, "new", new, str(tmp_path / "index"))
    shingles = {
        row["id"]: np.frombuffer(row["shingles"], np.uint64)
        for row in pq.read_table(next((tmp_path / "index").glob("000001-*"))).to_pylist()
    }
    text = {f"new{i}": one for i, one in enumerate(new)}
    checked = 0
    for record in pq.read_table(second / "dedup/dropped").to_pylist():
        if record["duplicate_of"] in shingles:
            one = pa.record_batch({"text": pa.array([text[record["id"]]], pa.large_string())})
            mine = Shingling(5).verifying(one)[1][0]
            assert record["similarity"] == np.float32(jaccard_of_sets(shingles[record["duplicate_of"]], mine))
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("place", ["memory://indexes/one", "s3"])
@pytest.mark.slow
def test_an_index_lies_on_object_storage(tmp_path: Path, place: str, request: pytest.FixtureRequest) -> None:
    url = f"{request.getfixturevalue('bucket')}/one" if place == "s3" else place
    old, new = snapshots(6)
    first = run(tmp_path, "old", old)
    make_index(first, tmp_path / "index")
    assert "version 1" in make_index(first, url)
    by_folder, by_url = run(tmp_path, "new", new, str(tmp_path / "index")), run(tmp_path, "newer", new, url)
    assert [id.replace("newer", "new") for id in kept(by_url)] == kept(by_folder)
    assert "version 2" in make_index(by_url, url)
    assert CliRunner().invoke(app, ["dedup", "verify", url]).exit_code == 0
    damaged = next(file for file in fsspec.open_files(f"{url}/000001-*/*.parquet", "rb"))
    content = damaged.fs.cat_file(damaged.path)
    damaged.fs.pipe_file(damaged.path, content[:50] + bytes([content[50] ^ 1]) + content[51:])
    said = CliRunner().invoke(app, ["dedup", "verify", url])
    assert isinstance(said.exception, DataError) and "000001-" in str(said.exception)
    with pytest.raises(DataError, match=r"newest|XXH3"):
        run(tmp_path, "newest", new, url)


def test_an_index_that_cannot_serve_is_refused_by_name_before_anything_runs(tmp_path: Path) -> None:
    old, new = snapshots(3)
    with pytest.raises(RecipeError, match="no index there; make one with: pipeline dedup index"):
        run(tmp_path, "new", new, str(tmp_path / "nothing"))
    index = tmp_path / "index"
    make_index(run(tmp_path, "old", old), index)
    make_index(run(tmp_path, "other", new), index)
    with pytest.raises(RecipeError, match="has shingles of 5 words"):
        list(index_files(str(index), IndexKind(Shingling(5, "characters"))))
    with pytest.raises(RecipeError, match="has shingles of 5 words"):
        write_index([], str(index), IndexKind(Shingling(4)))
    with pytest.raises(RecipeError, match=r"with case, .*digits folded .* this stage has .* with nothing folded"):
        write_index([], str(index), IndexKind(Shingling(5, fold=())))
    with pytest.raises(RecipeError, match=r"hashes of 32 bits; this stage has .* hashes of 64 bits"):
        write_index([], str(index), IndexKind(Shingling(5), bits=64))
    first = index / "version-000001.json"
    content = first.read_text()
    for broken in (content.replace('"ngram": 5', '"ngram": 4'), content[:-9], "[]", content.replace("0", "1")):
        first.write_text(broken)
        with pytest.raises(DataError, match=r"version-000001\.json: damaged"):
            run(tmp_path, "new", new, str(index))
    first.unlink()
    with pytest.raises(DataError, match=r"version-000001\.json: missing"):
        run(tmp_path, "new", new, str(index))
    first.write_text(content)
    next(index.glob("000001-*/000000.parquet")).write_bytes(b"cut")
    with pytest.raises(RecipeError, match=r"000001-\w+/000000\.parquet: missing, or not"):
        run(tmp_path, "new", new, str(index))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("max_bucket", [1, 100])
def test_fixed_documents_stay_though_they_are_alike_and_each_takes_its_own(max_bucket: int) -> None:
    """Documents 0 and 1 are fixed and similar. 2 is similar only to 1, 3 to both, and 4 to neither."""
    sets = [range(10), range(2, 12), range(4, 14), range(1, 11), range(50, 60)]
    values = np.array([value for one in sets for value in one], dtype=np.uint64)
    shingles = Ragged(frozen(values), frozen(np.arange(0, 51, 10)))
    fixed = np.array([True, True, False, False, False])
    decision = decide(
        np.ones((5, 1), dtype=np.uint64), shingles, threshold=0.6, max_bucket=max_bucket, hubs=9, fixed=fixed
    )  # fmt: skip
    assert decision.duplicate_of[[0, 1, 2, 4]].tolist() == [-1, -1, 1, -1]
    assert decision.duplicate_of[3] == 0


def test_other_text_under_a_known_id_is_refused(tmp_path: Path) -> None:
    old, new = snapshots(7)
    index = tmp_path / "index"
    make_index(run(tmp_path, "old", old), index)
    (tmp_path / "other").mkdir()
    other = run(tmp_path / "other", "old", new)
    said = CliRunner().invoke(app, ["dedup", "index", str(other), "--out", str(index)])
    assert isinstance(said.exception, DataError) and "with another text, for example 'old" in str(said.exception)
    assert len(list(index.glob("version-*.json"))) == 1


def test_a_run_that_is_not_done_or_only_marked_is_not_remembered(tmp_path: Path) -> None:
    old, _ = snapshots(8)
    made = run(tmp_path, "old", old)
    (made / "dedup/work").mkdir()
    for command in (["dedup", "index", str(made), "--out", str(tmp_path / "i")], ["dedup", "audit", str(made)]):
        said = CliRunner().invoke(app, command)
        assert "stage 'dedup' is not done" in str(said.exception)
    assert "has stopped before it was done" in CliRunner().invoke(app, ["report", str(made)]).output
    assert not (tmp_path / "i").exists()


def test_a_run_that_is_in_the_index_it_names_is_warned_of(tmp_path: Path) -> None:
    old, new = snapshots(9)
    index = tmp_path / "index"
    make_index(run(tmp_path, "old", old), index)
    assert f"index: [{index}@1]" in make_index(run(tmp_path, "new", new, str(index)), index)
    assert "warning" not in make_index(run(tmp_path, "newer", [f"{text} x y z" for text in new], f"{index}@1"), index)


def test_an_index_has_no_at_in_its_name(tmp_path: Path) -> None:
    made = run(tmp_path, "old", snapshots(3)[0])
    said = CliRunner().invoke(app, ["dedup", "index", str(made), "--out", str(tmp_path / "snap@2024")])
    assert isinstance(said.exception, RecipeError) and "must not have an @" in str(said.exception)


@pytest.mark.parametrize("bits", [32, 64])
def test_tables_of_other_numbers_than_the_remembered_ones_stay(tmp_path: Path, bits: Bits) -> None:
    """To the bands all tables are the same, so each is compared exactly with the table in the index."""
    tables = [
        "\n".join(f"{1900 + i}, {i * 7919 * k % 9973}, {i * k * k % 997}" for i in range(50)) for k in range(1, 7)
    ]
    make_index(run(tmp_path, "old", tables[:3], bits=bits), tmp_path / "index")
    width = bits // 8
    for row in pq.read_table(next((tmp_path / "index").glob("000001-*"))).to_pylist():
        folded = Shingling(5).nominating(pa.record_batch({"text": pa.array([tables[0]], pa.large_string())}))[1]
        assert len(row["nominating"]) == width * len(folded.values) < len(row["shingles"])
    texts = [tables[0].replace("1949", "1950"), *tables[3:], tables[2]]
    second = run(tmp_path, "new", texts, str(tmp_path / "index"), bits=bits)
    assert kept(second) == ["new1", "new2", "new3"]
    found = {row["id"]: row for row in pq.read_table(second / "dedup/dropped").to_pylist()}
    assert [found[id]["duplicate_of"] for id in ("new0", "new4")] == ["old0", "old2"]
    assert found["new0"]["similarity"] == np.float32(jaccard_of_texts(texts[0], tables[0], 5)) < 1.0
    assert found["new4"]["similarity"] == 1.0


def test_an_index_of_another_format_is_refused_and_says_how_to_make_it_again(tmp_path: Path) -> None:
    old, new = snapshots(3)
    index = tmp_path / "index"
    first = run(tmp_path, "old", old)
    make_index(first, index)
    version = index / "version-000001.json"
    for number, said in ((2, r"pipeline dedup index RUN --out FOLDER"), (FORMAT + 1, "from a newer release")):
        content = json.loads(version.read_text())
        del content["checksum"]
        content["format"] = number
        checksum = xxhash.xxh3_128_hexdigest(json.dumps(content, sort_keys=True).encode())
        version.write_text(json.dumps({**content, "checksum": checksum}))
        with pytest.raises(RecipeError, match=said):
            run(tmp_path, "new", new, str(index))
        for command in (["dedup", "index", str(first), "--out", str(index)], ["dedup", "verify", str(index)]):
            refused = CliRunner().invoke(app, command).exception
            assert isinstance(refused, RecipeError) and f"format {number} " in str(refused)
    assert not (tmp_path / "new").exists()

"""--mark-only keeps every row and lets every step judge every row; Globals skip the marked rows."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tokenmill.core.columns import MARKS, documents, drop
from tokenmill.core.corpus.verify import verify_corpus
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run as run_recipe
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe
from tokenmill.pipeline.tasks.mark_only import with_first_marks, without_marks

RECIPE = """
run: toy
excerpt: 0
stages:
  read: [toolbox.numbered, {toolbox.length: {min_characters: 60}}]
  judge: [{filters.gopher_quality: {min_words: 30, min_stop_words: 1}}, {filters.fineweb: {min_ended_line_ratio: null}}]
  near: [{stages.minhash: {bands: 20, rows: 2, ngram: 1, threshold: 0.6}}]
  unique: [stages.exact_dedup]
"""


def run(folder: Path, out: str, text: str, *, mark_only: bool) -> Path:
    (folder / "r.yaml").write_text(text)
    options = Options(out=str(folder / out), plugins="toolbox", mark_only=mark_only)
    result = run_recipe(load_recipe(folder / "r.yaml"), InProcess(), options, progress_for("none"))
    assert not result.failures
    return Path(options.folder("toy"))


def table(stage: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted((stage / "data").glob("*.parquet"))])


def test_alive_rows_are_those_a_plain_run_keeps_and_the_others_tell_why_it_drops_them(tmp_path: Path) -> None:
    marked, plain = (run(tmp_path, name, RECIPE, mark_only=name == "m") for name in ("m", "p"))
    every = table(marked / "unique")
    kept = table(plain / "unique")
    alive = every.filter(pc.is_null(every["drop_rule"]))
    assert every.num_rows == 160 and 0 < alive.num_rows < 160
    assert alive.select(kept.schema.names).equals(kept)
    gone = {}
    for path in sorted(plain.glob("*/dropped/*.parquet")):
        for row in pq.read_table(path).to_pylist():
            gone[row["id"]] = [row[name] for name in (*MARKS.names, "duplicate_of", "similarity")]
    said = every.filter(pc.is_valid(every["drop_rule"])).to_pylist()
    assert {row["id"]: [row[name] for name in (*MARKS.names, "duplicate_of", "similarity")] for row in said} == gone
    assert {"numbered.damaged", "length.short", "gopher_quality.short", "minhash.near_duplicate"} <= {
        values[0] for values in gone.values()
    }


def test_every_filter_measures_every_row_and_says_its_own_rule(tmp_path: Path) -> None:
    every = table(run(tmp_path, "m", RECIPE, mark_only=True) / "unique")
    for signal in ("length.characters", "gopher_quality.n_words", "fineweb.n_lines"):
        assert every[signal].null_count == 0
    short = pc.less(every["length.characters"], 60)
    assert pc.equal(pc.is_valid(every["length.rule"]), short).to_pylist() == [True] * 160
    few = pc.less(every["gopher_quality.n_words"], 30)
    assert pc.all(pc.is_valid(every.filter(few)["gopher_quality.rule"])).as_py()
    both = every.filter(pc.and_(short, few))
    assert both.num_rows and set(both["gopher_quality.rule"].to_pylist()) == {"gopher_quality.short"}


def test_a_writer_takes_only_the_rows_that_are_not_marked(tmp_path: Path) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(tmp_path / "bytes.json"))
    text = RECIPE + f"  tokens: [{{tokenize.encode: {{tokenizer: {tmp_path}/bytes.json}}}}, tokenize.write_shards]\n"
    stage = run(tmp_path, "m", text, mark_only=True)
    plain = run(tmp_path, "p", text, mark_only=False)
    for one in (stage, plain):
        verify_corpus(one / "tokens/corpus")
    shards = sorted((stage / "tokens/corpus").rglob("*.bin"))
    assert shards and [path.read_bytes() for path in shards] == [
        path.read_bytes() for path in sorted((plain / "tokens/corpus").rglob("*.bin"))
    ]


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["b", "a"], ["a", "a"]])
def test_the_first_mark_stands_and_each_step_keeps_its_own(names: list[str]) -> None:
    before = documents({"id": ["1", "2", "3"], "text": ["x", "y", "z"]})
    hits = [[True, False, False], [True, True, False]]
    batch = before
    for name, hit in zip(names, hits, strict=False):
        bare = without_marks(batch)
        assert not set(MARKS.names) & set(bare.schema.names)
        batch = with_first_marks(drop(bare, hit, f"{name}.rule", 1.5, 2), batch, name)
    first = [f"{names[0]}.rule", f"{names[1]}.rule" if len(names) > 1 else None, None]
    assert batch.column("drop_rule").to_pylist() == first
    own = hits[len(names) - 1]
    assert batch.column(f"{names[-1]}.rule").is_valid().to_pylist() == own

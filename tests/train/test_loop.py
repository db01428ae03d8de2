"""A run learns, ends with the same result however often it is interrupted, and refuses inputs of another run."""

import json
import math
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tokenmill.core.corpus.token_shard import read_corpus
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.train.config import read_config
from tokenmill.train.loader import TokenStream
from tokenmill.train.loop import evaluate, run_training
from tokenmill.train.metrics import read_metrics
from tokenmill.train.model import Decoder

MakeConfig = Callable[..., Path]


def final_state(out: Path, step: int = 12) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(out / f"checkpoints/step-{step:06d}.pt", weights_only=True)
    return state


def copy_checkpoint(old: Path, new: Path, step: int) -> None:
    (new / "checkpoints").mkdir(parents=True)
    for suffix in (".pt", ".json"):
        shutil.copy(old / f"checkpoints/step-{step:06d}{suffix}", new / "checkpoints")


def same(a: Any, b: Any) -> bool:
    """Returns whether tensors or containers are equal to the last bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def curve(out: Path) -> list[dict[str, Any]]:
    """Returns the metrics without the speed."""
    return [{k: v for k, v in row.items() if k != "tokens_per_second"} for row in read_metrics(out / "metrics.jsonl")]


def test_training_lowers_both_losses_and_leaves_its_files(
    corpus: Path, make_config: MakeConfig, tmp_path: Path
) -> None:
    threads = torch.get_num_threads()
    result = run_training(make_config(checkpoint_every=25, eval_every=12), corpus, tmp_path / "run", steps=50)
    assert result.first_val_loss == pytest.approx(math.log(48), abs=0.1)
    assert result.last_val_loss < 0.6 * result.first_val_loss
    assert result.last_val_bits_per_byte < 0.6 * result.first_val_bits_per_byte
    assert (result.steps, result.resumed_at, result.tokens) == (50, 0, 50 * 64)
    assert result.plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert result.checkpoint.is_file()
    rows = read_metrics(result.metrics)
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 51))
    assert [row["step"] for row in rows if "val_loss" in row] == [0, 12, 24, 36, 48, 50]
    assert {row["epoch"] for row in rows if "loss" in row} == set(range(rows[-2]["epoch"] + 1))
    assert read_config(tmp_path / "run/config.yaml") == read_config(tmp_path / "train.yaml", steps=50)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_a_resumed_run_equals_a_whole_one_bit_for_bit(
    corpus: Path, make_config: MakeConfig, tmp_path: Path, kind: str
) -> None:
    """The run is cut after each step in turn; weights, optimizer states and curves are the same."""
    config = make_config(optim={"kind": kind}, steps=7)
    run_training(config, corpus, tmp_path / "whole")
    whole = final_state(tmp_path / "whole", 7)
    for step in range(1, 8):
        out = tmp_path / f"cut{step}"
        copy_checkpoint(tmp_path / "whole", out, step)
        shutil.copy(tmp_path / "whole/metrics.jsonl", out)  # it has rows after the checkpoint, as after a kill
        result = run_training(config, corpus, out)
        assert result.resumed_at == step
        assert same(final_state(out, 7), whole)
        assert curve(out) == curve(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize(("threads", "cuts"), [(1, range(1, 41)), (2, (13, 39))])
def test_forty_steps_cut_anywhere_equal_forty_whole_ones(
    corpus: Path, make_config: MakeConfig, tmp_path: Path, threads: int, cuts: Iterable[int]
) -> None:
    """This holds across epochs, and on two threads as well."""
    config = make_config(steps=40, threads=threads, eval_every=40)
    run_training(config, corpus, tmp_path / "whole")
    for step in cuts:
        out = tmp_path / f"cut{step}"
        copy_checkpoint(tmp_path / "whole", out, step)
        run_training(config, corpus, out)
        assert same(final_state(out, 40), final_state(tmp_path / "whole", 40))


def test_a_finished_run_is_not_run_again(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    first = run_training(make_config(), corpus, tmp_path / "run", steps=3)
    (tmp_path / "run/metrics.jsonl").unlink()  # the file is only a log
    second = run_training(make_config(), corpus, tmp_path / "run", steps=3)
    assert (second.resumed_at, second.steps) == (3, 3)
    assert (second.first_val_loss, second.last_val_loss) == (first.first_val_loss, first.last_val_loss)


def test_resuming_with_other_settings_is_refused_by_their_names(
    corpus: Path, make_config: MakeConfig, tmp_path: Path
) -> None:
    run_training(make_config(), corpus, tmp_path / "run", steps=2)
    before = sorted((path, path.read_bytes()) for path in (tmp_path / "run").rglob("*") if path.is_file())
    changed = make_config(optim={"learning_rate": 0.5}, seed=3)
    with pytest.raises(RecipeError, match=r"optim\.learning_rate: 0\.02, now 0\.5; seed: 17, now 3\. "):
        run_training(changed, corpus, tmp_path / "run")
    assert before == sorted((path, path.read_bytes()) for path in (tmp_path / "run").rglob("*") if path.is_file())


def test_resuming_on_other_data_is_refused(
    corpus: Path, make_config: MakeConfig, make_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    run_training(make_config(), corpus, tmp_path / "run", steps=2)
    other = make_corpus(tmp_path / "other", seed=1)
    with pytest.raises(RecipeError, match=f"corpus manifest: sha256 {read_corpus(corpus).sha256}, now "):
        run_training(make_config(), other, tmp_path / "run", steps=2)


def test_a_damaged_checkpoint_is_refused_by_name(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    result = run_training(make_config(), corpus, tmp_path / "run", steps=2)
    content = result.checkpoint.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 1
    for damaged in (b"", content[:100], content[: len(content) // 2], bytes(flipped), content + b"x"):
        result.checkpoint.write_bytes(damaged)
        with pytest.raises(DataError, match=r"step-000002\.pt: \d+ bytes of XXH3-128 .* Delete step-000002\.json"):
            run_training(make_config(), corpus, tmp_path / "run", steps=2)
    result.checkpoint.with_suffix(".json").unlink()
    assert run_training(make_config(), corpus, tmp_path / "run", steps=2).resumed_at == 1


def test_only_the_newest_checkpoints_are_kept(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    run_training(make_config(keep_checkpoints=2, checkpoint_every=2), corpus, tmp_path / "run", steps=7)
    names = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    assert names == ["step-000006.json", "step-000006.pt", "step-000007.json", "step-000007.pt"]


def test_a_run_may_be_extended_and_log_differently(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    run_training(make_config(), corpus, tmp_path / "run", steps=3)
    changed = make_config(steps=5, log_every=2, eval_every=3, checkpoint_every=5, keep_checkpoints=1)
    assert run_training(changed, corpus, tmp_path / "run").resumed_at == 3
    with pytest.raises(RecipeError, match=r"step-000005\.pt: found steps: 4, expected at least 5"):
        run_training(changed, corpus, tmp_path / "run", steps=4)


def test_validation_counts_every_token_and_is_in_bits_per_byte(
    corpus: Path, make_config: MakeConfig, tmp_path: Path
) -> None:
    """The corpus counts two bytes per token. A model of zeros knows nothing, so each token costs ln 48 nats."""
    result = run_training(make_config(), corpus, tmp_path / "run", steps=1)
    assert result.first_val_bits_per_byte == pytest.approx(result.first_val_loss / math.log(2) / 2)

    config, read = read_config(make_config()), read_corpus(corpus)
    stream = TokenStream(read.shards("val"))
    model = Decoder(config.model, vocab_size=48)
    model.initialize(1)
    total = 0.0
    for start in range(0, len(stream) - 1, 16):
        ids = torch.from_numpy(stream.read(start, min(17, len(stream) - start)))[None]
        with torch.no_grad():
            logits = model(ids[:, :-1], (ids[:, :-1] == 0).cumsum(1))
        total += torch.nn.functional.cross_entropy(logits[0], ids[0, 1:], reduction="sum").item()
    assert (len(stream) - 1) % 16  # there is a shorter window at the end
    assert evaluate(model, stream, config, bos_id=0) == pytest.approx(total / (len(stream) - 1), rel=1e-5)


def test_fewer_validation_windows_are_spread_over_the_split(corpus: Path, make_config: MakeConfig) -> None:
    stream = TokenStream(read_corpus(corpus).shards("val"))
    model = Decoder(read_config(make_config()).model, vocab_size=48)
    model.initialize(1)
    losses = [evaluate(model, stream, read_config(make_config(eval_windows=n)), bos_id=0) for n in (0, 3, 3, 1000)]
    assert losses[1] == losses[2] != losses[0] == losses[3]


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_tokens_is_refused(
    make_config: MakeConfig, make_corpus: Callable[..., Path], tmp_path: Path, split: str
) -> None:
    made = make_corpus(tmp_path / "corpus", **{split: 0})
    with pytest.raises(DataError, match=f"{split}: 0 tokens"):
        run_training(make_config(), made, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_flipped_bit_in_a_shard_stops_the_run(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    path = corpus / "train/000001.bin"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"train/000001\.bin: payload xxh3-128"):
        run_training(make_config(), corpus, tmp_path / "run")


def test_a_run_that_diverges_stops_with_the_step(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(optim={"learning_rate": 1e36}, schedule={"warmup_steps": 0})
    with pytest.raises(RecipeError, match=r"step \d+: loss .* expected finite numbers"):
        run_training(config, corpus, tmp_path / "run")
    for path in (tmp_path / "run/checkpoints").glob("*.pt"):
        assert all(weight.isfinite().all() for weight in torch.load(path, weights_only=True)["model"].values())


def test_a_last_line_cut_by_a_kill_is_left_out(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    result = run_training(make_config(), corpus, tmp_path / "run", steps=2)
    whole = curve(tmp_path / "run")
    with open(result.metrics, "a") as file:
        file.write('{"step": 3, "lo')
    run_training(make_config(), corpus, tmp_path / "run", steps=2)
    assert curve(tmp_path / "run") == whole
    assert [json.loads(line)["step"] for line in result.metrics.read_text().splitlines()] == [0, 1, 2, 2]


KILLED = """
import io, os, signal, sys
from pathlib import Path
import torch
from tokenmill.core.io import storage
from tokenmill.train.loop import run_training

def save_half(content, file, save=torch.save):
    whole = io.BytesIO()
    save(content, whole)
    file.write(whole.getvalue()[: len(whole.getvalue()) // 2] if content["step"] == 5 else whole.getvalue())
    if content["step"] == 5:
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

def die(path):
    os.kill(os.getpid(), signal.SIGKILL)

when = sys.argv[1]
if when == "half written":
    torch.save = save_half
elif when == "before the old one is deleted":
    storage.delete = die
run_training(*map(Path, sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["half written", "before the old one is deleted"])
def test_a_kill_during_a_save_leaves_a_run_to_resume(
    corpus: Path, make_config: MakeConfig, tmp_path: Path, when: str
) -> None:
    config = make_config(keep_checkpoints=4)
    arguments = [sys.executable, "-c", KILLED, when, str(config), str(corpus), str(tmp_path / "run")]
    assert subprocess.run(arguments).returncode == -signal.SIGKILL
    left = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    kept = {"half written": [*range(1, 5)], "before the old one is deleted": [*range(1, 6)]}[when]
    assert [name for name in left if name.endswith(".pt")] == [f"step-{n:06d}.pt" for n in kept]
    unfinished = [name for name in left if name.startswith("step-000005.pt.") and name.endswith(".tmp")]
    assert bool(unfinished) == (when == "half written")

    result = run_training(config, corpus, tmp_path / "run")
    assert result.resumed_at == kept[-1]
    run_training(config, corpus, tmp_path / "whole")
    assert same(final_state(tmp_path / "run"), final_state(tmp_path / "whole"))
    assert curve(tmp_path / "run") == curve(tmp_path / "whole")
    assert not list((tmp_path / "run/checkpoints").glob("*.tmp"))


@pytest.mark.slow
def test_kills_at_any_time_change_nothing(corpus: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    """The run gets SIGKILL after random times, again and again, until it completes."""
    config = make_config(steps=150, keep_checkpoints=2)
    generator, kills = np.random.default_rng(5), 0
    arguments = [sys.executable, "-c", KILLED, "never", str(config), str(corpus), str(tmp_path / "run")]
    process = subprocess.Popen(arguments)
    while kills < 3:
        while process.poll() is None and not list((tmp_path / "run").glob("checkpoints/*.pt")):
            pass
        try:
            process.wait(timeout=float(generator.uniform(0, 0.1)) + 2.0 * (kills > 0))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            process = subprocess.Popen(arguments)
    assert process.wait() == 0
    assert kills
    run_training(config, corpus, tmp_path / "whole")
    assert same(final_state(tmp_path / "run", 150), final_state(tmp_path / "whole", 150))
    assert curve(tmp_path / "run") == curve(tmp_path / "whole")

"""The training loop: a step, a validation, a checkpoint, and the run that strings them together.

Everything is a function of the settings, the corpus and the step, on one fixed number of threads: a run killed anywhere
and started again ends with the same bits as one that was left alone.
"""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

from tokenmill.core.corpus.token_shard import Corpus, read_corpus
from tokenmill.core.errors import DataError, RecipeError
from tokenmill.core.io import storage
from tokenmill.train.checkpoint import Checkpoints, TrainState
from tokenmill.train.config import TrainConfig, read_config
from tokenmill.train.loader import Ids, TokenStream, TrainLoader
from tokenmill.train.metrics import Metrics, plot_losses
from tokenmill.train.model import Decoder, document_numbers
from tokenmill.train.optim import make_optimizers, rate_ratio, set_rates

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """How a run ended. Losses in nats a token; tokens of all steps, seconds of this call; resumed_at 0: fresh."""

    steps: int
    resumed_at: int
    parameters: int
    tokens: int
    seconds: float
    first_val_loss: float
    last_val_loss: float
    first_val_bits_per_byte: float
    last_val_bits_per_byte: float
    checkpoint: Path
    metrics: Path
    plot: Path


def run_training(config_path: Path, data: str | Path, out: Path, *, steps: int | None = None) -> TrainResult:
    """Train a model by a YAML config on a corpus (its folder or manifest) into a local folder.

    `steps` overrides the config's. Goes on from the newest checkpoint where the folder has one. Leaves config.yaml,
    metrics.jsonl, loss.png and checkpoints/. Raises RecipeError for settings that are wrong or not those of the
    checkpoint, DataError for a corpus that is damaged or too small.
    """
    config = read_config(config_path, steps=steps)
    corpus = read_corpus(data)
    with _reproducible(config.threads):
        return _train(config, corpus, out)


def evaluate(model: torch.nn.Module, stream: TokenStream, config: TrainConfig, *, bos_id: int) -> float:
    """Mean loss of a trained model in nats a token over a split, in windows as in training and a last shorter one.

    So each token counts. With eval_windows set, over that many full windows, evenly spread.
    """
    total, count = 0.0, 0
    with torch.inference_mode():
        for batch in _val_batches(stream, config):
            targets = batch.shape[0] * (batch.shape[1] - 1)
            total += _loss(model, torch.from_numpy(batch), bos_id).item() * targets
            count += targets
    return total / count


def train_step(state: TrainState, batch: torch.Tensor, config: TrainConfig, *, bos_id: int) -> tuple[float, float]:
    """One update of a model by a batch (B, seq_len + 1); loss in nats a token, and gradient norm before clipping.

    Raises RecipeError, leaving the weights as they were, if either is not finite.
    """
    set_rates(state.optimizers, rate_ratio(state.step, config.steps, config.schedule))
    loss = _loss(state.model, batch, bos_id)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = clip_grad_norm_(state.model.parameters(), config.optim.clip or math.inf)
    if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
        found = f"loss {loss.item()}, gradient norm {norm.item()}"
        raise RecipeError(f"step {state.step}: {found}; expected finite numbers. Lower optim's learning rates.")
    for optimizer in state.optimizers:
        optimizer.step()
        optimizer.zero_grad()
    state.step += 1
    return loss.item(), norm.item()


@dataclass(frozen=True)
class _Run:
    """What a run works with, from its first step of this call to the last."""

    config: TrainConfig
    bos_id: int
    tokens_per_byte: float  # of the validation split
    loader: TrainLoader
    val: TokenStream
    state: TrainState
    checkpoints: Checkpoints
    metrics: Metrics

    def go(self) -> None:
        """Step, validate and save until the last step is done. What is measured is written before what is saved."""
        state, config = self.state, self.config
        if not state.validations:
            self.validate()
        while state.step < config.steps:
            self.step()
            last = state.step == config.steps
            if last or state.step % config.eval_every == 0:
                self.validate()
            if last or state.step % config.checkpoint_every == 0:
                self.checkpoints.save(state)

    def step(self) -> None:
        """Take the next samples and update by them."""
        began, state, data = time.monotonic(), self.state, self.config.data
        ratio, position = rate_ratio(state.step, self.config.steps, self.config.schedule), state.step * data.batch_size
        batch = torch.from_numpy(self.loader.batch(position, data.batch_size))
        loss, norm = train_step(state, batch, self.config, bos_id=self.bos_id)
        row = {
            "step": state.step,
            "loss": loss,
            "rate_ratio": ratio,
            "gradient_norm": norm,
            "tokens": (position + data.batch_size) * data.seq_len,
            "epoch": position // self.loader.windows,
            "tokens_per_second": round(data.batch_size * data.seq_len / (time.monotonic() - began)),
        }
        self.metrics.add(row)
        if state.step % self.config.log_every == 0:
            speed = f"{row['tokens_per_second']:,}"
            logger.info("step %d/%d: loss %.4f, %s tokens/s", state.step, self.config.steps, loss, speed)

    def validate(self) -> None:
        """Measure the validation loss; bits a byte are those of the split's tokens, spread over its text's bytes."""
        step, loss = self.state.step, evaluate(self.state.model, self.val, self.config, bos_id=self.bos_id)
        bits_per_byte = loss / math.log(2) * self.tokens_per_byte
        self.state.validations = [*self.state.validations[:1], (step, loss, bits_per_byte)]
        self.metrics.add({"step": step, "val_loss": loss, "val_bits_per_byte": bits_per_byte})
        logger.info("step %d/%d: val loss %.4f, %.4f bits a byte", step, self.config.steps, loss, bits_per_byte)


def _train(config: TrainConfig, corpus: Corpus, out: Path) -> TrainResult:
    began = time.monotonic()
    train, val = (TokenStream(corpus.shards(split, verify=config.data.verify)) for split in ("train", "val"))
    loader = TrainLoader(train, seq_len=config.data.seq_len, seed=config.seed, place=f"{corpus.folder} train")
    text_bytes = sum(info.text_bytes for info in corpus.splits["val"].values())
    if len(val) < 2 or not text_bytes:
        raise DataError(
            f"{corpus.folder} val: {len(val)} tokens of {text_bytes} bytes; raise the share of val documents."
        )

    model = Decoder(config.model, vocab_size=corpus.vocab_size)
    model.initialize(config.seed)
    state = TrainState(model, make_optimizers(model, config.optim), step=0, validations=[])
    checkpoints = Checkpoints(out / "checkpoints", config, corpus.sha256)
    checkpoints.restore(state)
    resumed_at, parameters = state.step, sum(weight.numel() for weight in model.parameters())
    logger.info(
        "%s parameters; %s train tokens in %s windows (%s at the end are in none); from step %s",
        *(f"{n:,}" for n in (parameters, len(train), loader.windows, loader.tail_tokens, state.step)),
    )
    storage.write_bytes(str(out / "config.yaml"), yaml.safe_dump(config.model_dump(), sort_keys=False).encode())
    with closing(Metrics(out / "metrics.jsonl", step=state.step)) as metrics:
        _Run(config, corpus.bos_id, len(val) / text_bytes, loader, val, state, checkpoints, metrics).go()
    plot_losses(metrics.rows, out / "loss.png")
    (_, first_loss, first_bits), (_, last_loss, last_bits) = state.validations[0], state.validations[-1]
    return TrainResult(
        steps=state.step,
        resumed_at=resumed_at,
        parameters=parameters,
        tokens=state.step * config.data.batch_size * config.data.seq_len,
        seconds=time.monotonic() - began,
        first_val_loss=first_loss,
        last_val_loss=last_loss,
        first_val_bits_per_byte=first_bits,
        last_val_bits_per_byte=last_bits,
        checkpoint=checkpoints.path(state.step),
        metrics=out / "metrics.jsonl",
        plot=out / "loss.png",
    )


def _val_batches(stream: TokenStream, config: TrainConfig) -> Iterator[Ids]:
    """Validation windows in order, batch_size at a time; the shorter one at the end alone."""
    seq_len, size = config.data.seq_len, config.data.batch_size
    full, left = divmod(len(stream) - 1, seq_len)
    numbers = np.arange(full)
    if 0 < config.eval_windows < full:
        numbers, left = numbers[np.linspace(0, full - 1, config.eval_windows).astype(np.int64)], 0
    for first in range(0, len(numbers), size):
        yield np.stack([stream.read(int(n) * seq_len, seq_len + 1) for n in numbers[first : first + size]])
    if left:
        yield stream.read(full * seq_len, left + 1)[None]


def _loss(model: torch.nn.Module, batch: torch.Tensor, bos_id: int) -> torch.Tensor:
    """Mean cross-entropy of each next token of a batch (B, T + 1), the BOS that ends a document included."""
    ids, targets = batch[:, :-1], batch[:, 1:]
    logits = model(ids, document_numbers(ids, bos_id))
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


@contextmanager
def _reproducible(threads: int) -> Iterator[None]:
    """Deterministic kernels on a fixed number of threads; as it was before, after."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])

"""Commands that train a model: `pipeline train ...`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tokenmill.cli.app import AsJson, log_to_stderr, print_json
from tokenmill.cli.sections import Sentences
from tokenmill.core.errors import RecipeError

train_app = typer.Typer(no_args_is_help=True, cls=Sentences, help="Train a model on a corpus of token shards.")


@train_app.command("run")
def run(
    config: Annotated[Path, typer.Argument(help="Training settings, a YAML file.")],
    data: Annotated[str, typer.Option(help="The corpus: its folder or manifest.json, a path or a URL.")],
    out: Annotated[str, typer.Option(help="The local folder for checkpoints, metrics and plots.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Last step. Default: that of the settings.")] = None,
    json_out: AsJson = False,
) -> None:
    """Train, or continue from the last checkpoint in OUT."""
    from tokenmill.core.io.storage import is_url
    from tokenmill.train.loop import run_training

    if is_url(out):
        raise RecipeError(f"--out {out}: checkpoints are written to a local folder; copy it afterwards")
    log_to_stderr()
    result = run_training(config, data, Path(out), steps=steps)
    if json_out:
        print_json(asdict(result))
        return
    print(
        f"trained {result.parameters:,} parameters to step {result.steps} in {result.seconds:.0f} s; validation loss "
        f"{result.first_val_loss:.3f} → {result.last_val_loss:.3f} nats per token, "
        f"{result.first_val_bits_per_byte:.3f} → {result.last_val_bits_per_byte:.3f} bits per byte"
    )
    print(f"checkpoint {result.checkpoint}, metrics {result.metrics}, plot {result.plot}")

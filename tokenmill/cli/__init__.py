"""The program `tokenmill`, which is also installed as `pipeline`: one module for each topic, and the list of commands.

Commands load pipeline, train and other heavy packages when they are called, so that the program starts fast.
"""

from collections.abc import Callable

from tokenmill.cli import corpus, dedup, look, run, tools, train
from tokenmill.cli.app import app as _program
from tokenmill.cli.app import main

__all__ = ["main"]

_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run.run,
    "submit": run.submit,
    "plan": run.plan,
    "report": look.report,
    "audit": look.audit,
    "dedup-audit": dedup.dedup_audit,
    "dedup-preview": dedup.dedup_preview,
    "dedup-index": dedup.dedup_index,
    "dedup-index-verify": dedup.dedup_index_verify,
    "explain": look.explain,
    "what-if": look.what_if,
    "diff": look.diff,
    "verify": look.verify,
    "clean": run.clean,
    "steps": tools.steps,
    "mini": tools.mini,
}
"""{name: function}, in the order of the help."""

for _name, _command in _COMMANDS.items():
    _program.command(_name)(_command)
_program.add_typer(tools.models_app, name="models")
_program.add_typer(tools.kernels_app, name="kernels")
_program.add_typer(corpus.tokens_app, name="tokens")
_program.add_typer(train.train_app, name="train")

"""The program `tokenmill`, also installed as `pipeline`: the list of commands, with one module per topic.

Commands import pipeline, train and other large packages when they are called, so that the program starts fast.
"""

from collections.abc import Callable

from tokenmill.cli import corpus, dedup, look, run, tools, train
from tokenmill.cli.app import HELP, main, program_of_scripts
from tokenmill.cli.app import app as _program
from tokenmill.cli.sections import examples

__all__ = ["main", "program_of_scripts"]

_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run.run,
    "submit": run.submit,
    "plan": run.plan,
    "report": look.report,
    "audit": look.audit,
    "explain": look.explain,
    "what-if": look.what_if,
    "diff": look.diff,
    "verify": look.verify,
    "clean": run.clean,
    "steps": tools.steps,
    "mini": tools.mini,
}
"""{name: function}. The order in the help is in sections.py."""

_GROUPS = {
    "dedup": dedup.dedup_app,
    "models": tools.models_app,
    "kernels": tools.kernels_app,
    "tokens": corpus.tokens_app,
    "train": train.train_app,
}
"""{name: the commands of one topic}."""

for _name, _command in _COMMANDS.items():
    _program.command(_name, context_settings=HELP, epilog=examples(_name))(_command)
for _name, _group in _GROUPS.items():
    _program.add_typer(_group, name=_name, context_settings=HELP)

"""The layout of the help: commands by topic, each with its whole first sentence, and examples."""

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperGroup

SECTIONS = {
    "Run a recipe": ("run", "submit", "plan", "clean"),
    "Look at a run": ("report", "audit", "explain", "what-if", "diff", "verify"),
    "Deduplication, tokens, training": ("dedup", "tokens", "train"),
    "Units, models, kernels, test data": ("steps", "models", "kernels", "mini"),
}
"""{heading: commands}, in the order of the help."""

EXAMPLES = {
    "run": ("run mine.yaml --workers 8", "run mine.yaml --from dedup", "run mine.yaml --limit 100",
            "run mine.yaml --engine ray --address auto --out s3://bucket/runs"),
    "submit": ("submit mine.yaml --address http://head:8265 --out s3://bucket/runs",
               "submit --address http://head:8265 --follow JOB"),
    "plan": ("plan mine.yaml", "plan mine.yaml --out s3://bucket/runs"),
    "clean": ("clean runs/mine",),
    "report": ("report runs/mine", "report runs/mine --json"),
    "audit": ("audit runs/mine --rule minhash", "audit runs/mine --rule c4.lorem_ipsum --sample 20"),
    "explain": ("explain runs/mine https://example.com/page",),
    "what-if": ("what-if runs/mine gopher_quality.min_words=30",),
    "diff": ("diff runs/mine runs/other",),
    "verify": ("verify runs/mine", "verify runs/mine --stage dedup"),
    "steps": ("steps", "steps filters.gopher_quality", "steps --plugins mylab"),
    "mini": ("mini data --pages 300",),
}  # fmt: skip
"""{command: examples, as typed after `pipeline`}."""


def examples(command: str) -> str | None:
    """Returns the text after the help of a command, or None if the command has no examples."""
    lines = [f"  pipeline {line}" for line in EXAMPLES.get(command, ())]
    return "\n".join(["\b", "Examples:", *lines]) if lines else None  # \b keeps the lines as they are


class Sentences(TyperGroup):
    """A group of commands whose help shows the whole first sentence of each command."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        self._write(formatter, {"Commands": self.list_commands(ctx)})

    def _write(self, formatter: Any, sections: Mapping[str, Sequence[str]]) -> None:
        for heading, names in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name, _first_sentence(self.commands[name].help or "")) for name in names])


class Sections(Sentences):
    """The program. Its help lists the commands by topic."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of the commands in the order of SECTIONS."""
        return [name for names in SECTIONS.values() for name in names]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        self._write(formatter, SECTIONS)


def _first_sentence(text: str) -> str:
    first, stop, _ = text.replace("\n", " ").partition(". ")
    return first + stop.strip()

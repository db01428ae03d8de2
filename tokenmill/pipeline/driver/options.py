"""The options of a run, from the command line or from a call of tokenmill.run."""

import os
from dataclasses import dataclass

from tokenmill.core.errors import RecipeError, short
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.recipe import Recipe


@dataclass(frozen=True)
class Options:
    """The options of a run.

    Attributes:
        out: parent folder of runs, a path or a URL. Default "runs".
        stage: the only stage to run. It reads the results of earlier runs. Default: all stages.
        mark_only: mark documents instead of dropping them. Such a run has a folder of its own. Default False.
        limit: largest number of documents to read, from the first shard of each source only. Such a run has a folder
            of its own. Default: no limit.
        allow_missing: run a Global even if input is missing. Default False.
        plugins: package, folder or file with modules that the recipe may name. Default none.
        discard: delete results that are no longer wanted instead of setting them aside. Default False.
        reuse: folder of another run whose results with the same fingerprints are copied. Default none.
        accept_code: keep results that differ only in the code that made them, and record that. Default False.
        first: first stage to run, in the order of the recipe. Default: the first of the recipe.
        last: last stage to run. Default: the last of the recipe.
    """

    out: str = "runs"
    stage: str | None = None
    mark_only: bool = False
    limit: int | None = None
    allow_missing: bool = False
    plugins: str | None = None
    discard: bool = False
    reuse: str | None = None
    accept_code: bool = False
    first: str | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and not (type(self.limit) is int and 1 <= self.limit < 1 << 63):
            raise RecipeError(f"--limit {short(self.limit)}: expected a whole number, 1 or more")
        for option in ("out", "stage", "plugins", "reuse", "first", "last"):
            given = getattr(self, option)
            if not isinstance(given, str | None):
                raise RecipeError(f"--{option} {short(given)}: expected a text")
            if given == "":
                raise RecipeError(f"--{option}: empty; give a value, or leave the option out")
        for option in ("mark_only", "allow_missing", "discard", "accept_code"):
            if not isinstance(getattr(self, option), bool):
                raise RecipeError(
                    f"--{option.replace('_', '-')} {short(getattr(self, option))}: expected true or false"
                )
        _check_place(self.out)

    def stages(self, recipe: Recipe) -> set[str]:
        """Returns the names of the stages to run. Raises RecipeError for an unknown stage or an empty range."""
        names = [stage.name for stage in recipe.stages]
        for name in filter(None, (self.stage, self.first, self.last)):
            recipe.stage(name)
        if self.stage is not None and (self.first or self.last):
            raise RecipeError(f"--stage {self.stage}: runs one stage, so it cannot be used with --from or --until")
        begin = names.index(self.stage or self.first or names[0])
        end = names.index(self.stage or self.last or names[-1])
        if begin > end:
            raise RecipeError(f"--from {self.first} --until {self.last}: {self.first} comes after {self.last}")
        return set(names[begin : end + 1])

    def folder(self, run: str) -> str:
        """Returns the folder of a run: `<out>/<run>`, with `--limit-N` and `--mark-only` added for these options."""
        limited = f"--limit-{self.limit}" if self.limit is not None else ""
        return join(self.out, run + limited + ("--mark-only" if self.mark_only else ""))


def _check_place(out: str) -> None:
    """Raises RecipeError for a URL without a bucket, and for a text that no file system can store."""
    scheme, mark, rest = out.partition("://")
    if mark and not (scheme and rest.strip("/")):
        raise RecipeError(f"--out {short(out)}: names no bucket or server; write it as in s3://bucket/runs")
    try:
        fits = b"\0" not in os.fsencode(out)
    except UnicodeEncodeError:  # a surrogate
        fits = False
    if not fits:
        raise RecipeError(f"--out {short(out)}: has a character that no path can have")

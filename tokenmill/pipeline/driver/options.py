"""What the command line, or a call of tokenmill.run, may say about a run."""

from dataclasses import dataclass

from tokenmill.core.errors import RecipeError
from tokenmill.core.io.storage import join
from tokenmill.pipeline.planning.recipe import Recipe


@dataclass(frozen=True)
class Options:
    """What the command line may say about a run.

    Attributes:
        out: the parent folder of runs. Default "runs".
        stage: run this one alone, from the one before it. Default: all.
        mark_only: documents are marked, not dropped. Such a run has a folder of its own.
        limit: read at most so many documents of each source's first shard. Such a run has a folder of its own.
        allow_missing: a Global runs even if input is missing.
        plugins: package, folder or file whose modules the recipe may name.
        discard: results that are no longer wanted are deleted, not set aside.
        reuse: folder of another run whose matching results are taken over.
        accept_code: results that differ only in the code that made them are kept, and that is recorded.
        first, last: run the stages of the recipe from this one to that one. Default: all.
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
        if self.limit is not None and not (isinstance(self.limit, int) and self.limit >= 1):
            raise RecipeError(f"--limit {self.limit!r}: expected a whole number, 1 or more")
        for option in ("out", "plugins", "reuse"):
            if getattr(self, option) == "":
                raise RecipeError(f"--{option}: empty; give a path, or leave the option out")

    def stages(self, recipe: Recipe) -> set[str]:
        """The names of the stages to run. Raises RecipeError for an unknown stage, and if the range is empty."""
        names = [stage.name for stage in recipe.stages]
        for name in filter(None, (self.stage, self.first, self.last)):
            recipe.stage(name)
        if self.stage is not None and (self.first or self.last):
            raise RecipeError(f"--stage {self.stage}: runs one stage, so --from and --until have no meaning beside it")
        begin = names.index(self.stage or self.first or names[0])
        end = names.index(self.stage or self.last or names[-1])
        if begin > end:
            raise RecipeError(f"--from {self.first} --until {self.last}: {self.first} comes after {self.last}")
        return set(names[begin : end + 1])

    def folder(self, run: str) -> str:
        """Of the recipe's run, with these options: runs/NAME, runs/NAME--limit-100, runs/NAME--mark-only."""
        limited = f"--limit-{self.limit}" if self.limit is not None else ""
        return join(self.out, run + limited + ("--mark-only" if self.mark_only else ""))
